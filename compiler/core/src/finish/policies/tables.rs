//! The inline policies of a role: the ARNs of its tables stand in them once for each set of actions. Where that is too much, they stand
//! there once.

use indexmap::IndexMap;

use super::statement::{self, entries, many};
use crate::plan::value::{Part, Reason, Value};
use crate::plan::{LogicalId, Resource};

/// The actions that indexes have as well as their table. Others mean nothing on an index.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html>
const OF_INDEXES: [&str; 3] = ["dynamodb:Query", "dynamodb:Scan", "dynamodb:PartiQLSelect"];

/// What is allowed of one table.
#[derive(Default)]
struct Allowed {
    actions: Vec<Value>,
    resources: Vec<Value>,
    /// Whether something is allowed on its indexes.
    indexes: bool,
    /// Whether a statement allows what indexes have as well on the table alone: joined with another, it would allow that on indexes.
    alone: bool,
}

/// Joins statements that have the same resources, then those about tables.
pub(super) fn merge(role: &mut Resource) {
    let Some(Value::List(policies)) = role.properties.get_mut("Policies") else { return };
    for policy in policies {
        let Value::Map(policy) = policy else { continue };
        let Some(statements) = policy.get_mut("PolicyDocument").and_then(statement::all) else { continue };
        if let Some(joined) = tables(statements) {
            *statements = joined;
        }
    }
}

/// The statements with those about tables joined: one for all tables of which the same is allowed. Nothing if that would allow more.
fn tables(statements: &[Value]) -> Option<Vec<Value>> {
    let mut rest = Vec::new();
    let mut by_table: IndexMap<LogicalId, Allowed> = IndexMap::new();
    let mut reasons: Vec<Reason> = Vec::new();
    for statement in statements {
        let Some((actions, resources)) = of_tables(statement) else {
            rest.push(statement.clone());
            continue;
        };
        if let Value::Because(why, _) = statement {
            let new: Vec<Reason> = why.iter().filter(|reason| !reasons.contains(reason)).cloned().collect();
            reasons.extend(new);
        }
        let reads = actions.iter().any(on_index);
        for (table, resource) in &resources {
            let indexed = resources.iter().any(|(of, resource)| of == table && is_indexes(resource));
            let allowed = by_table.entry(table.clone()).or_default();
            allowed.indexes |= indexed;
            allowed.alone |= reads && !indexed;
            allowed.resources.extend((!allowed.resources.contains(resource)).then(|| resource.clone()));
            for action in &actions {
                allowed.actions.extend((!allowed.actions.contains(action)).then(|| action.clone()));
            }
        }
    }
    if by_table.values().any(|allowed| allowed.indexes && allowed.alone) {
        return None;
    }
    let mut joined: Vec<(Allowed, usize)> = Vec::new();
    for (_, allowed) in by_table {
        let kinds = allowed.resources.len();
        match joined.iter_mut().find(|(other, count)| *count == kinds && other.actions == allowed.actions) {
            Some((other, _)) => other.resources.extend(allowed.resources),
            None => joined.push((allowed, kinds)),
        }
    }
    for (index, (Allowed { actions, resources, .. }, _)) in joined.into_iter().enumerate() {
        let statement = Value::map([
            ("Effect", "Allow".into()),
            ("Action", Value::one_or_many(actions)),
            ("Resource", Value::one_or_many(resources)),
        ]);
        // All reasons stand with the first of them.
        let why = if index == 0 { std::mem::take(&mut reasons) } else { Vec::new() };
        rest.push(Value::Because(why, Box::new(statement)));
    }
    Some(rest)
}

fn on_index(action: &Value) -> bool {
    matches!(action, Value::String(name) if OF_INDEXES.contains(&name.as_str()))
}

fn is_indexes(resource: &Value) -> bool {
    matches!(resource, Value::Text(_))
}

/// Actions, and resources with the tables that they are of.
type OfTables = (Vec<Value>, Vec<(LogicalId, Value)>);

/// The actions and the resources of a statement without conditions that is about tables and their indexes alone, each with its table.
fn of_tables(statement: &Value) -> Option<OfTables> {
    let entries = entries(statement)?;
    if entries.contains_key("Condition") || entries.get("Effect") != Some(&"Allow".into()) {
        return None;
    }
    let actions = many(entries.get("Action")?);
    let of_dynamo = |action: &Value| matches!(action, Value::String(name) if name.starts_with("dynamodb:"));
    if !actions.iter().all(of_dynamo) {
        return None;
    }
    let mut resources = Vec::new();
    for resource in many(entries.get("Resource")?) {
        let table = match &resource {
            Value::Attribute(table, "Arn") => table.clone(),
            Value::Text(parts) => match parts.as_slice() {
                [Part::Attribute(table, "Arn"), Part::Literal(rest)] if rest == "/index/*" => table.clone(),
                _ => return None,
            },
            _ => return None,
        };
        resources.push((table, resource));
    }
    Some((actions, resources))
}
