//! From what Lambda delivers to single inputs of the function, and from their results to what the deliverer expects.
//!
//! | source | input | result | failure |
//! | --- | --- | --- | --- |
//! | direct invoke | the event | the output | a named error |
//! | Step Functions task | `input` of the envelope | the output | a named error |
//! | EventBridge | `detail` | the output | a named error |
//! | task of a workflow on Redis | `input` of the envelope that waits in Redis | committed to the execution | the same |
//! | SQS batch | each body: an EventBridge envelope or a bare input | `batchItemFailures` | the record's id |
//! | DynamoDB stream batch | each change as [`Change`](stream::Change) | `batchItemFailures` | the first failed sequence number |
//! | API proxy, v2 and v1 | body or query, with path parameters | status and JSON | problem JSON (RFC 9457) |
//! | authorizer of an API | what it decides by, of the request | leave with a context | a refusal; a named error for what is no refusal |
//!
//! An adapter knows nothing of the function: it calls `deliver` for each [`Incoming`].

mod api;
mod authorizer;
pub(crate) mod batch;
pub(crate) mod caller;
pub(crate) mod cors;
mod eventbridge;
mod parameters;
mod sqs;
mod step;
pub(crate) mod stream;
#[cfg(feature = "engine")]
pub(crate) mod task;

use self::caller::Caller;
use self::cors::Cors;
use crate::context::Step;
use crate::event::EventMetadata;
use crate::request::Route;
use crate::{Error, FunctionError, Kind, Payload, Timestamp};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// Who may deliver to a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// Lambda's Invoke, with the bare input.
    Direct,
    /// A step of a workflow, with the envelope of [`Step`].
    Step,
    /// A rule of EventBridge, with the whole event.
    EventBridge,
    /// A queue, with a batch of messages.
    Sqs,
    /// An HTTP API, payload format 2.0.
    HttpApi,
    /// A REST API, or an HTTP API with payload format 1.0.
    RestApi,
    /// An HTTP API that asks who calls, payload format 2.0.
    HttpAuthorizer,
    /// A REST API that asks who calls.
    RestAuthorizer,
    /// The stream of a table, with a batch of changes.
    Stream,
    /// Workflows on Redis, with a batch of tasks from the function's task queue.
    Workflow,
}

/// One input on its way to the function.
#[derive(Debug, Clone)]
pub(crate) struct Incoming<'a> {
    pub(crate) payload: Payload<'a>,
    pub(crate) key: Option<String>,
    pub(crate) event: Option<EventMetadata>,
    pub(crate) step: Option<Step>,
    pub(crate) trace: Option<String>,
    /// When its time is over, if that is known and may be before the invocation's is.
    pub(crate) deadline: Option<Timestamp>,
    /// What an API says of who sent it.
    pub(crate) request: crate::caller::Request,
    /// Who sent the request whose key this is.
    pub(crate) caller: Option<Caller>,
    /// Whether the deliverer brings what failed again at once, until its attempts are used up.
    pub(crate) is_eager: bool,
    /// What is asked for, as JSON, where that is not the payload.
    pub(crate) asks: Option<String>,
}

impl<'a> Incoming<'a> {
    fn bare(payload: Payload<'a>) -> Self {
        Self {
            payload,
            key: None,
            event: None,
            step: None,
            trace: None,
            deadline: None,
            request: crate::caller::Request::default(),
            caller: None,
            is_eager: false,
            asks: None,
        }
    }
}

/// Why a delivery failed, as its deliverer is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) name: String,
    pub(crate) message: String,
    pub(crate) status: u16,
    /// Whether somebody has to look at it: it is neither an error of the function's contract nor one that its caller brings again.
    pub(crate) is_trouble: bool,
    /// Whether it says no: an error of the function's contract, or an input or a caller that cannot be.
    pub(crate) is_refusal: bool,
}

impl Failure {
    pub(crate) fn of(error: &impl FunctionError) -> Self {
        let kind = error.infrastructure().map(Error::kind);
        let is_trouble = kind.is_some_and(Kind::is_trouble);
        let is_refusal = kind.is_none_or(|kind| matches!(kind, Kind::InvalidInput | Kind::Forbidden));
        let (name, message, status) = (error.name().to_owned(), error.to_string(), error.status());
        Self { name, message, status, is_trouble, is_refusal }
    }
}

/// Logs why an event did not get as far as the function; what fails there is logged with the delivery.
pub(crate) fn rejected<T>(result: Result<T, impl Into<Failure>>) -> Result<T, Failure> {
    result.map_err(|error| {
        let failure: Failure = error.into();
        // What its sender did wrong is his business.
        if failure.status < 500 {
            tracing::warn!(error = failure.name, "rejected: {}", failure.message);
        } else {
            tracing::error!(error = failure.name, "rejected: {}", failure.message);
        }
        failure
    })
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::of(&error)
    }
}

/// The parts of an event that tell who sent it.
#[derive(Deserialize)]
struct Shape<'a> {
    #[serde(borrow)]
    evc: Option<&'a RawValue>,
    #[serde(borrow, rename = "Records")]
    records: Option<&'a RawValue>,
    #[serde(borrow, rename = "detail-type")]
    detail_type: Option<&'a RawValue>,
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    #[serde(borrow, rename = "requestContext")]
    request_context: Option<&'a RawValue>,
    #[serde(borrow, rename = "httpMethod")]
    http_method: Option<&'a RawValue>,
    #[serde(borrow, rename = "routeArn")]
    route_arn: Option<&'a RawValue>,
    #[serde(borrow, rename = "methodArn")]
    method_arn: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RecordShape {
    #[serde(rename = "eventSource")]
    event_source: String,
    body: Option<String>,
}

/// What the body of a message about a task has; in its detail where it came through a bus.
#[derive(Deserialize)]
struct TaskShape {
    #[serde(rename = "evcTask")]
    task: Option<IgnoredAny>,
    detail: Option<TaskDetail>,
}

#[derive(Deserialize)]
struct TaskDetail {
    #[serde(rename = "evcTask")]
    task: Option<IgnoredAny>,
}

impl RecordShape {
    fn is_task(&self) -> bool {
        let shape = self.body.as_deref().and_then(|body| serde_json::from_str::<TaskShape>(body).ok());
        shape.is_some_and(|shape| shape.task.is_some() || shape.detail.is_some_and(|detail| detail.task.is_some()))
    }
}

impl Source {
    /// Which of the declared sources sent this event. One that looks like none of them is a bare input, if that is declared.
    fn detect(text: &str, declared: &[Self]) -> Result<Self, Error> {
        let seen = serde_json::from_str(text).ok().and_then(|shape| Self::of_shape(&shape, declared));
        seen.filter(|source| declared.contains(source))
            .or_else(|| declared.contains(&Self::Direct).then_some(Self::Direct))
            .ok_or_else(|| {
                let expected: Vec<_> = declared.iter().map(|source| source.describe()).collect();
                Error::new(Kind::InvalidInput, format!("expected {}, found another event", expected.join(" or ")))
            })
    }

    fn of_shape(shape: &Shape<'_>, declared: &[Self]) -> Option<Self> {
        if shape.evc.is_some_and(|evc| serde_json::from_str::<Step>(evc.get()).is_ok()) {
            return Some(Self::Step);
        }
        if shape.detail_type.is_some() && shape.detail.is_some() {
            return Some(Self::EventBridge);
        }
        if let Some(records) = shape.records {
            let records: Vec<RecordShape> = serde_json::from_str(records.get()).ok()?;
            let first = records.first()?;
            return match first.event_source.as_str() {
                "aws:sqs" => Some(Self::of_messages(&records, declared)),
                "aws:dynamodb" => Some(Self::Stream),
                _ => None,
            };
        }
        // An API that asks names what is asked for, and passes on requests without a name of theirs.
        match (shape.route_arn, shape.method_arn) {
            (Some(_), _) => return Some(Self::HttpAuthorizer),
            (_, Some(_)) => return Some(Self::RestAuthorizer),
            (None, None) => {}
        }
        match (shape.request_context, shape.http_method) {
            (Some(_), Some(_)) => Some(Self::RestApi),
            (Some(context), None) if api::is_http_context(context.get()) => Some(Self::HttpApi),
            _ => None,
        }
    }

    /// What a message says decides only of itself: where other queues send, too, a batch is of tasks if every message is one. All of a
    /// batch come from one queue.
    fn of_messages(records: &[RecordShape], declared: &[Self]) -> Self {
        let tasks = match (declared.contains(&Self::Workflow), declared.contains(&Self::Sqs)) {
            (true, true) => records.iter().all(RecordShape::is_task),
            (true, false) => records.iter().any(RecordShape::is_task),
            (false, _) => false,
        };
        if tasks { Self::Workflow } else { Self::Sqs }
    }

    fn describe(self) -> &'static str {
        match self {
            Self::Direct => "a direct invocation",
            Self::Step => "a workflow step",
            Self::EventBridge => "an EventBridge event",
            Self::Sqs => "a batch of SQS messages",
            Self::HttpApi => "an HTTP API request",
            Self::RestApi => "a REST API request",
            Self::HttpAuthorizer => "a question of an HTTP API about who calls",
            Self::RestAuthorizer => "a question of a REST API about who calls",
            Self::Stream => "a batch of DynamoDB stream records",
            Self::Workflow => "a batch of tasks of workflows",
        }
    }
}

/// What an adapter needs to know of the function.
#[derive(Clone, Copy)]
pub(crate) struct Contract<'a> {
    /// Its name in the spec.
    pub(crate) name: &'static str,
    pub(crate) sources: &'static [Source],
    pub(crate) status: u16,
    /// Whether the output is a response, with a status of its own.
    pub(crate) responds: bool,
    pub(crate) routes: &'static [Route],
    pub(crate) groups: &'static [crate::caller::Groups],
    /// How requests of routes are signed, and what has the secrets.
    #[cfg(feature = "webhooks")]
    pub(crate) webhooks: Option<(&'static [crate::webhook::Webhook], &'a crate::backend::Services)>,
    pub(crate) cors: Option<&'a Cors>,
    /// Is told of each failure that becomes an answer, of which Lambda does not know.
    pub(crate) answered: &'a dyn Fn(&Failure),
    /// For tasks of workflows, and how much of the invocation's time is left for them.
    #[cfg(feature = "engine")]
    pub(crate) tasks: Option<(&'a task::Tasks, std::time::Duration)>,
}

impl<'a> Contract<'a> {
    pub(crate) fn new(sources: &'static [Source], status: u16, cors: Option<&'a Cors>) -> Self {
        Self {
            name: "",
            sources,
            status,
            responds: false,
            routes: &[],
            groups: &[],
            #[cfg(feature = "webhooks")]
            webhooks: None,
            cors,
            answered: &|_| {},
            #[cfg(feature = "engine")]
            tasks: None,
        }
    }
}

/// Handles one invocation: its event in, the text of the response out. `time_left` says whether one more delivery may start.
pub(crate) async fn dispatch(
    text: &str,
    contract: Contract<'_>,
    time_left: impl Fn() -> bool,
    deliver: impl AsyncFn(Incoming<'_>) -> Result<String, Failure>,
) -> Result<String, Failure> {
    match rejected(Source::detect(text, contract.sources))? {
        Source::Direct => deliver(Incoming::bare(Payload::new(text))).await,
        Source::Step => deliver(rejected(step::read(text))?).await,
        Source::EventBridge => deliver(rejected(eventbridge::read(text))?).await,
        Source::Sqs => sqs::handle(text, time_left, contract.answered, deliver).await,
        Source::Stream => stream::handle(text, time_left, contract.answered, deliver).await,
        #[cfg(feature = "engine")]
        Source::Workflow if let Some((tasks, time)) = contract.tasks => {
            Box::pin(task::handle(text, (tasks, time), contract.answered, deliver)).await
        }
        Source::Workflow => rejected(Err(Error::new(Kind::Configuration, "built without the feature `engine`"))),
        Source::HttpApi => api::handle(text, contract, false, deliver).await,
        Source::RestApi => api::handle(text, contract, true, deliver).await,
        Source::HttpAuthorizer => authorizer::handle(text, contract, false, deliver).await,
        Source::RestAuthorizer => authorizer::handle(text, contract, true, deliver).await,
    }
}

#[cfg(test)]
mod tests;
