//! One step of a workflow: what it does, and where it goes from there.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::wait::Wait;
use crate::diagnostics::{Code, Diagnostic, list};
use crate::source::{Span, Spanned};
use crate::spec::decode::{Case, Declared, Decode, Decoder, Fields, Item, Section};
use crate::spec::outbox::in_range;
use crate::spec::queue::within;
use crate::spec::scalar::{Arguments, Duration, Expression, Name, one_or_many};
use crate::yaml::{Key, Node, NodeKind};

/// Steps by name, in the order they run.
pub type Steps = Section<Step>;

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
    /// When to try again; the first entry that matches an error counts. For `call`, `publish`, `parallel`, `for-each` and a `wait`
    /// for a signal.
    pub retry: Vec<Spanned<Retry>>,
    /// Where to go on an error that no retry helped against. For the same steps.
    pub catch: Catch,
    /// The call that takes back what this one did, made by a later `compensate`.
    pub undo: Option<Spanned<Call>>,
    /// How long the step may take.
    pub timeout: Option<Spanned<Duration>>,
    /// How long until the step is taken for dead. A plain call of a function sends no heartbeats, so that it has to be done by then.
    /// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskHeartbeat.html>
    pub heartbeat: Option<Spanned<Duration>>,
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

/// What a step does.
#[derive(Debug, Clone)]
pub enum StepKind {
    /// Calls a function; its result is bound to the step's name.
    Call(Call),
    /// Goes one of several ways.
    Choose {
        /// The conditions in order; the first that holds decides.
        choices: Vec<Spanned<Choice>>,
        /// Where to go when none holds.
        otherwise: Option<Name>,
    },
    /// Runs branches at the same time; their results are bound to the step's name, by branch.
    Parallel(IndexMap<Spanned<String>, Branch>),
    /// Runs steps once for each item of a list; the results are bound to the step's name, as a list.
    ForEach(ForEach),
    /// Waits: some time, or for an answer, which is bound to the step's name.
    Wait(Wait),
    /// Puts an event on its bus.
    Publish {
        /// The event.
        event: Name,
        /// Its detail.
        detail: Option<Spanned<Arguments>>,
    },
    /// Binds values to the step's name; a Pass state.
    Set(Spanned<Arguments>),
    /// Runs the `undo` of every completed step, last first.
    Compensate,
    /// Ends the execution well, perhaps with an output.
    Succeed(Option<Spanned<Arguments>>),
    /// Ends the execution with an error.
    Fail {
        /// The error's name.
        error: Name,
        /// Why, for people: an expression.
        cause: Option<Spanned<Expression>>,
    },
}

/// A call of a function.
#[derive(Debug, Clone)]
pub struct Call {
    /// The function.
    pub function: Name,
    /// What it is given: the fields of its input.
    pub with: Option<Spanned<Arguments>>,
}

/// One way out of a `choose`.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Choice {
    /// The condition: an expression that is true or false.
    pub when: Spanned<Expression>,
    /// The step to go to.
    pub then: Name,
}

/// One branch of a `parallel`.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Branch {
    /// The steps of the branch. The result of the last one is the result of the branch.
    pub steps: Spanned<Steps>,
}

/// Steps that run once for each item of a list.
#[derive(Debug, Clone)]
pub struct ForEach {
    /// The list: an expression.
    pub items: Spanned<Expression>,
    /// The most items at once; without it as many as Step Functions runs, which is 40.
    pub concurrency: Option<Spanned<u64>>,
    /// The steps, which know the item as `item` and its position as `index`.
    pub steps: Spanned<Steps>,
}

/// When to try again.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Retry {
    /// The errors this is for: errors of the function, `Transient` (what AWS says to retry), `Timeout` or `All`.
    #[schemars(schema_with = "one_or_many::<String>")]
    pub errors: Vec<Name>,
    /// How often to try again: 0 to 1000, 3 by default.
    #[schemars(range(min = 0, max = 1000))]
    pub attempts: Option<Spanned<u64>>,
    /// How long to wait before the first retry: `1s` by default.
    pub interval: Option<Spanned<Duration>>,
    /// What the interval is multiplied by after each retry: 2 by default.
    #[schemars(range(min = 1, max = 100))]
    pub backoff: Option<Spanned<f64>>,
    /// The longest interval: `1m` by default.
    pub max_interval: Option<Spanned<Duration>>,
    /// `full` (the default) waits a random part of the interval, `none` all of it.
    pub jitter: Option<Jitter>,
}

/// Whether the wait before a retry is random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "kebab-case")]
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

/// The keys of which a step has exactly one.
const KINDS: [&str; 10] =
    ["call", "choose", "parallel", "for-each", "wait", "publish", "set", "compensate", "succeed", "fail"];

impl Decode for Step {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "a step")?;
        let place = fields.place();
        let present: Vec<&Key> = fields.present(&KINDS);
        let kind_key = match present.as_slice() {
            [] => {
                let message = format!("a step needs one of {}", list(&KINDS));
                cx.report(Diagnostic::new(Code::EVC0104, place, message));
                return None;
            }
            [only] => *only,
            [first, second, ..] => {
                let message = format!("a step does one thing, found `{}` and `{}`", first.text, second.text);
                cx.report(
                    Diagnostic::new(Code::EVC0105, second.span, message).secondary(first.span, "the first is here"),
                );
                return None;
            }
        };
        let description = fields.optional("description", cx);
        let kind = kind(&kind_key.text, &mut fields, cx);
        let next = match kind_key.text.as_str() {
            "choose" | "succeed" | "fail" => nowhere(kind_key, &mut fields, cx),
            _ => next(&mut fields, cx),
        };
        let asks = kind_key.text == "wait" && Wait::calls(fields.node("wait").as_ref());
        let works = asks || matches!(kind_key.text.as_str(), "call" | "publish" | "parallel" | "for-each");
        let called = kind_key.text == "call";
        let step = Self {
            description,
            kind_span: kind_key.span,
            next,
            retry: if works { fields.or_default("retry", cx) } else { Vec::new() },
            catch: if works { fields.or_default("catch", cx) } else { Catch::new() },
            undo: if called { fields.optional("undo", cx) } else { None },
            timeout: if called || asks { fields.optional("timeout", cx) } else { None },
            heartbeat: if called { fields.optional("heartbeat", cx) } else { None },
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
        within(step.heartbeat.as_ref(), 1, 99_999_999, "the heartbeat of a step", cx);
        Some(step)
    }
}

fn kind(key: &str, fields: &mut Fields<'_>, cx: &mut Decoder) -> Option<StepKind> {
    Some(match key {
        "call" => StepKind::Call(Call { function: fields.required("call", cx)?, with: fields.optional("with", cx) }),
        "choose" => {
            let choices = fields.required("choose", cx);
            let otherwise = fields.optional("else", cx);
            StepKind::Choose { choices: choices?, otherwise }
        }
        "parallel" => StepKind::Parallel(branches(fields, cx)?),
        "for-each" => {
            let items = fields.required("for-each", cx);
            let concurrency: Option<Spanned<u64>> = fields.optional("concurrency", cx);
            let steps = fields.required("steps", cx);
            in_range(concurrency.as_ref(), 1, 1000, "the concurrency of `for-each`", cx);
            StepKind::ForEach(ForEach { items: items?, concurrency, steps: steps? })
        }
        "wait" => StepKind::Wait(fields.required("wait", cx)?),
        "publish" => StepKind::Publish { event: fields.required("publish", cx)?, detail: fields.optional("with", cx) },
        "set" => StepKind::Set(fields.required("set", cx)?),
        "compensate" => {
            if !fields.required::<bool>("compensate", cx)? {
                cx.bad_value(fields.span(), "`compensate` is only ever `true`");
                return None;
            }
            StepKind::Compensate
        }
        "succeed" => {
            let output = fields.node("succeed").unwrap_or(Node { kind: NodeKind::Null, span: fields.span() });
            let bare = matches!(&output.kind, NodeKind::Null)
                || matches!(&output.kind, NodeKind::Scalar(scalar) if scalar.as_bool() == Some(true));
            let span = output.span;
            StepKind::Succeed((!bare).then(|| Spanned::new(Arguments(output), span)))
        }
        _ => StepKind::Fail { error: fields.required("fail", cx)?, cause: fields.optional("cause", cx) },
    })
}

fn branches(fields: &mut Fields<'_>, cx: &mut Decoder) -> Option<IndexMap<Spanned<String>, Branch>> {
    let node = fields.node("parallel")?;
    let branches: Section<Branch> = Section::decode(&node, cx)?;
    if branches.items.len() + branches.broken.len() == 0 {
        cx.bad_value(node.span, "`parallel` needs at least one branch");
        return None;
    }
    let pair = |(name, branch): (String, Declared<Branch>)| (Spanned::new(name, branch.name_span), branch.value);
    branches.broken.is_empty().then(|| branches.items.into_iter().map(pair).collect())
}

/// What a step has that goes where its choices say, or nowhere.
fn nowhere(kind: &Key, fields: &mut Fields<'_>, cx: &mut Decoder) -> Next {
    for key in ["then", "end"] {
        let Some(entry) = fields.entry(key) else { continue };
        let help = match kind.text.as_str() {
            "choose" => "say where to go in each choice, and under `else` where to go when none holds",
            _ => "take it out: the execution, or the branch, ends here",
        };
        cx.report(
            Diagnostic::new(Code::EVC0102, entry.key.span, format!("a step with `{}` has no `{key}`", kind.text))
                .help(help),
        );
    }
    Next::Following
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

impl Item for Branch {
    const WHAT: &'static str = "a branch";
}

impl Decode for Branch {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "a branch")?;
        if fields.entry("steps").is_none() && !fields.is_empty() {
            // One error instead of one for each step that stands in the place of a key.
            cx.report(
                Diagnostic::new(Code::EVC0104, fields.place(), "a branch needs the key `steps`")
                    .label("`steps` is missing here")
                    .help("write the steps of the branch one level deeper, under `steps:`"),
            );
            return None;
        }
        let steps = fields.required("steps", cx);
        fields.finish(cx);
        Some(Self { steps: steps? })
    }
}

impl Decode for Call {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "a call")?;
        let function = fields.required("call", cx);
        let with = fields.optional("with", cx);
        fields.finish(cx);
        Some(Self { function: function?, with })
    }
}

impl Decode for Choice {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "a choice")?;
        let when = fields.required("when", cx);
        let then = fields.required("then", cx);
        fields.finish(cx);
        Some(Self { when: when?, then: then? })
    }
}

impl Decode for Retry {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "a retry")?;
        let errors = fields.required("errors", cx);
        let attempts = fields.optional("attempts", cx);
        let interval = fields.optional("interval", cx);
        let backoff: Option<Spanned<f64>> = fields.optional("backoff", cx);
        let max_interval = fields.optional("max-interval", cx);
        let jitter = fields.optional("jitter", cx);
        fields.finish(cx);
        in_range(attempts.as_ref(), 0, 1000, "the number of attempts", cx);
        // MaxDelaySeconds is below a year.
        within(interval.as_ref(), 1, 31_536_000, "an interval", cx);
        within(max_interval.as_ref(), 1, 31_536_000, "an interval", cx);
        if let Some(backoff) = &backoff
            && !(1.0..=100.0).contains(&backoff.value)
        {
            cx.bad_value(backoff.span, format!("a backoff is 1 to 100, found {}", backoff.value));
        }
        Some(Self { errors: errors?, attempts, interval, backoff, max_interval, jitter })
    }
}

impl Decode for Jitter {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        cx.word(node, "a kind of jitter", &[("full", Self::Full), ("none", Self::None)])
    }
}

impl JsonSchema for Step {
    fn schema_name() -> Cow<'static, str> {
        "Step".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        super::super::schema::step(generator)
    }
}
