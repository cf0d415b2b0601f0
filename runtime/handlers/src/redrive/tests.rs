//! Redriving rows that transactions wrote.

use super::*;
use crate::contract::{Large, OrderEvents, ProcessPayment};
use crate::testing::World;
use crate::{Function, Outbox};
use serde_json::{Value, json};
use std::cell::Cell;

/// An outbox with events of these aggregates.
async fn world(aggregates: &[&str]) -> World {
    let world = World::new().outbox::<OrderEvents>();
    let cx = ProcessPayment::new(world.context("process-payment"));
    for aggregate in aggregates {
        let event = Large { text: "x".to_owned() };
        cx.transact().publish_as(&event, Some((*aggregate).to_owned()), None).commit().await.expect("committed");
    }
    world
}

/// Redrives, with time for so many further pages.
async fn redrive(world: &World, pages: usize, request: Value) -> Result<Value, Error> {
    let services = world.services();
    let metrics = Metrics::new("test".to_owned(), "redrive");
    let asked = Cell::new(0);
    let time_left = || {
        asked.set(asked.get() + 1);
        if asked.get() > pages { Duration::from_secs(5) } else { Duration::from_mins(1) }
    };
    let publisher = Publisher { bus: &*world.bus, metrics: &metrics, time_left };
    let tables = services.tables().await;
    let redrive = Redrive { tables, table: OrderEvents::ENV, bus: "bus", publisher };
    let answer = redrive.run(serde_json::from_value(request).expect("a request")).await?;
    Ok(serde_json::to_value(answer).expect("JSON"))
}

fn ids(world: &World) -> Vec<String> {
    let rows = world.raw_items(OrderEvents::ENV);
    rows.iter().map(|row| row["eventId"].as_s().expect("an id").to_owned()).collect()
}

/// The ids of what the bus took, and what each is about.
fn taken(world: &World) -> Vec<(String, String)> {
    let metadata = |entry: &crate::publish::Entry| {
        let detail: Value = serde_json::from_str(&entry.detail).expect("JSON");
        let text = |name: &str| detail["metadata"][name].as_str().unwrap_or_default().to_owned();
        (text("eventId"), text("aggregate"))
    };
    world.bus.taken().iter().map(metadata).collect()
}

#[tokio::test(start_paused = true)]
async fn everything_is_published_again_with_its_old_ids_over_several_pages() {
    let world = world(&["a", "b", "a", "c", "b"]).await;
    let answer = redrive(&world, 1000, json!({ "all": true })).await.expect("an answer");
    assert_eq!(answer, json!({ "dryRun": false, "read": 5, "matched": 5, "published": 5, "failed": 0 }));
    let (mut published, mut expected) = (taken(&world).into_iter().map(|(id, _)| id).collect::<Vec<_>>(), ids(&world));
    published.sort();
    expected.sort();
    assert_eq!(published, expected);
}

#[tokio::test(start_paused = true)]
async fn one_aggregate_or_some_ids_or_some_time() {
    let world = world(&["a", "b", "a"]).await;
    let answer = redrive(&world, 1000, json!({ "aggregate": "a" })).await.expect("an answer");
    assert_eq!((&answer["read"], &answer["published"]), (&json!(2), &json!(2)));
    assert!(taken(&world).iter().all(|(_, aggregate)| aggregate == "a"));
    let id = &ids(&world)[1];
    let answer = redrive(&world, 1000, json!({ "eventIds": [id] })).await.expect("an answer");
    assert_eq!((&answer["read"], &answer["published"]), (&json!(3), &json!(1)));
    assert_eq!(&taken(&world)[2].0, id);
    let answer = redrive(&world, 1000, json!({ "from": "2000-01-01T00:00:00Z", "to": "2001-01-01T00:00:00Z" })).await;
    assert_eq!(answer.expect("an answer")["matched"], 0);
    let answer = redrive(&world, 1000, json!({ "aggregate": "b", "from": "2000-01-01T00:00:00Z" })).await;
    assert_eq!(answer.expect("an answer")["published"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_counts_and_publishes_nothing() {
    let world = world(&["a", "b", "a"]).await;
    let answer = redrive(&world, 1000, json!({ "aggregate": "a", "dryRun": true })).await.expect("an answer");
    assert_eq!(answer, json!({ "dryRun": true, "read": 2, "matched": 2, "published": 0, "failed": 0 }));
    assert!(taken(&world).is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_time_it_says_where_to_go_on_and_nothing_is_left_out() {
    let world = world(&["a", "b", "c", "d", "e"]).await;
    let mut request = json!({ "all": true });
    let mut rounds = 0;
    loop {
        let answer = redrive(&world, 0, request.clone()).await.expect("an answer");
        rounds += 1;
        match answer.get("next") {
            Some(next) => request["next"] = next.clone(),
            None => break,
        }
    }
    assert_eq!(rounds, 3);
    let published: Vec<String> = taken(&world).into_iter().map(|(id, _)| id).collect();
    assert_eq!(published, ids(&world));
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_told_by_its_id() {
    let world = world(&["a", "b"]).await;
    world.bus.answer(Ok((vec![1], "MalformedDetail")));
    let answer = redrive(&world, 1000, json!({ "all": true })).await.expect("an answer");
    assert_eq!((&answer["published"], &answer["failed"]), (&json!(1), &json!(1)));
    assert_eq!(answer["failures"][0]["eventId"], ids(&world)[1]);
    assert!(answer["failures"][0]["reason"].as_str().expect("a reason").contains("MalformedDetail"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_chooses_nothing_is_refused() {
    let world = world(&["a"]).await;
    for request in [json!({}), json!({ "dryRun": true }), json!({ "all": true, "aggregate": "a" })] {
        assert_eq!(redrive(&world, 1000, request).await.expect_err("refused").kind(), Kind::InvalidInput);
    }
    assert!(serde_json::from_value::<Request>(json!({ "agregate": "a" })).is_err());
    assert!(taken(&world).is_empty());
}
