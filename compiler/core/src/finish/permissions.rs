//! What functions may do beyond what evc derives: each permission of `may` is a statement of a policy of its own. Where it is about what the
//! customer's key or one of the stack's own encrypts, the policy has what is needed for the key as well.

use indexmap::IndexMap;

use super::raw::{Raw, names};
use super::references::References;
use super::{encryption, own_keys};
use crate::aws::iam;
use crate::model::Model;
use crate::plan::builder::Builder;
use crate::plan::value::{Map, Part, Reason, Value};
use crate::plan::{Grant, arn, ids, policy};
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
                resources: resources(model, &mut raw, may),
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
        let of_own_keys = own_keys::of_grants(&b.plan, &grants[first..]);
        grants.extend(of_own_keys);
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

/// What it is on. A function with an alias may be called by both names that the spec has for it, its ARN, which is that of the alias, and its
/// name; and what is allowed on one of the two is not on the other.
/// <https://docs.aws.amazon.com/lambda/latest/dg/using-aliases.html>
fn resources(model: &Model, raw: &mut Raw<'_, '_>, may: &Permission) -> Vec<Value> {
    let mut resources: Vec<Value> = may.resources.0.iter().filter_map(|resource| raw.text_or_value(resource)).collect();
    if !may.actions.iter().any(|action| iam::matches(action, "lambda:InvokeFunction")) {
        return resources;
    }
    for function in model.functions.values().filter(|function| function.has_alias()).map(ids::function) {
        let (alias, own) = (Value::arn(&function), arn::of("lambda", "function:", vec![Part::Ref(function.clone())]));
        let named: Vec<bool> = resources
            .iter()
            .filter(|resource| names(resource).contains(&function.as_str()))
            .map(|resource| *resource == alias)
            .collect();
        if named.contains(&true) && !named.contains(&false) {
            resources.push(own);
        } else if named.contains(&false) && !named.contains(&true) {
            resources.push(alias);
        }
    }
    resources
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
