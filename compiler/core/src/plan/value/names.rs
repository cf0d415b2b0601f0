//! The resources that a value refers to.

use super::{Part, Value};

impl Value {
    /// The logical ids that it refers to, by whatever function, as often as it does; of what the spec wrote itself, names of parameters are
    /// among them.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        collect(self, &mut names);
        names
    }
}

fn collect<'v>(value: &'v Value, names: &mut Vec<&'v str>) {
    match value {
        Value::Ref(id) | Value::Attribute(id, _) => names.push(id.as_str()),
        Value::Text(parts) => names.extend(parts.iter().filter_map(|part| match part {
            Part::Ref(id) | Part::Attribute(id, _) => Some(id.as_str()),
            Part::Literal(_) | Part::Parameter(_) => None,
        })),
        Value::List(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Map(map) => {
            match map.first().filter(|_| map.len() == 1) {
                Some(("Ref" | "Fn::GetAtt", argument)) => names.extend(first_of(argument)),
                Some(("Fn::Sub", argument)) => names.extend(first_text(argument).map(substituted).unwrap_or_default()),
                _ => {}
            }
            map.values().for_each(|value| collect(value, names));
        }
        Value::If(_, yes, no) => {
            collect(yes, names);
            if let Some(no) = no {
                collect(no, names);
            }
        }
        Value::Json(inner)
        | Value::Piece(_, _, inner)
        | Value::Join(_, inner)
        | Value::Split(_, inner)
        | Value::Because(_, inner) => collect(inner, names),
        Value::Bool(_)
        | Value::Integer(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Parameter(_)
        | Value::ByEnvironment(_)
        | Value::Zone(_) => {}
    }
}

/// The name that `Ref` and `Fn::GetAtt` are given: `Orders` of `Orders.Arn` and of `[Orders, Arn]`.
fn first_of(argument: &Value) -> Option<&str> {
    first_text(argument).and_then(|text| text.split('.').next())
}

fn first_text(argument: &Value) -> Option<&str> {
    let first = if let Value::List(items) = argument { items.first()? } else { argument };
    if let Value::String(text) = first { Some(text) } else { None }
}

/// The names in the text of an `Fn::Sub`, without those of attributes.
fn substituted(text: &str) -> Vec<&str> {
    let names = text.split("${").skip(1).filter_map(|rest| rest.split_once('}'));
    names.map(|(name, _)| name.split('.').next().unwrap_or(name).trim()).collect()
}
