//! What changed inside of a workflow: safe for executions in flight, and good to know.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Pair;
use crate::diagnostics::{Code, Diagnostic, list};
use crate::lower::stepfunctions::machine::{definitions, machines};
use crate::model::{Model, Workflow};

/// The definitions of a system's workflows, by their names, less what is for people.
pub(super) fn of_all(model: &Model) -> BTreeMap<String, Json> {
    let machines = machines(model).into_iter().map(|machine| (machine.file, machine.definition));
    let all = machines.chain(definitions(model).into_iter().map(|definition| (definition.file, definition.json)));
    all.map(|(name, mut definition)| {
        strip_comments(&mut definition);
        (name, definition)
    })
    .collect()
}

/// Says what executions in flight do not have, by the definitions of both systems.
pub(super) fn note(
    pair: &Pair<'_>,
    before: &BTreeMap<String, Json>,
    now: &BTreeMap<String, Json>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let name = &pair.old.head.name;
    let (Some(old), Some(new)) = (before.get(name), now.get(name)) else { return };
    if old == new {
        return;
    }
    let (before, now) = (names(pair.old), names(pair.new));
    let machine = |definition: &Json| states(definition.get("machine").unwrap_or(definition));
    let (old_states, new_states) = (machine(old), machine(new));
    let missing_in = |names: &[String], others: &[String]| -> Vec<String> {
        names.iter().filter(|name| !others.contains(name)).cloned().collect()
    };
    let changed: Vec<String> = now
        .iter()
        .filter(|name| before.contains(name) && old_states.get(name.as_str()) != new_states.get(name.as_str()))
        .cloned()
        .collect();
    let parts: Vec<String> = [
        part("added", &missing_in(&now, &before)),
        part("removed", &missing_in(&before, &now)),
        part("changed", &changed),
    ]
    .into_iter()
    .flatten()
    .collect();
    let what = if parts.is_empty() { "its steps are the same".to_owned() } else { parts.join("; ") };
    let message = format!("executions in flight of `{}` go on with the old definition", pair.new.head.name);
    diagnostics.push(Diagnostic::new(Code::EVC1003, pair.new.head.name_span, message).label(what));
}

/// "added steps" and their names.
fn part(what: &str, names: &[String]) -> Option<String> {
    let shown: Vec<&str> = names.iter().map(String::as_str).collect();
    match shown.len() {
        0 => None,
        1 => Some(format!("{what} step {}", list(&shown))),
        _ => Some(format!("{what} steps {}", list(&shown))),
    }
}

/// The names of all steps, as written.
fn names(workflow: &Workflow) -> Vec<String> {
    let mut names = Vec::new();
    workflow.body.walk(&mut |step| names.push(step.name.clone()));
    names
}

fn strip_comments(value: &mut Json) {
    match value {
        Json::Object(fields) => {
            // A field of a payload may have this name too, and is then not a text of the definition alone.
            if fields.contains_key("Type") || fields.contains_key("States") {
                fields.shift_remove("Comment");
            }
            fields.values_mut().for_each(strip_comments);
        }
        Json::Array(items) => items.iter_mut().for_each(strip_comments),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

/// Every state by name, without the states inside of it.
fn states(definition: &Json) -> BTreeMap<String, Json> {
    let mut found = BTreeMap::new();
    collect(definition, &mut found);
    found
}

fn collect(within: &Json, found: &mut BTreeMap<String, Json>) {
    if let Some(Json::Object(states)) = within.get("States") {
        for (name, state) in states {
            let mut own = state.clone();
            if let Json::Object(fields) = &mut own {
                fields.shift_remove("Branches");
                fields.shift_remove("ItemProcessor");
            }
            found.insert(name.clone(), own);
            for branch in state.get("Branches").and_then(Json::as_array).into_iter().flatten() {
                collect(branch, found);
            }
            if let Some(processor) = state.get("ItemProcessor") {
                collect(processor, found);
            }
        }
    }
}
