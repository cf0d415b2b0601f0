//! Retriers and catchers: those that are never looked at, and names of errors that there are not.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>

use evc_interface::error::states;

use super::states::{Machine, State, literal};
use crate::audit::template::Node;
use crate::diagnostics::{Code, Diagnostic};

const ALL: &str = states::ALL;

/// Matches every error but timeouts. Same page.
const FAILED: &str = states::TASK_FAILED;

/// The errors of Step Functions itself; further ones start with `States.Http.`.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-error-representation>
const KNOWN: [&str; 16] = [
    ALL,
    "States.BranchFailed",
    states::DATA_LIMIT,
    "States.ExceedToleratedFailureThreshold",
    "States.HeartbeatTimeout",
    "States.Http.Socket",
    "States.IntrinsicFailure",
    "States.ItemReaderFailed",
    states::NO_CHOICE,
    "States.ParameterPathFailure",
    "States.Permissions",
    states::QUERY,
    "States.ResultPathMatchFailure",
    "States.ResultWriterFailed",
    states::RUNTIME,
    FAILED,
];

/// The one of them that `States.TaskFailed` does not stand for.
const TIMEOUT: &str = states::TIMEOUT;

pub(super) fn check(machine: &Machine<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for state in machine.states() {
        for (list, what) in [("Retry", "retrier"), ("Catch", "catcher")] {
            if let Some(items) = state.get(list).and_then(Node::as_list) {
                of_list(machine, state, what, items, diagnostics);
            }
        }
    }
}

/// Whether a state of type `Fail` has this error.
fn is_thrown(machine: &Machine<'_>, name: &str) -> bool {
    machine.states().any(|state| state.get("Error").and_then(Node::as_text) == Some(name))
}

fn of_list<'m>(
    machine: &Machine<'_>,
    state: &State<'_>,
    what: &str,
    items: &'m [Node<'m>],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut earlier: Vec<(&str, &Node<'_>)> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let Some(errors) = item.get("ErrorEquals").and_then(Node::as_list) else { continue };
        let is_last = at + 1 == items.len();
        for error in errors {
            let Some(name) = literal(error) else { continue };
            let place = machine.place(error);
            let of = &state.name.text;
            if name == ALL {
                if errors.len() > 1 || !is_last {
                    let problem = if errors.len() > 1 { "with others" } else { "before another" };
                    let message = format!("`{ALL}` stands {problem} in a {what} of state `{of}`");
                    let diagnostic = Diagnostic::new(Code::EVC1089, place, message);
                    diagnostics
                        .push(diagnostic.note(format!(
                            "it stands alone, in the last {what}; Step Functions refuses anything else"
                        )));
                    return;
                }
            } else if name.starts_with("States.")
                && !name.starts_with("States.Http.")
                && !KNOWN.contains(&name)
                && name != TIMEOUT
                && !is_thrown(machine, name)
            {
                let message = format!("`{name}` is no error of Step Functions");
                let diagnostic = Diagnostic::new(Code::EVC1091, place, message);
                let known = KNOWN.iter().copied().chain([TIMEOUT]);
                diagnostics.push(match crate::diagnostics::nearest(name, &known.collect::<Vec<_>>()) {
                    Some(nearest) => diagnostic.help(format!("did you mean `{nearest}`?")),
                    None => diagnostic.note("names that start with `States.` are those of Step Functions alone"),
                });
            }
        }
        shadowed(machine, state, what, errors, &earlier, diagnostics);
        earlier.extend(errors.iter().filter_map(|error| Some((literal(error)?, error))));
    }
}

/// Reports errors that an earlier one takes. That a retrier names one again beside others changes nothing.
fn shadowed(
    machine: &Machine<'_>,
    state: &State<'_>,
    what: &str,
    errors: &[Node<'_>],
    earlier: &[(&str, &Node<'_>)],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let found = errors.iter().filter_map(|error| {
        let name = literal(error)?;
        let takes = |other: &str| other == name || other == FAILED && !name.starts_with("States.");
        let (other, by) = earlier.iter().find(|(other, _)| takes(other))?;
        Some((error, name, *other, *by))
    });
    let found: Vec<_> = found.collect();
    let all = found.len() == errors.len();
    for (error, name, other, by) in found {
        if what == "retrier" && name == other && !all {
            continue;
        }
        let message =
            format!("a {what} of state `{}` never sees `{name}`, which an earlier one takes", state.name.text);
        diagnostics.push(
            Diagnostic::new(Code::EVC1090, machine.place(error), message)
                .secondary(machine.place(by), format!("`{other}` comes first"))
                .help(format!("put the {what} of `{name}` before it, or take it out")),
        );
    }
}
