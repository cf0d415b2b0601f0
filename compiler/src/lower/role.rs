//! Roles: every permission that was granted becomes a statement of its role, with its reason.

use super::builder::Builder;
use super::plan::Grant;
use super::value::{Reason, Value};

/// Writes the permissions of every role into its inline policy.
///
/// Inline, so that what uses the role waits for its permissions: a policy of its own would be attached at some later time.
pub(super) fn lower(b: &mut Builder<'_>) {
    for grant in &b.plan.grants {
        let Some(role) = b.plan.resources.get_mut(&grant.role) else { continue };
        let policies = role.properties.entry("Policies".to_owned()).or_insert_with(|| {
            Value::list([Value::map([("PolicyName", "derived".into()), ("PolicyDocument", document([]))])])
        });
        if let Some(statements) = statements(policies) {
            statements.push(statement(grant));
        }
    }
}

/// A policy document.
pub(super) fn document(statements: impl IntoIterator<Item = Value>) -> Value {
    Value::map([("Version", "2012-10-17".into()), ("Statement", Value::list(statements))])
}

/// The statements of the only policy in a list of policies.
fn statements(policies: &mut Value) -> Option<&mut Vec<Value>> {
    let Value::List(policies) = policies else { return None };
    let Value::Map(policy) = policies.first_mut()? else { return None };
    let Value::Map(document) = policy.get_mut("PolicyDocument")? else { return None };
    match document.get_mut("Statement")? {
        Value::List(statements) => Some(statements),
        _ => None,
    }
}

fn statement(grant: &Grant) -> Value {
    let actions = grant.actions.iter().map(|action| action.as_str().into());
    let mut entries = vec![
        ("Effect", "Allow".into()),
        ("Action", Value::one_or_many(actions)),
        ("Resource", Value::one_or_many(grant.resources.iter().cloned())),
    ];
    if !grant.conditions.is_empty() {
        let keys = grant.conditions.iter().map(|(operator, keys)| (operator.as_str(), Value::Map(keys.clone())));
        entries.push(("Condition", Value::map(keys)));
    }
    let reason = Reason { text: grant.reason.clone(), span: grant.span };
    Value::Because(reason, Box::new(Value::map(entries)))
}
