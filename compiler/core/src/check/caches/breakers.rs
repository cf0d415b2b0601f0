//! Circuit breakers need a cache to be in and something to break, and are open for no longer than what is refused is brought again.

use crate::check::workflow::{is_caught, patience};
use crate::diagnostics::{Code, Diagnostic, list};
use crate::model::{Function, Id, Model, NetworkKind, Relation, Thing, Workflow};
use crate::source::Span;
use crate::spec::scalar::Duration;

/// How long Lambda tries an event again that was refused: after one minute, and after two more.
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
const TRIED: Duration = Duration::minutes(3);

/// Reports a breaker that is open for longer than a queue or a rule brings what was refused again: all of that is dead letters then.
fn outlasts(model: &Model, id: Id<Function>, function: &Function) -> Option<Diagnostic> {
    let breaker = function.circuit_breaker.as_ref()?;
    let mut least: Option<(Duration, String, Span)> = None;
    for trigger in model.triggers(id) {
        let (tried, what, place) = match trigger {
            Thing::Queue(queue) => {
                let queue = &model.queues[queue];
                let visibility = queue.visibility.least()?;
                let tried = Duration::seconds(visibility.seconds.saturating_mul(queue.receives));
                let times = format!("queue `{}` brings a message {} times", queue.head.name, queue.receives);
                (tried, times, queue.receives_span.or(queue.visibility_span).unwrap_or(queue.head.name_span))
            }
            Thing::Rule(rule) => {
                let rule = &model.rules[rule];
                (TRIED, "Lambda tries an event twice more".to_owned(), rule.head.name_span)
            }
            Thing::Workflow(workflow) => match least_patient(&model.workflows[workflow], id) {
                Some(found) => found,
                None => continue,
            },
            Thing::Event(_)
            | Thing::Bus(_)
            | Thing::Table(_)
            | Thing::Outbox(_)
            | Thing::Secret(_)
            | Thing::Function(_)
            | Thing::Cache(_)
            | Thing::Network(_)
            | Thing::Api(_)
            | Thing::Schedule(_)
            | Thing::Config(_)
            | Thing::Resource(_) => continue,
        };
        if tried < breaker.open && least.as_ref().is_none_or(|(known, ..)| tried < *known) {
            least = Some((tried, what, place));
        }
    }
    let (tried, what, place) = least?;
    let message = format!(
        "the circuit breaker of `{}` is open for {}, and what is refused is given up sooner",
        function.head.name, breaker.open
    );
    Some(
        Diagnostic::new(Code::EVC0544, breaker.span, message)
            .on(format!("functions.{}", function.head.name))
            .secondary(place, format!("{what}, within {tried}"))
            .note("while it is open, whatever comes is refused, and in the end a dead letter or a failed execution: one trouble makes that of all that comes in that time")
            .help("keep it open for less, or try again for longer: more `receives` and a longer `visibility` of a queue, a longer `retry` of a step"),
    )
}

/// The step of a workflow that calls a function and gives up first, of those that say nothing of what comes then.
fn least_patient(workflow: &Workflow, function: Id<Function>) -> Option<(Duration, String, Span)> {
    let mut least: Option<(Duration, String, Span)> = None;
    workflow.body.walk(&mut |step| {
        let tried = Duration::seconds(patience(step));
        if step.call().and_then(|call| call.function) == Some(function)
            && !is_caught(step)
            && least.as_ref().is_none_or(|(known, ..)| tried < *known)
        {
            least = Some((tried, format!("step `{}` tries again", step.name), step.name_span));
        }
    });
    least
}

/// Reports a breaker whose function gets to nothing that could fail for long: a network of the stack without a way out has AWS alone.
fn nothing_to_break(model: &Model, id: Id<Function>, function: &Function) -> Option<Diagnostic> {
    let breaker = function.circuit_breaker.as_ref()?;
    let network = model.network_of(id)?;
    let it = &model.networks[network];
    let is_own = matches!(it.kind, NetworkKind::Own { .. }) && !it.nat;
    // What the spec says itself of the network may be what the function calls.
    let is_shared = model.graph().to(Thing::Network(network)).any(|edge| edge.relation == Relation::Refers);
    if !is_own || is_shared {
        return None;
    }
    let message =
        format!("function `{}` gets to AWS alone, and a circuit breaker is for what else it calls", function.head.name);
    Some(
        Diagnostic::new(Code::EVC0546, breaker.span, message)
            .on(format!("functions.{}", function.head.name))
            .secondary(it.head.name_span, "this network has no way out")
            .note("calls of anything else end when the invocation does, so that the breaker only ever opens")
            .help("say `nat: true` on the network if the function calls something outside; else leave the breaker out"),
    )
}

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for (id, function) in model.functions.iter() {
        diagnostics.extend(outlasts(model, id, function));
        diagnostics.extend(nothing_to_break(model, id, function));
        if let Some(breaker) = &function.circuit_breaker
            && model.cache_of(id).is_none()
        {
            let message = format!("the circuit breaker of function `{}` has no cache to be in", function.head.name);
            let diagnostic = Diagnostic::new(Code::EVC0684, breaker.span, message);
            let known: Vec<&str> = model.caches.values().map(|cache| cache.head.name.as_str()).collect();
            diagnostics.push(if known.is_empty() {
                diagnostic.help("declare a cache, and say `cache:` and its name on the function")
            } else {
                diagnostic.help(format!("say `cache:` on the function and one of {}", list(&known)))
            });
        }
    }
}
