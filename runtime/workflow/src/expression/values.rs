//! Values of the library and JSON, one as the other.

use std::cell::Cell;
use std::rc::Rc;

use jsonata_core::value::{JArray, JMap, JValue, with_stack};
use serde_json::Value;

use super::bounds::{self, Bound};

/// A value of the library as JSON. Numbers are doubles there; those that are whole are integers here, with the digits that JavaScript
/// gives them. What occurs in it twice is there twice, so it has to fit into the room that is left.
pub(super) fn json(value: &JValue, room: &Cell<usize>, depth: usize) -> Result<Value, Bound> {
    if depth > bounds::DEPTH {
        return Err(Bound::Depth);
    }
    let takes = |bytes: usize| {
        room.set(room.get().checked_sub(bytes).ok_or(Bound::Value)?);
        Ok(())
    };
    takes(8)?;
    if let Some(number) = value.as_f64() {
        let whole = if number.fract() == 0.0 { number.to_string().parse::<i64>().ok() } else { None };
        return Ok(whole.map_or_else(|| Value::from(number), Value::from));
    }
    if let Some(text) = value.as_str() {
        takes(text.len())?;
        return Ok(Value::from(text));
    }
    if let Some(items) = value.as_array() {
        let items = with_stack(|| items.iter().map(|item| json(item, room, depth + 1)).collect::<Result<_, _>>());
        return items.map(Value::Array);
    }
    match value.as_object() {
        Some(fields) => {
            let fields = fields.iter().filter(|(_, value)| !value.is_undefined() && !value.is_function());
            let field = |(name, value): (&String, &JValue)| {
                takes(name.len())?;
                Ok((name.clone(), json(value, room, depth + 1)?))
            };
            with_stack(|| fields.map(field).collect::<Result<_, _>>()).map(Value::Object)
        }
        None => Ok(Value::from(value)),
    }
}

/// A copy of a value, which has to fit into the room that is left, and into as many lists and objects as are around it.
pub(super) fn copied(value: &Value, room: &Cell<usize>, depth: usize) -> Result<Value, Bound> {
    let left = room.get().checked_sub(weight(value, depth)?).ok_or(Bound::Value)?;
    room.set(left);
    Ok(value.clone())
}

/// What [`json`] takes for it, and as deep as that goes.
fn weight(value: &Value, depth: usize) -> Result<usize, Bound> {
    if depth > bounds::DEPTH {
        return Err(Bound::Depth);
    }
    let inner = |value| weight(value, depth + 1);
    with_stack(|| match value {
        Value::String(text) => Ok(8 + text.len()),
        Value::Array(items) => items.iter().try_fold(8, |sum, item| Ok(sum + inner(item)?)),
        Value::Object(fields) => fields.iter().try_fold(8, |sum, (name, field)| Ok(sum + name.len() + inner(field)?)),
        _ => Ok(8),
    })
}

/// JSON as a value of the library, which would take it only to own.
pub(super) fn jvalue(value: &Value) -> JValue {
    match value {
        Value::String(text) => JValue::string(text.as_str()),
        Value::Number(number) => JValue::Number(number.as_f64().unwrap_or(0.0)),
        Value::Array(items) => with_stack(|| {
            let flat = !items.iter().any(Value::is_array);
            JValue::Array(JArray::new_flat(items.iter().map(jvalue).collect(), flat))
        }),
        Value::Object(fields) => with_stack(|| {
            let fields = fields.iter().map(|(name, value)| (name.clone(), jvalue(value)));
            JValue::Object(Rc::new(fields.collect::<JMap>()))
        }),
        Value::Bool(value) => JValue::Bool(*value),
        Value::Null => JValue::Null,
    }
}
