//! What functions may do beyond what evc derives: each permission of `may` is a statement of a policy of its own. Where it is about what the
//! customer's key encrypts, the policy has what is needed for the key as well.

use indexmap::IndexMap;

use super::encryption;
use super::raw::Raw;
use super::references::References;
use crate::plan::builder::Builder;
use crate::plan::value::{Map, Reason, Value};
use crate::plan::{Grant, ids, policy};
use crate::spec::permission::Permission;

/// Adds the policies.
pub(super) fn finish(b: &mut Builder<'_>) {
    let model = b.model;
    let references = References::of(&b.plan);
    let mut raw = Raw::new(&references);
    let (mut grants, mut policies) = (Vec::new(), Vec::new());
    for function in model.functions.values().filter(|function| !function.may.is_empty()) {
        let role = ids::of(&ids::function(function), "role");
        let principal = format!("function `{}`", function.head.name);
        let first = grants.len();
        for may in &function.may {
            let told = raw.diagnostics.len();
            let grant = Grant {
                principal: principal.clone(),
                role: role.clone(),
                actions: may.actions.iter().map(|action| action.value.clone()).collect(),
                resources: may.resources.0.iter().filter_map(|resource| raw.text_or_value(resource)).collect(),
                conditions: conditions(&mut raw, may),
                reason: "`may`".to_owned(),
                span: may.actions.span,
            };
            // What refers to nothing has been reported, and is no statement that could be judged.
            if raw.diagnostics.len() == told {
                grants.push(grant);
            }
        }
        let of_key = encryption::of_grants(b, &grants[first..]);
        grants.extend(of_key);
        let statements: Vec<Value> = grants[first..].iter().map(statement).collect();
        let policy = [("PolicyName", policy::MAY.into()), ("PolicyDocument", policy::document(statements))];
        policies.push((role, Value::map(policy)));
    }
    b.diagnostics.append(&mut raw.diagnostics);
    b.plan.grants.extend(grants);
    for (role, policy) in policies {
        let Some(role) = b.plan.resources.get_mut(&role) else { continue };
        if let Value::List(policies) = role.properties.or_insert_with("Policies", || Value::list([])) {
            policies.push(policy);
        }
    }
}

fn conditions(raw: &mut Raw<'_, '_>, may: &Permission) -> IndexMap<String, Map> {
    let Some(Value::Map(operators)) = may.conditions.as_ref().and_then(|conditions| raw.value(&conditions.value.0))
    else {
        return IndexMap::new();
    };
    let operators = operators.into_iter();
    operators
        .filter_map(
            |(operator, keys)| if let Value::Map(keys) = keys { Some((operator.into_owned(), keys)) } else { None },
        )
        .collect()
}

fn statement(grant: &Grant) -> Value {
    let mut entries = vec![
        ("Effect", "Allow".into()),
        ("Action", Value::one_or_many(grant.actions.iter().map(|action| action.as_str().into()))),
        ("Resource", Value::one_or_many(grant.resources.iter().cloned())),
    ];
    if !grant.conditions.is_empty() {
        let keys = grant.conditions.iter().map(|(operator, keys)| (operator.clone(), Value::Map(keys.clone())));
        entries.push(("Condition", Value::map(keys)));
    }
    let reason = Reason { text: grant.reason.clone(), span: grant.span };
    Value::Because(vec![reason], Box::new(Value::map(entries)))
}
