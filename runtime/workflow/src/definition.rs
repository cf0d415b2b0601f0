//! Definitions: the state machine that the compiler wrote, read once and checked, its states found by number.
//!
//! A definition is the machine that Step Functions would run, in the subset that evc writes: JSONata, inline maps, no distributed
//! ones. What differs is said by the compiler's `lower/stepfunctions/machine`: functions and buses have the names of the spec.
//!
//! <https://states-language.net/spec.html>

use std::collections::BTreeMap;

use evc_interface::workflow::DEFINITION_VERSION;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::expression::{Template, sha256_hex};
use crate::{Error, Kind};

/// How many levels of Parallel and Map a definition may have.
const DEPTH: usize = 64;

/// A workflow as the compiler wrote it.
#[derive(Debug, Clone)]
pub struct Definition {
    id: String,
    workflow: String,
    timeout_ms: u64,
    leases: BTreeMap<String, u64>,
    outcomes: Vec<String>,
    pub(super) machine: Machine,
}

/// States that run in one scope.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    pub(super) states: Vec<State>,
    /// The number of the first one.
    pub(super) start: usize,
}

/// A state.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) name: String,
    pub(super) work: Work,
    pub(super) assign: Vec<(String, Template)>,
    pub(super) output: Option<Template>,
    pub(super) retry: Vec<Retrier>,
    pub(super) catch: Vec<Catcher>,
    /// The next state; `None` at the end.
    pub(super) next: Option<usize>,
    /// Whether anything looks at what the state is given; if not, it is not kept.
    pub(super) needs_input: bool,
    /// Whether an expression of it looks at `$states.context`.
    pub(super) needs_context: bool,
    /// Whether one of its `Assign` or `Output` does, which are evaluated when it is done.
    pub(super) needs_context_when_done: bool,
}

/// What a state does.
#[derive(Debug, Clone)]
pub(super) enum Work {
    Pass,
    Succeed,
    Fail { error: String, cause: Option<Template> },
    Choice { rules: Vec<(Template, usize)>, default: Option<usize> },
    WaitSeconds(u64),
    WaitUntil(Template),
    Task(Task),
    Parallel(Vec<Machine>),
    Map { items: Template, selector: Option<Template>, concurrency: usize, processor: Machine },
}

/// A state that has work done.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) resource: Resource,
    pub(super) arguments: Template,
    pub(super) timeout_ms: Option<u64>,
}

/// Who does a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resource {
    /// A function; its answer is the result.
    Call,
    /// A function that hands a token on; who has it gives the result.
    CallForSignal,
    /// The engine, which puts an event on a bus.
    Publish,
}

/// When to try again.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Retrier {
    pub(super) error_equals: Vec<String>,
    #[serde(default = "one")]
    interval_seconds: u64,
    #[serde(default = "three")]
    pub(super) max_attempts: u32,
    #[serde(default = "two")]
    backoff_rate: f64,
    max_delay_seconds: Option<u64>,
    jitter_strategy: Option<String>,
}

/// Where to go on an error.
#[derive(Debug, Clone)]
pub(super) struct Catcher {
    pub(super) error_equals: Vec<String>,
    pub(super) assign: Vec<(String, Template)>,
    pub(super) output: Option<Template>,
    pub(super) next: usize,
}

fn one() -> u64 {
    1
}

fn two() -> f64 {
    2.0
}

fn three() -> u32 {
    3
}

impl Definition {
    /// Reads what the compiler wrote. [`Kind::Configuration`] for anything else.
    pub fn parse(json: &str) -> Result<Self, Error> {
        let raw: RawDefinition = serde_json::from_str(json).map_err(|error| wrong(&error.to_string()))?;
        if raw.evc != DEFINITION_VERSION {
            return Err(wrong("it is for another version of the runtime"));
        }
        let timeout = raw.machine.timeout_seconds.ok_or_else(|| wrong("its machine has no timeout"))?;
        Ok(Self {
            id: sha256_hex(json).chars().take(16).collect(),
            timeout_ms: timeout.saturating_mul(1000),
            leases: raw
                .leases
                .into_iter()
                .map(|(function, seconds)| (function, seconds.saturating_mul(1000)))
                .collect(),
            outcomes: raw.outcomes,
            machine: machine(raw.machine, 0).map_err(|why| wrong(&format!("`{}`: {why}", raw.workflow)))?,
            workflow: raw.workflow,
        })
    }

    /// The id that the definition's text has: what an execution keeps.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The workflow.
    pub fn workflow(&self) -> &str {
        &self.workflow
    }

    /// How long an execution may take, milliseconds.
    pub fn timeout_ms(&self) -> u64 {
        self.timeout_ms
    }

    /// The errors with which executions may end without anything being wrong.
    pub fn outcomes(&self) -> &[String] {
        &self.outcomes
    }

    /// The functions that it calls.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.leases.keys().map(String::as_str)
    }

    /// How long a call of the function may take once it is claimed, milliseconds.
    pub(super) fn lease_ms(&self, function: &str) -> u64 {
        // A function without one cannot be in what the compiler writes; a quarter of an hour is the most that Lambda gives.
        self.leases.get(function).copied().unwrap_or(910_000)
    }
}

impl Retrier {
    /// How long to wait before the `attempt`th retry (1, 2, …), milliseconds; `random` is in [0, 1).
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error>
    pub(super) fn delay_ms(&self, attempt: u32, random: f64) -> u64 {
        #[expect(clippy::cast_precision_loss, reason = "seconds of less than a year are exact")]
        let (interval, most) = (
            self.interval_seconds as f64,
            // Less than a year: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
            self.max_delay_seconds.unwrap_or(31_622_400) as f64,
        );
        let grown = interval * self.backoff_rate.powi(i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX));
        let wait = grown.min(most) * if self.jitter_strategy.as_deref() == Some("FULL") { random } else { 1.0 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to a year")]
        let millis = (wait * 1000.0) as u64;
        millis
    }
}

#[derive(Deserialize)]
struct RawDefinition {
    evc: u64,
    workflow: String,
    #[serde(default)]
    leases: BTreeMap<String, u64>,
    #[serde(default)]
    outcomes: Vec<String>,
    machine: RawMachine,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawMachine {
    timeout_seconds: Option<u64>,
    start_at: String,
    /// Sorted by name: a stored execution knows its states by their number.
    states: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawState {
    r#type: String,
    resource: Option<String>,
    arguments: Option<Value>,
    timeout_seconds: Option<u64>,
    #[serde(default)]
    assign: Map<String, Value>,
    output: Option<Value>,
    #[serde(default)]
    retry: Vec<Retrier>,
    #[serde(default)]
    catch: Vec<RawCatcher>,
    next: Option<String>,
    error: Option<String>,
    cause: Option<Value>,
    #[serde(default)]
    choices: Vec<RawRule>,
    default: Option<String>,
    seconds: Option<u64>,
    timestamp: Option<Value>,
    #[serde(default)]
    branches: Vec<RawMachine>,
    items: Option<Value>,
    item_selector: Option<Value>,
    max_concurrency: Option<usize>,
    item_processor: Option<RawMachine>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawCatcher {
    error_equals: Vec<String>,
    #[serde(default)]
    assign: Map<String, Value>,
    output: Option<Value>,
    next: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawRule {
    condition: Value,
    next: String,
}

fn wrong(why: &str) -> Error {
    Error::new(Kind::Configuration, format!("a workflow's definition cannot be used: {why}"))
}

fn machine(raw: RawMachine, depth: usize) -> Result<Machine, String> {
    if depth == DEPTH {
        return Err(format!("more than {DEPTH} levels of Parallel and Map"));
    }
    let numbers: BTreeMap<String, usize> = raw.states.keys().cloned().zip(0..).collect();
    let number = |name: &str| numbers.get(name).copied().ok_or_else(|| format!("there is no state `{name}`"));
    let start = number(&raw.start_at)?;
    let states = raw.states.into_iter().map(|(name, value)| {
        let state: RawState = serde_json::from_value(value).map_err(|error| format!("state `{name}`: {error}"))?;
        self::state(&name, state, &number, depth).map_err(|why| format!("state `{name}`: {why}"))
    });
    let mut states = states.collect::<Result<Vec<_>, _>>()?;
    spread_needs(&mut states);
    Ok(Machine { states, start })
}

/// A state that passes on what it is given needs it if what follows does.
fn spread_needs(states: &mut [State]) {
    loop {
        let needing: Vec<usize> = (0..states.len())
            .filter(|index| {
                let state = &states[*index];
                let passes = state.output.is_none()
                    && matches!(
                        state.work,
                        Work::Pass | Work::Succeed | Work::Choice { .. } | Work::WaitSeconds(_) | Work::WaitUntil(_)
                    );
                !state.needs_input
                    && passes
                    && state.leads_to().any(|next| next.is_none_or(|next| states[next].needs_input))
            })
            .collect();
        if needing.is_empty() {
            return;
        }
        for index in needing {
            states[index].needs_input = true;
        }
    }
}

impl State {
    /// Where it may go when all is well; `None` is the end.
    fn leads_to(&self) -> impl Iterator<Item = Option<usize>> {
        let (rules, next) = match &self.work {
            Work::Choice { rules, default } => (rules.as_slice(), *default),
            _ => (&[][..], self.next),
        };
        rules.iter().map(|(_, next)| Some(*next)).chain([next])
    }

    /// Every field of it that may hold an expression.
    fn templates(&self) -> impl Iterator<Item = &Template> {
        let own: Vec<&Template> = match &self.work {
            Work::Fail { cause, .. } => cause.iter().collect(),
            Work::Choice { rules, .. } => rules.iter().map(|(condition, _)| condition).collect(),
            Work::WaitUntil(until) => vec![until],
            Work::Task(task) => vec![&task.arguments],
            Work::Map { items, selector, .. } => selector.iter().chain([items]).collect(),
            Work::Pass | Work::Succeed | Work::WaitSeconds(_) | Work::Parallel(_) => Vec::new(),
        };
        let caught = self
            .catch
            .iter()
            .flat_map(|catcher| catcher.assign.iter().map(|(_, template)| template).chain(&catcher.output));
        own.into_iter().chain(self.assign.iter().map(|(_, template)| template)).chain(&self.output).chain(caught)
    }
}

/// How many iterations of a Map run at once unless it says otherwise: as many as Step Functions runs.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html>
const MAP_CONCURRENCY: usize = 40;

fn state(
    name: &str,
    raw: RawState,
    number: &impl Fn(&str) -> Result<usize, String>,
    depth: usize,
) -> Result<State, String> {
    let missing = |what: &str| format!("it has no `{what}`");
    let work = match raw.r#type.as_str() {
        "Pass" => Work::Pass,
        "Succeed" => Work::Succeed,
        "Fail" => Work::Fail {
            error: raw.error.ok_or_else(|| missing("Error"))?,
            cause: raw.cause.map(template).transpose()?,
        },
        "Choice" => Work::Choice {
            rules: raw
                .choices
                .into_iter()
                .map(|rule| Ok((template(rule.condition)?, number(&rule.next)?)))
                .collect::<Result<_, String>>()?,
            default: raw.default.as_deref().map(number).transpose()?,
        },
        "Wait" => match (raw.seconds, raw.timestamp) {
            (Some(seconds), _) => Work::WaitSeconds(seconds),
            (None, Some(until)) => Work::WaitUntil(template(until)?),
            (None, None) => return Err(missing("Seconds")),
        },
        "Task" => Work::Task(Task {
            resource: resource(raw.resource.as_deref().unwrap_or_default())?,
            arguments: template(raw.arguments.ok_or_else(|| missing("Arguments"))?)?,
            timeout_ms: raw.timeout_seconds.map(|seconds| seconds.saturating_mul(1000)),
        }),
        "Parallel" => {
            Work::Parallel(raw.branches.into_iter().map(|branch| machine(branch, depth + 1)).collect::<Result<_, _>>()?)
        }
        "Map" => Work::Map {
            items: template(raw.items.ok_or_else(|| missing("Items"))?)?,
            selector: raw.item_selector.map(template).transpose()?,
            concurrency: raw.max_concurrency.filter(|most| *most > 0).unwrap_or(MAP_CONCURRENCY),
            processor: machine(raw.item_processor.ok_or_else(|| missing("ItemProcessor"))?, depth + 1)?,
        },
        other => return Err(format!("`{other}` is not a type of state that this runtime carries")),
    };
    let mut state = State {
        name: name.to_owned(),
        needs_input: false,
        needs_context: false,
        needs_context_when_done: false,
        work,
        assign: assign(raw.assign)?,
        output: raw.output.map(template).transpose()?,
        retry: raw.retry,
        catch: raw
            .catch
            .into_iter()
            .map(|catcher| {
                Ok(Catcher {
                    error_equals: catcher.error_equals,
                    assign: assign(catcher.assign)?,
                    output: catcher.output.map(template).transpose()?,
                    next: number(&catcher.next)?,
                })
            })
            .collect::<Result<_, String>>()?,
        next: raw.next.as_deref().map(number).transpose()?,
    };
    let hands_on = matches!(state.work, Work::Parallel(_)) || matches!(state.work, Work::Map { selector: None, .. });
    let looks_at = |field| state.templates().any(|template| template.looks_at(field));
    (state.needs_input, state.needs_context) = (hands_on || looks_at("input"), looks_at("context"));
    let mut when_done = state.assign.iter().map(|(_, template)| template).chain(&state.output);
    state.needs_context_when_done = when_done.any(|template| template.looks_at("context"));
    Ok(state)
}

fn resource(arn: &str) -> Result<Resource, String> {
    match arn.strip_prefix("arn:aws:states:::").unwrap_or_default() {
        "lambda:invoke" => Ok(Resource::Call),
        "lambda:invoke.waitForTaskToken" => Ok(Resource::CallForSignal),
        "events:putEvents" => Ok(Resource::Publish),
        _ => Err(format!("`{arn}` is not a resource that this runtime has")),
    }
}

fn template(value: Value) -> Result<Template, String> {
    Template::parse(value).map_err(|error| error.0)
}

fn assign(values: Map<String, Value>) -> Result<Vec<(String, Template)>, String> {
    values.into_iter().map(|(name, value)| Ok((name, template(value)?))).collect()
}
