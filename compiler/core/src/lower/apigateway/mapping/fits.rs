//! What a template looks at before it sends anything: that what no model of the API has checked is of the type that it becomes.
//!
//! A body is held against its model; what stands beside it, and what is known of who calls, are texts of any kind to API Gateway. What
//! does not fit is sent as a request that the service refuses as the caller's mistake.

use super::source::{caller, parameter};
use crate::lower::apigateway::forms;
use crate::model::{CallerFact, Mapping, MappingValue, Model, Table, TableRoute};
use crate::types::{Kind, Range, Type, Types};

/// The condition for what a route writes to a table. A key that is looked for needs none: nothing is found by another.
pub(super) fn of_table(model: &Model, table: &Table, route: &TableRoute) -> Option<String> {
    let types = &model.types;
    let looked_for = route.key();
    let conditions = route.mappings().filter(|mapping| !looked_for.iter().any(|key| std::ptr::eq(key, *mapping)));
    let conditions = conditions.flat_map(|mapping| {
        let stored = types.field_at(&table.item, &[&mapping.attribute]).ok();
        let stored = stored.map(|place| place.field.map_or(place.ty, |field| &field.ty));
        of_mapping(types, mapping, stored)
    });
    all(conditions)
}

/// The conditions for a value and what it becomes, which may say less than the type of what comes.
pub(super) fn of_mapping(types: &Types, mapping: &Mapping, becomes: Option<&Type>) -> Vec<String> {
    let reference = match &mapping.value {
        MappingValue::Path(_) | MappingValue::Query(_) | MappingValue::Header(_) => parameter(&mapping.value),
        MappingValue::Caller(fact) => caller(fact),
        // Literals are checked, and so is a body; the request's id and time are what API Gateway gives.
        MappingValue::Body(_) | MappingValue::Literal(_) | MappingValue::RequestId | MappingValue::RequestTime => {
            return Vec::new();
        }
    };
    let is_json = matches!(&mapping.value, MappingValue::Caller(CallerFact::Claim(_)));
    let pattern = |ty: &Type| if is_json { forms::of_json_text(types, ty) } else { forms::of_text(types, ty) };
    // The runtime has looked at what an authorizer says.
    let is_held = |ty: &Type| match &mapping.value {
        MappingValue::Caller(CallerFact::Said(_)) => forms::of_text(types, ty) == forms::of_text(types, &mapping.ty),
        // API Gateway looks that it is a text, which has something in it.
        MappingValue::Caller(CallerFact::Claim(_)) => {
            matches!(types.resolve(ty).kind, Kind::String(Range { min: None | Some(0 | 1), max: None }))
        }
        _ => false,
    };
    // A claim is what the spec says only if somebody looks.
    let claimed = is_json.then_some(&mapping.ty);
    let mut patterns: Vec<String> =
        claimed.into_iter().chain(becomes).filter(|ty| !is_held(ty)).filter_map(pattern).collect();
    patterns.dedup();
    patterns.iter().map(|pattern| matches(&reference, pattern)).collect()
}

/// The condition for a parameter that is a field of this type.
pub(super) fn of_parameter(types: &Types, reference: &str, ty: &Type) -> Option<String> {
    Some(matches(reference, &forms::of_text(types, ty)?))
}

fn matches(reference: &str, pattern: &str) -> String {
    format!("{reference}.matches('{pattern}')")
}

/// All of these, if there are any.
pub(super) fn all(conditions: impl Iterator<Item = String>) -> Option<String> {
    let mut different: Vec<String> = Vec::new();
    for condition in conditions {
        if !different.contains(&condition) {
            different.push(condition);
        }
    }
    (!different.is_empty()).then(|| different.join(" && "))
}
