//! Executions of workflows that a function starts, on either engine, and how they are.
//!
//! An execution has a name, which whoever starts it gives: what is started again under the same name is not started twice. So the name is
//! made of what is worked on, such as an order's id, and never of chance or time; then work that is repeated after a crash starts the same.
//!
//! # What a crash does
//!
//! - **Before the engine has taken the start**: nothing is started; the repeated work starts it.
//! - **After it, before the answer**: it runs; the repeated work finds it, and is told the same.
//! - **On Redis, after the start and before its first work is sent**: the sweep sends it within a minute.
//!
//! Step Functions knows a name for 90 days after its execution ended, Redis for as long as finished executions are kept
//! (`WORKFLOW_RETENTION_SECONDS`); after that the name is free.
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>

use crate::content::sha256;
use crate::limits::WORKFLOW_PAYLOAD_BYTES;
use crate::{Context, Error, Kind, bounds, grant};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;
use std::marker::PhantomData;

/// A workflow of the spec. The generated contract has a type for each that a function starts.
pub trait Workflow {
    /// What an execution is given.
    type Input: Serialize;
    /// What an execution gives that succeeds.
    type Output: DeserializeOwned;
    /// Its name in the spec.
    const NAME: &'static str;
    /// What carries it.
    const ENGINE: Engine;

    /// Checks the ranges of an input, at which the engine does not look. [`Kind::InvalidInput`] for the first value that is out of its range.
    fn bounded(_input: &Self::Input) -> Result<(), Error> {
        Ok(())
    }
}

/// What carries a workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Step Functions.
    StepFunctions {
        /// The environment variable with the state machine's ARN.
        env: &'static str,
    },
    /// Its functions, with the state of executions in a cache.
    Redis {
        /// The text of its definition.
        definition: &'static str,
    },
}

/// How an execution is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Execution<T> {
    /// It is under way.
    Running,
    /// It has ended well, with this.
    Succeeded(T),
    /// It has failed.
    Failed {
        /// The name of the error.
        error: String,
        /// Why, for people.
        cause: Option<String>,
    },
    /// It took longer than the workflow's `timeout`.
    TimedOut,
    /// Somebody has stopped it.
    Aborted,
}

impl<T> Execution<T> {
    /// Whether it goes on no more.
    pub fn is_over(&self) -> bool {
        !matches!(self, Self::Running)
    }

    /// The same, with what it gave read as something else.
    fn try_map<U>(self, read: impl FnOnce(T) -> Result<U, Error>) -> Result<Execution<U>, Error> {
        Ok(match self {
            Self::Running => Execution::Running,
            Self::Succeeded(output) => Execution::Succeeded(read(output)?),
            Self::Failed { error, cause } => Execution::Failed { error, cause },
            Self::TimedOut => Execution::TimedOut,
            Self::Aborted => Execution::Aborted,
        })
    }
}

/// Executions of workflow `W`, for function `F`. Generated contexts give one for each workflow that the spec lets the function start.
pub struct Executions<'a, W, F> {
    context: &'a Context,
    of: PhantomData<fn() -> (W, F)>,
}

impl<W, F> Clone for Executions<'_, W, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<W, F> Copy for Executions<'_, W, F> {}

impl<W: Workflow, F> fmt::Debug for Executions<'_, W, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Executions").field(&W::NAME).finish()
    }
}

impl<W: Workflow, F: grant::Start<W>> Executions<'_, W, F> {
    /// Starts the execution of this name, unless there is one: that it was started before, whoever did and with whatever input, is no
    /// error. A name that engines do not take (1 to 80 letters, digits, `-` and `_`) is hashed, here and in [`Self::get`].
    ///
    /// [`Kind::TooLarge`] for an input over the limit of Step Functions, which holds on both engines; [`Kind::Internal`] for a value out of its range.
    pub async fn start(self, name: &str, input: &W::Input) -> Result<(), Error> {
        bounds::made(format_args!("the input of an execution of `{}`", W::NAME), W::bounded(input))?;
        let input = serde_json::to_string(input).map_err(Error::other)?;
        if input.len() > WORKFLOW_PAYLOAD_BYTES {
            let message = format!(
                "the input of an execution of `{}` has {} bytes; the limit is {WORKFLOW_PAYLOAD_BYTES}",
                W::NAME,
                input.len()
            );
            return Err(Error::new(Kind::TooLarge, message));
        }
        self.context.start_execution(W::NAME, W::ENGINE, &execution_name(name), input).await
    }
}

impl<W: Workflow, F: grant::Describe<W>> Executions<'_, W, F> {
    /// How the execution of this name is; `None` if there is none. Step Functions may take a moment until it tells what has just begun
    /// or ended. [`Kind::Internal`] if what it gave is not what the spec says.
    pub async fn get(self, name: &str) -> Result<Option<Execution<W::Output>>, Error> {
        let found = self.context.execution(W::NAME, W::ENGINE, &execution_name(name)).await?;
        // What serde says may have the value in it.
        let unfit =
            |_| Error::new(Kind::Internal, format!("what an execution of `{}` gave is not its output", W::NAME));
        let read = |output| serde_json::from_value(output).map_err(unfit);
        found.map(|execution| execution.try_map(read)).transpose()
    }
}

impl Context {
    /// The executions of workflow `W`, for function `F`. Generated contexts have a method for each workflow that calls this.
    ///
    /// ```
    /// use evc_runtime::execution::{Engine, Execution, Workflow};
    /// use evc_runtime::{Context, Error, grant};
    ///
    /// # pub struct FulfilOrder;
    /// # impl Workflow for FulfilOrder {
    /// #     type Input = String;
    /// #     type Output = u32;
    /// #     const NAME: &'static str = "fulfil-order";
    /// #     const ENGINE: Engine = Engine::StepFunctions { env: "STATE_MACHINE_FULFIL_ORDER" };
    /// # }
    /// pub struct PlaceOrder;
    /// impl grant::Start<FulfilOrder> for PlaceOrder {}
    /// impl grant::Describe<FulfilOrder> for PlaceOrder {}
    ///
    /// async fn place(cx: &Context, order: String) -> Result<Option<u32>, Error> {
    ///     let executions = cx.executions::<FulfilOrder, PlaceOrder>();
    ///     executions.start(&order, &order).await?;
    ///     Ok(match executions.get(&order).await? {
    ///         Some(Execution::Succeeded(parcels)) => Some(parcels),
    ///         _ => None,
    ///     })
    /// }
    /// ```
    pub fn executions<W: Workflow, F: grant::Describe<W>>(&self) -> Executions<'_, W, F> {
        Executions { context: self, of: PhantomData }
    }

    async fn start_execution(
        &self,
        workflow: &'static str,
        engine: Engine,
        name: &str,
        input: String,
    ) -> Result<(), Error> {
        #[cfg(any(test, feature = "testing"))]
        if let Some(fake) = &self.services().executions {
            return fake.start(workflow, name, &input);
        }
        match engine {
            #[cfg(feature = "signal")]
            Engine::StepFunctions { env } => step_functions::start(self, env, name, input).await,
            #[cfg(feature = "engine")]
            Engine::Redis { definition } => redis::start(self, definition, name, &input).await,
            #[cfg(not(all(feature = "signal", feature = "engine")))]
            _ => Err(no_engine(workflow)),
        }
    }

    async fn execution(
        &self,
        workflow: &'static str,
        engine: Engine,
        name: &str,
    ) -> Result<Option<Execution<Value>>, Error> {
        #[cfg(any(test, feature = "testing"))]
        if let Some(fake) = &self.services().executions {
            return fake.get(workflow, name);
        }
        match engine {
            #[cfg(feature = "signal")]
            Engine::StepFunctions { env } => step_functions::get(self, env, name).await,
            #[cfg(feature = "engine")]
            Engine::Redis { .. } => redis::get(self, workflow, name).await,
            #[cfg(not(all(feature = "signal", feature = "engine")))]
            _ => Err(no_engine(workflow)),
        }
    }
}

/// A function is built without what the engine needs, which its manifest has for each workflow that it starts.
#[cfg(not(all(feature = "signal", feature = "engine")))]
fn no_engine(workflow: &str) -> Error {
    Error::new(Kind::Configuration, format!("this function is built without the engine of `{workflow}`"))
}

/// The name that engines know an execution by: the one given, or its hash where that is none. The starters of workflows make names of the
/// ids of events in the same way.
pub(crate) fn execution_name(name: &str) -> String {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_name = (1..=80).contains(&name.len()) && name.bytes().all(allowed);
    if is_name { name.to_owned() } else { sha256(name) }
}

#[cfg(feature = "signal")]
mod step_functions {
    use super::Execution;
    use crate::{Context, Error, Kind};
    use aws_sdk_sfn::error::ProvideErrorMetadata;
    use aws_sdk_sfn::types::ExecutionStatus;
    use serde_json::Value;

    /// A second start under one name changes nothing, so that the SDK may try again.
    pub(super) async fn start(cx: &Context, env: &str, name: &str, input: String) -> Result<(), Error> {
        let machine = cx.services().settings.require(env)?;
        let client = cx.services().sfn().await;
        match client.start_execution().state_machine_arn(machine).name(name).input(input).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ExecutionAlreadyExists") => Ok(()),
            Err(error) => Err(crate::aws::failure("states:StartExecution", &error)),
        }
    }

    pub(super) async fn get(cx: &Context, env: &str, name: &str) -> Result<Option<Execution<Value>>, Error> {
        let machine = cx.services().settings.require(env)?;
        let execution = format!("{}:{name}", machine.replacen(":stateMachine:", ":execution:", 1));
        let client = cx.services().sfn().await;
        let described = match client.describe_execution().execution_arn(execution).send().await {
            Ok(described) => described,
            Err(error) if error.code() == Some("ExecutionDoesNotExist") => return Ok(None),
            Err(error) => return Err(crate::aws::failure("states:DescribeExecution", &error)),
        };
        Ok(Some(match described.status() {
            ExecutionStatus::Running | ExecutionStatus::PendingRedrive => Execution::Running,
            ExecutionStatus::Succeeded => {
                let output = described.output().unwrap_or("null");
                Execution::Succeeded(serde_json::from_str(output).map_err(Error::other)?)
            }
            ExecutionStatus::Failed => Execution::Failed {
                error: described.error().unwrap_or_default().to_owned(),
                cause: described.cause().map(str::to_owned),
            },
            ExecutionStatus::TimedOut => Execution::TimedOut,
            ExecutionStatus::Aborted => Execution::Aborted,
            other => {
                let message = format!("an execution is `{}`, which this version does not know", other.as_str());
                return Err(Error::new(Kind::Internal, message));
            }
        }))
    }
}

#[cfg(feature = "engine")]
mod redis {
    use super::Execution;
    use crate::workflow::ops::PATIENCE;
    use crate::workflow::{Definition, ExecutionId, Status, outcome, setup};
    use crate::{Context, Error};
    use serde_json::Value;

    pub(super) async fn start(cx: &Context, text: &'static str, name: &str, input: &str) -> Result<(), Error> {
        let definition = Definition::parse(text)?;
        let carrier = setup::signaller(cx.services()).await?;
        // The sweep puts it there as well, each minute: once a process is enough.
        if cx.services().stored_definitions.is_new(definition.id()) {
            carrier.store().put_definition(definition.id(), text).await?;
            cx.services().stored_definitions.add(definition.id());
        }
        let input: Value = serde_json::from_str(input).map_err(Error::other)?;
        carrier.start_within(&definition, name, input, crate::deadline::at_most(PATIENCE)).await?;
        carrier.acknowledge().await;
        Ok(())
    }

    pub(super) async fn get(cx: &Context, workflow: &str, name: &str) -> Result<Option<Execution<Value>>, Error> {
        let store = cx.services().workflows().await?;
        let Some(snapshot) = store.load(&ExecutionId::new(workflow, name)).await? else { return Ok(None) };
        let outcome = outcome(&snapshot.state)?;
        Ok(Some(match outcome.status {
            Status::Running => Execution::Running,
            Status::Succeeded => Execution::Succeeded(outcome.output.unwrap_or_default()),
            Status::Failed => Execution::Failed { error: outcome.error.unwrap_or_default(), cause: outcome.cause },
            Status::TimedOut => Execution::TimedOut,
            Status::Aborted => Execution::Aborted,
        }))
    }

    /// The definitions that this process has put into the store.
    #[derive(Debug, Default)]
    pub(crate) struct Stored(std::sync::Mutex<std::collections::BTreeSet<String>>);

    impl Stored {
        fn is_new(&self, id: &str) -> bool {
            !self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).contains(id)
        }

        fn add(&self, id: &str) {
            self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(id.to_owned());
        }
    }
}

#[cfg(feature = "engine")]
pub(crate) use redis::Stored;

#[cfg(test)]
mod tests;
