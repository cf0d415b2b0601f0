//! Answers to steps that wait for a signal, on either engine: a token says by its form whose it is.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token>

#[cfg(feature = "signal")]
use crate::aws::{failure_of_change, once};
#[cfg(feature = "signal")]
use crate::backend::BoxFuture;
use crate::{Context, Error, Kind, bounds, grant};
#[cfg(feature = "signal")]
use aws_sdk_sfn::error::{ProvideErrorMetadata, SdkError};
use serde::Serialize;
use serde_json::Value;

/// What a step is told: a result as JSON, or an error's name and cause.
type Answer<'a> = Result<Value, (&'a str, &'a str)>;

/// Workflows and steps.
type Waits = &'static [(&'static str, &'static str)];

impl Context {
    /// Lets the step go on that gave out this token; its result is `answer`. Generated contexts have a method that calls this, for the
    /// answers that the spec allows function `F`.
    ///
    /// [`Kind::Conflict`] if no step waits any more: it was answered before, ran out of time, or its execution is over; or if nobody gave
    /// out this token. [`Kind::Internal`] if the answer has a value out of its range. [`Kind::InvalidInput`] if it is the token of a wait that the function may not answer. That is checked by the
    /// runtime on Redis, by the function's role on Step Functions, whose tokens do not say of which step they are.
    ///
    /// Step Functions is asked once: it would refuse a second attempt as that of another. Without its answer this fails with
    /// [`Kind::Transient`] or [`Kind::Timeout`], and the step may have been answered.
    pub async fn signal<F: grant::Signal<A>, A: Serialize>(&self, token: &str, answer: &A) -> Result<(), Error> {
        bounds::made("the answer", F::bounded(answer))?;
        self.answer(F::WAITS, token, Ok(serde_json::to_value(answer).map_err(Error::other)?)).await
    }

    /// Lets the step that gave out this token fail with an error, which it may catch by this name. Otherwise as [`Self::signal`].
    pub async fn signal_error<F: grant::Signals>(&self, token: &str, error: &str, cause: &str) -> Result<(), Error> {
        self.answer(F::WAITS, token, Err((error, cause))).await
    }

    #[cfg_attr(not(feature = "engine"), expect(unused_variables, reason = "which waits are meant is checked on Redis"))]
    async fn answer(&self, waits: Waits, token: &str, answer: Answer<'_>) -> Result<(), Error> {
        #[cfg(feature = "engine")]
        if crate::workflow::Token::read(token).is_some() {
            return self.answer_redis(waits, token, answer).await;
        }
        #[cfg(feature = "signal")]
        return self.answer_step_functions(token, answer).await;
        #[cfg(not(feature = "signal"))]
        Err(Error::new(Kind::InvalidInput, "this is no token of a workflow that the function may answer"))
    }

    #[cfg(feature = "engine")]
    async fn answer_redis(&self, waits: Waits, token: &str, answer: Answer<'_>) -> Result<(), Error> {
        use crate::workflow::ops::{PATIENCE, Signalled};
        let carrier = crate::workflow::setup::signaller(self.services()).await?;
        let answer = answer.map_err(|(error, cause)| (error.to_owned(), Some(cause.to_owned())));
        let may = |workflow: &str, step: &str| waits.contains(&(workflow, step));
        let signalled = carrier.signal_within(token, may, answer, crate::deadline::at_most(PATIENCE)).await?;
        carrier.acknowledge().await;
        match signalled {
            Signalled::Delivered => Ok(()),
            Signalled::Over => Err(over()),
        }
    }

    #[cfg(feature = "signal")]
    async fn answer_step_functions(&self, token: &str, answer: Answer<'_>) -> Result<(), Error> {
        let client = self.services().step_functions().await;
        match answer {
            Ok(output) => client.succeed(token, &output).await,
            Err((error, cause)) => client.fail(token, error, cause).await,
        }
    }
}

/// What is asked of Step Functions: the service, or the waits of a test.
#[cfg(feature = "signal")]
pub(crate) trait StepFunctions: Send + Sync {
    /// `SendTaskSuccess`.
    fn succeed<'a>(&'a self, token: &'a str, output: &'a Value) -> BoxFuture<'a, Result<(), Error>>;

    /// `SendTaskFailure`.
    fn fail<'a>(&'a self, token: &'a str, error: &'a str, cause: &'a str) -> BoxFuture<'a, Result<(), Error>>;
}

#[cfg(feature = "signal")]
impl StepFunctions for aws_sdk_sfn::Client {
    fn succeed<'a>(&'a self, token: &'a str, output: &'a Value) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let call = self.send_task_success().task_token(token).output(output.to_string());
            let sent = once!(aws_sdk_sfn, call.customize()).send().await;
            sent.map(drop).map_err(|error| refused("states:SendTaskSuccess", &error))
        })
    }

    fn fail<'a>(&'a self, token: &'a str, error: &'a str, cause: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let call = self.send_task_failure().task_token(token).error(error).cause(cause);
            let sent = once!(aws_sdk_sfn, call.customize()).send().await;
            sent.map(drop).map_err(|error| refused("states:SendTaskFailure", &error))
        })
    }
}

/// Why Step Functions did not take an answer.
#[cfg(feature = "signal")]
fn refused<E: ProvideErrorMetadata + std::error::Error + 'static>(operation: &str, error: &SdkError<E>) -> Error {
    match error.code() {
        Some("TaskDoesNotExist" | "TaskTimedOut") => over(),
        Some("InvalidToken" | "InvalidOutput") => Error::new(Kind::InvalidInput, error.message().unwrap_or_default()),
        _ => failure_of_change(operation, error),
    }
}

/// The step has its answer, or its time is over.
pub(crate) fn over() -> Error {
    Error::new(Kind::Conflict, "no step waits for this signal any more")
}

#[cfg(feature = "engine")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;
    use crate::workflow::{Carrier, Definition, ExecutionId, Job, Outcome, TaskRef, outcome};
    use serde_json::json;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    /// Asks, and waits for the answer.
    fn definition() -> String {
        let payload = json!({ "evc": { "token": "{% $states.context.Task.Token %}" } });
        let ask = json!({ "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": true,
                          "Arguments": { "FunctionName": "ask", "Payload": payload } });
        let machine =
            json!({ "QueryLanguage": "JSONata", "TimeoutSeconds": 60, "StartAt": "ask", "States": { "ask": ask } });
        json!({ "evc": 1, "workflow": "w", "leases": { "ask": 10 }, "machine": machine }).to_string()
    }

    /// A token of an execution that waits.
    async fn token(world: &World) -> String {
        let text = definition();
        let definition = Definition::parse(&text).expect("a definition");
        let carrier = Carrier::new(Arc::new(world.workflows.clone()), None);
        carrier.store().put_definition(definition.id(), &text).await.expect("memory");
        carrier.start(&definition, "1", json!({})).await.expect("memory");
        let execution = ExecutionId::new("w", "1");
        let seq = world.workflows.model().view(&execution, 0).expect("an execution").open[0].seq;
        let task = TaskRef { execution, slot: 0, seq, function: "ask".to_owned() };
        let token = Mutex::new(String::new());
        let run = async |job: Job<'_>| {
            let payload: Value = serde_json::from_str(job.payload).expect("JSON");
            payload["evc"]["token"].as_str().expect("a token").clone_into(&mut token.lock().expect("a place"));
            Ok("{}".to_owned())
        };
        carrier.work(&task, Duration::from_secs(5), run).await.expect("memory");
        token.into_inner().expect("a place")
    }

    fn ended(world: &World) -> Outcome {
        let snapshot = world.workflows.model().load(&ExecutionId::new("w", "1"), 0).expect("an execution");
        outcome(&snapshot.state).expect("an outcome")
    }

    struct Answer;
    impl grant::Signals for Answer {
        const WAITS: Waits = &[("w", "ask"), ("v", "ask")];
    }
    impl<A> grant::Signal<A> for Answer {
        const WAITS: Waits = <Self as grant::Signals>::WAITS;
    }

    /// May answer another step, and the step of another workflow.
    struct Other;
    impl grant::Signals for Other {
        const WAITS: Waits = &[("w", "ask-again"), ("v", "ask")];
    }
    impl<A> grant::Signal<A> for Other {
        const WAITS: Waits = <Self as grant::Signals>::WAITS;
    }

    #[tokio::test]
    async fn a_function_answers_no_step_but_those_that_the_spec_lets_it() {
        let world = World::new();
        let (token, cx) = (token(&world).await, world.context("other"));
        let refused = cx.signal::<Other, _>(&token, &1).await.expect_err("another's");
        assert_eq!(refused.kind(), Kind::InvalidInput);
        let refused = cx.signal_error::<Other>(&token, "Refused", "no").await.expect_err("another's");
        assert_eq!(refused.kind(), Kind::InvalidInput);
        assert_eq!(ended(&world).status, crate::workflow::Status::Running);
        cx.signal::<Answer, _>(&token, &1).await.expect("answered");
    }

    #[tokio::test]
    async fn a_function_answers_a_step_once() {
        let world = World::new();
        let (token, cx) = (token(&world).await, world.context("answer"));
        cx.signal::<Answer, _>(&token, &json!({ "yes": true })).await.expect("answered");
        assert_eq!(ended(&world).output, Some(json!({ "yes": true })));
        assert_eq!(cx.signal::<Answer, _>(&token, &1).await.expect_err("over").kind(), Kind::Conflict);
        assert_eq!(cx.signal_error::<Answer>(&token, "Refused", "no").await.expect_err("over").kind(), Kind::Conflict);
    }

    #[tokio::test]
    async fn a_function_lets_a_step_fail() {
        let world = World::new();
        let (token, cx) = (token(&world).await, world.context("answer"));
        cx.signal_error::<Answer>(&token, "Refused", "no").await.expect("answered");
        let ended = ended(&world);
        assert_eq!((ended.error.as_deref(), ended.cause.as_deref()), (Some("Refused"), Some("no")));
    }

    async fn asking() -> (World, Carrier, TaskRef, Arc<std::sync::atomic::AtomicU64>) {
        let clock = Arc::new(std::sync::atomic::AtomicU64::new(1_764_331_200_000));
        let mut world = World::new();
        world.workflows = crate::workflow::store::Memory::new().with_clock(clock.clone());
        let text = definition();
        let definition = Definition::parse(&text).expect("a definition");
        let carrier = Carrier::new(Arc::new(world.workflows.clone()), None);
        carrier.store().put_definition(definition.id(), &text).await.expect("memory");
        carrier.start(&definition, "1", json!({})).await.expect("memory");
        let execution = ExecutionId::new("w", "1");
        let seq = world.workflows.model().view(&execution, 0).expect("an execution").open[0].seq;
        (world, carrier, TaskRef { execution, slot: 0, seq, function: "ask".to_owned() }, clock)
    }

    async fn claimed(carrier: &Carrier, task: &TaskRef, owner: u64) -> crate::workflow::Snapshot {
        match carrier.store().claim(task, owner).await.expect("memory") {
            crate::workflow::Claim::Claimed { snapshot, .. } => snapshot,
            other => panic!("{other:?}"),
        }
    }

    /// The sweep is shown a lease that is over; then the worker commits after all, and its commit is acknowledged.
    #[tokio::test]
    async fn a_sweep_fails_no_wait_whose_function_is_done() {
        use crate::workflow::planner::Event;
        use crate::workflow::{Carried, Due};
        let (world, carrier, task, clock) = asking().await;
        let fence = Some((task.slot, task.seq));
        let worker = claimed(&carrier, &task, 1).await;
        clock.fetch_add(20_000, std::sync::atomic::Ordering::SeqCst);
        let partition = carrier.store().keys().partition(&task.execution);
        let due = carrier.store().due(partition, 10).await.expect("memory");
        let Some(Due::Lease(_, shown)) = due.into_iter().next() else { panic!("no lease") };
        let until = tokio::time::Instant::now() + Duration::from_secs(5);
        let done = Event::Succeeded { slot: 0, output: json!("asked"), claimed_ms: 0 };
        assert_eq!(carrier.carry(&task.execution, worker, fence, done, until).await.expect("memory"), Carried::On);
        let lost = Event::Failed { slot: 0, error: "Lambda.Unknown".to_owned(), cause: None, claimed_ms: 0 };
        let carried = carrier.carry(&task.execution, shown, fence, lost, until).await.expect("memory");
        assert_eq!((carried, ended(&world).status), (Carried::Late, crate::workflow::Status::Running));
    }

    /// Two workers have one piece of work, as after a failover that lost the first one's claim. The second one's commit counts.
    #[tokio::test]
    async fn a_worker_of_a_lost_history_fails_no_wait() {
        use crate::workflow::Carried;
        use crate::workflow::planner::Event;
        let (world, carrier, task, _clock) = asking().await;
        let fence = Some((task.slot, task.seq));
        let older = world.workflows.model();
        let first = claimed(&carrier, &task, 1).await;
        world.workflows.restore(older);
        let second = claimed(&carrier, &task, 2).await;
        let until = tokio::time::Instant::now() + Duration::from_secs(5);
        let done = Event::Succeeded { slot: 0, output: json!("asked"), claimed_ms: 0 };
        assert_eq!(carrier.carry(&task.execution, second, fence, done, until).await.expect("memory"), Carried::On);
        let failed = Event::Failed { slot: 0, error: "Transient".to_owned(), cause: None, claimed_ms: 0 };
        let carried = carrier.carry(&task.execution, first, fence, failed, until).await.expect("memory");
        assert_eq!((carried, ended(&world).status), (Carried::Late, crate::workflow::Status::Running));
    }

    /// The sweep is shown a timeout; the execution ends by another's hand and is retried before the sweep acts.
    #[tokio::test]
    async fn a_timeout_of_before_does_not_end_a_retry() {
        use crate::workflow::Due;
        use crate::workflow::planner::Event;
        let (world, carrier, task, clock) = asking().await;
        clock.fetch_add(61_000, std::sync::atomic::Ordering::SeqCst);
        let partition = carrier.store().keys().partition(&task.execution);
        let due = carrier.store().due(partition, 10).await.expect("memory");
        let shown = due.into_iter().find_map(|due| match due {
            Due::Timeout(_, shown) => Some(shown),
            _ => None,
        });
        let shown = shown.expect("a timeout");
        assert!(carrier.cancel(&task.execution, None).await.expect("memory"));
        assert!(carrier.retry(&task.execution).await.expect("memory"));
        assert_eq!(ended(&world).status, crate::workflow::Status::Running);
        let until = tokio::time::Instant::now() + Duration::from_secs(5);
        carrier.carry(&task.execution, shown, None, Event::TimedOut, until).await.expect("memory");
        assert_eq!(ended(&world).status, crate::workflow::Status::Running);
    }
}
