//! The policy of a function: a statement for each rule and each route that invokes it, which are one for each bus and each API where they
//! would be too many.

use indexmap::IndexMap;

use super::super::bytes::Estimate;
use crate::plan::builder::Builder;
use crate::plan::value::{Part, Value, text};
use crate::plan::{LogicalId, Resource, arn};

const PERMISSION: &str = "AWS::Lambda::Permission";

/// What stands around the statements.
const DOCUMENT: usize = r#"{"Version":"2012-10-17","Id":"default","Statement":[]}"#.len();

/// The bytes of the policy of each function that has one.
pub(super) fn bytes(b: &Builder<'_>, estimate: &Estimate) -> IndexMap<LogicalId, usize> {
    let mut found: IndexMap<LogicalId, usize> = IndexMap::new();
    for (id, permission) in permissions(b) {
        if let Some(function) = function(permission) {
            *found.entry(function.clone()).or_insert(DOCUMENT) += estimate.permission(b, id, permission);
        }
    }
    found
}

/// The functions whose policies are larger than this.
pub(super) fn too_large(b: &Builder<'_>, estimate: &Estimate, most: usize) -> Vec<LogicalId> {
    bytes(b, estimate).into_iter().filter(|(_, bytes)| *bytes > most).map(|(function, _)| function).collect()
}

/// Makes one permission of those of the rules of each bus, and one of those of the routes of each API. Other rules of the account could
/// invoke the function by it, which only who may make rules for it can have.
pub(super) fn merge(b: &mut Builder<'_>, of: &LogicalId) {
    let mut groups: IndexMap<String, (Value, Vec<LogicalId>)> = IndexMap::new();
    for (id, permission) in permissions(b) {
        if function(permission) == Some(of)
            && let Some((name, source)) = whole(b, permission)
        {
            groups.entry(name).or_insert_with(|| (source, Vec::new())).1.push(id.clone());
        }
    }
    for (name, (source, ids)) in groups.into_iter().filter(|(_, (_, ids))| ids.len() > 1) {
        let Some(first) = ids.first().and_then(|id| b.plan.resources.get(id)) else { continue };
        let mut merged = first.clone();
        merged.origin = format!("{}, for all {} of {name}", merged.origin, ids.len());
        merged.properties.insert("SourceArn".to_owned(), source);
        let new = LogicalId::new([of.as_str(), &name, "permission"]);
        let resources = std::mem::take(&mut b.plan.resources);
        for (id, resource) in resources {
            if ids.first() == Some(&id) {
                b.plan.resources.insert(new.clone(), merged.clone());
            } else if !ids.contains(&id) {
                b.plan.resources.insert(id, resource);
            }
        }
    }
}

/// What all permissions of the same bus or API have in common: what it is called, and the ARN of all its rules or routes.
fn whole(b: &Builder<'_>, permission: &Resource) -> Option<(String, Value)> {
    match permission.properties.get("SourceArn")? {
        Value::Attribute(rule, "Arn") => {
            let rule = b.plan.resources.get(rule).filter(|resource| resource.type_ == "AWS::Events::Rule")?;
            Some(of_bus(rule.properties.get("EventBusName")?))
        }
        Value::Text(parts) => {
            let at = parts.iter().position(|part| matches!(part, Part::Ref(_)))?;
            let Part::Ref(api) = &parts[at] else { return None };
            let is_api = |part: &Part| matches!(part, Part::Literal(text) if text.contains("execute-api"));
            let all = parts[..=at].iter().cloned().chain([Part::Literal("/*".to_owned())]);
            parts.iter().any(is_api).then(|| (format!("{api} routes"), text(all)))
        }
        _ => None,
    }
}

/// A name for the rules of a bus, and the ARN of all of them.
pub(super) fn of_bus(bus: &Value) -> (String, Value) {
    match bus {
        Value::Ref(bus) => (
            format!("{bus} rules"),
            arn::of("events", "rule/", [Part::Ref(bus.clone()), Part::Literal("/*".to_owned())]),
        ),
        Value::String(name) if name != "default" => {
            (format!("{name} rules"), arn::of("events", &format!("rule/{name}/*"), []))
        }
        _ => ("default rules".to_owned(), arn::of("events", "rule/*", [])),
    }
}

fn permissions<'b>(b: &'b Builder<'_>) -> impl Iterator<Item = (&'b LogicalId, &'b Resource)> {
    b.plan.resources.iter().filter(|(_, resource)| resource.type_ == PERMISSION)
}

fn function(permission: &Resource) -> Option<&LogicalId> {
    match permission.properties.get("FunctionName")? {
        Value::Ref(function) | Value::Attribute(function, "Arn") => Some(function),
        _ => None,
    }
}
