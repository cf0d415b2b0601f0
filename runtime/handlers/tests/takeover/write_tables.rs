//! Has the runtime write `tables.json`; how, says the README beside it.

#[path = "paying.rs"]
mod paying;

use self::paying::{Pay, event, request, step};
use crate::contract::{OrderEvents, Orders, ProcessPaymentError, ProcessPaymentInput, ProcessPaymentOutput};
use crate::idempotency::Once;
use crate::serve::{App, Guard, Invocation, Unguarded, block_on};
use crate::testing::World;
use crate::{Error, Kind, Outbox, Timestamp, table::Table};
use std::time::Duration;

/// Delivers for as long as a handler takes that does not hang: what happens then is what a crash does.
fn deliver<const API: bool, G: Guard, H>(world: &World, guard: G, text: &str, handler: H)
where
    H: AsyncFn(&Pay<API>, ProcessPaymentInput) -> Result<ProcessPaymentOutput, ProcessPaymentError>,
{
    let app = App::<Pay<API>, _, _>::new(handler, guard, world.services()).expect("app");
    let deadline = Timestamp::now().after(Duration::from_secs(30));
    let invocation = Invocation { request_id: "r".to_owned(), deadline, trace: None };
    let delivered = async {
        drop(tokio::time::timeout(Duration::from_millis(200), app.invoke(text, &invocation)).await);
    };
    block_on(delivered).expect("runtime");
}

#[test]
fn write() {
    let world = World::new().table::<Orders>().outbox::<OrderEvents>().raw_table("IDEMPOTENCY_TABLE", &["id"]);
    let done = async |cx: &Pay<true>, input: ProcessPaymentInput| Ok(cx.pay(&input, false).await?.0);
    let told = async |cx: &Pay<false>, input: ProcessPaymentInput| Ok(cx.pay(&input, false).await?.0);
    let answered = async |cx: &Pay<false>, input: ProcessPaymentInput| Ok(cx.pay(&input, true).await?.0);
    deliver(&world, Once, &request("answered", 1, Some("q")), done);
    deliver(&world, Once, &request("claimed", 2, Some("q")), async |_: &Pay<true>, _| std::future::pending().await);
    deliver(&world, Once, &event("answered", 3), answered);
    deliver(&world, Once, &step("committed", 4), async |cx: &Pay<false>, input: ProcessPaymentInput| {
        cx.pay(&input, false).await?;
        std::future::pending().await
    });
    deliver(&world, Unguarded, &event("committed", 5), told);
    deliver(&world, Once, &event("failed", 6), async |_: &Pay<false>, _| Err(Error::new(Kind::Transient, "no").into()));
    let tables = [Orders::ENV, OrderEvents::ENV, "IDEMPOTENCY_TABLE"].map(|table| (table, world.raw_items(table)));
    let tables: std::collections::BTreeMap<_, _> = tables.into();
    let written = serde_json::json!({ "now": Timestamp::now().millis(), "tables": tables });
    println!("{}", serde_json::to_string_pretty(&written).expect("JSON"));
}
