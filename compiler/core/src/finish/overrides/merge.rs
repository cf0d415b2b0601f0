//! How an override joins the properties that evc wrote. What evc derives from the spec survives: permissions, patterns and tags are added
//! to, or it is an error that says how to add.
//!
//! Maps are merged, key by key. Lists of items that have a name are merged by it; statements of policies are added. `null` removes,
//! anything else replaces.

use std::collections::HashMap;

use crate::diagnostics::{Code, Diagnostic};
use crate::finish::raw::Raw;
use crate::plan::value::Map;
use crate::plan::value::Value;
use crate::source::Span;
use crate::yaml::{Entry, Node, NodeKind};

/// Lists whose items have names, each with the property that is the name.
const NAMED: [(&str, &str); 5] = [
    ("AttributeDefinitions", "AttributeName"),
    ("GlobalSecondaryIndexes", "IndexName"),
    ("Policies", "PolicyName"),
    ("Tags", "Key"),
    ("Targets", "Id"),
];

/// Lists that are added to.
const ADDED: [&str; 2] = ["ManagedPolicyArns", "Statement"];

/// What must not get lost, with how to add to it.
const DERIVED: [(&str, &str); 8] = [
    ("AssumeRolePolicyDocument", "give it a `Statement` to add"),
    (
        "EventPattern",
        "say in the rule which events it is for: `event`, `where` or `pattern`; fields that it does not ask for yet can be added here",
    ),
    ("Environment", "give it `Variables` to add"),
    ("Policies", "list the policies to add, each with a `PolicyName` and a `PolicyDocument`"),
    ("PolicyDocument", "give it a `Statement` to add"),
    ("Statement", "list the statements to add"),
    ("Targets", "list the targets to add, or to change by their `Id`"),
    ("Variables", "give it the variables to add"),
];

/// What may be replaced by some values alone: others would break what relies on it.
const RELIES: [Relies; 2] = [
    Relies {
        property: "StreamViewType",
        breaks: |view| matches!(view, "KEYS_ONLY" | "OLD_IMAGE"),
        help: "who reads the stream needs the new image: `NEW_IMAGE` or `NEW_AND_OLD_IMAGES`",
    },
    Relies {
        property: "Runtime",
        breaks: |runtime| !runtime.starts_with("provided"),
        help: "the handler is a binary, which `provided.al2023` runs",
    },
];

/// A property on which something relies.
struct Relies {
    property: &'static str,
    breaks: fn(&str) -> bool,
    help: &'static str,
}

/// Properties that name the role of a thing. Another role has none of the rights that evc derives.
const ROLES: [&str; 2] = ["Role", "RoleArn"];

/// Where in a resource a merge is.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// What is changed, as messages say it.
    of: &'a str,
    /// Whether this is inside of a pattern of events, where every leaf is derived.
    in_pattern: bool,
    /// Whether this is among the variables of a function's environment, which its handler reads.
    in_variables: bool,
}

impl<'a> Place<'a> {
    /// The properties themselves.
    pub(super) fn top(of: &'a str) -> Self {
        Self { of, in_pattern: false, in_variables: false }
    }
}

/// Merges entries of the spec into a map of the plan.
pub(super) fn merge(into: &mut Map, from: &[Entry], place: Place<'_>, raw: &mut Raw<'_, '_>) {
    for entry in from {
        let key = entry.key.text.as_str();
        let Some(there) = into.get_mut(key) else {
            if let Some(value) = raw.value(&entry.value) {
                into.insert(key.to_owned(), value);
            }
            continue;
        };
        let inner =
            Place { in_pattern: place.in_pattern || key == "EventPattern", in_variables: key == "Variables", ..place };
        match (&mut *there, &entry.value.kind) {
            (Value::Map(map), NodeKind::Mapping(mapping)) if !is_function(&entry.value) && !is_function_value(map) => {
                merge(map, &mapping.entries, inner, raw);
            }
            (Value::List(list), NodeKind::Sequence(items)) if adds(key) => add(list, key, items, inner, raw),
            (Value::List(list), NodeKind::Mapping(_)) if key == "Statement" && !is_function(&entry.value) => {
                list.extend(raw.value(&entry.value));
            }
            (_, kind) => match lost(key, &entry.value, there, place, raw) {
                Some(diagnostic) => raw.diagnostics.push(diagnostic),
                None if matches!(kind, NodeKind::Null) => {
                    into.shift_remove(key);
                }
                None => {
                    if let Some(value) = raw.value(&entry.value) {
                        into.insert(key.to_owned(), value);
                    }
                }
            },
        }
    }
}

/// Whether a list of this name is added to.
fn adds(key: &str) -> bool {
    ADDED.contains(&key) || NAMED.iter().any(|(list, _)| *list == key)
}

/// Adds items to a list: those with the name of one that is there are merged into it.
fn add(list: &mut Vec<Value>, key: &str, items: &[Node], place: Place<'_>, raw: &mut Raw<'_, '_>) {
    let Some((_, name)) = NAMED.iter().find(|(list, _)| *list == key) else {
        for value in items.iter().filter_map(|item| raw.value(item)) {
            if !list.contains(&value) {
                list.push(value);
            }
        }
        return;
    };
    let mut at: HashMap<String, usize> = HashMap::new();
    for (index, item) in list.iter().enumerate() {
        at.extend(called(item, name).map(|called| (called, index)));
    }
    for item in items {
        let Some(value) = raw.value(item) else { continue };
        let called = called(&value, name);
        let there = called.as_ref().and_then(|called| at.get(called)).and_then(|index| list.get_mut(*index));
        if let (Some(Value::Map(there)), NodeKind::Mapping(mapping)) = (there, &item.kind) {
            merge(there, &mapping.entries, place, raw);
        } else {
            at.extend(called.map(|called| (called, list.len())));
            list.push(value);
        }
    }
}

/// The name of an item, if it is text.
fn called(item: &Value, name: &str) -> Option<String> {
    let Value::Map(entries) = item else { return None };
    if let Some(Value::String(called)) = entries.get(name) { Some(called.clone()) } else { None }
}

/// Why a value must not be replaced or removed: it is derived from the spec.
fn lost(key: &str, value: &Node, there: &Value, place: Place<'_>, raw: &mut Raw<'_, '_>) -> Option<Diagnostic> {
    let (_, pattern) = DERIVED[1];
    let help = match DERIVED.iter().find(|(derived, _)| *derived == key) {
        Some((_, help)) => help,
        None if place.in_pattern => pattern,
        None if place.in_variables && (matches!(value.kind, NodeKind::Null) || refers(there)) => {
            "the handler reads it: add variables of other names"
        }
        None if ROLES.contains(&key) && refers(there) => {
            "change the role instead, which has a name of its own: `functions.pay.role`, `workflows.fulfil.role`"
        }
        None if let Some(help) = relies(key, value, there) => help,
        // Without tags is said on purpose; other tags are added.
        None if key == "Tags" && !matches!(value.kind, NodeKind::Null) => {
            "list the tags to add, as CloudFormation writes them for this type"
        }
        None => return None,
    };
    if !matches!(value.kind, NodeKind::Null) && raw.value(value).as_ref() == Some(there) {
        return None;
    }
    Some(report(key, value.span, place.of, help))
}

/// What relies on a property as it is, if another value is not among those that it may have as well.
fn relies(key: &str, value: &Node, there: &Value) -> Option<&'static str> {
    let relies = RELIES.iter().find(|relies| relies.property == key)?;
    let Value::String(there) = there else { return None };
    let is_broken = match &value.kind {
        NodeKind::Scalar(scalar) => (relies.breaks)(&scalar.text),
        NodeKind::Null => true,
        NodeKind::Mapping(_) | NodeKind::Sequence(_) | NodeKind::Error => false,
    };
    (is_broken && !(relies.breaks)(there)).then_some(relies.help)
}

/// Whether a value is a reference to a resource.
fn refers(value: &Value) -> bool {
    let value = if let Value::Because(_, inner) = value { inner } else { value };
    matches!(value, Value::Ref(_) | Value::Attribute(..))
}

fn report(key: &str, span: Span, of: &str, help: &str) -> Diagnostic {
    Diagnostic::new(Code::EVC0113, span, format!("`{key}` of {of} would lose what evc derives from the spec"))
        .note("an override adds to it")
        .help(help)
}

/// Whether a map is a call of an intrinsic function in its long form, such as `{Ref: OrdersTable}`.
fn is_function(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Mapping(mapping) => match mapping.entries.as_slice() {
            [only] => is_name_of_function(&only.key.text),
            _ => false,
        },
        NodeKind::Sequence(_) | NodeKind::Scalar(_) | NodeKind::Null | NodeKind::Error => false,
    }
}

fn is_function_value(map: &Map) -> bool {
    map.len() == 1 && map.keys().all(is_name_of_function)
}

fn is_name_of_function(key: &str) -> bool {
    matches!(key, "Ref" | "ref") || key.starts_with("Fn::")
}
