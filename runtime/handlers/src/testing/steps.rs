//! Steps of workflows: contexts of their attempts, and the answers to those that wait for a signal.

use super::World;
#[cfg(feature = "engine")]
use crate::Error;
use crate::context::Step;
use crate::{Context, Timestamp};

/// When executions of tests start: no test depends on the time of the day.
const STARTED: i64 = 1_767_225_600_000;

/// A step of a workflow that is about to be given to a function: see [`World::step`].
#[must_use]
pub struct StepContext<'w> {
    world: &'w World,
    function: &'static str,
    step: Step,
}

impl World {
    /// An attempt of a step, the first one unless [`StepContext::attempt`] says otherwise. All attempts of a step have one idempotency
    /// key, as in a workflow.
    ///
    /// ```
    /// # use evc_runtime::testing::World;
    /// let world = World::new();
    /// let first = world.step("ask-for-approval", "approval").context();
    /// let second = world.step("ask-for-approval", "approval").attempt(1).context();
    /// assert_eq!(second.step().map(|step| step.attempt), Some(1));
    /// assert_eq!(second.idempotency_key(), first.idempotency_key());
    /// ```
    pub fn step(&self, function: &'static str, name: &str) -> StepContext<'_> {
        let step = Step {
            execution: "execution".to_owned(),
            step: name.to_owned(),
            attempt: 0,
            started: Timestamp::from_millis(STARTED).ok(),
            item: None,
            visit: None,
            token: None,
        };
        StepContext { world: self, function, step }
    }
}

impl StepContext<'_> {
    /// Of this execution.
    pub fn execution(mut self, id: &str) -> Self {
        id.clone_into(&mut self.step.execution);
        self
    }

    /// The attempt: 0 is the first one.
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.step.attempt = attempt;
        self
    }

    /// Within a `for-each`, for the item with this index.
    pub fn item(mut self, index: u64) -> Self {
        self.step.item = Some(index);
        self
    }

    /// At this visit of a loop.
    pub fn visit(mut self, visit: &str) -> Self {
        self.step.visit = Some(visit.to_owned());
        self
    }

    /// The execution started at this time.
    pub fn started(mut self, at: Timestamp) -> Self {
        self.step.started = Some(at);
        self
    }

    /// It waits for a signal with this token, on Step Functions. For a workflow on Redis, whose tokens no test can make up, there is
    /// `context_on_redis`.
    pub fn token(mut self, token: &str) -> Self {
        #[cfg(feature = "signal")]
        self.world.waits.add(token);
        self.step.token = Some(token.to_owned());
        self
    }

    /// The context of the function.
    pub fn context(self) -> Context {
        let key = self.step.key();
        self.world.context_with(self.function, Some(key), None, Some(self.step))
    }

    /// The context of the function in a step of this workflow on Redis that waits for a signal: with a token of an execution that waits in
    /// memory. An answer to it counts as soon as it is given, also while the function is still at work, if the spec lets who answers
    /// answer this step.
    #[cfg(feature = "engine")]
    pub async fn context_on_redis(mut self, workflow: &str) -> Result<Context, Error> {
        self.step.token = Some(self.world.waits.begin(&self.world.workflows, workflow, &self.step.step).await?);
        Ok(self.context())
    }
}

#[cfg(any(feature = "signal", feature = "engine"))]
pub use waits::Signal;
#[cfg(any(feature = "signal", feature = "engine"))]
pub(super) use waits::Waits;

/// The waits of a world, and their answers.
#[cfg(any(feature = "signal", feature = "engine"))]
mod waits {
    use super::World;
    #[cfg(feature = "signal")]
    use crate::backend::BoxFuture;
    #[cfg(feature = "engine")]
    use crate::workflow;
    use crate::{Error, Kind};
    use serde_json::Value;
    use std::sync::{Mutex, MutexGuard, PoisonError};

    /// What a step was told that waited for a signal.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Signal {
        /// The token that the step gave out.
        pub token: String,
        /// Its result; or the name and the cause of the error that it fails with.
        pub answer: Result<Value, (String, String)>,
    }

    /// The waits of a test, in the order in which they began.
    #[derive(Default)]
    pub(in crate::testing) struct Waits(Mutex<Vec<Wait>>);

    struct Wait {
        token: String,
        over: bool,
        state: State,
    }

    enum State {
        /// On Step Functions, and what it was told.
        #[cfg(feature = "signal")]
        Told(Option<Result<Value, (String, String)>>),
        /// An execution in the store, which knows what it was told.
        #[cfg(feature = "engine")]
        Execution(workflow::ExecutionId),
    }

    impl Waits {
        fn waits(&self) -> MutexGuard<'_, Vec<Wait>> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }

        /// A wait on Step Functions; a token that is known waits on.
        #[cfg(feature = "signal")]
        pub(in crate::testing) fn add(&self, token: &str) {
            let mut waits = self.waits();
            if !waits.iter().any(|wait| wait.token == token) {
                waits.push(Wait { token: token.to_owned(), over: false, state: State::Told(None) });
            }
        }

        #[cfg(feature = "signal")]
        fn tell(&self, token: &str, answer: Result<Value, (String, String)>) -> Result<(), Error> {
            let mut waits = self.waits();
            let told = waits.iter_mut().find(|wait| wait.token == token).map(|wait| (wait.over, &mut wait.state));
            match told {
                Some((false, State::Told(told @ None))) => {
                    *told = Some(answer);
                    Ok(())
                }
                Some(_) => Err(crate::signal::over()),
                None => Err(Error::new(Kind::InvalidInput, "no step of this test gave out this token")),
            }
        }
    }

    #[cfg(feature = "signal")]
    impl crate::signal::StepFunctions for Waits {
        fn succeed<'a>(&'a self, token: &'a str, output: &'a Value) -> BoxFuture<'a, Result<(), Error>> {
            let told = self.tell(token, Ok(output.clone()));
            Box::pin(async { told })
        }

        fn fail<'a>(&'a self, token: &'a str, error: &'a str, cause: &'a str) -> BoxFuture<'a, Result<(), Error>> {
            let told = self.tell(token, Err((error.to_owned(), cause.to_owned())));
            Box::pin(async { told })
        }
    }

    #[cfg(feature = "engine")]
    impl Waits {
        /// An execution of one step, which has run its function and waits: its token.
        pub(in crate::testing) async fn begin(
            &self,
            store: &workflow::store::Memory,
            workflow: &str,
            step: &str,
        ) -> Result<String, Error> {
            use workflow::transport::memory::Memory as Transport;
            const TIME: std::time::Duration = std::time::Duration::from_secs(10);
            let text = definition(workflow, step);
            let definition = workflow::Definition::parse(&text)?;
            let sent = std::sync::Arc::new(Transport::default());
            let carrier = workflow::Carrier::new(std::sync::Arc::new(store.clone()), Some(sent.clone()));
            carrier.store().put_definition(definition.id(), &text).await?;
            let name = crate::Uuid::new_v4().to_string();
            carrier.start(&definition, &name, Value::Null).await?;
            let token = Mutex::new(None);
            for (task, _) in sent.take() {
                let run = async |job: workflow::Job<'_>| {
                    let payload: Value = serde_json::from_str(job.payload).unwrap_or_default();
                    *token.lock().unwrap_or_else(PoisonError::into_inner) =
                        payload["token"].as_str().map(str::to_owned);
                    Ok("null".to_owned())
                };
                carrier.work(&task, TIME, run).await?;
            }
            let token = token.into_inner().unwrap_or_else(PoisonError::into_inner);
            let token = token.ok_or_else(|| Error::new(Kind::Internal, "no token was given out"))?;
            let state = State::Execution(workflow::ExecutionId::new(definition.workflow(), &name));
            self.waits().push(Wait { token: token.clone(), over: false, state });
            Ok(token)
        }
    }

    /// A workflow that asks, and ends with the answer.
    #[cfg(feature = "engine")]
    fn definition(workflow: &str, step: &str) -> String {
        let payload = serde_json::json!({ "token": "{% $states.context.Task.Token %}" });
        let ask = serde_json::json!({
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": true,
            "Arguments": { "FunctionName": "ask", "Payload": payload },
        });
        let year = 31_536_000;
        let machine = serde_json::json!({
            "QueryLanguage": "JSONata", "TimeoutSeconds": year, "StartAt": step, "States": { step: ask },
        });
        serde_json::json!({ "evc": 1, "workflow": workflow, "leases": { "ask": 60 }, "machine": machine }).to_string()
    }

    impl World {
        /// What steps were told that waited for a signal, in the order in which they began to wait; those that were told nothing are left
        /// out.
        ///
        /// ```ignore
        /// let asked = AskForApproval::new(world.step("ask-for-approval", "approval").token("t").context());
        /// ask_for_approval(&asked, order).await.unwrap();
        /// let cx = Decide::new(world.context("decide"));
        /// decide(&cx, DecideInput { token: "t".into(), decision }).await.unwrap();
        /// assert_eq!(world.signals()[0].answer, Ok(json!({ "approved": true })));
        /// ```
        pub fn signals(&self) -> Vec<Signal> {
            let waits = self.waits.waits();
            waits
                .iter()
                .filter_map(|wait| Some(Signal { token: wait.token.clone(), answer: self.answer(wait)? }))
                .collect()
        }

        fn answer(&self, wait: &Wait) -> Option<Result<Value, (String, String)>> {
            match &wait.state {
                #[cfg(feature = "signal")]
                State::Told(told) => told.clone(),
                #[cfg(feature = "engine")]
                State::Execution(execution) => {
                    let snapshot = self.workflows.model().load(execution, 0)?;
                    let outcome = workflow::outcome(&snapshot.state).ok()?;
                    match outcome.status {
                        workflow::Status::Succeeded => outcome.output.map(Ok),
                        workflow::Status::Failed => Some(Err((outcome.error?, outcome.cause.unwrap_or_default()))),
                        _ => None,
                    }
                }
            }
        }

        /// Nobody waits with this token any more: its step ran out of time, or its execution is over. Who answers it now is told so
        /// ([`Kind::Conflict`]).
        pub async fn stop_waiting(&self, token: &str) -> Result<(), Error> {
            #[cfg(feature = "engine")]
            let execution = {
                let waits = self.waits.waits();
                waits.iter().find(|wait| wait.token == token).and_then(|wait| match &wait.state {
                    State::Execution(execution) => Some(execution.clone()),
                    #[cfg(feature = "signal")]
                    State::Told(_) => None,
                })
            };
            #[cfg(feature = "engine")]
            if let Some(execution) = execution {
                let store = std::sync::Arc::new(self.workflows.clone());
                workflow::Carrier::new(store, None).cancel(&execution, None).await?;
            }
            let mut waits = self.waits.waits();
            waits.iter_mut().filter(|wait| wait.token == token).for_each(|wait| wait.over = true);
            Ok(())
        }
    }
}
