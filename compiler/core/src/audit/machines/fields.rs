//! Types of states, and the fields that each has in the language it is written in.
//!
//! <https://states-language.net/spec.html#state-type-table>, <https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html>

use super::states::{Group, Language, Machine, State};
use crate::audit::template::{Kind, Node};
use crate::audit::text::UNKNOWN;
use crate::diagnostics::{Code, Diagnostic, list, nearest};

/// A field of some types of states.
struct Field {
    name: &'static str,
    /// The types that have it; none for all.
    of: &'static [&'static str],
    /// The language that has it; none for both.
    language: Option<Language>,
}

const TYPES: [&str; 8] = ["Choice", "Fail", "Map", "Parallel", "Pass", "Succeed", "Task", "Wait"];

const PATH: Option<Language> = Some(Language::Path);
const JSONATA: Option<Language> = Some(Language::Jsonata);

const FLOWING: &[&str] = &["Task", "Parallel", "Map", "Pass", "Wait", "Choice", "Succeed"];
const WORKING: &[&str] = &["Task", "Parallel", "Map"];

const fn field(name: &'static str, of: &'static [&'static str], language: Option<Language>) -> Field {
    Field { name, of, language }
}

/// Every field. Same pages.
const FIELDS: [Field; 50] = [
    field("Type", &[], None),
    field("Comment", &[], None),
    field("QueryLanguage", &[], None),
    field("Next", &["Task", "Parallel", "Map", "Pass", "Wait"], None),
    field("End", &["Task", "Parallel", "Map", "Pass", "Wait"], None),
    field("InputPath", FLOWING, PATH),
    field("OutputPath", FLOWING, PATH),
    field("Output", FLOWING, JSONATA),
    field("Assign", &["Task", "Parallel", "Map", "Pass", "Wait", "Choice"], None),
    field("Parameters", &["Task", "Parallel", "Map", "Pass"], PATH),
    field("ResultPath", &["Task", "Parallel", "Map", "Pass"], PATH),
    field("ResultSelector", WORKING, PATH),
    field("Arguments", &["Task", "Parallel"], JSONATA),
    field("Retry", WORKING, None),
    field("Catch", WORKING, None),
    field("Resource", &["Task"], None),
    field("Credentials", &["Task"], None),
    field("TimeoutSeconds", &["Task"], None),
    field("TimeoutSecondsPath", &["Task"], PATH),
    field("HeartbeatSeconds", &["Task"], None),
    field("HeartbeatSecondsPath", &["Task"], PATH),
    field("Result", &["Pass"], PATH),
    field("Choices", &["Choice"], None),
    field("Default", &["Choice"], None),
    field("Seconds", &["Wait"], None),
    field("SecondsPath", &["Wait"], PATH),
    field("Timestamp", &["Wait"], None),
    field("TimestampPath", &["Wait"], PATH),
    field("Error", &["Fail"], None),
    field("ErrorPath", &["Fail"], PATH),
    field("Cause", &["Fail"], None),
    field("CausePath", &["Fail"], PATH),
    field("Branches", &["Parallel"], None),
    field("Iterator", &["Map"], None),
    field("ItemProcessor", &["Map"], None),
    field("ItemsPath", &["Map"], PATH),
    field("Items", &["Map"], JSONATA),
    field("ItemSelector", &["Map"], None),
    field("ItemReader", &["Map"], None),
    field("ItemBatcher", &["Map"], None),
    field("ResultWriter", &["Map"], None),
    field("MaxConcurrency", &["Map"], None),
    field("MaxConcurrencyPath", &["Map"], PATH),
    field("ToleratedFailurePercentage", &["Map"], None),
    field("ToleratedFailurePercentagePath", &["Map"], PATH),
    field("ToleratedFailureCount", &["Map"], None),
    field("ToleratedFailureCountPath", &["Map"], PATH),
    field("Label", &["Map"], None),
    // Puts results of all branches or items together on other engines, and is in no table: never told.
    field("ProcessorConfig", &[], None),
    field("Version", &[], None),
];

/// What a state of a type has to have one of.
const REQUIRED: [(&str, &[&str]); 5] = [
    ("Choice", &["Choices"]),
    ("Map", &["ItemProcessor", "Iterator"]),
    ("Parallel", &["Branches"]),
    ("Task", &["Resource"]),
    ("Wait", &["Seconds", "SecondsPath", "Timestamp", "TimestampPath"]),
];

pub(super) fn check(machine: &Machine<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for group in &machine.groups {
        strays(machine, group, diagnostics);
    }
    for state in machine.states() {
        // What a function gives may have anything.
        if state.map.entries.iter().any(|entry| entry.key.text.starts_with("Fn::")) {
            continue;
        }
        let name = &state.name.text;
        let Some(type_) = state.get("Type") else {
            let message = format!("state `{name}` has no `Type`");
            diagnostics.push(
                Diagnostic::new(Code::EVC1088, state.place, message).help(format!("it is one of {}", list(&TYPES))),
            );
            continue;
        };
        let Some(known) = type_.as_text().filter(|text| !text.contains(UNKNOWN)) else { continue };
        if TYPES.contains(&known) {
            of_type(machine, state, known, diagnostics);
            continue;
        }
        let message = format!("`{known}` is no type of state");
        let diagnostic = Diagnostic::new(Code::EVC1088, machine.place(type_), message);
        diagnostics.push(match nearest(known, &TYPES) {
            Some(nearest) => diagnostic.help(format!("did you mean `{nearest}`?")),
            None => diagnostic.help(format!("it is one of {}", list(&TYPES))),
        });
    }
}

/// Reports what stands among the states and is none.
fn strays(machine: &Machine<'_>, group: &Group<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for entry in group.node.get("States").and_then(Node::as_map).into_iter().flat_map(|states| &states.entries) {
        if matches!(entry.value.kind, Kind::Map(_) | Kind::Call(_) | Kind::Error) {
            continue;
        }
        let place = entry.key.place.unwrap_or_else(|| machine.place(&entry.value));
        let message = format!("`{}` among the `States` is no state, but {}", entry.key.text, entry.value.describe());
        let diagnostic = Diagnostic::new(Code::EVC1088, place, message);
        diagnostics.push(match &*entry.key.text {
            "QueryLanguage" | "Comment" | "TimeoutSeconds" | "StartAt" | "Version" => {
                diagnostic.help("it stands beside `States`")
            }
            _ => diagnostic,
        });
    }
}

fn of_type(machine: &Machine<'_>, state: &State<'_>, type_: &str, diagnostics: &mut Vec<Diagnostic>) {
    let name = &state.name.text;
    let article = if type_.starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" };
    let has = |field: &&Field| field.of.is_empty() || field.of.contains(&type_);
    let mut told = false;
    for entry in &state.map.entries {
        let key = &*entry.key.text;
        let place = entry.key.place.unwrap_or(state.place);
        let message = match FIELDS.iter().find(|field| field.name == key) {
            Some(field) if !has(&field) => {
                format!("state `{name}` is {article} {type_}, which has no `{key}`")
            }
            Some(Field { language: Some(Language::Path), .. }) if state.language == Language::Jsonata => {
                format!("state `{name}` is written in JSONata, which has no `{key}`")
            }
            Some(Field { language: Some(Language::Jsonata), .. }) if state.language == Language::Path => {
                format!("state `{name}` is written in JSONPath, which has no `{key}`")
            }
            Some(_) => continue,
            None => {
                let known: Vec<&str> = FIELDS.iter().filter(has).map(|field| field.name).collect();
                let message = format!("state `{name}` has a field `{key}`, which there is not");
                let diagnostic = Diagnostic::new(Code::EVC1088, place, message);
                diagnostics.push(match nearest(key, &known) {
                    Some(nearest) => diagnostic.help(format!("did you mean `{nearest}`?")),
                    None => diagnostic,
                });
                told = true;
                continue;
            }
        };
        told = true;
        let diagnostic = Diagnostic::new(Code::EVC1088, place, message);
        diagnostics.push(match (key, state.language) {
            ("Parameters", Language::Jsonata) => diagnostic.help("`Arguments` has what a task is given"),
            ("Arguments", Language::Path) => {
                diagnostic.help("`Parameters` has what a task is given; or `QueryLanguage: JSONata`")
            }
            ("Output", Language::Path) => {
                diagnostic.help("`QueryLanguage: JSONata`, or `ResultSelector` and `OutputPath`")
            }
            ("Next" | "End", _) if type_ == "Choice" => {
                diagnostic.help("each of its rules has a `Next`, and there is a `Default`")
            }
            _ => diagnostic,
        });
    }
    let required = REQUIRED.iter().find(|(of, _)| *of == type_);
    if let Some((_, fields)) = required.filter(|(_, fields)| fields.iter().all(|field| state.get(field).is_none()))
        && !told
    {
        let wanted: Vec<&str> = fields
            .iter()
            .copied()
            .filter(|field| !field.ends_with("Path") || state.language == Language::Path)
            .collect();
        let what =
            if let [only] = wanted.as_slice() { format!("`{only}`") } else { format!("any of {}", list(&wanted)) };
        let message = format!("state `{name}` is {article} {type_} without {what}");
        diagnostics.push(Diagnostic::new(Code::EVC1088, state.place, message));
    }
    if let Some(choices) = state.get("Choices")
        && choices.as_list().is_some_and(<[Node<'_>]>::is_empty)
    {
        let message = format!("choice `{name}` has no rules");
        diagnostics.push(Diagnostic::new(Code::EVC1088, machine.place(choices), message));
    }
    for (field, wants) in [
        ("Next", "text"),
        ("Default", "text"),
        ("Retry", "a list"),
        ("Catch", "a list"),
        ("Choices", "a list"),
        ("Branches", "a list"),
    ] {
        let Some(node) = state.get(field) else { continue };
        let fits = match &node.kind {
            Kind::Call(_) | Kind::Error => true,
            Kind::Text(_) => wants == "text",
            Kind::List(_) => wants == "a list",
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Map(_) => false,
        };
        if !fits {
            let message = format!("`{field}` of state `{name}` is {wants}, found {}", node.describe());
            diagnostics.push(Diagnostic::new(Code::EVC1088, machine.place(node), message));
        }
    }
}
