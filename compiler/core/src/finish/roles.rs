//! Roles: every permission that was granted becomes part of a statement of its role, with its reason.

use indexmap::IndexMap;

use crate::plan::builder::Builder;
use crate::plan::value::{Reason, Value};
use crate::plan::{Grant, LogicalId, policy};

/// Writes the permissions of every role into its inline policy.
///
/// Inline, so that what uses the role waits for its permissions: a policy of its own would be attached at some later time.
pub(super) fn finish(b: &mut Builder<'_>) {
    let mut by_role: IndexMap<&LogicalId, Vec<&Grant>> = IndexMap::new();
    for grant in &b.plan.grants {
        by_role.entry(&grant.role).or_default().push(grant);
    }
    for (id, grants) in by_role {
        if let Some(role) = b.plan.resources.get_mut(id) {
            let policy = [("PolicyName", "derived".into()), ("PolicyDocument", policy::document(statements(&grants)))];
            role.properties.insert("Policies".to_owned(), Value::list([Value::map(policy)]));
        }
    }
}

/// Permissions of the same actions under the same conditions are one statement: a role's policies have at most 10,240
/// characters together (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>).
fn statements(grants: &[&Grant]) -> Vec<Value> {
    let mut groups: Vec<Vec<&Grant>> = Vec::new();
    for grant in grants {
        let alike = |group: &&mut Vec<&Grant>| {
            group.first().is_some_and(|first| first.actions == grant.actions && first.conditions == grant.conditions)
        };
        match groups.iter_mut().find(alike) {
            Some(group) => group.push(grant),
            None => groups.push(vec![grant]),
        }
    }
    groups.iter().filter_map(|group| statement(group)).collect()
}

fn statement(group: &[&Grant]) -> Option<Value> {
    let first = group.first()?;
    let mut resources: Vec<Value> = Vec::new();
    for resource in group.iter().flat_map(|grant| &grant.resources) {
        if !resources.contains(resource) {
            resources.push(resource.clone());
        }
    }
    let actions = first.actions.iter().map(|action| action.as_str().into());
    let mut entries = vec![
        ("Effect", "Allow".into()),
        ("Action", Value::one_or_many(actions)),
        ("Resource", Value::one_or_many(resources)),
    ];
    if !first.conditions.is_empty() {
        let keys = first.conditions.iter().map(|(operator, keys)| (operator.clone(), Value::Map(keys.clone())));
        entries.push(("Condition", Value::map(keys)));
    }
    let reasons = group.iter().map(|grant| Reason { text: grant.reason.clone(), span: grant.span });
    Some(Value::Because(reasons.collect(), Box::new(Value::map(entries))))
}
