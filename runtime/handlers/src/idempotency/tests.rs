//! The state machine of a record, with a crash at each point.

mod slow;

use super::record::{ID, Records};
use super::renewal::Pace;
use super::*;
use crate::attribute::{Attribute, Item};
use crate::contract::{
    OrderEvents, Orders, PaymentProcessed, ProcessPayment, ProcessPaymentError, ProcessPaymentInput,
    ProcessPaymentOutput, order,
};
use crate::limits::ITEM_BYTES;
use crate::serve::{Invocation, block_on};
use crate::testing::{Fault, World};
use std::cell::Cell;
use std::sync::Arc;

const T0: i64 = 1_795_000_000_000;
/// A second after T0 the first invocation's lease is over.
const LEASE: i64 = 1000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(T0 + millis).expect("timestamp")
}

fn world() -> World {
    World::new().raw_table("IDEMPOTENCY_TABLE", &[ID])
}

/// Runs a test with the records of a world.
fn with_records(world: &World, test: impl AsyncFnOnce(&Records<'_>)) {
    let services = world.services();
    block_on(async {
        let records = Records {
            store: services.tables().await,
            table: "IDEMPOTENCY_TABLE".to_owned(),
            retention: Duration::from_mins(1),
            lease: Duration::from_millis(LEASE.unsigned_abs()),
        };
        test(&records).await;
    })
    .expect("runtime");
}

/// A delivery of this work; a text is JSON enough.
async fn claim(records: &Records<'_>, payload: &str, now: i64) -> Result<Claimed, Error> {
    let content = Content::of(&Payload::new(payload), false);
    records.claim("f#k".to_owned(), content, at(now), at(now + 60_000)).await
}

async fn claimed(records: &Records<'_>, now: i64) -> Claim {
    match claim(records, "p", now).await {
        Ok(Claimed::Now(claim)) => claim,
        other => panic!("expected a claim, found {other:?}"),
    }
}

#[test]
fn a_second_delivery_gets_the_stored_result() {
    with_records(&world(), async |records| {
        let first = claimed(records, 0).await;
        records.complete(&first, "{\"a\":1}", at(10)).await.expect("stored");
        assert_eq!(claim(records, "p", 20).await.expect("before"), Claimed::Before("{\"a\":1}".to_owned()));
    });
}

#[test]
fn a_crash_in_the_handler_blocks_until_the_lease_ends_and_no_longer() {
    with_records(&world(), async |records| {
        claimed(records, 0).await;
        assert_eq!(claim(records, "p", LEASE).await.expect("leased"), Claimed::Busy(at(LEASE)));
        claimed(records, LEASE + 1).await;
    });
}

#[test]
fn one_who_lost_the_lease_cannot_overwrite_the_new_owner() {
    with_records(&world(), async |records| {
        let slow = claimed(records, 0).await;
        let second = claimed(records, LEASE + 1).await;
        assert_eq!(records.complete(&slow, "\"slow\"", at(LEASE + 2)).await.expect_err("lost").kind(), Kind::Conflict);
        assert_eq!(records.release(&slow, true, at(LEASE + 2)).await.expect_err("lost").kind(), Kind::Conflict);
        records.complete(&second, "\"second\"", at(LEASE + 3)).await.expect("stored");
        assert_eq!(claim(records, "p", LEASE + 4).await.expect("before"), Claimed::Before("\"second\"".to_owned()));
    });
}

#[test]
fn a_failed_handler_lets_the_next_run_at_once() {
    with_records(&world(), async |records| {
        let first = claimed(records, 0).await;
        assert_eq!(records.release(&first, true, at(1)).await.expect("released"), None);
        claimed(records, 2).await;
    });
}

#[test]
fn a_key_with_another_input_is_refused() {
    with_records(&world(), async |records| {
        let first = claimed(records, 0).await;
        assert_eq!(claim(records, "q", 1).await.expect_err("reused").kind(), Kind::KeyReused);
        records.complete(&first, "1", at(2)).await.expect("stored");
        assert_eq!(claim(records, "q", 3).await.expect_err("reused").kind(), Kind::KeyReused);
    });
}

#[test]
fn a_key_stays_that_of_its_work_when_that_failed_or_crashed() {
    with_records(&world(), async |records| {
        let crashed = claimed(records, 0).await;
        assert_eq!(claim(records, "q", LEASE + 1).await.expect_err("reused").kind(), Kind::KeyReused);
        let failed = claimed(records, LEASE + 1).await;
        assert_ne!(crashed, failed);
        records.release(&failed, true, at(LEASE + 2)).await.expect("released");
        assert_eq!(claim(records, "q", LEASE + 3).await.expect_err("reused").kind(), Kind::KeyReused);
        let unread = claimed(records, LEASE + 3).await;
        records.release(&unread, false, at(LEASE + 4)).await.expect("released");
        assert!(matches!(claim(records, "q", LEASE + 5).await, Ok(Claimed::Now(_))));
    });
}

#[test]
fn a_lease_ends_with_the_invocation_and_is_renewed_no_further() {
    with_records(&world(), async |records| {
        let content = || Content::of(&Payload::new("p"), false);
        let short = records.claim("f#short".to_owned(), content(), at(0), at(600)).await.expect("claimed");
        let Claimed::Now(short) = short else { panic!("expected a claim, found {short:?}") };
        assert_eq!(short.lease, at(600));
        assert_eq!(short.renewed(at(300), records.lease), None);
        let first = claimed(records, 0).await;
        let renewed = first.renewed(at(300), records.lease).expect("more time");
        assert_eq!((first.lease, renewed.lease), (at(LEASE), at(300 + LEASE)));
        records.store.write(renewed.renewal(at(300)), true).await.expect("renewed");
        assert_eq!(claim(records, "p", LEASE + 1).await.expect("leased"), Claimed::Busy(at(300 + LEASE)));
        // A claim whose record was overtaken by the end of its work is not renewed back to life.
        records.complete(&renewed, "1", at(400)).await.expect("stored");
        assert!(records.store.write(renewed.renewal(at(500)), true).await.is_err());
        assert_eq!(claim(records, "p", 600).await.expect("before"), Claimed::Before("1".to_owned()));
        // An invoker without deadlines says that it is over.
        let unbound = records.claim("f#unbound".to_owned(), content(), at(0), at(0)).await.expect("claimed");
        assert!(matches!(unbound, Claimed::Now(claim) if claim.lease == at(LEASE)));
    });
}

/// A record as versions before the renewed lease wrote it, byte for byte.
fn earlier_record(status: &str, payload: &str, lease: i64) -> Item {
    let s = |text: &str| Attribute::S(text.to_owned());
    let mut record: Item = [
        ("id", s("f#k")),
        ("status", s(status)),
        ("owner", s("0d1b5a8e-6c0f-4f5e-9a57-0a6c2f3c7b11")),
        ("leaseUntil", Attribute::N((T0 + lease).to_string())),
        ("payload", s(payload)),
        ("ttl", Attribute::N((T0 / 1000 + 86_400).to_string())),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    if status == "DONE" {
        record.insert("result".to_owned(), s("{\"a\":1}"));
    }
    record
}

/// `printf '{"b": 2, "a": 1}' | sha256sum`
const TEXT: &str = "{\"b\": 2, \"a\": 1}";
const TEXT_SHA256: &str = "d5b8aed265256c893850d31609a884cd910a452df090e34ce4d318c9ef5bd771";

#[test]
fn what_earlier_versions_stored_is_answered_until_it_ends() {
    let cases = [
        ("DONE", TEXT, 0, Ok("before")),
        ("DONE", r#"{"a":1,"b":3}"#, 0, Err(Kind::KeyReused)),
        ("IN_PROGRESS", TEXT, 900_000, Ok("busy")),
        ("IN_PROGRESS", TEXT, -1, Ok("now")),
        // These keys were free for other work, and are until they are used by this version.
        ("IN_PROGRESS", "{}", -1, Ok("now")),
        ("RELEASED", "{}", 0, Ok("now")),
    ];
    for (status, text, lease, expected) in cases {
        let world = world();
        world.put_raw("IDEMPOTENCY_TABLE", earlier_record(status, TEXT_SHA256, lease)).expect("stored");
        with_records(&world, async |records| {
            let claimed = claim(records, text, 0).await.map(|claimed| match claimed {
                Claimed::Now(_) => "now",
                Claimed::Before(result) => {
                    assert_eq!(result, "{\"a\":1}");
                    "before"
                }
                Claimed::Busy(until) => {
                    assert_eq!(until, at(lease));
                    "busy"
                }
            });
            assert_eq!(claimed.map_err(|error| error.kind()), expected, "{status} {text}");
        });
    }
}

/// What this version writes can be read by functions of the stack that still run an earlier one: they compare the text.
#[test]
fn records_have_what_earlier_versions_compare() {
    let world = world();
    with_records(&world, async |records| drop(claim(records, TEXT, 0).await.expect("claimed")));
    let record = &world.raw_items("IDEMPOTENCY_TABLE")[0];
    assert_eq!(record["payload"].as_s(), Some(TEXT_SHA256));
    assert_ne!(record["content"], record["payload"]);
}

#[test]
fn an_expired_record_counts_as_gone_before_it_is_removed() {
    with_records(&world(), async |records| {
        let first = claimed(records, 0).await;
        records.complete(&first, "1", at(0)).await.expect("stored");
        assert_eq!(claim(records, "p", 60_999).await.expect("before"), Claimed::Before("1".to_owned()));
        claimed(records, 62_000).await;
    });
}

#[test]
fn a_result_too_large_to_store_is_told_and_the_work_not_repeated() {
    with_records(&world(), async |records| {
        let first = claimed(records, 0).await;
        records.complete(&first, &"x".repeat(ITEM_BYTES), at(1)).await.expect("stored");
        assert_eq!(claim(records, "p", 2).await.expect_err("no result").kind(), Kind::TooLarge);
    });
}

#[test]
fn long_keys_are_hashed() {
    assert_eq!(record::id("f", "k"), "f#k");
    assert_eq!(record::id("f", &"k".repeat(5000)).len(), 2 + 64);
}

const STEP: &str = r#"{"evc": {"execution": "arn:e", "step": "payment", "attempt": 0}, "input": {"orderId": "00000000-0000-0000-0000-000000000001", "customerId": "c", "amount": 109.97}}"#;

/// One invocation of the whole function, counting how often the handler runs; `decline` makes it fail.
fn invoke(world: &World, text: &str, runs: &Cell<u32>, decline: bool) -> Result<String, Failure> {
    let handler = async |_: &ProcessPayment, input: ProcessPaymentInput| {
        runs.set(runs.get() + 1);
        if decline {
            Err(ProcessPaymentError::PaymentDeclined("declined".to_owned()))
        } else {
            Ok(ProcessPaymentOutput { payment_id: format!("{}-{}", input.customer_id, runs.get()) })
        }
    };
    let app = App::<ProcessPayment, _, _>::new(handler, Once, world.services()).expect("app");
    let invocation = Invocation {
        request_id: "r".to_owned(),
        deadline: Timestamp::now().after(Duration::from_secs(30)),
        trace: None,
    };
    block_on(app.invoke(text, &invocation)).expect("runtime")
}

#[test]
fn a_retried_step_returns_what_its_first_attempt_returned() {
    let (world, runs) = (world(), Cell::new(0));
    let first = invoke(&world, STEP, &runs, false).expect("output");
    let second = invoke(&world, &STEP.replace("\"attempt\": 0", "\"attempt\": 1"), &runs, false).expect("output");
    assert_eq!((first.as_str(), &second, runs.get()), (r#"{"paymentId":"c-1"}"#, &first, 1));
    invoke(&world, &STEP.replace("arn:e", "arn:other"), &runs, false).expect("output");
    assert_eq!(runs.get(), 2);
}

#[test]
fn a_business_error_is_not_stored() {
    let (world, runs) = (world(), Cell::new(0));
    assert_eq!(invoke(&world, STEP, &runs, true).expect_err("declined").name, "PaymentDeclined");
    invoke(&world, STEP, &runs, false).expect("output");
    assert_eq!(runs.get(), 2);
}

#[test]
fn a_claim_whose_answer_was_lost_does_not_run_the_handler_twice() {
    let (world, runs) = (world(), Cell::new(0));
    world.fail_next(Fault::AnswerLost);
    assert_eq!(invoke(&world, STEP, &runs, false).expect_err("lost").name, "Transient");
    assert_eq!(invoke(&world, STEP, &runs, false).expect_err("leased").name, "InProgress");
    assert_eq!(runs.get(), 0);
}

#[test]
fn without_a_key_every_invocation_runs() {
    let (world, runs) = (world(), Cell::new(0));
    let input: serde_json::Value = serde_json::from_str(STEP).expect("JSON");
    for _ in 0..2 {
        invoke(&world, &input["input"].to_string(), &runs, false).expect("output");
    }
    assert_eq!(runs.get(), 2);
    assert!(world.raw_items("IDEMPOTENCY_TABLE").is_empty());
}

#[test]
fn a_claim_that_the_sdk_sends_twice_is_one_claim() {
    let (world, runs) = (world(), Cell::new(0));
    world.fail_next(Fault::SentTwice);
    invoke(&world, STEP, &runs, false).expect("output");
    world.fail_next(Fault::SentTwice);
    invoke(&world, &STEP.replace("arn:e", "arn:other"), &runs, false).expect("output");
    assert_eq!(runs.get(), 2);
}

/// A world with a table and an outbox, to store work with its answer.
fn shop() -> World {
    world().table::<Orders>().outbox::<OrderEvents>()
}

/// What goes wrong in the handler that stores its answer with its work.
#[derive(Clone, Copy, PartialEq)]
enum Trouble {
    None,
    /// The transaction is committed, but its answer never arrives.
    AnswerLost,
    /// The handler dies after the transaction.
    Crash,
    /// Another delivery claims the work before the transaction.
    Overtaken,
}

/// One invocation of a function that stores an order, an event and its answer in one transaction.
fn pay(world: &World, runs: &Cell<u32>, trouble: Trouble) -> Result<String, Failure> {
    let handler = async |cx: &ProcessPayment, input: ProcessPaymentInput| {
        runs.set(runs.get() + 1);
        match trouble {
            Trouble::AnswerLost => world.fail_next(Fault::AnswerLost),
            Trouble::Overtaken => {
                let services = world.services();
                let table = "IDEMPOTENCY_TABLE".to_owned();
                let (retention, lease) = (Duration::from_mins(1), Duration::from_secs(1));
                let records = Records { store: services.tables().await, table, retention, lease };
                let (key, content) = (cx.idempotency_key().expect("key"), cx.claim().expect("claim").content.clone());
                let later = cx.deadline().after(Duration::from_secs(1));
                let claimed = records.claim(record::id("process-payment", key), content, later, later).await;
                assert!(matches!(claimed, Ok(Claimed::Now(_))));
            }
            Trouble::None | Trouble::Crash => {}
        }
        let output = ProcessPaymentOutput { payment_id: format!("pay-{}", runs.get()) };
        let paid = PaymentProcessed { order_id: input.order_id, amount: input.amount };
        cx.transact().put(cx.orders().put(&order("c"))).publish(&paid).answer(&output).commit().await?;
        if trouble == Trouble::Crash {
            return Err(Error::new(Kind::Panic, "the handler panicked").into());
        }
        Ok::<_, ProcessPaymentError>(output)
    };
    let app = App::<ProcessPayment, _, _>::new(handler, Once, world.services()).expect("app");
    let deadline = Timestamp::now().after(Duration::from_secs(30));
    let invocation = Invocation { request_id: "r".to_owned(), deadline, trace: None };
    block_on(app.invoke(STEP, &invocation)).expect("runtime")
}

fn done(world: &World) -> (usize, usize) {
    (world.items::<Orders>().expect("items").len(), world.events::<OrderEvents>().len())
}

#[test]
fn an_answer_that_is_stored_with_the_work_outlives_a_crash_after_it() {
    let (world, runs) = (shop(), Cell::new(0));
    pay(&world, &runs, Trouble::Crash).expect_err("crashed");
    assert_eq!(pay(&world, &runs, Trouble::None).expect("the stored answer"), r#"{"paymentId":"pay-1"}"#);
    assert_eq!((runs.get(), done(&world)), (1, (1, 1)));
}

#[test]
fn a_transaction_whose_answer_was_lost_is_answered_with_what_it_stored() {
    let (world, runs) = (shop(), Cell::new(0));
    for _ in 0..2 {
        let answer = pay(&world, &runs, Trouble::AnswerLost).expect("the stored answer");
        assert_eq!(answer, r#"{"paymentId":"pay-1"}"#);
    }
    assert_eq!((runs.get(), done(&world)), (1, (1, 1)));
}

#[test]
fn one_who_lost_the_claim_commits_nothing() {
    let (world, runs) = (shop(), Cell::new(0));
    assert_eq!(pay(&world, &runs, Trouble::Overtaken).expect_err("overtaken").name, "InProgress");
    assert_eq!(done(&world), (0, 0));
}

/// Services whose claims are short. A machine that is busy with other tests may still hold a thread up for most of a second.
fn quick(world: &World) -> Services {
    let pace = Pace { lease: Duration::from_millis(1200), renewal: Duration::from_millis(300) };
    let mut services = world.services();
    services.renewals.pace = pace;
    services
}

fn output(id: &str) -> ProcessPaymentOutput {
    ProcessPaymentOutput { payment_id: id.to_owned() }
}

/// One delivery with this handler.
fn deliver<H>(services: Services, text: &str, handler: H) -> Result<String, Failure>
where
    H: AsyncFn(&ProcessPayment, ProcessPaymentInput) -> Result<ProcessPaymentOutput, ProcessPaymentError>,
{
    let app = App::<ProcessPayment, _, _>::new(handler, Once, services).expect("app");
    let deadline = Timestamp::now().after(Duration::from_secs(30));
    let invocation = Invocation { request_id: "r".to_owned(), deadline, trace: None };
    block_on(app.invoke(text, &invocation)).expect("runtime")
}

fn lease_of(world: &World) -> i64 {
    world.raw_items("IDEMPOTENCY_TABLE")[0]["leaseUntil"].as_n().expect("a lease")
}

#[test]
fn a_handler_that_blocks_its_thread_keeps_its_claim() {
    let world = world();
    let rival = Cell::new(None);
    let first = deliver(quick(&world), STEP, async |_: &ProcessPayment, _| {
        std::thread::sleep(Duration::from_secs(2));
        let second = || deliver(quick(&world), STEP, async |_: &ProcessPayment, _| Ok(output("second")));
        rival.set(Some(std::thread::scope(|scope| scope.spawn(second).join().expect("no panic"))));
        Ok(output("first"))
    });
    assert_eq!(first.expect("output"), r#"{"paymentId":"first"}"#);
    assert_eq!(rival.take().expect("a rival").expect_err("claimed").name, "InProgress");
}

#[test]
fn a_dead_process_is_taken_over_when_its_lease_ends() {
    let world = world();
    // Dropped in the middle, and with it the renewals, as a process that dies.
    let services = quick(&world);
    let app = App::<ProcessPayment, _, _>::new(
        async |_: &ProcessPayment, _| {
            std::future::pending::<()>().await;
            Ok(output("never"))
        },
        Once,
        services,
    )
    .expect("app");
    let invocation = Invocation {
        request_id: "r".to_owned(),
        deadline: Timestamp::now().after(Duration::from_mins(15)),
        trace: None,
    };
    let cut = block_on(async { tokio::time::timeout(Duration::from_millis(900), app.invoke(STEP, &invocation)).await });
    assert!(cut.expect("runtime").is_err());
    let lease = lease_of(&world);
    let again = || deliver(quick(&world), STEP, async |_: &ProcessPayment, _| Ok(output("second")));
    assert_eq!(again().expect_err("leased").name, "InProgress");
    std::thread::sleep(Duration::from_millis(1400));
    // Nothing renewed it after the guard was gone.
    assert_eq!(lease_of(&world), lease);
    assert_eq!(again().expect("taken over"), r#"{"paymentId":"second"}"#);
}

#[test]
fn renewals_end_with_a_handler_that_panics_and_with_one_that_is_done() {
    let world = world();
    let panics = deliver(quick(&world), STEP, async |_: &ProcessPayment, _| panic!("as the test wants it"));
    assert_eq!(panics.expect_err("panic").name, "Panic");
    deliver(quick(&world), STEP, async |_: &ProcessPayment, _| Ok(output("p"))).expect("output");
    let record = world.raw_items("IDEMPOTENCY_TABLE");
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(world.raw_items("IDEMPOTENCY_TABLE"), record);
}

#[test]
fn a_claim_outlives_a_renewal_that_fails() {
    let world = world();
    let first = deliver(quick(&world), STEP, async |_: &ProcessPayment, _| {
        world.fail_next(Fault::Unavailable);
        world.fail_next(Fault::AnswerLost);
        let lease = lease_of(&world);
        std::thread::sleep(Duration::from_secs(1));
        assert!(lease_of(&world) > lease);
        Ok(output("p"))
    });
    first.expect("output");
}

#[test]
fn of_deliveries_that_race_one_runs() {
    let world = Arc::new(world());
    let runs = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let together = Arc::new(std::sync::Barrier::new(8));
    let deliveries = std::array::from_fn::<_, 8, _>(|_| {
        let (world, runs, together) = (world.clone(), runs.clone(), together.clone());
        std::thread::spawn(move || {
            together.wait();
            deliver(quick(&world), STEP, async |_: &ProcessPayment, _| {
                runs.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                Ok(output("p"))
            })
        })
    });
    for delivery in deliveries {
        match delivery.join().expect("no panic") {
            Ok(answer) => assert_eq!(answer, r#"{"paymentId":"p"}"#),
            Err(failure) => assert_eq!(failure.name, "InProgress"),
        }
    }
    assert_eq!(runs.load(std::sync::atomic::Ordering::SeqCst), 1);
}

/// A change of a table's item, which the input of the function does not fit: the handler of this test takes any.
fn change() -> String {
    let input: serde_json::Value = serde_json::from_str(STEP).expect("JSON");
    let input = input["input"].to_string();
    serde_json::json!({ "Records": [{
        "eventID": "change-1", "eventName": "INSERT", "eventSource": "aws:dynamodb",
        "dynamodb": { "SequenceNumber": "10", "NewImage": { "text": { "S": input } } },
    }] })
    .to_string()
}

/// A function that takes the changes of a table.
struct OnChange(Context);

impl Function for OnChange {
    type Input = serde_json::Value;
    type Output = u32;
    type Error = Error;
    const NAME: &'static str = "on-change";
    const SOURCES: &'static [crate::Source] = &[crate::Source::Stream];
    fn new(context: Context) -> Self {
        Self(context)
    }
}

/// One batch with one change; how long it took, and what failed.
fn change_comes(world: &World, runs: &Cell<u32>, time: Duration) -> (Duration, String) {
    let handler = async |function: &OnChange, _: serde_json::Value| {
        assert!(function.0.idempotency_key().is_some());
        runs.set(runs.get() + 1);
        Ok(runs.get())
    };
    let app = App::<OnChange, _, _>::new(handler, Once, quick(world)).expect("app");
    let invocation = Invocation { request_id: "r".to_owned(), deadline: Timestamp::now().after(time), trace: None };
    let begun = std::time::Instant::now();
    let answer = block_on(app.invoke(&change(), &invocation)).expect("runtime").expect("an answer");
    (begun.elapsed(), answer)
}

#[test]
fn a_change_that_comes_again_at_once_waits_for_the_claim_of_a_dead_one() {
    let (world, runs) = (world(), Cell::new(0));
    // The first delivery dies: its claim was written, and its answer never came.
    world.fail_next(Fault::AnswerLost);
    let (_, failed) = change_comes(&world, &runs, Duration::from_secs(10));
    assert_eq!((failed.as_str(), runs.get()), (r#"{"batchItemFailures":[{"itemIdentifier":"10"}]}"#, 0));
    let (time, done) = change_comes(&world, &runs, Duration::from_secs(10));
    assert_eq!((done.as_str(), runs.get()), (r#"{"batchItemFailures":[]}"#, 1));
    assert!(time > Duration::from_millis(300), "{time:?}");
}

#[test]
fn who_waits_leaves_time_to_say_that_it_was_in_vain() {
    let (world, runs) = (world(), Cell::new(0));
    world.fail_next(Fault::AnswerLost);
    change_comes(&world, &runs, Duration::from_secs(10));
    let (time, failed) = change_comes(&world, &runs, Duration::from_millis(900));
    assert_eq!((failed.as_str(), runs.get()), (r#"{"batchItemFailures":[{"itemIdentifier":"10"}]}"#, 0));
    assert!(time < Duration::from_millis(800), "{time:?}");
}

/// A delivery that waits gets the result of one that lives, however long that takes.
#[test]
fn who_waits_for_a_living_one_gets_its_result() {
    let (world, runs) = (Arc::new(world()), Cell::new(0));
    let other = world.clone();
    let (started, begun) = std::sync::mpsc::channel();
    let first = std::thread::spawn(move || {
        let handler = async |_: &OnChange, _: serde_json::Value| {
            started.send(()).expect("the test waits");
            std::thread::sleep(Duration::from_secs(2));
            Ok(7)
        };
        let app = App::<OnChange, _, _>::new(handler, Once, quick(&other)).expect("app");
        let deadline = Timestamp::now().after(Duration::from_secs(10));
        let invocation = Invocation { request_id: "r".to_owned(), deadline, trace: None };
        block_on(app.invoke(&change(), &invocation)).expect("runtime").expect("an answer")
    });
    begun.recv().expect("it runs");
    let (_, done) = change_comes(&world, &runs, Duration::from_secs(10));
    assert_eq!((done.as_str(), runs.get()), (r#"{"batchItemFailures":[]}"#, 0));
    assert_eq!(first.join().expect("no panic"), r#"{"batchItemFailures":[]}"#);
}

/// An event straight to the bus, and with it whatever a publisher that runs again changes.
#[test]
fn an_event_that_was_published_again_is_the_same_work() {
    let (world, runs) = (world(), Cell::new(0));
    let publish = |time: &str, trace: &str, amount: &str| {
        format!(
            r#"{{"version": "0", "id": "{trace}", "detail-type": "Payment Processed", "source": "payment.service", "time": "{time}",
                "detail": {{"orderId": "00000000-0000-0000-0000-000000000001", "amount": {amount},
                            "metadata": {{"eventId": "e-1", "occurredAt": "{time}", "trace": "{trace}"}}}}}}"#
        )
    };
    let come = |event: &str| {
        let handler = async |_: &crate::contract::Notify, _| {
            runs.set(runs.get() + 1);
            Ok(())
        };
        let app = App::<crate::contract::Notify, _, _>::new(handler, Once, world.services()).expect("app");
        let deadline = Timestamp::now().after(Duration::from_secs(30));
        let invocation = Invocation { request_id: "r".to_owned(), deadline, trace: None };
        block_on(app.invoke(event, &invocation)).expect("runtime")
    };
    come(&publish("2026-11-21T04:50:00Z", "Root=1-a", "1")).expect("done");
    come(&publish("2026-11-21T04:51:07Z", "Root=1-b", "1")).expect("the stored answer");
    assert_eq!(runs.get(), 1);
    let other = come(&publish("2026-11-21T04:51:07Z", "Root=1-b", "2")).expect_err("other work");
    assert_eq!((other.name.as_str(), runs.get()), ("KeyReused", 1));
}

/// `$uuid()` and `$millis()` are computed anew at each attempt.
#[test]
fn a_step_that_is_tried_again_is_the_same_work_whatever_its_input() {
    let (world, runs) = (world(), Cell::new(0));
    let mut input: serde_json::Value = serde_json::from_str(STEP).expect("JSON");
    invoke(&world, &input.to_string(), &runs, false).expect("output");
    input["evc"]["attempt"] = 1.into();
    input["input"]["customerId"] = "made by $uuid()".into();
    invoke(&world, &input.to_string(), &runs, false).expect("output");
    assert_eq!(runs.get(), 1);
}

/// Records are forgotten after a second here, and the work takes longer.
#[test]
fn a_claim_is_not_forgotten_while_it_holds() {
    let world = world().env("IDEMPOTENCY_RETENTION_SECONDS", "1");
    let runs = std::sync::atomic::AtomicU32::new(0);
    let first = deliver(world.services(), STEP, async |_: &ProcessPayment, _| {
        runs.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(2500));
        let second = || {
            deliver(world.services(), STEP, async |_: &ProcessPayment, _| {
                runs.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                Ok(output("second"))
            })
        };
        let rival = std::thread::scope(|scope| scope.spawn(second).join().expect("no panic"));
        assert_eq!(rival.expect_err("claimed").name, "InProgress");
        Ok(output("first"))
    });
    first.expect("output");
    assert_eq!(runs.into_inner(), 1, "two handlers ran at once");
}

/// Publishers give their events ids as they like, that of an order for one: two kinds of events with one id and one detail are two works.
#[test]
fn an_id_that_two_kinds_of_events_have_is_used_for_one() {
    let (world, runs) = (world(), Cell::new(0));
    let event = |source: &str, kind: &str| {
        let mut detail = serde_json::to_value(order("c")).expect("JSON");
        detail["amount"] = 1.into();
        detail["metadata"] = serde_json::json!({ "eventId": "e-1" });
        serde_json::json!({ "version": "0", "id": "x", "detail-type": kind, "source": source,
            "time": "2026-11-21T04:50:00Z", "detail": detail })
        .to_string()
    };
    let come = |event: &str| {
        let handler = async |_: &crate::contract::Notify, _| {
            runs.set(runs.get() + 1);
            Ok(())
        };
        let app = App::<crate::contract::Notify, _, _>::new(handler, Once, world.services()).expect("app");
        let deadline = Timestamp::now().after(Duration::from_secs(30));
        let invocation = Invocation { request_id: "r".to_owned(), deadline, trace: None };
        block_on(app.invoke(event, &invocation)).expect("runtime")
    };
    come(&event("order.service", "Order Created")).expect("done");
    let second = come(&event("payment.service", "Payment Processed")).expect_err("other work");
    assert_eq!((second.name.as_str(), runs.get()), ("KeyReused", 1));
}
