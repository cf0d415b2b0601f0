//! Functions that executions in flight call: that they are there, may be called, fail as expected and take as long.

use indexmap::IndexMap;

use super::{OldCall, Pair, calls_of, function_named, ways_out};
use crate::diagnostics::{Code, Diagnostic, list, nearest};
use crate::model::{CALL_MARGIN, Function, RetryError, Workflow};

/// Looks at each function that the old workflow calls.
pub(super) fn check(pair: &Pair<'_>, out: &mut Vec<Diagnostic>) {
    let mut by_function: IndexMap<&str, Vec<OldCall<'_>>> = IndexMap::new();
    for call in calls_of(pair.old) {
        by_function.entry(pair.before.functions[call.function].head.name.as_str()).or_default().push(call);
    }
    for (name, calls) in by_function {
        let Some(new) = function_named(pair.now, name) else {
            out.push(gone(pair, name, &calls));
            continue;
        };
        if !is_called(pair, new) {
            out.push(not_called(pair, new, &calls));
        }
        let old = &pair.before.functions[calls[0].function];
        out.extend(slower(pair, old, new, &calls));
        out.extend(new_errors(pair, old, new, &calls));
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

/// Whether what carries the workflow may still call the function.
fn is_called(pair: &Pair<'_>, function: &Function) -> bool {
    let calls = |workflow: &Workflow| {
        calls_of(workflow).iter().any(|call| pair.now.functions[call.function].head.name == function.head.name)
    };
    calls(pair.new)
}

fn not_called(pair: &Pair<'_>, function: &Function, calls: &[OldCall<'_>]) -> Diagnostic {
    let name = &function.head.name;
    let message = format!("{} call `{name}`, which they then may not", subject(pair));
    at_calls(Diagnostic::new(Code::EVC1001, pair.new.head.name_span, message), calls)
        .note(format!(
            "no step of `{}` calls `{name}` any more, so its role no longer allows it; a running execution keeps its definition, \
             and has the role as it is now",
            pair.new.head.name
        ))
        .help(ways_out(&pair.old.head.name))
}

/// Reports a function that may now run longer than the old definition waits for it.
fn slower(pair: &Pair<'_>, old: &Function, new: &Function, calls: &[OldCall<'_>]) -> Option<Diagnostic> {
    let (before, now) = (old.timeout.greatest()?, new.timeout.greatest()?);
    // A step with a `timeout` of its own never waited for all of the function's time.
    let waiting: Vec<OldCall<'_>> =
        calls.iter().filter(|call| call.undo || call.step.timeout.is_none()).copied().collect();
    if now <= before || waiting.is_empty() {
        return None;
    }
    let message = format!(
        "`{}` may now take `{now}`, and {} wait `{}` for it",
        new.head.name,
        subject(pair),
        crate::spec::scalar::Duration::seconds(before.seconds + CALL_MARGIN.seconds)
    );
    let diagnostic = Diagnostic::new(Code::EVC1002, new.timeout_span, message)
        .secondary(old.timeout_span, format!("it was `{before}`"))
        .note("their call counts as failed with `Timeout` while the function still runs, and may be tried again beside it");
    Some(diagnostic)
}

/// Reports business errors that are new, and that the old definition does not catch.
fn new_errors(pair: &Pair<'_>, old: &Function, new: &Function, calls: &[OldCall<'_>]) -> Option<Diagnostic> {
    let is_new = |name: &str| old.errors.iter().all(|error| error.name.value != name);
    let uncaught = |name: &str| {
        let error = RetryError::Named(name.to_owned());
        let catches = |call: &OldCall<'_>| call.step.catch.iter().any(|catch| catch.error.value.covers(&error));
        calls.iter().find(|call| call.undo || !catches(call))
    };
    let added: Vec<_> = new
        .errors
        .iter()
        .filter(|error| is_new(&error.name.value))
        .filter_map(|error| Some((error, uncaught(&error.name.value)?)))
        .collect();
    let ((first, call), names) = (added.first()?, added.iter().map(|(error, _)| error.name.as_str()));
    let names: Vec<&str> = names.collect();
    let message =
        format!("`{}` may now fail with {}, which {} do not catch", new.head.name, list(&names), subject(pair));
    Some(
        Diagnostic::new(Code::EVC1002, first.name.span, message)
            .secondary(call.call.span, format!("step `{}` of the old spec calls it", call.step.name))
            .note("an error that no step catches ends the execution"),
    )
}
