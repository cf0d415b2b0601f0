//! Tables that the runtime of commit 17e0f7d wrote are taken over: answers that it stored are given, transactions that it committed are
//! recognised, claims that it made are respected until they end. `tests/takeover/README.md` says how they were written.

#![cfg(all(feature = "idempotency", feature = "outbox", feature = "eventbridge"))]

#[path = "../../../tests/takeover/paying.rs"]
mod paying;

use self::paying::{Pay, event, request, step};
use crate::adapter::Failure;
use crate::attribute::{Attribute, Item};
use crate::contract::{OrderEvents, Orders, ProcessPaymentError, ProcessPaymentInput, ProcessPaymentOutput};
use crate::idempotency::Once;
use crate::serve::{App, Guard, Invocation, Unguarded, block_on};
use crate::table::Table;
use crate::testing::World;
use crate::{Outbox, Timestamp};
use evc_interface::environment;
use serde_json::{Value, json};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

const RECORDS: &str = environment::IDEMPOTENCY_TABLE;

/// Longer than an invocation of that runtime could take.
const LATER: Duration = Duration::from_secs(31);

/// What was written, so long ago.
fn world(ago: Duration) -> World {
    #[derive(serde::Deserialize)]
    struct Written {
        now: i64,
        tables: BTreeMap<String, Vec<Item>>,
    }
    let written: Written = serde_json::from_str(include_str!("../../../tests/takeover/tables.json")).expect("JSON");
    let passed = Timestamp::now().millis() - written.now - i64::try_from(ago.as_millis()).expect("milliseconds");
    let world = World::new().table::<Orders>().outbox::<OrderEvents>().raw_table(RECORDS, &["id"]);
    for (table, items) in written.tables {
        for mut item in items {
            for (name, unit) in [("leaseUntil", 1), ("ttl", 1000)] {
                if let Some(Attribute::N(time)) = item.get_mut(name) {
                    *time = (time.parse::<i64>().expect("a number") + passed / unit).to_string();
                }
            }
            world.put_raw(&table, item).expect("stored");
        }
    }
    world
}

/// Delivers; a status and a body, or the error's name. A request's answer says its own status.
fn deliver<const API: bool, G: Guard, H>(world: &World, guard: G, text: &str, handler: H) -> Result<Value, String>
where
    H: AsyncFn(&Pay<API>, ProcessPaymentInput) -> Result<ProcessPaymentOutput, ProcessPaymentError>,
{
    let app = App::<Pay<API>, _, _>::new(handler, guard, world.services()).expect("app");
    let deadline = Timestamp::now().after(Duration::from_secs(30));
    let invocation = Invocation { request_id: "r".to_owned(), deadline, trace: None };
    let answer: Result<String, Failure> = block_on(app.invoke(text, &invocation)).expect("runtime");
    let answer: Value = serde_json::from_str(&answer.map_err(|failure| failure.name)?).expect("JSON");
    let Some(body) = answer.get("body") else { return Ok(answer) };
    let body: Value = serde_json::from_str(body.as_str().expect("text")).expect("JSON");
    if answer["statusCode"] == 200 { Ok(body) } else { Err(body["title"].as_str().expect("a title").to_owned()) }
}

/// A handler that must not run.
async fn never<const API: bool>(
    _: &Pay<API>,
    _: ProcessPaymentInput,
) -> Result<ProcessPaymentOutput, ProcessPaymentError> {
    panic!("the work is done, or is being done")
}

/// Delivers what is to run, and do nothing that was done; whether it found its transaction committed.
fn runs<const API: bool, G: Guard>(world: &World, guard: G, text: &str) -> bool {
    let before = Cell::new(None);
    let pay = async |cx: &Pay<API>, input: ProcessPaymentInput| {
        let (output, committed) = cx.pay(&input, false).await?;
        before.set(Some(committed));
        Ok(output)
    };
    assert_eq!(deliver(world, guard, text, pay), Ok(paid()), "{text}");
    before.get().expect("it runs")
}

fn paid() -> Value {
    json!({ "paymentId": "of c" })
}

#[test]
fn stored_answers_are_given() {
    let world = world(Duration::ZERO);
    let before = (world.raw_items(Orders::ENV), world.raw_items(OrderEvents::ENV));
    assert_eq!(deliver(&world, Once, &request("answered", 1, Some("q")), never::<true>), Ok(paid()));
    assert_eq!(deliver(&world, Once, &event("answered", 3), never::<false>), Ok(paid()));
    for other in
        [request("answered", 7, Some("q")), request("answered", 1, Some("other")), request("answered", 1, None)]
    {
        assert_eq!(deliver(&world, Once, &other, never::<true>), Err("KeyReused".to_owned()), "{other}");
    }
    assert_eq!(deliver(&world, Once, &event("answered", 7), never::<false>), Err("KeyReused".to_owned()));
    assert_eq!((world.raw_items(Orders::ENV), world.raw_items(OrderEvents::ENV)), before);
}

#[test]
fn a_transaction_that_was_committed_is_recognised() {
    let world = world(LATER);
    let before = (world.raw_items(Orders::ENV), world.raw_items(OrderEvents::ENV));
    // Of a function that remembers nothing, and of one whose handler died between its transaction and its answer.
    assert!(runs::<false, _>(&world, Unguarded, &event("committed", 5)));
    assert!(runs::<false, _>(&world, Once, &step("committed", 4)));
    assert_eq!(deliver(&world, Once, &step("committed", 4), never::<false>), Ok(paid()));
    assert_eq!((world.raw_items(Orders::ENV), world.raw_items(OrderEvents::ENV)), before);
}

#[test]
fn a_claim_is_respected_until_it_ends() {
    let busy = Err("InProgress".to_owned());
    let now = world(Duration::ZERO);
    assert_eq!(deliver(&now, Once, &request("claimed", 2, Some("q")), never::<true>), busy);
    assert_eq!(deliver(&now, Once, &step("committed", 4), never::<false>), busy);
    // A handler that failed has none.
    assert!(!runs::<false, _>(&now, Once, &event("failed", 6)));
    let later = world(LATER);
    assert!(!runs::<true, _>(&later, Once, &request("claimed", 2, Some("q"))));
    assert_eq!(deliver(&later, Once, &request("claimed", 2, Some("q")), never::<true>), Ok(paid()));
    assert_eq!(later.items::<Orders>().expect("items of that runtime, and one of this").len(), 5);
}

#[test]
fn what_it_stored_is_forgotten_when_it_said() {
    let world = world(Duration::from_hours(25));
    assert!(!runs::<true, _>(&world, Once, &request("answered", 8, None)));
}
