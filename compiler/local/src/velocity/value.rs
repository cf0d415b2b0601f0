//! What a variable of a template holds: the Java objects that API Gateway gives it, with their printed forms.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::Error;

/// An object with methods of its own, such as `$input`.
pub(crate) trait Object: fmt::Debug {
    /// A property: `$input.body`.
    fn property(&self, name: &str) -> Option<Value>;
    /// A method; `None` if it has no such one.
    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, Error>>;
}

/// A value. Lists and maps are shared by all that refer to them, as in Java.
#[derive(Debug, Clone, Default)]
pub(crate) enum Value {
    #[default]
    Null,
    Bool(bool),
    Integer(i128),
    Double(f64),
    Text(Rc<str>),
    List(Rc<RefCell<Vec<Value>>>),
    Map(Rc<RefCell<IndexMap<String, Value>>>),
    Object(Rc<dyn Object>),
}

impl Value {
    /// A text.
    pub(crate) fn text(text: impl Into<Rc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// A list.
    pub(crate) fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(Rc::new(RefCell::new(items.into_iter().collect())))
    }

    /// A map, in this order.
    pub(crate) fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        let entries = entries.into_iter().map(|(key, value)| (key.into(), value));
        Self::Map(Rc::new(RefCell::new(entries.collect())))
    }

    /// A JSON document as the objects that it is in a template. A number with a fraction is a `Double`.
    pub(crate) fn of_json(json: &Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => {
                let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
                whole.map_or_else(|| Self::Double(number.as_f64().unwrap_or(f64::NAN)), Self::Integer)
            }
            Json::String(text) => Self::text(text.as_str()),
            Json::Array(items) => Self::list(items.iter().map(Self::of_json)),
            Json::Object(entries) => Self::map(entries.iter().map(|(key, value)| (key.clone(), Self::of_json(value)))),
        }
    }

    /// Whether a condition with this value holds: what is there does, unless it is `false`.
    /// <https://velocity.apache.org/engine/1.7/user-guide.html#conditionals>
    pub(crate) fn holds(&self) -> bool {
        !matches!(self, Self::Null | Self::Bool(false))
    }

    pub(crate) fn as_number(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "Java compares an int with a double the same way")]
            Self::Integer(value) => Some(*value as f64),
            Self::Double(value) => Some(*value),
            _ => None,
        }
    }

    /// Whether two values are equal: numbers by what they are, others of one kind by what they hold, and those of two kinds by how they are
    /// printed.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Null, _) | (_, Self::Null) => false,
            (Self::Integer(a), Self::Integer(b)) => a == b,
            (Self::List(a), Self::List(b)) => {
                let (a, b) = (a.borrow(), b.borrow());
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.equals(b))
            }
            (Self::Map(a), Self::Map(b)) => {
                let (a, b) = (a.borrow(), b.borrow());
                a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|it| it.equals(value)))
            }
            (Self::Object(a), Self::Object(b)) => std::ptr::addr_eq(Rc::as_ptr(a), Rc::as_ptr(b)),
            (a, b) => match (a.as_number(), b.as_number()) {
                (Some(a), Some(b)) => a.total_cmp(&b).is_eq(),
                _ => a.to_string() == b.to_string(),
            },
        }
    }

    /// What kind of thing it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) | Self::Double(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Object(_) => "an object",
        }
    }
}

/// As the objects of Java print themselves: a map is `{a=1, b=x}`, a list `[1, x]`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Double(value) => f.write_str(&java_double(*value)),
            Self::Text(text) => f.write_str(text),
            Self::List(items) => {
                f.write_str("[")?;
                // A list that is being changed prints nothing of itself.
                for (index, item) in items.try_borrow().iter().flat_map(|it| it.iter()).enumerate() {
                    write!(f, "{}{item}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
            Self::Map(entries) => {
                f.write_str("{")?;
                for (index, (key, value)) in entries.try_borrow().iter().flat_map(|it| it.iter()).enumerate() {
                    write!(f, "{}{key}={value}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
            Self::Object(object) => write!(f, "{object:?}"),
        }
    }
}

/// A number as `Double.toString` prints it: `1.0E7`, not `10000000.0`.
/// <https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/lang/Double.html#toString(double)>
fn java_double(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() };
    }
    let size = value.abs();
    if size == 0.0 || (1e-3..1e7).contains(&size) {
        return format!("{value:?}");
    }
    let written = format!("{value:e}");
    let (digits, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let fraction = if digits.contains('.') { "" } else { ".0" };
    format!("{digits}{fraction}E{exponent}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_printed_as_java_prints_them() {
        for (value, printed) in [
            (json!(5), "5"),
            (json!(5.0), "5.0"),
            (json!(109.97), "109.97"),
            (json!(12_345_678.9), "1.23456789E7"),
            (json!(1e7), "1.0E7"),
            (json!(0.0001), "1.0E-4"),
            (json!(0.001), "0.001"),
            (json!(-2.5e-9), "-2.5E-9"),
            (json!(u64::MAX), "18446744073709551615"),
            (json!({ "a": [1, null, "x"], "b": {} }), "{a=[1, null, x], b={}}"),
        ] {
            assert_eq!(Value::of_json(&value).to_string(), printed);
        }
    }
}
