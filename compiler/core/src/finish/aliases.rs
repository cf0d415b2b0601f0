//! Aliases of functions: whoever calls a function that has one calls the alias, so that invocations go over to a new version as the spec
//! says, and what is kept ready is used.
//!
//! SAM makes the version, the alias and the deployment. How it calls them is documented:
//! <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources-function.html>

use indexmap::IndexMap;

use crate::plan::builder::Builder;
use crate::plan::ids;
use crate::plan::value::{Part, Value};
use crate::plan::{LogicalId, Resource};

/// By function, its alias.
type Aliases = IndexMap<LogicalId, LogicalId>;

/// Has everything call aliases.
pub(super) fn finish(b: &mut Builder<'_>) {
    let functions = b.model.functions.values().filter(|function| function.has_alias()).map(ids::function);
    let aliases: Aliases = functions.map(|id| (id.clone(), ids::alias(&id))).collect();
    if aliases.is_empty() {
        return;
    }
    for resource in b.plan.resources.values_mut() {
        by_name(resource, &aliases);
        for value in resource.properties.values_mut() {
            by_arn(value, &aliases);
        }
    }
    for output in b.plan.outputs.values_mut() {
        by_arn(&mut output.value, &aliases);
    }
}

/// Where a function is named, not by its ARN: who may call it, what calls it with messages, and what becomes of calls nobody waits for.
fn by_name(resource: &mut Resource, aliases: &Aliases) {
    let alias = match resource.properties.get("FunctionName") {
        Some(Value::Ref(function)) => aliases.get(function).cloned(),
        _ => None,
    };
    let Some(alias) = alias else { return };
    match resource.type_.as_str() {
        "AWS::Lambda::Permission" | "AWS::Lambda::EventSourceMapping" => {
            resource.properties.insert("FunctionName", Value::Ref(alias));
        }
        "AWS::Lambda::EventInvokeConfig" => {
            resource.properties.insert("Qualifier", ids::ALIAS.into());
            // There is no alias to configure before it is made.
            resource.depends_on.push(alias);
        }
        _ => {}
    }
}

/// The ARN of a function becomes that of its alias.
fn by_arn(value: &mut Value, aliases: &Aliases) {
    match value {
        Value::Attribute(function, "Arn") => {
            if let Some(alias) = aliases.get(function) {
                *value = Value::Ref(alias.clone());
            }
        }
        Value::List(items) => items.iter_mut().for_each(|item| by_arn(item, aliases)),
        Value::Map(entries) => entries.values_mut().for_each(|entry| by_arn(entry, aliases)),
        Value::Text(parts) => {
            for part in parts {
                if let Part::Attribute(function, "Arn") = part
                    && let Some(alias) = aliases.get(function)
                {
                    *part = Part::Ref(alias.clone());
                }
            }
        }
        Value::Json(inner)
        | Value::Piece(_, _, inner)
        | Value::Join(_, inner)
        | Value::Split(_, inner)
        | Value::Because(_, inner)
        | Value::If(_, inner, None) => by_arn(inner, aliases),
        Value::If(_, yes, Some(no)) => {
            by_arn(yes, aliases);
            by_arn(no, aliases);
        }
        Value::Bool(_)
        | Value::Integer(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Ref(_)
        | Value::Parameter(_)
        | Value::Attribute(..)
        | Value::ByEnvironment(_)
        | Value::Zone(_) => {}
    }
}
