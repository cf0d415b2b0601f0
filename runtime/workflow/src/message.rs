//! The bodies of messages to workers and to the engine. A message is a hint to look at an execution: what is to be done stands in
//! Redis, so that one that is lost, late or there twice does no harm.
//!
//! | body | says |
//! | --- | --- |
//! | `{"evcTask": {"x": "fulfil-order/abc", "t": 3, "q": "42", "f": "process-payment"}}` | a piece of work waits: [`TaskRef`] |
//! | `{"evcStart": {"workflow": "fulfil-order"}, "event": {"id": "…", "detail": {…}}}` | an event starts an execution |
//! | `{"evcSweep": true}` | look after everything that is due |
//!
//! Where dispatches go through a bus, a body is the whole event of EventBridge, with one of these as its `detail`.

use super::{ExecutionId, TaskRef};
use crate::{Error, Kind};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// A piece of work waits.
    Task(TaskRef),
    /// An event starts an execution.
    Start(StartRequest),
    /// Everything that is due is to be looked after.
    Sweep,
}

/// The event that starts an execution of a workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct StartRequest {
    /// The workflow.
    pub workflow: String,
    /// The execution's name: the same for every delivery of the event.
    pub name: String,
    /// The event's detail.
    pub input: Value,
}

impl StartRequest {
    /// The execution.
    pub fn execution(&self) -> ExecutionId {
        ExecutionId::new(&self.workflow, &self.name)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    evc_task: Option<TaskRef>,
    evc_start: Option<Starts>,
    evc_sweep: Option<bool>,
    event: Option<Event>,
    #[serde(borrow, rename = "detail-type")]
    detail_type: Option<&'a RawValue>,
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Starts {
    workflow: String,
}

#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(default)]
    detail: Value,
}

impl Message {
    /// Reads the body of a message, or the event of the engine's schedule.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let body: Body<'_> = serde_json::from_str(text).map_err(|error| invalid(&error))?;
        match body {
            Body { evc_task: Some(task), .. } => Ok(Self::Task(task)),
            Body { evc_start: Some(Starts { workflow }), event: Some(event), .. } => {
                Ok(Self::Start(StartRequest { workflow, name: name(&event), input: event.detail }))
            }
            Body { evc_sweep: Some(true), .. } => Ok(Self::Sweep),
            Body { detail_type: Some(_), detail: Some(detail), .. } => Self::parse(detail.get()),
            _ => Err(Error::new(Kind::InvalidInput, "expected a task, a start or a sweep of a workflow")),
        }
    }
}

/// The body of a message about this piece of work.
pub fn task_body(task: &TaskRef) -> Result<String, Error> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Body<'a> {
        evc_task: &'a TaskRef,
    }
    serde_json::to_string(&Body { evc_task: task }).map_err(Error::other)
}

/// serde's message would quote what it found, which may be payload data.
fn invalid(error: &serde_json::Error) -> Error {
    let (line, column) = (error.line(), error.column());
    Error::new(Kind::InvalidInput, format!("a message cannot be read: line {line}, column {column}"))
}

/// The name of the execution that an event starts, as the starter of a workflow on Step Functions makes it: the id that the
/// publisher gave the event, or else EventBridge's; what no execution there could be called is hashed.
fn name(event: &Event) -> String {
    let given = event.detail.pointer("/metadata/eventId").and_then(Value::as_str);
    execution_name(given.unwrap_or(&event.id))
}

/// The name that is made of an id.
pub fn execution_name(id: &str) -> String {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if (1..=80).contains(&id.len()) && id.bytes().all(allowed) {
        return id.to_owned();
    }
    Sha256::digest(id).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use evc_interface::event::{EVENT_ID, METADATA};
    use evc_interface::workflow::{START, START_EVENT, START_WORKFLOW, SWEEP};
    use serde_json::json;

    fn task() -> TaskRef {
        TaskRef { execution: ExecutionId::new("fulfil-order", "abc"), slot: 3, seq: 42, function: "pay".to_owned() }
    }

    #[test]
    fn a_task_reads_back_also_from_within_an_event() {
        let body = task_body(&task()).expect("a body");
        assert_eq!(body, r#"{"evcTask":{"x":"fulfil-order/abc","t":3,"q":"42","f":"pay"}}"#);
        assert_eq!(Message::parse(&body).expect("a message"), Message::Task(task()));
        // As a runtime before this one writes it.
        let before = body.replace(r#""42""#, "42");
        assert_eq!(Message::parse(&before).expect("a message"), Message::Task(task()));
        let event = format!(r#"{{"id":"e","source":"evc.workflow","detail-type":"pay","detail":{body}}}"#);
        assert_eq!(Message::parse(&event).expect("a message"), Message::Task(task()));
    }

    #[test]
    fn an_execution_is_named_by_the_event() {
        let long = "x".repeat(81);
        for (id, event_id, name) in [
            ("e-1", json!(null), "e-1"),
            ("e-1", json!("order_7"), "order_7"),
            ("e-1", json!(7), "e-1"),
            ("a/b", json!(null), "c14cddc033f64b9dea80ea675cf280a015e672516090a5626781153dc68fea11"),
            ("e-1", json!(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("e-1", json!(long), &execution_name(&long)),
        ] {
            let body = json!({ START: { START_WORKFLOW: "w" },
                               START_EVENT: { "id": id, "detail": { METADATA: { EVENT_ID: event_id } } } });
            let Ok(Message::Start(start)) = Message::parse(&body.to_string()) else { panic!("{body}") };
            assert_eq!((start.name.as_str(), start.input), (name, body["event"]["detail"].clone()));
        }
        assert_eq!(execution_name(&long).len(), 64);
    }

    #[test]
    fn what_is_no_message_is_refused_without_its_content() {
        for text in ["secret", "{}", r#"{"evcSweep": false}"#, r#"{"evcTask": {"x": "secret"}}"#] {
            let error = Message::parse(text).expect_err(text);
            assert_eq!(error.kind(), Kind::InvalidInput);
            assert!(!error.message().contains("secret"), "{error}");
        }
        assert_eq!(Message::parse(&json!({ SWEEP: true }).to_string()).expect("a sweep"), Message::Sweep);
    }
}
