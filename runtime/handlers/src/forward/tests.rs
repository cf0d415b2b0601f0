//! The forwarder on rows that transactions wrote, with a bus that refuses what it is told to.

use super::*;
use crate::Kind;
use crate::attribute::{Attribute, Item};
use crate::contract::{Large, OrderEvents, ProcessPayment};
use crate::publish::Entry;
use crate::testing::World;
use crate::{Function, Outbox};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// A dead-letter queue in memory; without one, it cannot be reached.
struct Queue(Option<Mutex<Vec<String>>>);

impl Letters for Queue {
    async fn send(&self, body: String) -> Result<(), Error> {
        let queue = self.0.as_ref().ok_or_else(|| Error::new(Kind::Transient, "no queue"))?;
        queue.lock().expect("queue").push(body);
        Ok(())
    }
}

impl Queue {
    fn new() -> Self {
        Self(Some(Mutex::default()))
    }

    fn letters(&self) -> Vec<serde_json::Value> {
        let letters = self.0.as_ref().expect("a queue").lock().expect("queue");
        letters.iter().map(|letter| serde_json::from_str(letter).expect("JSON")).collect()
    }
}

/// Rows of events with texts of these lengths, as a function's transaction writes them.
async fn rows(lengths: impl IntoIterator<Item = usize>) -> Vec<Item> {
    let world = World::new().outbox::<OrderEvents>();
    let cx = ProcessPayment::new(world.context("process-payment"));
    for length in lengths {
        cx.transact().publish(&Large { text: "x".repeat(length) }).commit().await.expect("committed");
    }
    world.raw_items(OrderEvents::ENV)
}

/// The stream's records of rows: sequence numbers 100, 101, …
fn records(kind: &str, rows: &[Item]) -> Vec<Record> {
    let record = |(number, row): (usize, &Item)| {
        serde_json::json!({
            "eventID": number.to_string(), "eventName": kind,
            "dynamodb": {
                "Keys": { "aggregate": row.get("aggregate"), "eventId": row["eventId"] },
                "NewImage": row, "SequenceNumber": (100 + number).to_string(),
            },
        })
    };
    rows.iter().enumerate().map(record).map(|record| serde_json::from_value(record).expect("record")).collect()
}

async fn forward<'r>(world: &World, queue: &Queue, seconds: u64, records: &'r [Record]) -> Option<&'r str> {
    forward_measured(world, queue, seconds, records).await.0
}

/// Forwards, and returns what was measured as well, by name.
async fn forward_measured<'r>(
    world: &World,
    queue: &Queue,
    seconds: u64,
    records: &'r [Record],
) -> (Option<&'r str>, BTreeMap<String, Vec<f64>>) {
    let metrics = Metrics::new("test".to_owned(), "news-forwarder");
    let time_left = || Duration::from_secs(seconds);
    let forwarder = Forwarder {
        publisher: Publisher { bus: &*world.bus, metrics: &metrics, time_left },
        letters: queue,
        bus_name: "bus",
        reader: &Rows,
    };
    let first = forwarder.forward(records).await;
    let mut measured = BTreeMap::new();
    for line in metrics.take_lines(Timestamp::now()) {
        let line: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        let name = line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"].as_str().expect("a name").to_owned();
        let values = serde_json::from_value(line[&name].clone()).expect("numbers");
        measured.insert(name, values);
    }
    (first, measured)
}

fn event_ids(rows: &[Item]) -> Vec<String> {
    rows.iter().map(|row| row["eventId"].as_s().expect("id").to_owned()).collect()
}

fn taken_ids(world: &World) -> Vec<String> {
    let id = |entry: &Entry| {
        serde_json::from_str::<serde_json::Value>(&entry.detail).expect("JSON")["metadata"]["eventId"]
            .as_str()
            .expect("id")
            .to_owned()
    };
    world.bus.taken().iter().map(id).collect()
}

#[tokio::test(start_paused = true)]
async fn entries_3_and_7_of_10_fail_and_only_they_are_sent_again() {
    let (world, queue) = (World::new(), Queue::new());
    let rows = rows([10; 10]).await;
    world.bus.answer(Ok((vec![3, 7], "ThrottlingException")));
    assert_eq!(forward(&world, &queue, 30, &records("INSERT", &rows)).await, None);
    assert_eq!(world.bus.calls(), [10, 2]);
    let (mut sent, mut expected) = (taken_ids(&world), event_ids(&rows));
    sent.sort();
    expected.sort();
    assert_eq!(sent, expected);
    assert!(queue.letters().is_empty());
}

/// `tests/takeover/README.md` says how they were written.
#[tokio::test(start_paused = true)]
async fn rows_that_the_runtime_of_commit_17e0f7d_wrote_are_published() {
    #[derive(serde::Deserialize)]
    struct Written {
        tables: BTreeMap<String, Vec<Item>>,
    }
    let written: Written = serde_json::from_str(include_str!("../../tests/takeover/tables.json")).expect("JSON");
    let rows = &written.tables[OrderEvents::ENV];
    let (world, queue) = (World::new(), Queue::new());
    assert_eq!(forward(&world, &queue, 30, &records("INSERT", rows)).await, None);
    assert_eq!(rows.len(), 4);
    assert_eq!(taken_ids(&world), event_ids(rows));
    assert!(queue.letters().is_empty());
    for (entry, row) in world.bus.taken().iter().zip(rows) {
        assert_eq!(
            (Some(entry.detail.as_str()), entry.detail_type.as_str()),
            (row["detail"].as_s(), "Payment Processed")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn events_of_one_aggregate_are_taken_in_their_order_whatever_fails() {
    let (world, queue) = (World::new(), Queue::new());
    let mut rows = rows([10; 9]).await;
    for (number, row) in rows.iter_mut().enumerate() {
        row.insert("aggregate".to_owned(), Attribute::S(["a", "b", "c"][number % 3].to_owned()));
    }
    // Of the first call's three, that of `b` fails; in the next round, that of `b` fails once more.
    world.bus.answer(Ok((vec![1], "ThrottlingException")));
    world.bus.answer(Ok((vec![], "")));
    world.bus.answer(Ok((vec![], "")));
    world.bus.answer(Ok((vec![0], "InternalFailure")));
    assert_eq!(forward(&world, &queue, 30, &records("INSERT", &rows)).await, None);
    let (taken, ids) = (taken_ids(&world), event_ids(&rows));
    assert_eq!(taken.len(), 9);
    for lane in 0..3 {
        let expected: Vec<&String> = ids.iter().skip(lane).step_by(3).collect();
        let order: Vec<&String> = taken.iter().filter(|id| expected.contains(id)).collect();
        assert_eq!(order, expected);
    }
    assert_eq!(world.bus.calls(), [3, 2, 2, 1, 1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn without_time_the_first_failed_record_is_reported() {
    let (world, queue) = (World::new(), Queue::new());
    let rows = rows([10; 10]).await;
    world.bus.answer(Ok((vec![7, 3], "InternalFailure")));
    let records = records("INSERT", &rows);
    // There is time for one call and none after it.
    let asked = Cell::new(0);
    let time_left = || {
        asked.set(asked.get() + 1);
        if asked.get() == 1 { Duration::from_secs(1) } else { Duration::ZERO }
    };
    let metrics = Metrics::new("test".to_owned(), "news-forwarder");
    let forwarder = Forwarder {
        publisher: Publisher { bus: &*world.bus, metrics: &metrics, time_left },
        letters: &queue,
        bus_name: "bus",
        reader: &Rows,
    };
    assert_eq!(forwarder.forward(&records).await, Some("103"));
    assert_eq!(taken_ids(&world).len(), 8);
    assert_eq!(world.bus.calls(), [10]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_call_is_repeated_unless_that_is_hopeless() {
    let (world, queue) = (World::new(), Queue::new());
    let rows = rows([10; 12]).await;
    let records = records("INSERT", &rows);
    world.bus.answer(Err(Error::new(Kind::Throttled, "slow down")));
    assert_eq!(forward(&world, &queue, 30, &records).await, None);
    assert_eq!(world.bus.calls(), [10, 2, 10]);
    world.bus.answer(Err(Error::new(Kind::AccessDenied, "denied")));
    assert_eq!(forward(&world, &queue, 30, &records).await, Some("100"));
    // The second call was made together with the first; neither was repeated.
    assert_eq!(world.bus.calls(), [10, 2, 10, 10, 2]);
}

#[tokio::test(start_paused = true)]
async fn large_rows_share_no_call_that_would_be_too_large() {
    let (world, queue) = (World::new(), Queue::new());
    let rows = rows([390_000; 5]).await;
    assert_eq!(forward(&world, &queue, 30, &records("INSERT", &rows)).await, None);
    assert_eq!(world.bus.calls(), [2, 2, 1]);
    assert_eq!(taken_ids(&world), event_ids(&rows));
}

#[tokio::test(start_paused = true)]
async fn changed_and_expired_rows_are_no_events() {
    let (world, queue) = (World::new(), Queue::new());
    let rows = rows([10; 2]).await;
    assert_eq!(forward(&world, &queue, 30, &records("MODIFY", &rows)).await, None);
    let mut removed = records("REMOVE", &rows);
    for record in &mut removed {
        record.dynamodb.new_image = None;
    }
    assert_eq!(forward(&world, &queue, 30, &removed).await, None);
    assert!(world.bus.calls().is_empty() && queue.letters().is_empty());
}

#[tokio::test(start_paused = true)]
async fn poison_goes_to_the_queue_with_its_content_and_the_others_go_out() {
    let (world, queue) = (World::new(), Queue::new());
    let mut rows = rows([10; 6]).await;
    rows[0].remove("detailType");
    rows[1].insert("detail".to_owned(), Attribute::S("[1]".to_owned()));
    rows[2].insert("occurredAt".to_owned(), Attribute::S("yesterday".to_owned()));
    rows[3].insert("detail".to_owned(), Attribute::S(format!("{{\"x\":\"{}\"}}", "x".repeat(PUT_LIMIT))));
    world.bus.answer(Ok((vec![0], "MalformedDetail")));
    assert_eq!(forward(&world, &queue, 30, &records("INSERT", &rows)).await, None);
    let letters = queue.letters();
    let reasons: Vec<_> = letters.iter().map(|letter| letter["reason"].as_str().expect("reason")).collect();
    assert_eq!(reasons.len(), 5);
    assert_eq!(reasons[0], "the attribute `detailType` is missing or not a string");
    assert_eq!(reasons[1], "the attribute `detail` is not a JSON object");
    assert_eq!(reasons[2], "the attribute `occurredAt` is not a timestamp");
    assert!(reasons[3].contains("the limit of the bus is 1048576"), "{}", reasons[3]);
    assert!(reasons[4].contains("MalformedDetail"), "{}", reasons[4]);
    // What is in the queue is the whole row; one too large for the queue is named by its key.
    assert_eq!(serde_json::from_value::<Item>(letters[0]["row"].clone()).expect("row"), rows[0]);
    assert_eq!((&letters[0]["whole"], &letters[3]["whole"]), (&true.into(), &false.into()));
    assert_eq!(letters[3]["row"]["eventId"]["S"], event_ids(&rows)[3]);
    assert_eq!(taken_ids(&world), event_ids(&rows)[5..]);
}

const PUT_LIMIT: usize = crate::limits::PUT_EVENTS_BYTES;

#[tokio::test(start_paused = true)]
async fn poison_that_cannot_be_kept_is_not_passed_over() {
    let world = World::new();
    let mut rows = rows([10; 3]).await;
    rows[1].remove("source");
    assert_eq!(forward(&world, &Queue(None), 30, &records("INSERT", &rows)).await, Some("101"));
    assert_eq!(taken_ids(&world).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_happens_is_measured() {
    let (world, queue) = (World::new(), Queue::new());
    let mut rows = rows([10; 10]).await;
    rows[9].remove("source");
    world.bus.answer(Ok((vec![3, 7], "ThrottlingException")));
    let records = records("INSERT", &rows);
    let (_, measured) = forward_measured(&world, &queue, 30, &records).await;
    let sum = |name: &str| measured.get(name).map_or(0.0, |values| values.iter().sum::<f64>());
    let counts = [metric::FORWARDED, metric::RETRIED, metric::DEAD, metric::FAILED].map(sum);
    assert_eq!(counts.map(|count| count.to_string()), ["9", "2", "1", "0"]);
    assert_eq!(measured[metric::LAG].len(), 9);

    world.bus.answer(Err(Error::new(Kind::AccessDenied, "denied")));
    let (_, measured) = forward_measured(&world, &queue, 30, &records[..9]).await;
    assert_eq!(measured[metric::FAILED], [9.0]);
}
