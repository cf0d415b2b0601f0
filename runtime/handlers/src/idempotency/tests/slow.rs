//! Claims before a table that answers late, or is late to write.

use super::*;
use crate::backend::BoxFuture;
use crate::table::{ItemPage, Lookup, QueryRequest, Refusal, Store, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A store of which one write takes its time; the renewals of claims have another one.
struct Slow {
    inner: Arc<dyn Store>,
    writes: AtomicUsize,
    /// That of the slow one.
    number: usize,
    /// What passes until it is written, and from then to its answer.
    times: [Duration; 2],
}

impl Store for Slow {
    fn get(&self, lookup: Lookup) -> BoxFuture<'_, Result<Option<Item>, Error>> {
        self.inner.get(lookup)
    }

    fn query(&self, query: QueryRequest) -> BoxFuture<'_, Result<ItemPage, Error>> {
        self.inner.query(query)
    }

    #[cfg(feature = "forwarder")]
    fn scan(&self, table: String, start: Option<Item>) -> BoxFuture<'_, Result<ItemPage, Error>> {
        self.inner.scan(table, start)
    }

    fn write(&self, write: Write, return_stored: bool) -> BoxFuture<'_, Result<(), Refusal>> {
        let is_slow = self.writes.fetch_add(1, Ordering::SeqCst) == self.number;
        let [before, after] = if is_slow { self.times } else { [Duration::ZERO; 2] };
        Box::pin(async move {
            tokio::time::sleep(before).await;
            let result = self.inner.write(write, return_stored).await;
            tokio::time::sleep(after).await;
            result
        })
    }

    fn transact<'a>(
        &'a self,
        writes: Vec<Write>,
        return_stored: &'a [usize],
        token: String,
    ) -> BoxFuture<'a, Result<(), Refusal>> {
        self.inner.transact(writes, return_stored, token)
    }
}

/// Services with short claims, whose write of this number takes so many milliseconds until it is written, and for its answer.
fn slow(world: &World, number: usize, times: [u64; 2]) -> Services {
    let mut services = quick(world);
    let inner = services.tables.take().expect("a store");
    let store = Slow { inner, writes: AtomicUsize::new(0), number, times: times.map(Duration::from_millis) };
    services.tables = tokio::sync::OnceCell::new_with(Some(Arc::new(store)));
    services
}

fn second(world: &World) -> Result<String, Failure> {
    deliver(quick(world), STEP, async |_: &ProcessPayment, _| Ok(output("second")))
}

/// By more than a lease, and by so little less that it would end before its first renewal.
#[test]
fn a_claim_whose_answer_is_late_holds_when_its_handler_runs() {
    for late in [1300, 1000] {
        let world = world();
        let rival = Cell::new(None);
        let first = deliver(slow(&world, 0, [0, late]), STEP, async |_: &ProcessPayment, _| {
            // Less than the pause before a renewal.
            tokio::time::sleep(Duration::from_millis(250)).await;
            rival.set(Some(std::thread::scope(|scope| scope.spawn(|| second(&world)).join().expect("no panic"))));
            Ok(output("first"))
        });
        assert_eq!(rival.take().expect("a rival").expect_err("one runs").name, "InProgress", "{late}");
        assert!(first.expect("an answer").contains("first"));
    }
}

#[test]
fn a_claim_that_was_lost_before_its_answer_runs_no_handler() {
    let world = world();
    let rival = std::thread::scope(|scope| {
        let rival = scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(1400));
            second(&world)
        });
        let run = async |_: &ProcessPayment, _| panic!("two handlers run");
        let first = deliver(slow(&world, 0, [0, 2000]), STEP, run);
        // The work is done by then.
        assert!(first.expect("the stored answer").contains("second"));
        rival.join().expect("no panic")
    });
    assert!(rival.expect("an answer").contains("second"));
}

#[test]
fn a_claim_holds_until_its_result_is_stored() {
    let world = world();
    let rival = std::thread::scope(|scope| {
        let rival = scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(1300));
            second(&world)
        });
        let first = deliver(slow(&world, 1, [1700, 0]), STEP, async |_: &ProcessPayment, _| Ok(output("first")));
        assert!(first.expect("an answer").contains("first"));
        rival.join().expect("no panic")
    });
    assert_eq!(rival.expect_err("the first one has it").name, "InProgress");
}
