//! A function of a workflow, from the message to what is committed.

use crate::serve::{App, Invocation, Unguarded};
use crate::testing::World;
use crate::workflow::store::Memory;
use crate::workflow::{Carrier, Definition, ExecutionId, Outcome, Status, outcome};
use crate::{Context, Error, Function, Kind, Source, Timestamp};
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

struct Charge(Context);

impl Function for Charge {
    type Input = Value;
    type Output = Value;
    type Error = Error;
    const NAME: &'static str = "charge";
    const SOURCES: &'static [Source] = &[Source::Workflow, Source::Step];

    fn new(context: Context) -> Self {
        Self(context)
    }
}

/// Calls `charge`, and again after hiccups.
fn definition() -> String {
    let payload = json!({
        "evc": { "execution": "{% $states.context.Execution.Id %}", "step": "charge",
                 "attempt": "{% $states.context.State.RetryCount %}" },
        "input": "{% $states.input %}",
    });
    let retry = json!([{ "ErrorEquals": ["Lambda.Unknown"], "IntervalSeconds": 1, "MaxAttempts": 1 }]);
    json!({
        "evc": 1, "workflow": "w", "leases": { "charge": 10 },
        "machine": { "QueryLanguage": "JSONata", "TimeoutSeconds": 600, "StartAt": "charge", "States": {
            "charge": { "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "TimeoutSeconds": 30,
                        "Arguments": { "FunctionName": "charge", "Payload": payload },
                        "Output": "{% $states.result.Payload %}", "Retry": retry, "End": true },
        } },
    })
    .to_string()
}

struct Stage {
    world: World,
    clock: Arc<AtomicU64>,
    /// The fencing tokens of the work that there was, in their order.
    seqs: RefCell<Vec<u64>>,
}

impl Stage {
    /// A world in which the execution `w/1` waits for `charge`.
    async fn new(input: Value) -> Self {
        let clock = Arc::new(AtomicU64::new(1_764_331_200_000));
        let mut world = World::new().env("WORKFLOW_QUEUES", r#"{"charge": "charge-url"}"#);
        world.workflows = Memory::new().with_clock(clock.clone());
        let text = definition();
        let definition = Definition::parse(&text).expect("a definition");
        let carrier = Carrier::new(Arc::new(world.workflows.clone()), None);
        carrier.store().put_definition(definition.id(), &text).await.expect("memory");
        carrier.start(&definition, "1", input).await.expect("started");
        Self { world, clock, seqs: RefCell::default() }
    }

    /// The fencing token of the nth piece of work, from 1.
    fn seq(&self, nth: usize) -> u64 {
        let view = self.world.workflows.model().view(&ExecutionId::new("w", "1"), 0).expect("an execution");
        let mut seqs = self.seqs.borrow_mut();
        let now = view.open.first().map(|open| open.seq).filter(|now| !seqs.contains(now));
        seqs.extend(now);
        seqs[nth - 1]
    }

    /// The function gets the message about its nth piece of work this often in one batch.
    fn deliver<'a>(
        &'a self,
        times: usize,
        nth: usize,
        handler: impl AsyncFn(&Charge, Value) -> Result<Value, Error> + 'a,
    ) -> LocalBoxFuture<'a, Value> {
        let body = json!({ "evcTask": { "x": "w/1", "t": 0, "q": self.seq(nth), "f": "charge" } }).to_string();
        let record = |number| json!({ "messageId": format!("m-{number}"), "eventSource": "aws:sqs", "body": body });
        let event = json!({ "Records": (0..times).map(record).collect::<Vec<_>>() });
        Box::pin(async move {
            let app = App::<Charge, _, _>::new(handler, Unguarded, self.world.services()).expect("an app");
            let deadline = Timestamp::now().after(Duration::from_secs(30));
            let invocation = Invocation { request_id: "r".to_owned(), deadline, trace: None };
            let answer = app.invoke(&event.to_string(), &invocation).await.expect("an answer");
            serde_json::from_str(&answer).expect("JSON")
        })
    }

    fn outcome(&self) -> Outcome {
        let snapshot = self.world.workflows.model().load(&ExecutionId::new("w", "1"), 0).expect("an execution");
        outcome(&snapshot.state).expect("an outcome")
    }
}

fn none_failed() -> Value {
    json!({ "batchItemFailures": [] })
}

#[tokio::test]
async fn work_is_done_once_with_the_context_of_a_step() {
    let stage = Stage::new(json!({ "amount": 5 })).await;
    let runs = Cell::new(0);
    let answer = stage.deliver(3, 1, async |cx, input| {
        runs.set(runs.get() + 1);
        tokio::task::yield_now().await;
        let step = cx.0.step().expect("a step");
        assert_eq!((step.step.as_str(), step.execution.as_str(), step.attempt), ("charge", "w/1", 0));
        assert_eq!(cx.0.idempotency_key(), Some("w/1/charge"));
        // Its lease is shorter than the invocation.
        assert!(cx.0.remaining() <= Duration::from_secs(10), "{:?}", cx.0.remaining());
        Ok(json!({ "charged": input["amount"] }))
    });
    assert_eq!((answer.await, runs.get()), (none_failed(), 1));
    assert_eq!(stage.outcome().output, Some(json!({ "charged": 5 })));
    assert_eq!(stage.deliver(1, 1, async |_, _| Err(Error::other("not again"))).await, none_failed());
}

#[tokio::test]
async fn an_error_of_the_function_is_the_execution_s() {
    let stage = Stage::new(json!({})).await;
    let answer = stage.deliver(1, 1, async |_, _| Err(Error::new(Kind::Throttled, "slowly, \"please\"")));
    assert_eq!(answer.await, none_failed());
    let outcome = stage.outcome();
    assert_eq!((outcome.status, outcome.error.as_deref()), (Status::Failed, Some("Throttled")));
    let cause = outcome.cause.expect("a cause");
    assert_eq!(cause, r#"{"errorType":"Throttled","errorMessage":"slowly, \"please\""}"#);
}

#[tokio::test]
async fn a_result_that_is_too_large_ends_the_execution() {
    let stage = Stage::new(json!({})).await;
    stage.deliver(1, 1, async |_, _| Ok(json!("x".repeat(256 * 1024 - 1)))).await;
    assert_eq!(stage.outcome().error.as_deref(), Some("States.DataLimitExceeded"));
    let stage = Stage::new(json!({})).await;
    stage.deliver(1, 1, async |_, _| Ok(json!("x".repeat(256 * 1024 - 2)))).await;
    assert_eq!(stage.outcome().status, Status::Succeeded);
}

#[tokio::test]
async fn work_whose_worker_died_is_tried_again_and_the_dead_one_commits_nothing() {
    let stage = Stage::new(json!({})).await;
    let second = async |cx: &Charge, _| Ok(json!(cx.0.step().map(|step| step.attempt)));
    let first = stage.deliver(1, 1, async |_, _| {
        // Its lease is over while it works: another message about it finds that.
        stage.clock.fetch_add(10_000, Ordering::Relaxed);
        assert_eq!(stage.deliver(1, 1, second).await, none_failed());
        Ok(json!("late"))
    });
    assert_eq!(first.await, none_failed());
    assert_eq!(stage.outcome().status, Status::Running);
    // The message about the next attempt: too early first.
    assert_eq!(stage.deliver(1, 2, second).await, none_failed());
    assert_eq!(stage.outcome().status, Status::Running);
    stage.clock.fetch_add(1_000, Ordering::Relaxed);
    assert_eq!(stage.deliver(1, 2, second).await, none_failed());
    assert_eq!(stage.outcome().output, Some(json!(1)));
}

#[tokio::test]
async fn work_whose_deadline_is_over_has_taken_too_long() {
    let stage = Stage::new(json!({})).await;
    stage.clock.fetch_add(30_000, Ordering::Relaxed);
    assert_eq!(stage.deliver(1, 1, async |_, _| Ok(json!("late"))).await, none_failed());
    assert_eq!(stage.outcome().error.as_deref(), Some("States.Timeout"));
}

#[tokio::test(start_paused = true)]
async fn a_handler_does_not_outlive_its_lease() {
    let stage = Stage::new(json!({})).await;
    stage.deliver(1, 1, async |_, _| std::future::pending().await).await;
    assert_eq!(stage.outcome().error.as_deref(), Some("Timeout"));
}

#[tokio::test]
async fn the_work_of_another_function_is_left_alone() {
    let stage = Stage::new(json!({})).await;
    let app = App::<Charge, _, _>::new(async |_: &Charge, _| Ok(json!(1)), Unguarded, stage.world.services());
    let body = json!({ "evcTask": { "x": "w/1", "t": 0, "q": 1, "f": "ship" } }).to_string();
    let event = json!({ "Records": [{ "messageId": "m", "eventSource": "aws:sqs", "body": body }] }).to_string();
    let invocation = Invocation { request_id: "r".to_owned(), deadline: Timestamp::now(), trace: None };
    let answer = app.expect("an app").invoke(&event, &invocation).await;
    assert_eq!(answer, Ok(none_failed().to_string()));
    assert_eq!(stage.outcome().status, Status::Running);
}

#[tokio::test]
async fn a_message_comes_back_when_the_transport_fails() {
    let mut stage = Stage::new(json!({})).await;
    stage.world = stage.world.env("WORKFLOW_QUEUES", "{}");
    // The retry cannot be sent.
    let again = stage.deliver(1, 1, async |_, _| {
        stage.clock.fetch_add(10_000, Ordering::Relaxed);
        assert_eq!(
            stage.deliver(1, 1, async |_, _| Ok(json!(1))).await,
            json!({ "batchItemFailures": [{ "itemIdentifier": "m-0" }] })
        );
        Ok(json!("late"))
    });
    assert_eq!(again.await, none_failed());
}
