//! Values that nobody says: fields by name from what is at hand, and samples of their types.

use evc_compiler::types::{Kind, Type, Types};
use serde_json::{Map, Value};

use crate::System;
use crate::system::timestamp;

/// A value of the type that has what is `said`. Other fields that must be there are taken by name from the first of the `sources` that has
/// them and whose value fits; what is still missing is a sample. Ids among the samples are like no other, times are the system's.
pub(super) fn filled(system: &mut System, types: &Types, ty: &Type, said: Value, sources: &[&Value]) -> Value {
    let Some(fields) = types.record(ty) else {
        return if said.is_null() { sample(system, types, ty, "value") } else { said };
    };
    let mut said = match said {
        Value::Object(said) => said,
        Value::Null => Map::new(),
        other => return other,
    };
    // The record that a field says, of one of several.
    let named = types.union(ty).and_then(|union| {
        let tag = said.get(&union.by.as_ref()?.value)?.as_str()?;
        types.tagged_by(union, tag)
    });
    let fields = named.and_then(|member| types.record(member)).unwrap_or(fields);
    for (name, field) in fields {
        if said.contains_key(name) {
            if let (Some(Value::Object(_)), Some(_)) = (said.get(name), types.record(&field.ty)) {
                let inner = said.get(name).cloned().unwrap_or_default();
                said.insert(name.to_owned(), filled(system, types, &field.ty, inner, &[]));
            }
            continue;
        }
        let fits = |value: &&Value| types.validate(&field.ty, value).is_empty();
        match sources.iter().find_map(|source| source.get(name)).filter(fits) {
            Some(value) => drop(said.insert(name.to_owned(), value.clone())),
            None if field.optional => {}
            None => drop(said.insert(name.to_owned(), sample(system, types, &field.ty, name))),
        }
    }
    Value::Object(said)
}

/// A sample of a type.
pub(super) fn sample(system: &mut System, types: &Types, ty: &Type, name: &str) -> Value {
    match &types.resolve(ty).kind {
        Kind::Uuid => system.new_id().to_string().into(),
        Kind::Timestamp => timestamp(system.now_ms()).into(),
        Kind::Record(_) => filled(system, types, ty, Value::Null, &[]),
        _ => types.example(ty, name).unwrap_or(Value::Null),
    }
}
