//! One step of a workflow: what all kinds have in common. What each does is in `steps/`.

use std::borrow::Cow;

use evc_macros::{Section, Word};
use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::steps::{self, Call, KINDS, Onward, Shared, StepKind, Syntax};
use super::variables::Assign;
use crate::diagnostics::{Code, Diagnostic, list};
use crate::source::{Span, Spanned};
use crate::spec::decode::{self, Case, Decode, Decoder, Fields, Item};
use crate::spec::range::{Range, within};
use crate::spec::scalar::{Duration, Name};
use crate::yaml::{Key, Node};

/// Steps by name, in the order they run.
pub type Steps = decode::Section<Step>;

/// A step.
#[derive(Debug, Clone)]
pub struct Step {
    /// What it is for, for people.
    pub description: Option<String>,
    /// What it does.
    pub kind: StepKind,
    /// The key that says what it does, and its place.
    pub kind_span: Span,
    /// Where it goes from here.
    pub next: Next,
    /// The variables that it sets when it has succeeded. For steps that go on in one way, but for `compensate`.
    pub assign: Assign,
    /// When to try again; the first entry that matches an error counts. For `call`, `publish`, `parallel`, `for-each` and a `wait`
    /// for a signal.
    pub retry: Vec<Spanned<Retry>>,
    /// Where to go on an error that no retry helped against. For the same steps.
    pub catch: Catch,
    /// The call that takes back what this one did, made by a later `compensate`.
    pub undo: Option<Spanned<Call>>,
    /// How long the step may take.
    pub timeout: Option<Spanned<Duration>>,
}

/// Where a step goes.
#[derive(Debug, Clone, Default)]
pub enum Next {
    /// To the step written after it, or to the end after the last one.
    #[default]
    Following,
    /// To this step.
    Step(Name),
    /// To the end of the workflow, or of its branch.
    End(Span),
}

/// When to try again.
#[derive(Debug, Clone, Section)]
#[section(what = "a retry")]
pub struct Retry {
    /// The errors this is for: errors of the function, `Transient` (what AWS says to retry), `Timeout` or `All`.
    #[key(not_empty = "an error")]
    pub errors: Spanned<Vec<Name>>,
    /// How often to try again: {range}, 3 by default.
    #[key(range = 0..=1000, what = "the number of attempts")]
    pub attempts: Option<Spanned<u64>>,
    /// How long to wait before the first retry: `1s` by default.
    #[key(range = INTERVAL)]
    pub interval: Option<Spanned<Duration>>,
    /// What the interval is multiplied by after each retry: 1 to 100, 2 by default.
    #[key(check = backoff, schema = backoff_schema)]
    pub backoff: Option<Spanned<f64>>,
    /// The longest interval: `1m` by default, or `interval` if that is longer.
    #[key(range = INTERVAL)]
    pub max_interval: Option<Spanned<Duration>>,
    /// `full` (the default) waits a random part of the interval, `none` all of it.
    pub jitter: Option<Jitter>,
}

/// `MaxDelaySeconds` is below a year: <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>
const INTERVAL: Range<Duration> = Range::new("an interval", Duration::seconds(1)..=Duration::days(365));

/// Whether the wait before a retry is random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Word)]
#[word(what = "a kind of jitter")]
pub enum Jitter {
    /// A random part of the interval.
    Full,
    /// All of the interval.
    None,
}

/// Where to go on errors, by the error's name; `All` is every other error. The step there knows the error as `error`.
pub type Catch = IndexMap<Name, Name>;

impl Item for Step {
    const WHAT: &'static str = "a step";
    const CASE: Case = Case::Kebab;
}

impl Decode for Step {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "a step")?;
        let (kind_key, syntax) = kind_of(&fields, cx)?;
        let description = fields.optional("description", cx);
        let kind = (syntax.decode)(&mut fields, cx);
        let next = match syntax.onward {
            Onward::Then => next(&mut fields, cx),
            Onward::Own(help) => nowhere(kind_key, help, &mut fields, cx),
        };
        let shares = (syntax.shares)(&mut fields);
        no_heartbeat(shares, &mut fields, cx);
        let has = |key| shares.contains(&key);
        if !has(Shared::Assign) {
            no_assign(kind_key, syntax.onward, &mut fields, cx);
        }
        let step = Self {
            description,
            kind_span: kind_key.span,
            next,
            assign: if has(Shared::Assign) { assign(&mut fields, cx) } else { Assign::new() },
            retry: if has(Shared::Retry) { fields.or_default("retry", cx) } else { Vec::new() },
            catch: if has(Shared::Catch) { fields.or_default("catch", cx) } else { Catch::new() },
            undo: if has(Shared::Undo) { fields.optional("undo", cx) } else { None },
            timeout: if has(Shared::Timeout) { fields.optional("timeout", cx) } else { None },
            kind: if let Some(kind) = kind {
                kind
            } else {
                fields.finish(cx);
                return None;
            },
        };
        fields.finish(cx);
        // Step Functions waits at most 99999999 seconds for a task.
        within(step.timeout.as_ref(), 1, 99_999_999, "the timeout of a step", cx);
        Some(step)
    }
}

/// The key that says what a step does, of which it has exactly one.
fn kind_of<'n>(fields: &Fields<'n>, cx: &mut Decoder) -> Option<(&'n Key, &'static Syntax)> {
    let keys = KINDS.map(|kind| kind.key);
    let mut present = fields.present(&keys);
    if present.len() > 1 {
        // Beside another key it says what that step sets.
        present.retain(|key| key.text != steps::ASSIGN);
    }
    match present.as_slice() {
        [] => {
            let message = format!("a step needs one of {}", list(&keys));
            cx.report(Diagnostic::new(Code::EVC0104, fields.place(), message));
            None
        }
        [only] => Some((*only, KINDS.into_iter().find(|kind| kind.key == only.text)?)),
        [first, second, ..] => {
            let message = format!("a step does one thing, found `{}` and `{}`", first.text, second.text);
            cx.report(Diagnostic::new(Code::EVC0105, second.span, message).secondary(first.span, "the first is here"));
            None
        }
    }
}

/// The variables that a step sets.
fn assign(fields: &mut Fields<'_>, cx: &mut Decoder) -> Assign {
    let place = fields.node(steps::ASSIGN).map(|node| node.span);
    let assign: Option<Assign> = fields.optional(steps::ASSIGN, cx);
    if let (Some(place), Some(true)) = (place, assign.as_ref().map(Assign::is_empty)) {
        cx.bad_value(place, "`assign` needs at least one variable");
    }
    assign.unwrap_or_default()
}

/// What is said of `assign` in a step that sets no variables.
fn no_assign(kind: &Key, onward: Onward, fields: &mut Fields<'_>, cx: &mut Decoder) {
    let Some(entry) = fields.entry(steps::ASSIGN) else { return };
    let message = format!("a step with `{}` has no `assign`", kind.text);
    let diagnostic = Diagnostic::new(Code::EVC0102, entry.key.span, message);
    cx.report(diagnostic.help(if onward == Onward::ENDS {
        "take it out: no step comes after this one"
    } else {
        "say it in the step that this one goes to, or in a step between them that has `assign` alone"
    }));
}

/// What a step has that goes where it says itself, or nowhere.
fn nowhere(kind: &Key, help: &str, fields: &mut Fields<'_>, cx: &mut Decoder) -> Next {
    for key in ["then", "end"] {
        let Some(entry) = fields.entry(key) else { continue };
        cx.report(
            Diagnostic::new(Code::EVC0102, entry.key.span, format!("a step with `{}` has no `{key}`", kind.text))
                .help(help),
        );
    }
    Next::Following
}

/// Refuses a `heartbeat`. Step Functions knows one of callbacks and activities; of what a function does for a step, and of who answers a
/// signal, nothing sends any, so that the step would fail when the time is over, however well the work goes.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskHeartbeat.html>
fn no_heartbeat(shares: &[Shared], fields: &mut Fields<'_>, cx: &mut Decoder) {
    if fields.present(&["heartbeat"]).is_empty() {
        return;
    }
    let timed = shares.contains(&Shared::Timeout);
    let timeout = fields.present(&["timeout"]).first().map(|key| key.span);
    let Some(entry) = fields.entry("heartbeat") else { return };
    let diagnostic = Diagnostic::new(Code::EVC0560, entry.key.span, "a step has no `heartbeat`: nothing sends one")
        .note("a function that a workflow calls answers once, when it is done; who answers a signal does too");
    cx.report(match timeout {
        _ if !timed => diagnostic.help("take it out: a step of this kind has no limit of time"),
        Some(timeout) => diagnostic
            .secondary(timeout, "this bounds how long the step may take")
            .help("take it out: `timeout` says how long the step may take"),
        None => diagnostic.help("say `timeout`: how long the step may take").replace(
            "say `timeout` in its place",
            entry.key.span,
            "timeout",
        ),
    });
}

fn next(fields: &mut Fields<'_>, cx: &mut Decoder) -> Next {
    let then = fields.entry("then");
    let end: Option<Spanned<bool>> = fields.optional("end", cx);
    match (then, end) {
        (Some(then), Some(end)) if end.value => {
            cx.report(
                Diagnostic::new(Code::EVC0105, end.span, "a step that ends the workflow has no `then`")
                    .secondary(then.key.span, "`then` is here"),
            );
            Next::Following
        }
        (Some(then), _) => Spanned::decode(&then.value, cx).map_or(Next::Following, Next::Step),
        (None, Some(end)) if end.value => Next::End(end.span),
        _ => Next::Following,
    }
}

/// Reports a factor that Step Functions does not take, or that makes no sense.
fn backoff(backoff: &Spanned<f64>, cx: &mut Decoder) {
    if !(1.0..=100.0).contains(&backoff.value) {
        cx.bad_value(backoff.span, format!("a backoff is 1 to 100, found {}", backoff.value));
    }
}

fn backoff_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "number", "minimum": 1, "maximum": 100})
}

impl JsonSchema for Step {
    fn schema_name() -> Cow<'static, str> {
        "Step".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        super::schema::step(generator)
    }
}
