//! The engine against memory: a store, queues, a bus.

mod counts;
mod full;

use super::*;
use crate::testing::World;
use crate::workflow::store::Memory;
use crate::workflow::{ExecutionId, Outcome, Status, outcome};
use serde_json::json;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

const TIME: Duration = Duration::from_secs(30);

/// Waits, publishes, and is over.
static NEWS: LazyLock<String> = LazyLock::new(|| {
    let entry = json!({ "EventBusName": "news-bus", "Source": "shop", "DetailType": "Told",
                        "Detail": { "id": "{% $states.context.Execution.Id %}" } });
    let retry = json!([{ "ErrorEquals": ["EventBridge.InternalException"], "IntervalSeconds": 1, "MaxAttempts": 1 }]);
    json!({
        "evc": 1, "workflow": "news", "leases": {},
        "machine": { "QueryLanguage": "JSONata", "TimeoutSeconds": 60, "StartAt": "pause", "States": {
            "pause": { "Type": "Wait", "Seconds": 5, "Next": "told" },
            "told": { "Type": "Task", "Resource": "arn:aws:states:::events:putEvents",
                      "Arguments": { "Entries": [entry] }, "Retry": retry, "Next": "done" },
            "done": { "Type": "Succeed", "Output": "fine" },
        } },
    })
    .to_string()
});
static DEFINITIONS: LazyLock<[&'static str; 1]> = LazyLock::new(|| [NEWS.as_str()]);

/// A world whose store has this clock.
fn world() -> (World, Arc<AtomicU64>) {
    let clock = Arc::new(AtomicU64::new(1_764_331_200_000));
    let mut world = World::new()
        .env("WORKFLOW_QUEUES", r#"{"": "engine-url"}"#)
        .env("BUS_NEWS_BUS", "the-bus")
        .env("WORKFLOW_RETENTION_SECONDS", "60");
    world.workflows = Memory::new().with_clock(clock.clone());
    (world, clock)
}

fn engine(world: &World) -> Engine {
    Engine::new(DEFINITIONS.as_slice(), world.services()).expect("an engine")
}

fn start(id: &str) -> String {
    json!({ "evcStart": { "workflow": "news" }, "event": { "id": id, "detail": { "a": 1 } } }).to_string()
}

fn batch(bodies: &[String]) -> String {
    let record = |(number, body)| json!({ "messageId": format!("m-{number}"), "eventSource": "aws:sqs", "body": body });
    let records: Vec<_> = bodies.iter().enumerate().map(record).collect();
    json!({ "Records": records }).to_string()
}

/// Lets the engine handle its queue until it is empty.
async fn drain(world: &World, engine: &Engine, mut seen: usize) -> usize {
    loop {
        let batches = world.batches();
        let bodies: Vec<_> =
            batches[seen..].iter().flat_map(|(_, sent)| sent.iter().map(|one| one.body.clone())).collect();
        seen = batches.len();
        if bodies.is_empty() {
            return seen;
        }
        assert_eq!(engine.handle(&batch(&bodies), TIME).await, Ok(json!({ "batchItemFailures": [] }).to_string()));
    }
}

fn ended(world: &World, name: &str) -> Outcome {
    let snapshot = world.workflows.model().load(&ExecutionId::new("news", name), 0).expect("an execution");
    outcome(&snapshot.state).expect("an outcome")
}

#[tokio::test]
async fn an_event_starts_one_execution_and_what_is_no_message_fails_alone() {
    let (world, _) = world();
    let engine = engine(&world);
    let unknown = start("e-1").replace("news", "olds");
    let answer = engine.handle(&batch(&[start("e-1"), "secret".to_owned(), start("e-1"), unknown]), TIME).await;
    let failures = json!({ "batchItemFailures": [{ "itemIdentifier": "m-1" }, { "itemIdentifier": "m-3" }] });
    assert_eq!(answer, Ok(failures.to_string()));
    assert_eq!(ended(&world, "e-1").status, Status::Running);
    // Word of the timer; also of the second start, which may have been the first whose answer was lost.
    let batches = world.batches();
    let seconds: Vec<_> = batches.iter().map(|(url, sent)| (url.as_str(), sent[0].seconds)).collect();
    assert!((1..=2).contains(&seconds.len()) && seconds.iter().all(|word| *word == ("engine-url", 5)), "{seconds:?}");
}

#[tokio::test]
async fn timers_and_publishes_go_on_and_the_bus_gets_the_event() {
    let (world, clock) = world();
    let engine = engine(&world);
    engine.handle(&start("e-1"), TIME).await.expect("started");
    // The hint comes too early, and nothing happens.
    let seen = drain(&world, &engine, 0).await;
    assert_eq!(ended(&world, "e-1").status, Status::Running);
    clock.fetch_add(5_000, Ordering::Relaxed);
    engine.handle(r#"{"evcSweep": true}"#, TIME).await.expect("swept");
    drain(&world, &engine, seen).await;
    assert_eq!(ended(&world, "e-1").output, Some(json!("fine")));
    let events = world.published();
    assert_eq!((events.len(), events[0].detail_type.as_str()), (1, "Told"));
    assert_eq!(events[0].detail, json!({ "id": "news/e-1" }));
    assert_eq!(world.bus.taken()[0].bus, "the-bus");
}

#[tokio::test(start_paused = true)]
async fn what_the_bus_refuses_is_the_step_s_failure() {
    for (script, error) in [
        (vec![Ok((vec![0], "MalformedDetail"))], "EventBridge.FailedEntry"),
        (vec![Ok((vec![0], "InternalFailure")); 3], "EventBridge.FailedEntry"),
        (vec![Err(Kind::AccessDenied)], "EventBridge.AccessDeniedException"),
    ] {
        let (world, clock) = world();
        let engine = engine(&world);
        engine.handle(&start("e-1"), TIME).await.expect("started");
        clock.fetch_add(5_000, Ordering::Relaxed);
        for answer in script {
            world.bus.answer(answer.map_err(|kind| Error::new(kind, "as the test wants it")));
        }
        drain(&world, &engine, 0).await;
        let outcome = ended(&world, "e-1");
        assert_eq!((outcome.status, outcome.error.as_deref()), (Status::Failed, Some(error)));
    }
}

#[tokio::test]
async fn a_bus_without_a_name_is_a_failure_too() {
    let (world, clock) = world();
    let world = world.env("BUS_NEWS_BUS", "");
    let engine = engine(&world);
    engine.handle(&start("e-1"), TIME).await.expect("started");
    clock.fetch_add(5_000, Ordering::Relaxed);
    drain(&world, &engine, 0).await;
    assert_eq!(ended(&world, "e-1").error.as_deref(), Some("Configuration"));
}

#[tokio::test]
async fn finished_executions_are_archived_after_a_while() {
    let (world, clock) = world();
    let engine = engine(&world);
    engine.handle(&start("e-1"), TIME).await.expect("started");
    clock.fetch_add(5_000, Ordering::Relaxed);
    drain(&world, &engine, 0).await;
    let sweep = async || {
        let answer = engine.handle(r#"{"evcSweep": true}"#, TIME).await.expect("swept");
        serde_json::from_str::<Value>(&answer).expect("JSON")["archived"].clone()
    };
    assert_eq!(sweep().await, 0);
    clock.fetch_add(60_000, Ordering::Relaxed);
    assert_eq!(sweep().await, 1);
    assert_eq!(sweep().await, 0);
    assert!(world.workflows.model().load(&ExecutionId::new("news", "e-1"), 0).is_none());
}

#[tokio::test]
async fn a_task_that_had_to_wait_is_sent_on() {
    let (world, _) = world();
    let world = world.env("WORKFLOW_TRANSPORT", "eventbridge").env("WORKFLOW_BUS_NAME", "bus");
    let task = json!({ "evcTask": { "x": "w/1", "t": 0, "q": "1", "f": "pay" } });
    engine(&world).handle(&batch(&[task.to_string()]), TIME).await.expect("sent");
    assert_eq!(world.published()[0].detail, task);
}

#[tokio::test]
async fn a_cache_that_lost_everything_gets_its_definitions_from_the_next_sweep() {
    let (world, _clock) = world();
    let engine = engine(&world);
    engine.handle(&batch(&[start("e-1")]), TIME).await.expect("a start");
    let id = Definition::parse(&NEWS).expect("a definition").id().to_owned();
    let store: &dyn crate::workflow::store::Store = &world.workflows;
    assert!(store.definition(&id).await.expect("an answer").is_some());
    world.workflows.forget();
    assert_eq!(store.definition(&id).await.expect("an answer"), None);
    engine.handle(r#"{"evcSweep": true}"#, TIME).await.expect("a sweep");
    assert!(store.definition(&id).await.expect("an answer").is_some());
}
