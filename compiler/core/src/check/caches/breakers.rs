//! Circuit breakers need a cache to be in, and are open for no longer than what is refused is brought again.

use crate::diagnostics::{Code, Diagnostic, list};
use crate::model::{Function, Id, Model, Thing};
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
            | Thing::Workflow(_)
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
            .note("while it is open, whatever comes is refused, and ends as a dead letter: one trouble makes dead letters of all that comes in that time")
            .help("keep it open for less, or let the queue bring messages again for longer: more `receives`, a longer `visibility`"),
    )
}

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for (id, function) in model.functions.iter() {
        diagnostics.extend(outlasts(model, id, function));
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
