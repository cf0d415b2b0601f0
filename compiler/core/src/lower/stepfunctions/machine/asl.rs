//! Amazon States Language as Rust types: what a state machine's file holds, in the order a reader wants it.
//!
//! Only what evc writes is here: JSONata states, inline maps, literal timeouts.
//! <https://states-language.net/spec.html>

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value as Json;

/// A state machine.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StateMachine {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) comment: Option<String>,
    /// Always `JSONata`.
    pub(super) query_language: &'static str,
    pub(super) timeout_seconds: u64,
    #[serde(flatten)]
    pub(super) states: States,
}

/// States that run in one scope, and the one they start with.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct States {
    pub(super) start_at: String,
    pub(super) states: IndexMap<String, State>,
}

/// A state.
#[derive(Debug, Serialize)]
pub(super) struct State {
    #[serde(rename = "Comment", skip_serializing_if = "Option::is_none")]
    pub(super) comment: Option<String>,
    #[serde(flatten)]
    pub(super) kind: StateType,
}

/// What a state does.
#[derive(Debug, Serialize)]
#[serde(tag = "Type")]
pub(super) enum StateType {
    Task(Task),
    Pass(Pass),
    Choice(Choice),
    Parallel(Parallel),
    Map(Map),
    Wait(Wait),
    Succeed(Succeed),
    Fail(Fail),
}

/// Calls a service.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Task {
    pub(super) resource: &'static str,
    pub(super) arguments: Json,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) timeout_seconds: Option<u64>,
    #[serde(flatten)]
    pub(super) done: Done,
    #[serde(flatten)]
    pub(super) errors: Errors,
    #[serde(flatten)]
    pub(super) then: Then,
}

/// Assigns variables.
#[derive(Debug, Serialize)]
pub(super) struct Pass {
    #[serde(flatten)]
    pub(super) done: Done,
    #[serde(flatten)]
    pub(super) then: Then,
}

/// Goes one of several ways.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Choice {
    pub(super) choices: Vec<Rule>,
    pub(super) default: String,
}

/// One way out of a choice.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Rule {
    pub(super) condition: Json,
    pub(super) next: String,
}

/// Runs branches at the same time.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Parallel {
    pub(super) branches: Vec<States>,
    #[serde(flatten)]
    pub(super) done: Done,
    #[serde(flatten)]
    pub(super) errors: Errors,
    #[serde(flatten)]
    pub(super) then: Then,
}

/// Runs states once for each item of a list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Map {
    pub(super) items: Json,
    pub(super) item_selector: Json,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_concurrency: Option<u64>,
    pub(super) item_processor: ItemProcessor,
    #[serde(flatten)]
    pub(super) done: Done,
    #[serde(flatten)]
    pub(super) errors: Errors,
    #[serde(flatten)]
    pub(super) then: Then,
}

/// What runs for each item.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ItemProcessor {
    pub(super) processor_config: ProcessorConfig,
    #[serde(flatten)]
    pub(super) states: States,
}

/// How items run.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ProcessorConfig {
    /// Always `INLINE`: items see the variables around them, and are in the execution's own history.
    pub(super) mode: &'static str,
}

/// Waits.
#[derive(Debug, Serialize)]
pub(super) struct Wait {
    #[serde(flatten)]
    pub(super) until: Until,
    #[serde(flatten)]
    pub(super) done: Done,
    #[serde(flatten)]
    pub(super) then: Then,
}

/// How long a wait is.
#[derive(Debug, Serialize)]
pub(super) enum Until {
    Seconds(u64),
    Timestamp(Json),
}

/// Ends well.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Succeed {
    pub(super) output: Json,
}

/// Ends with an error.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Fail {
    pub(super) error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cause: Option<Json>,
}

/// What is kept of a state's result. Every expression of it sees the variables as they were before the state.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Done {
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub(super) assign: IndexMap<String, Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) output: Option<Json>,
}

/// What happens on errors.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Errors {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) retry: Vec<Retrier>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) catch: Vec<Catcher>,
}

/// When to try again.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Retrier {
    pub(super) error_equals: Vec<String>,
    pub(super) interval_seconds: u64,
    pub(super) max_attempts: u64,
    pub(super) backoff_rate: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_delay_seconds: Option<u64>,
    pub(super) jitter_strategy: &'static str,
}

/// Where to go on an error.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Catcher {
    pub(super) error_equals: Vec<String>,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub(super) assign: IndexMap<String, Json>,
    pub(super) next: String,
}

/// Where a state goes.
#[derive(Debug, Clone, Serialize)]
pub(super) enum Then {
    Next(String),
    End(End),
}

/// `true`: a state either ends its scope or says where it goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct End;

impl Serialize for End {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }
}

impl State {
    /// A state without a comment.
    pub(super) fn new(kind: StateType) -> Self {
        Self { comment: None, kind }
    }
}

/// The JSON of an expression: `{% $input.orderId %}`.
pub(super) fn expression(jsonata: &str) -> Json {
    Json::String(format!("{{% {jsonata} %}}"))
}

/// A text as a JSONata literal. Names come out in single quotes, which JSON need not escape.
pub(super) fn literal(text: &str) -> String {
    if text.chars().all(|c| c.is_ascii_alphanumeric() || "-_/: ".contains(c)) {
        return format!("'{text}'");
    }
    // `%}` would end the expression for a reader that does not know JSONata.
    Json::from(text).to_string().replace('%', "\\u0025")
}
