//! The parts of policies and of their statements.

use crate::plan::value::Map;
use crate::plan::value::Value;

/// The statements of a policy document.
pub(super) fn all(document: &mut Value) -> Option<&mut Vec<Value>> {
    match document {
        Value::Map(entries) => match entries.get_mut("Statement")? {
            Value::List(statements) => Some(statements),
            _ => None,
        },
        _ => None,
    }
}

/// The entries of a statement, with or without the reasons for it.
pub(super) fn entries(statement: &Value) -> Option<&Map> {
    match statement {
        Value::Because(_, inner) => entries(inner),
        Value::Map(entries) => Some(entries),
        _ => None,
    }
}

/// The values of what may be one or many.
pub(super) fn many(value: &Value) -> Vec<Value> {
    match value {
        Value::List(items) => items.clone(),
        one => vec![one.clone()],
    }
}
