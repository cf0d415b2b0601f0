//! Types back to the shorthand, for messages.

use std::fmt::Display;

use super::{Kind, Range, Record, Type};

/// How many fields or literals a message shows before it goes on with `…`.
const SHOWN: usize = 6;

/// The type in the shorthand of the spec language: `[OrderLine; 1..10]`. Long records and enumerations are cut off with `…`.
pub fn describe(ty: &Type) -> String {
    match &ty.kind {
        Kind::Any => "any".into(),
        Kind::Named(name) if name.is_empty() => "any".into(),
        Kind::String(range) => bounded("string", range),
        Kind::Integer(range) => bounded("integer", range),
        Kind::Number(range) => bounded("number", range),
        Kind::Money(range) => bounded("money", range),
        Kind::Boolean => "boolean".into(),
        Kind::Uuid => "uuid".into(),
        Kind::Timestamp => "timestamp".into(),
        Kind::Date => "date".into(),
        Kind::Duration => "duration".into(),
        Kind::Bytes => "bytes".into(),
        Kind::Enum(literals) => match literals.as_slice() {
            [only] => format!("'{}'", only.value),
            several => cut(several.iter().map(|literal| literal.value.clone()), " | "),
        },
        Kind::List(item, range) if *range == Range::default() => format!("[{}]", describe(item)),
        Kind::List(item, range) => format!("[{}; {}]", describe(item), bounds(range)),
        Kind::Map(value) => format!("map({})", describe(value)),
        Kind::Record(record) => describe_record(record),
        Kind::Named(name) => name.clone(),
        Kind::Union(members) => cut(members.iter().map(describe), " | "),
        Kind::Tagged(union) if union.by.is_some() => cut(union.members.iter().map(describe), " | "),
        Kind::Tagged(union) => describe(&union.whole),
    }
}

fn describe_record(record: &Record) -> String {
    let extends = record.extends.iter().map(|base| format!("extends: {}", base.value));
    let fields = record.fields.iter().map(|(name, field)| {
        let mark = if field.optional { "?" } else { "" };
        format!("{name}{mark}: {}", describe(&field.ty))
    });
    let text = cut(extends.chain(fields), ", ");
    if text.is_empty() { "{}".into() } else { format!("{{ {text} }}") }
}

fn cut(parts: impl Iterator<Item = String>, separator: &str) -> String {
    let mut parts: Vec<String> = parts.take(SHOWN + 1).collect();
    if let Some(last) = parts.get_mut(SHOWN) {
        *last = "…".into();
    }
    parts.join(separator)
}

fn bounded<T: Display + PartialEq + Copy>(name: &str, range: &Range<T>) -> String {
    if range.min.is_none() && range.max.is_none() { name.into() } else { format!("{name}({})", bounds(range)) }
}

/// Bounds as the shorthand writes them: `1..`, `..5`, `1..5`.
pub(super) fn bounds<T: Display + Copy>(range: &Range<T>) -> String {
    let end = |bound: Option<T>| bound.map(|value| value.to_string()).unwrap_or_default();
    format!("{}..{}", end(range.min), end(range.max))
}
