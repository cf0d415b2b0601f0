//! The methods of texts, numbers, lists and maps, which are those of Java's classes.

use std::cell::RefCell;
use std::rc::Rc;

use fancy_regex::{Captures, Regex};
use indexmap::IndexMap;

use super::Error;
use super::value::{Object, Value};

/// An entry of a map.
#[derive(Debug)]
struct Entry(String, Value);

impl Object for Entry {
    fn property(&self, name: &str) -> Option<Value> {
        match name {
            "key" => Some(Value::text(self.0.as_str())),
            "value" => Some(self.1.clone()),
            _ => None,
        }
    }

    fn call(&self, name: &str, _: &[Value]) -> Option<Result<Value, Error>> {
        let property = match name {
            "getKey" => self.property("key"),
            "getValue" => self.property("value"),
            _ => None,
        };
        property.map(Ok)
    }
}

/// `$x.name`: an entry of a map, or what a getter of that name gives.
pub(super) fn property(value: &Value, name: &str) -> Value {
    match (value, name) {
        (Value::Map(_), "class") => Value::text("class java.util.LinkedHashMap"),
        (Value::Map(entries), _) => entries.borrow().get(name).cloned().unwrap_or_default(),
        (Value::Object(object), _) => object.property(name).unwrap_or_default(),
        (Value::List(items), "empty") => Value::Bool(items.borrow().is_empty()),
        (Value::Text(text), "empty") => Value::Bool(text.is_empty()),
        _ => Value::Null,
    }
}

/// `$x[index]`.
pub(super) fn at(value: &Value, index: &Value) -> Value {
    match (value, index) {
        (Value::List(items), Value::Integer(index)) => {
            let items = items.borrow();
            place(*index, items.len()).and_then(|index| items.get(index).cloned()).unwrap_or_default()
        }
        (Value::Map(entries), key) => entries.borrow().get(&key.to_string()).cloned().unwrap_or_default(),
        _ => Value::Null,
    }
}

fn place(index: i128, length: usize) -> Option<usize> {
    usize::try_from(index).ok().filter(|index| *index < length)
}

fn number(value: usize) -> Value {
    Value::Integer(i128::try_from(value).unwrap_or_default())
}

/// How deep lists and maps stand in each other at most.
const NESTED: usize = 100;

/// Whether a value may be put into a list or a map: one that holds that itself, or is nested too deep, has no end.
fn may_hold(within: &Value, value: &Value, depth: usize) -> bool {
    if depth > NESTED {
        return false;
    }
    match (within, value) {
        (Value::List(a), Value::List(b)) if Rc::ptr_eq(a, b) => false,
        (Value::Map(a), Value::Map(b)) if Rc::ptr_eq(a, b) => false,
        (_, Value::List(items)) => items.borrow().iter().all(|item| may_hold(within, item, depth + 1)),
        (_, Value::Map(entries)) => entries.borrow().values().all(|item| may_hold(within, item, depth + 1)),
        _ => true,
    }
}

/// Refuses what may not be put into a list or a map.
pub(super) fn check_held(within: &Value, value: &Value) -> Result<(), Error> {
    if may_hold(within, value, 0) {
        return Ok(());
    }
    Err(Error::new(format!("{} that holds itself, or more than {NESTED} within each other", within.kind())))
}

/// Calls a method.
pub(super) fn call(value: &Value, name: &str, arguments: &[Value]) -> Result<Value, Error> {
    let common = match (name, arguments) {
        ("toString", []) => Some(Value::text(value.to_string())),
        ("equals", [other]) => {
            Some(Value::Bool(std::mem::discriminant(value) == std::mem::discriminant(other) && value.equals(other)))
        }
        _ => None,
    };
    if let Some(found) = common {
        return Ok(found);
    }
    if matches!(value, Value::List(_) | Value::Map(_)) {
        arguments.iter().try_for_each(|argument| check_held(value, argument).or_else(|why| refused(name, why)))?;
    }
    let found = match value {
        Value::Text(text) => of_text(text, name, arguments)?,
        Value::List(items) => of_list(items, name, arguments)?,
        Value::Map(entries) => of_map(entries, name, arguments),
        Value::Integer(_) | Value::Double(_) => of_number(value, name, arguments),
        Value::Object(object) => object.call(name, arguments).transpose()?,
        Value::Bool(_) | Value::Null => None,
    };
    found.ok_or_else(|| {
        let given: Vec<&str> = arguments.iter().map(Value::kind).collect();
        Error::new(format!("{} has no method `{name}({})`", value.kind(), given.join(", ")))
    })
}

/// Methods that only look take anything.
fn refused(name: &str, why: Error) -> Result<(), Error> {
    if matches!(name, "add" | "addAll" | "put" | "putAll" | "set") { Err(why) } else { Ok(()) }
}

fn of_number(value: &Value, name: &str, arguments: &[Value]) -> Option<Value> {
    Some(match (name, arguments) {
        ("intValue" | "longValue", []) => match value {
            #[expect(clippy::cast_possible_truncation, reason = "as Java's cast does")]
            Value::Double(value) => Value::Integer(*value as i128),
            other => other.clone(),
        },
        ("doubleValue", []) => Value::Double(value.as_number()?),
        // A static method of the class, which templates reach through a number.
        ("parseInt" | "parseLong" | "valueOf", [Value::Text(text)]) => Value::Integer(text.trim().parse().ok()?),
        ("parseDouble", [Value::Text(text)]) => Value::Double(text.trim().parse().ok()?),
        ("compareTo", [other]) => {
            let order = value.as_number()?.partial_cmp(&other.as_number()?)?;
            Value::Integer(order as i128)
        }
        _ => return None,
    })
}

/// The index of a text within another, in units of UTF-16, as Java counts; -1 if it is not there.
fn index_of(text: &str, at: Option<usize>) -> Value {
    let units = |at| text.get(..at).unwrap_or_default().encode_utf16().count();
    at.map_or(Value::Integer(-1), |at| number(units(at)))
}

fn of_text(text: &Rc<str>, name: &str, arguments: &[Value]) -> Result<Option<Value>, Error> {
    if let (name @ ("replaceAll" | "replaceFirst" | "matches" | "split"), [Value::Text(pattern), rest @ ..]) =
        (name, arguments)
    {
        return with_pattern(text, name, pattern, rest);
    }
    Ok(Some(match (name, arguments) {
        ("length", []) => number(text.encode_utf16().count()),
        ("isEmpty", []) => Value::Bool(text.is_empty()),
        ("trim", []) => Value::text(text.trim_matches(|c| c <= ' ')),
        ("toLowerCase", []) => Value::text(text.to_lowercase()),
        ("toUpperCase", []) => Value::text(text.to_uppercase()),
        ("contains", [Value::Text(other)]) => Value::Bool(text.contains(&**other)),
        ("startsWith", [Value::Text(other)]) => Value::Bool(text.starts_with(&**other)),
        ("endsWith", [Value::Text(other)]) => Value::Bool(text.ends_with(&**other)),
        ("equalsIgnoreCase", [Value::Text(other)]) => Value::Bool(text.to_lowercase() == other.to_lowercase()),
        ("concat", [Value::Text(other)]) => Value::text(format!("{text}{other}")),
        ("indexOf", [Value::Text(other)]) => index_of(text, text.find(&**other)),
        ("lastIndexOf", [Value::Text(other)]) => index_of(text, text.rfind(&**other)),
        ("replace", [Value::Text(from), Value::Text(to)]) => Value::text(text.replace(&**from, to)),
        ("substring", [Value::Integer(from)]) => cut(text, *from, None)?,
        ("substring", [Value::Integer(from), Value::Integer(to)]) => cut(text, *from, Some(*to))?,
        ("charAt", [Value::Integer(at)]) => cut(text, *at, Some(at.saturating_add(1)))?,
        ("compareTo", [Value::Text(other)]) => Value::Integer(text.encode_utf16().cmp(other.encode_utf16()) as i128),
        _ => return Ok(None),
    }))
}

fn cut(text: &str, from: i128, to: Option<i128>) -> Result<Value, Error> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let length = i128::try_from(units.len()).unwrap_or_default();
    let to = to.unwrap_or(length);
    let range = (usize::try_from(from).ok(), usize::try_from(to).ok());
    let found = if let (Some(from), Some(to)) = range { units.get(from..to) } else { None };
    let why = || Error::new(format!("there are no characters {from} to {to} in a text of {length}"));
    found.map(|units| Value::text(String::from_utf16_lossy(units))).ok_or_else(why)
}

fn with_pattern(text: &str, name: &str, pattern: &str, rest: &[Value]) -> Result<Option<Value>, Error> {
    let whole = if name == "matches" { format!("^(?:{pattern})$") } else { pattern.to_owned() };
    let wrong =
        |error: fancy_regex::Error| Error::new(format!("the regular expression `{pattern}` does not work: {error}"));
    let regex = Regex::new(&whole).map_err(wrong)?;
    Ok(Some(match (name, rest) {
        ("matches", []) => Value::Bool(regex.is_match(text).map_err(wrong)?),
        ("split", []) => {
            let mut parts = regex.split(text).collect::<Result<Vec<_>, _>>().map_err(wrong)?;
            // Java leaves empty ones at the end out.
            while parts.len() > 1 && parts.last().is_some_and(|last| last.is_empty()) {
                parts.pop();
            }
            Value::list(parts.into_iter().map(Value::text))
        }
        (_, [Value::Text(by)]) => {
            let most = usize::from(name == "replaceFirst");
            let replaced =
                regex.try_replacen(text, most, |found: &Captures<'_, str>| replacement(by, found)).map_err(wrong)?;
            Value::text(&*replaced)
        }
        _ => return Ok(None),
    }))
}

/// What stands in the place of a match: `$1` is a group, and `\` takes a character as it is.
/// <https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/regex/Matcher.html#appendReplacement(java.lang.StringBuffer,java.lang.String)>
fn replacement(by: &str, found: &Captures<'_, str>) -> String {
    let mut out = String::new();
    let mut chars = by.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            '$' => match chars.peek().and_then(|c| c.to_digit(10)).and_then(|it| usize::try_from(it).ok()) {
                Some(group) => {
                    chars.next();
                    out.push_str(found.get(group).map_or("", |it| it.as_str()));
                }
                None => out.push('$'),
            },
            c => out.push(c),
        }
    }
    out
}

fn of_list(items: &RefCell<Vec<Value>>, name: &str, arguments: &[Value]) -> Result<Option<Value>, Error> {
    let length = items.borrow().len();
    let index = |index: i128| {
        place(index, length).ok_or_else(|| Error::new(format!("there is no item {index} in a list of {length}")))
    };
    let position = |wanted: &Value| items.borrow().iter().position(|item| item.equals(wanted));
    Ok(Some(match (name, arguments) {
        ("size", []) => number(length),
        ("isEmpty", []) => Value::Bool(length == 0),
        ("get", [Value::Integer(at)]) => items.borrow().get(index(*at)?).cloned().unwrap_or_default(),
        ("contains", [wanted]) => Value::Bool(position(wanted).is_some()),
        ("indexOf", [wanted]) => position(wanted).map_or(Value::Integer(-1), number),
        ("add", [item]) => {
            items.borrow_mut().push(item.clone());
            Value::Bool(true)
        }
        ("add", [Value::Integer(at), item]) => {
            let at = place(*at, length + 1)
                .ok_or_else(|| Error::new(format!("there is no place {at} in a list of {length}")))?;
            items.borrow_mut().insert(at, item.clone());
            Value::Null
        }
        ("addAll", [Value::List(others)]) => {
            let others = others.borrow().clone();
            items.borrow_mut().extend(others);
            Value::Bool(true)
        }
        ("set", [Value::Integer(at), item]) => {
            let at = index(*at)?;
            items.borrow_mut().get_mut(at).map(|old| std::mem::replace(old, item.clone())).unwrap_or_default()
        }
        ("remove", [Value::Integer(at)]) => {
            let at = index(*at)?;
            items.borrow_mut().remove(at)
        }
        ("clear", []) => {
            items.borrow_mut().clear();
            Value::Null
        }
        _ => return Ok(None),
    }))
}

fn of_map(entries: &RefCell<IndexMap<String, Value>>, name: &str, arguments: &[Value]) -> Option<Value> {
    let get = |key: &Value| entries.borrow().get(&key.to_string()).cloned();
    Some(match (name, arguments) {
        ("get", [key]) => get(key).unwrap_or_default(),
        ("getOrDefault", [key, otherwise]) => get(key).unwrap_or_else(|| otherwise.clone()),
        ("containsKey", [key]) => Value::Bool(get(key).is_some()),
        ("containsValue", [wanted]) => Value::Bool(entries.borrow().values().any(|it| it.equals(wanted))),
        ("size", []) => number(entries.borrow().len()),
        ("isEmpty", []) => Value::Bool(entries.borrow().is_empty()),
        ("keySet", []) => Value::list(entries.borrow().keys().map(|key| Value::text(key.as_str()))),
        ("values", []) => Value::list(entries.borrow().values().cloned()),
        ("entrySet", []) => {
            let entry = |(key, value): (&String, &Value)| Value::Object(Rc::new(Entry(key.clone(), value.clone())));
            Value::list(entries.borrow().iter().map(entry))
        }
        ("put", [key, value]) => entries.borrow_mut().insert(key.to_string(), value.clone()).unwrap_or_default(),
        ("putAll", [Value::Map(others)]) => {
            let others = others.borrow().clone();
            entries.borrow_mut().extend(others);
            Value::Null
        }
        ("remove", [key]) => entries.borrow_mut().shift_remove(&key.to_string()).unwrap_or_default(),
        ("clear", []) => {
            entries.borrow_mut().clear();
            Value::Null
        }
        _ => return None,
    })
}
