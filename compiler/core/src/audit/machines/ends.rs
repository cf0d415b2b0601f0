//! States after which it is not said what comes, and those that say more than one thing.

use super::states::{Machine, State};
use crate::audit::template::Node;
use crate::diagnostics::{Code, Diagnostic};

pub(super) fn check(machine: &Machine<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for state in machine.states() {
        match state.type_ {
            Some("Task" | "Pass" | "Wait" | "Parallel" | "Map") => goes_on(state, diagnostics),
            Some("Choice") => chooses(machine, state, diagnostics),
            _ => {}
        }
        for list in ["Catch"] {
            for item in state.get(list).and_then(Node::as_list).into_iter().flatten() {
                if item.as_map().is_some() && item.get("Next").is_none() {
                    let message = format!("a catcher of state `{}` has no `Next`", state.name.text);
                    diagnostics.push(Diagnostic::new(Code::EVC1087, machine.place(item), message));
                }
            }
        }
    }
}

fn goes_on(state: &State<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let name = &state.name.text;
    match (state.get("Next"), state.get("End")) {
        (Some(_), Some(end)) if end.as_bool() != Some(false) => {
            let message = format!("state `{name}` has a `Next`, and it is the end");
            let diagnostic = Diagnostic::new(Code::EVC1087, state.place_of("End"), message);
            let diagnostic = diagnostic.secondary(state.place_of("Next"), "what comes after it");
            diagnostics.push(diagnostic.help("leave one of the two out"));
        }
        (None, None) => {
            let message = format!("state `{name}` has neither `Next` nor `End`");
            let diagnostic = Diagnostic::new(Code::EVC1087, state.place, message);
            diagnostics.push(diagnostic.help("`Next: ..`, or `End: true` if nothing comes after it"));
        }
        (None, Some(end)) if end.as_bool() == Some(false) => {
            let message = format!("state `{name}` has no `Next`, and is not the end");
            diagnostics.push(Diagnostic::new(Code::EVC1087, state.place_of("End"), message));
        }
        (Some(_), Some(_) | None) | (None, Some(_)) => {}
    }
}

fn chooses(machine: &Machine<'_>, state: &State<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let Some(rules) = state.get("Choices").and_then(Node::as_list) else { return };
    for rule in rules {
        if rule.as_map().is_some() && rule.get("Next").is_none() {
            let message = format!("a rule of choice `{}` has no `Next`", state.name.text);
            diagnostics.push(Diagnostic::new(Code::EVC1087, machine.place(rule), message));
        }
    }
    if state.get("Default").is_none() && !rules.is_empty() {
        let message = format!("choice `{}` has no `Default`", state.name.text);
        diagnostics.push(
            Diagnostic::new(Code::EVC1095, state.place, message)
                .note("an execution for which no rule holds fails with `States.NoChoiceMatched`, which nothing can catch here")
                .help("`Default: ..`, if need be a state of type `Fail` that says why"),
        );
    }
}
