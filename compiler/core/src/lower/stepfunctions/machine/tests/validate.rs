//! What Step Functions refuses in a definition, or only finds when an execution gets there: for tests.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

/// Everything wrong with the definition of a state machine: transitions to nowhere, states that nothing leads to, names used
/// twice, `States.ALL` before other errors, variables that are assigned in two nested scopes or read where none has been assigned.
pub(super) fn problems(definition: &Json) -> Vec<String> {
    let mut check = Check { names: BTreeSet::new(), found: Vec::new() };
    check.scope(definition, &BTreeSet::new());
    check.found
}

struct Check {
    names: BTreeSet<String>,
    found: Vec<String>,
}

impl Check {
    fn scope(&mut self, scope: &Json, outer: &BTreeSet<String>) {
        let (Some(start), Some(states)) = (scope["StartAt"].as_str(), scope["States"].as_object()) else {
            self.found.push(format!("no StartAt or no States in {scope}"));
            return;
        };
        let mut assigned = outer.clone();
        for (name, state) in states {
            if !self.names.insert(name.clone()) {
                self.found.push(format!("two states are called {name}"));
            }
            if name.chars().count() > 80 {
                self.found.push(format!("the name {name} is too long"));
            }
            for variable in assignments(state) {
                if outer.contains(&variable) {
                    self.found.push(format!("{name} assigns ${variable} of the outer scope"));
                }
                assigned.insert(variable);
            }
            self.errors(name, state);
        }
        // Before anything was looked at, every variable may be there; routes take away what one of them has not.
        let mut known: BTreeMap<&str, BTreeSet<String>> = BTreeMap::from([(start, outer.clone())]);
        let mut work = vec![start];
        while let Some(name) = work.pop() {
            let Some(state) = states.get(name) else {
                self.found.push(format!("no state {name}"));
                continue;
            };
            let before = known[name].clone();
            for (next, assigns) in transitions(state) {
                let mut after = before.clone();
                after.extend(assigns);
                let met = match known.get(next) {
                    Some(earlier) => earlier & &after,
                    None => after,
                };
                if known.get(next) != Some(&met) {
                    known.insert(next, met);
                    work.push(next);
                }
            }
        }
        for (name, state) in states {
            let Some(before) = known.get(name.as_str()) else {
                self.found.push(format!("nothing leads to {name}"));
                continue;
            };
            for variable in read(state) {
                if assigned.contains(&variable) && !before.contains(&variable) {
                    self.found.push(format!("{name} reads ${variable}, which a route to it has not assigned"));
                }
            }
            for inner in state["Branches"].as_array().into_iter().flatten().chain(state.get("ItemProcessor")) {
                self.scope(inner, before);
            }
        }
    }

    fn errors(&mut self, name: &str, state: &Json) {
        for list in ["Retry", "Catch"] {
            let entries: Vec<&Json> = state[list].as_array().into_iter().flatten().collect();
            for (index, entry) in entries.iter().enumerate() {
                let errors: Vec<&str> =
                    entry["ErrorEquals"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
                if errors.is_empty() {
                    self.found.push(format!("{name}: {list} without errors"));
                }
                if errors.contains(&"States.ALL") && (errors.len() > 1 || index + 1 < entries.len()) {
                    self.found.push(format!("{name}: States.ALL is not alone and last in {list}"));
                }
                let interval = entry["IntervalSeconds"].as_u64().unwrap_or(0);
                if entry["MaxDelaySeconds"].as_u64().is_some_and(|most| most <= interval) {
                    self.found.push(format!("{name}: MaxDelaySeconds is not above IntervalSeconds"));
                }
            }
        }
        if state.get("HeartbeatSeconds").is_some() {
            self.found.push(format!("{name}: nothing sends a heartbeat"));
        }
        if state["Type"] == "Task" && state.get("TimeoutSeconds").is_none() {
            self.found.push(format!("{name}: a task may take 99999999 seconds"));
        }
    }
}

/// The variables that a state assigns, in its catches too.
fn assignments(state: &Json) -> Vec<String> {
    transitions(state).into_iter().flat_map(|(_, assigns)| assigns).chain(keys(&state["Assign"])).collect()
}

/// Where a state goes, with what it assigns on the way.
fn transitions(state: &Json) -> Vec<(&str, Vec<String>)> {
    let own = keys(&state["Assign"]);
    let next = state["Next"].as_str().map(|next| (next, own.clone()));
    let default = state["Default"].as_str().map(|next| (next, own.clone()));
    let inner = |list: &str| state[list].as_array().into_iter().flatten().collect::<Vec<_>>();
    let choices = inner("Choices").into_iter().filter_map(|choice| Some((choice["Next"].as_str()?, own.clone())));
    let caught = inner("Catch").into_iter().filter_map(|catch| Some((catch["Next"].as_str()?, keys(&catch["Assign"]))));
    next.into_iter().chain(default).chain(choices).chain(caught).collect()
}

fn keys(object: &Json) -> Vec<String> {
    object.as_object().into_iter().flat_map(serde_json::Map::keys).cloned().collect()
}

/// The variables that a state's own expressions read; not those of scopes inside.
fn read(state: &Json) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (key, value) in state.as_object().into_iter().flatten() {
        if !["Branches", "ItemProcessor"].contains(&key.as_str()) {
            strings(value, &mut |text| {
                if text.starts_with("{%") {
                    found.extend(variables(text));
                }
            });
        }
    }
    found
}

fn strings(value: &Json, visit: &mut impl FnMut(&str)) {
    match value {
        Json::String(text) => visit(text),
        Json::Array(items) => items.iter().for_each(|item| strings(item, visit)),
        Json::Object(fields) => fields.values().for_each(|field| strings(field, visit)),
        _ => {}
    }
}

fn variables(text: &str) -> impl Iterator<Item = String> {
    text.split('$').skip(1).map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect())
}

#[test]
fn mistakes_are_found() {
    let machine = serde_json::json!({
        "StartAt": "a",
        "States": {
            "a": { "Type": "Task", "Assign": { "x": 1 }, "Catch": [
                { "ErrorEquals": ["States.ALL"], "Next": "b" }, { "ErrorEquals": ["E"], "Next": "b" }
            ], "Next": "c" },
            "b": { "Type": "Pass", "Output": "{% $x %}", "Next": "nowhere" },
            "alone": { "Type": "Succeed" },
            "c": { "Type": "Parallel", "Branches": [
                { "StartAt": "b", "States": { "b": { "Type": "Pass", "Assign": { "x": 1 }, "End": true } } }
            ], "End": true },
        },
    });
    let mut found = problems(&machine);
    found.sort();
    let expected = [
        "a: States.ALL is not alone and last in Catch",
        "a: a task may take 99999999 seconds",
        "b assigns $x of the outer scope",
        "b reads $x, which a route to it has not assigned",
        "no state nowhere",
        "nothing leads to alone",
        "two states are called b",
    ];
    assert_eq!(found, expected);
}
