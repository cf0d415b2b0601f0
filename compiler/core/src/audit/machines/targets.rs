//! States that are named and not there, and states that nothing leads to.

use std::collections::BTreeSet;

use super::states::{Group, Machine, literal};
use crate::audit::template::{Kind, Node};
use crate::diagnostics::{Code, Diagnostic, nearest};

pub(super) fn check(machine: &Machine<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for group in &machine.groups {
        if all_known(machine, group, diagnostics) {
            unreachable(group, diagnostics);
        }
    }
}

/// Reports targets that are no state of the group. Gives whether all of them are known.
fn all_known(machine: &Machine<'_>, group: &Group<'_>, diagnostics: &mut Vec<Diagnostic>) -> bool {
    let known: Vec<&str> = group.states.iter().map(|state| &*state.name.text).collect();
    // States that a function makes are not known.
    let all = group.node.get("States").and_then(Node::as_map).is_some_and(|states| {
        states.entries.iter().all(|entry| !matches!(entry.value.kind, Kind::Call(_) | Kind::Error))
    });
    let Some(start) = group.node.get("StartAt") else {
        let place = machine.place(group.node);
        let what = group.inside.map_or_else(
            || format!("state machine `{}`", machine.id),
            |state| format!("what is inside of state `{state}`"),
        );
        let diagnostic = Diagnostic::new(Code::EVC1085, place, format!("{what} has no `StartAt`"));
        diagnostics.push(diagnostic.help("it names the state that comes first"));
        return false;
    };
    let from = group.states.iter().flat_map(|state| {
        let targets = state.targets().into_iter();
        targets.map(move |(field, node)| (format!("`{field}` of state `{}`", state.name.text), node))
    });
    let mut all_known = all;
    for (what, node) in [("`StartAt`".to_owned(), start)].into_iter().chain(from) {
        let Some(name) = literal(node) else {
            all_known = false;
            continue;
        };
        if known.contains(&name) || !all {
            continue;
        }
        all_known = false;
        let place = machine.place(node);
        let message = format!("{what} names state `{name}`, which is not there");
        let mut diagnostic = Diagnostic::new(Code::EVC1085, place, message);
        let elsewhere = machine.groups.iter().find(|other| other.states.iter().any(|state| state.name.text == name));
        diagnostic = match elsewhere {
            Some(Group { inside: Some(state), .. }) => {
                diagnostic.note(format!("it is inside of state `{state}`, where nothing outside can lead"))
            }
            Some(Group { inside: None, .. }) => {
                diagnostic.note("it is outside, where nothing in a branch or a map can lead")
            }
            None => match nearest(name, &known) {
                Some(nearest) => diagnostic.help(format!("did you mean `{nearest}`?")),
                None => diagnostic,
            },
        };
        diagnostics.push(diagnostic);
    }
    all_known
}

/// Reports states that no other leads to. Of several that lead to each other only, the first.
fn unreachable(group: &Group<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let targets: Vec<(&str, Vec<&str>)> = group
        .states
        .iter()
        .map(|state| (&*state.name.text, state.targets().into_iter().filter_map(|(_, node)| literal(node)).collect()))
        .collect();
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    let mut reach = |from: &str| {
        let mut work: Vec<&str> = targets.iter().filter(|(name, _)| *name == from).map(|(name, _)| *name).collect();
        while let Some(next) = work.pop() {
            if reached.insert(next) {
                work.extend(targets.iter().filter(|(name, _)| *name == next).flat_map(|(_, to)| to));
            }
        }
        reached.clone()
    };
    let Some(start) = group.node.get("StartAt").and_then(literal) else { return };
    let mut seen = reach(start);
    // First what nothing at all leads to, so that what follows it is not told again; then circles.
    let is_led_to = |name: &str| targets.iter().any(|(from, to)| *from != name && to.contains(&name));
    for circles in [false, true] {
        for state in &group.states {
            let name = &*state.name.text;
            if seen.contains(name) || is_led_to(name) != circles {
                continue;
            }
            let message = format!("nothing leads to state `{name}`");
            diagnostics.push(
                Diagnostic::new(Code::EVC1086, state.place, message)
                    .note("Step Functions refuses a definition with a state that cannot be reached")
                    .help("let a state have it as its `Next`, or take it out"),
            );
            seen = reach(name);
        }
    }
}
