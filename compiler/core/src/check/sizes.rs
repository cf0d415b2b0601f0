//! Payloads that may be larger than the next thing on their way takes. Only where the types bound them: a text without a
//! bound may be of any size, and nothing is said about it.

use super::gathered;
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::Template;
use crate::model::{Destination, Event, Function, Given, Input, Model, Queue, Step, Workflow};
use crate::source::Span;
use crate::types::Type;

/// What a payload goes through, and the most bytes it takes there.
#[derive(Clone, Copy)]
struct Hop {
    name: &'static str,
    limit: u64,
}

/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html>
const PUT_EVENTS: Hop = Hop { name: "an entry of `PutEvents`", limit: 1_048_576 };
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
const SQS: Hop = Hop { name: "a message of SQS", limit: 1_048_576 };
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
const STEP_FUNCTIONS: Hop = Hop { name: "Step Functions", limit: 262_144 };
/// What the runtime passes on between steps: as much as Step Functions, so that a workflow means the same on both.
const REDIS: Hop = Hop { name: "a workflow on Redis", limit: 262_144 };
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const LAMBDA: Hop = Hop { name: "a synchronous call of Lambda", limit: 6_291_456 };
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const LAMBDA_EVENT: Hop = Hop { name: "an asynchronous call of Lambda", limit: 1_048_576 };
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const ITEM: Hop = Hop { name: "an item of DynamoDB", limit: 409_600 };

/// What stands around the detail of an event: the fields that EventBridge adds, the names on the wire, and the metadata of
/// the publisher. More than that is not known to occur.
const ENVELOPE_BYTES: u64 = 1024;

/// What stands beside the result in the record of idempotent work.
const RECORD_BYTES: u64 = 2048;

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let sizes = Sizes { model };
    model.events.values().for_each(|event| diagnostics.extend(sizes.event(event)));
    sizes.outboxes(diagnostics);
    sizes.rules(diagnostics);
    model.queues.values().for_each(|queue| diagnostics.extend(sizes.queue(queue)));
    for table in model.tables.values() {
        let what = format!("an item of table `{}`", table.head.name);
        let item = format!("tables.{}", table.head.name);
        diagnostics.extend(sizes.over(&what, &table.item, 0, ITEM, table.item.span).map(|it| it.on(item)));
    }
    let routed = model.functions.iter().filter(|(id, _)| model.routes_of(*id).next().is_some());
    routed.for_each(|(_, function)| sizes.function(function, diagnostics));
    model.functions.values().for_each(|function| diagnostics.extend(sizes.stored(function)));
    model.workflows.values().for_each(|workflow| sizes.workflow(workflow, diagnostics));
}

/// What carries a workflow.
fn engine(workflow: &Workflow) -> Hop {
    if workflow.redis().is_some() { REDIS } else { STEP_FUNCTIONS }
}

struct Sizes<'m> {
    model: &'m Model,
}

impl Sizes<'_> {
    /// The diagnostic for a payload that may not fit, with `around` bytes beside the value.
    fn over(&self, what: &str, ty: &Type, around: u64, hop: Hop, at: Span) -> Option<Diagnostic> {
        let least = self.model.types.min_json_bytes(ty);
        let diagnostic = match never(what, least, hop, at) {
            Some(never) => never,
            None => exceeds(what, self.model.types.max_json_bytes(ty)?.saturating_add(around), hop, at)?,
        };
        Some(if at == ty.span { diagnostic } else { diagnostic.secondary(ty.span, "its type is here") })
    }

    /// Whoever publishes it puts it on its bus.
    fn event(&self, event: &Event) -> Option<Diagnostic> {
        let what = format!("event `{}`", event.head.name);
        let diagnostic = self.over(&what, &event.detail, ENVELOPE_BYTES, PUT_EVENTS, event.detail.span)?;
        Some(diagnostic.on(format!("events.{}", event.head.name)))
    }

    /// An event waits in its outbox as an item. One that is too large for its bus is reported there.
    fn outboxes(&self, diagnostics: &mut Vec<Diagnostic>) {
        for outbox in self.model.outboxes.values().filter(|outbox| outbox.changes.is_none()) {
            for published in &outbox.publishes {
                let event = &self.model.events[published.value];
                let known = self.event(event);
                let what = format!("event `{}`", event.head.name);
                let over = self.over(&what, &event.detail, ENVELOPE_BYTES, ITEM, published.span);
                let over = over.filter(|it| says_more(it, known.as_ref()));
                diagnostics.extend(over.map(|it| it.on(format!("outboxes.{}", outbox.head.name))));
            }
        }
    }

    /// A rule brings the whole event. One that is too large for its bus is reported there.
    fn rules(&self, diagnostics: &mut Vec<Diagnostic>) {
        for rule in self.model.rules.values() {
            for target in &rule.targets {
                let hop = match target.to {
                    Destination::Function(_) => LAMBDA_EVENT,
                    Destination::Workflow(id) => engine(&self.model.workflows[id]),
                    Destination::Queue(_) => SQS,
                    Destination::Bus(_) => PUT_EVENTS,
                };
                let events = rule.events.iter().map(|event| &self.model.events[event.value]);
                for event in events {
                    let what = format!("event `{}`", event.head.name);
                    let over = self.over(&what, &event.detail, ENVELOPE_BYTES, hop, target.span);
                    let over = over.filter(|it| says_more(it, self.event(event).as_ref()));
                    diagnostics.extend(over.map(|it| it.on(format!("rules.{}", rule.head.name))));
                }
            }
        }
    }

    fn queue(&self, queue: &Queue) -> Option<Diagnostic> {
        let message = queue.message.as_ref()?;
        let what = format!("a message of queue `{}`", queue.head.name);
        Some(self.over(&what, message, 0, SQS, message.span)?.on(format!("queues.{}", queue.head.name)))
    }

    /// What a route takes and gives.
    fn function(&self, function: &Function, diagnostics: &mut Vec<Diagnostic>) {
        let name = &function.head.name;
        let input = match &function.input {
            Input::Value(input) => self.over(&format!("the input of function `{name}`"), input, 0, LAMBDA, input.span),
            Input::Nothing | Input::Events(_) => None,
        };
        let output = function.output.as_ref();
        let output = output
            .and_then(|output| self.over(&format!("the output of function `{name}`"), output, 0, LAMBDA, output.span));
        let responses = function.responses.iter().filter_map(|response| {
            let body = response.body.as_ref()?;
            self.over(&format!("response `{}` of function `{name}`", response.name.value), body, 0, LAMBDA, body.span)
        });
        diagnostics
            .extend(input.into_iter().chain(output).chain(responses).map(|it| it.on(format!("functions.{name}"))));
    }

    /// The result of idempotent work is stored for the next delivery of the same, which fails if it is too large for that. One that is
    /// too large for a route is reported there.
    fn stored(&self, function: &Function) -> Option<Diagnostic> {
        let output = function.output.as_ref().filter(|_| function.idempotent.is_some())?;
        let what = format!("the stored result of idempotent function `{}`", function.head.name);
        let is_over = |hop| self.over(&what, output, RECORD_BYTES, hop, output.span);
        let diagnostic = is_over(ITEM)
            .filter(|it| says_more(it, is_over(LAMBDA).as_ref()))?
            .on(format!("functions.{}", function.head.name));
        Some(diagnostic.note("the work is done all the same, and who asks again gets an error in place of the result"))
    }

    /// Who starts a workflow gives it an input. One that comes by a rule is reported there.
    fn input(&self, workflow: &Workflow, engine: Hop) -> Option<Diagnostic> {
        let starts = |to: &Destination| matches!(to, Destination::Workflow(id) if self.model.workflows[*id].head.name == workflow.head.name);
        if self.model.rules.values().flat_map(|rule| &rule.targets).any(|target| starts(&target.to)) {
            return None;
        }
        let what = format!("the input of workflow `{}`", workflow.head.name);
        let least = self.model.types.min_json_bytes(&workflow.input);
        Some(never(&what, least, engine, workflow.input.span)?.on(format!("workflows.{}", workflow.head.name)))
    }

    /// What steps give, get and gather.
    fn workflow(&self, workflow: &Workflow, diagnostics: &mut Vec<Diagnostic>) {
        let engine = engine(workflow);
        let types = &self.model.types;
        let input = self.input(workflow, engine);
        // What never fits is told where it comes from, and not of all that is made of it.
        let never_fits = input.as_ref().is_some_and(|told| told.code == Code::EVC0723);
        diagnostics.extend(input);
        workflow.body.walk(&mut |step| {
            let name = &step.name;
            let given = step.arguments().into_iter().find_map(|argument| match argument.given {
                Given::Template(Some(with)) => {
                    let what = format!("what step `{name}` gives");
                    // What makes more than a worker on Redis does is told as that.
                    let is_told = || with.expressions().iter().any(|expr| !expr.beyond_bounds().is_empty());
                    if workflow.redis().is_some() && is_told() || never_fits && mentions_input(with) {
                        return None;
                    }
                    never(&what, types.min_json_bytes(&with.ty(&step.scope, types)), engine, argument.at)
                        .or_else(|| exceeds(&what, with.max_json_bytes(&step.scope, types)?, engine, argument.at))
                }
                Given::Template(None) | Given::Expr(_) => None,
            });
            let gives = || step.call()?.function.and_then(|function| self.model.functions[function].output.as_ref());
            let at = step.call().map_or(step.kind_span, |call| call.span);
            let output = step.answer().or_else(gives);
            let result =
                output.and_then(|output| self.over(&format!("the result of step `{name}`"), output, 0, engine, at));
            let on = format!("workflows.{}", workflow.head.name);
            let found = given.into_iter().chain(result).chain(self.gathered(step, engine));
            diagnostics.extend(found.map(|it| it.on(on.clone())));
        });
    }

    /// The results of branches and rounds are one value, which is too large where each is not. What is too large by itself inside is
    /// reported there.
    fn gathered(&self, step: &Step, engine: Hop) -> Option<Diagnostic> {
        let is_over = |step: &Step| gathered::result(self.model, step).is_some_and(|bytes| bytes > engine.limit);
        if !gathered::gathers(step) {
            return None;
        }
        let mut inside = false;
        for body in step.bodies() {
            body.walk(&mut |step| inside = inside || is_over(step));
        }
        if inside {
            return None;
        }
        let what = format!("the results that `{}` gathers", step.name);
        let least = step.result.as_ref().map_or(0, |result| self.model.types.min_json_bytes(result));
        if let Some(never) = never(&what, least, engine, step.name_span) {
            return Some(never);
        }
        let diagnostic = exceeds(&what, gathered::result(self.model, step)?, engine, step.name_span)?;
        Some(diagnostic.help("end what is inside with a `set` or `succeed` that gives only what is needed later"))
    }
}

fn mentions_input(with: &Template) -> bool {
    with.expressions().iter().any(|expr| expr.references().iter().any(|root| root.value == "input"))
}

/// Whether a report is not said already by the one about an earlier hop: that something never fits is told beside that it may not fit
/// there.
fn says_more(found: &Diagnostic, known: Option<&Diagnostic>) -> bool {
    known.is_none_or(|known| known.code != found.code && known.code != Code::EVC0723)
}

/// The diagnostic for a value that has so many bytes at least.
fn never(what: &str, least: u64, hop: Hop, at: Span) -> Option<Diagnostic> {
    (least > hop.limit).then(|| {
        let message = format!("{what} has at least {least} bytes, and {} has at most {}", hop.name, hop.limit);
        Diagnostic::new(Code::EVC0723, at, message)
            .note("this is the least that the bounds of the type allow")
            .help(LOWER)
    })
}

/// The diagnostic for a value that may have so many bytes.
fn exceeds(what: &str, bytes: u64, hop: Hop, at: Span) -> Option<Diagnostic> {
    if bytes <= hop.limit {
        return None;
    }
    let message = format!("{what} may have {bytes} bytes, and {} has at most {}", hop.name, hop.limit);
    Some(Diagnostic::new(Code::EVC0706, at, message).note(WORST).help(LOWER))
}

/// What the number of bytes is.
const WORST: &str = "this is the most that the bounds of the type allow, at four bytes a character";

/// What helps against it.
const LOWER: &str = "lower the bounds of its lists and texts, or keep the payload in a bucket and send where it is";
