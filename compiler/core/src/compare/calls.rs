//! Functions that executions in flight call: that they are there, may be called, fail as expected and take as long.

use indexmap::IndexMap;

use super::{OldCall, Pair, calls_of, function_named, id_of, ways_out};
use crate::diagnostics::{Code, Diagnostic, list, nearest};
use crate::model::{CALL_MARGIN, Function, Model, RetryError, Workflow};
use crate::spec::scalar::Duration;

/// Looks at each function that the old workflow calls.
pub(super) fn check(pair: &Pair<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut by_function: IndexMap<&str, Vec<OldCall<'_>>> = IndexMap::new();
    for call in calls_of(pair.old) {
        by_function.entry(pair.before.functions[call.function].head.name.as_str()).or_default().push(call);
    }
    for (name, calls) in by_function {
        let Some(new) = function_named(pair.now, name) else {
            diagnostics.push(gone(pair, name, &calls));
            continue;
        };
        if !is_called(pair.new, pair.now, new) {
            diagnostics.push(not_called(pair, new, &calls));
        }
        let old = &pair.before.functions[calls[0].function];
        diagnostics.extend(slower(pair, old, new, &calls));
        diagnostics.extend(new_errors(pair, old, new, &calls));
    }
}

fn subject(pair: &Pair<'_>) -> String {
    format!("executions in flight of `{}`", pair.old.head.name)
}

/// A diagnostic with the places of the old spec that it is about.
fn at_calls(mut diagnostic: Diagnostic, calls: &[OldCall<'_>]) -> Diagnostic {
    for call in calls {
        let what = if call.undo { "is undone by it" } else { "calls it" };
        diagnostic = diagnostic.secondary(call.call.span, format!("step `{}` of the old spec {what}", call.step.name));
    }
    diagnostic
}

fn gone(pair: &Pair<'_>, name: &str, calls: &[OldCall<'_>]) -> Diagnostic {
    let message = format!("{} call `{name}`, which is no longer there", subject(pair));
    let diagnostic = Diagnostic::new(Code::EVC1001, pair.new.head.name_span, message);
    let known: Vec<&str> = pair.now.functions.values().map(|function| function.head.name.as_str()).collect();
    let mut diagnostic = at_calls(diagnostic, calls)
        .note("they go on with the old definition, whose call then fails")
        .help(ways_out(&pair.old.head.name));
    if let Some(near) = nearest(name, &known).filter(|near| function_named(pair.before, near).is_none()) {
        diagnostic = diagnostic.note(format!("`{near}` is new: a function of another name is another function"));
    }
    diagnostic
}

fn is_called(workflow: &Workflow, model: &Model, function: &Function) -> bool {
    calls_of(workflow).iter().any(|call| model.functions[call.function].head.name == function.head.name)
}

/// Reports a function that no step of the new workflow calls. On Step Functions the role loses the right to; on Redis the function
/// loses the queue of its work, unless another workflow calls it.
fn not_called(pair: &Pair<'_>, function: &Function, calls: &[OldCall<'_>]) -> Diagnostic {
    let name = &function.head.name;
    if pair.on_redis() {
        return if id_of(pair.now, name).is_some_and(|id| pair.now.works_on_redis(id)) {
            handed_on_late(pair, name, calls)
        } else {
            no_queue(pair, name, calls)
        };
    }
    let message = format!("{} call `{name}`, which they then may not", subject(pair));
    at_calls(Diagnostic::new(Code::EVC1001, pair.new.head.name_span, message), calls)
        .note(format!(
            "no step of `{}` calls `{name}` any more, so its role no longer allows it; a running execution keeps its definition, \
             and has the role as it is now",
            pair.new.head.name
        ))
        .help(ways_out(&pair.old.head.name))
}

fn no_queue(pair: &Pair<'_>, name: &str, calls: &[OldCall<'_>]) -> Diagnostic {
    let message = format!("{} call `{name}`, which then takes no work of workflows", subject(pair));
    at_calls(Diagnostic::new(Code::EVC1001, pair.new.head.name_span, message), calls)
        .note(format!(
            "no workflow on Redis calls `{name}` any more, so the queue of its work is gone, and they wait until they time out"
        ))
        .help(ways_out(&pair.old.head.name))
}

fn handed_on_late(pair: &Pair<'_>, name: &str, calls: &[OldCall<'_>]) -> Diagnostic {
    let message = format!("{} wait up to a minute longer for `{name}`", subject(pair));
    at_calls(Diagnostic::new(Code::EVC1003, pair.new.head.name_span, message), calls).note(format!(
        "no step of `{}` calls it any more, so the functions before it do not know its queue; the sweep does, since other workflows \
         call it",
        pair.new.head.name
    ))
}

/// Reports a function that may now run longer than the old definition waits for it.
fn slower(pair: &Pair<'_>, old: &Function, new: &Function, calls: &[OldCall<'_>]) -> Option<Diagnostic> {
    let (before, now) = (old.timeout.greatest()?, new.timeout.greatest()?);
    // A step with a `timeout` of its own never waited for all of the function's time.
    let waits = pair.on_redis() || calls.iter().any(|call| call.undo || call.step.timeout.is_none());
    if now <= before || !waits {
        return None;
    }
    let (name, subject) = (&new.head.name, subject(pair));
    let until = Duration::seconds(before.seconds + CALL_MARGIN.seconds);
    let (message, why) = if pair.on_redis() {
        (
            format!("`{name}` may now take `{now}`, and {subject} lease their work to it for `{until}`"),
            "after that another worker is given the same work beside it, and what the first gives is refused",
        )
    } else {
        (
            format!("`{name}` may now take `{now}`, and {subject} wait `{until}` for it"),
            "their call counts as failed with `Timeout` while the function still runs, and may be tried again beside it",
        )
    };
    let diagnostic = Diagnostic::new(Code::EVC1002, new.greatest_timeout_span(), message)
        .secondary(old.greatest_timeout_span(), format!("it was `{before}`"))
        .note(why);
    Some(diagnostic)
}

/// Reports business errors that are new, and that the old definition does not catch everywhere.
fn new_errors(pair: &Pair<'_>, old: &Function, new: &Function, calls: &[OldCall<'_>]) -> Option<Diagnostic> {
    let is_new = |name: &str| old.errors.iter().all(|error| error.name.value != name);
    let catches = |call: &OldCall<'_>, name: &str| {
        let error = RetryError::Named(name.to_owned());
        let mut steps = call.around.iter().copied().chain([call.step]);
        !call.undo && steps.any(|step| step.catch.iter().any(|catch| catch.error.value.covers(&error)))
    };
    let uncaught = |name: &str| calls.iter().any(|call| !catches(call, name));
    let added: Vec<_> = new
        .errors
        .iter()
        .map(|error| &error.name)
        .filter(|name| is_new(&name.value) && uncaught(&name.value))
        .collect();
    let first = added.first()?;
    let names: Vec<&str> = added.iter().map(|name| name.value.as_str()).collect();
    let open: Vec<OldCall<'_>> =
        calls.iter().filter(|call| names.iter().any(|name| !catches(call, name))).cloned().collect();
    let message =
        format!("`{}` may now fail with {}, which {} do not catch", new.head.name, list(&names), subject(pair));
    Some(
        at_calls(Diagnostic::new(Code::EVC1002, first.span, message), &open)
            .note("an error that no step catches ends the execution"),
    )
}
