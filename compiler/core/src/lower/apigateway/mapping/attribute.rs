//! Values of a request as DynamoDB's JSON: `{ "S": "…" }`.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html>

use super::escaped;
use crate::types::{Kind, MAX_MAPPED_DEPTH, Type, Types};

/// A value of a body, at a reference such as `$body.get('items')`. Of records, those fields are written that the table's type
/// has and that the body's type says, since nothing has looked at others.
pub(super) fn of_body(types: &Types, value: &str, stored: &Type, given: &Type) -> String {
    of(types, value, stored, given, 1)
}

/// A value that comes as text, in the path, the query or a header.
pub(super) fn of_text(types: &Types, value: &str, stored: &Type) -> String {
    let kind = types.attribute(stored).map_or("S", crate::types::Attribute::as_str);
    format!(r#"{{ "{kind}": "{}" }}"#, escaped(value))
}

fn of(types: &Types, value: &str, stored: &Type, given: &Type, depth: usize) -> String {
    let ty = if types.is_any(stored) { given } else { stored };
    match &types.resolve(ty).kind {
        Kind::Boolean => format!(r#"{{ "BOOL": #if({value})true#{{else}}false#end }}"#),
        Kind::Integer(_) | Kind::Number(_) | Kind::Money(_) => format!(r#"{{ "N": "{value}" }}"#),
        // Refused by a check.
        Kind::Any | Kind::Named(_) | Kind::Union(_) | Kind::Tagged(..) => r#"{ "NULL": true }"#.to_owned(),
        Kind::List(..) | Kind::Map(_) | Kind::Record(_) if depth > MAX_MAPPED_DEPTH => r#"{ "NULL": true }"#.to_owned(),
        Kind::List(item, _) => {
            let given = within(types, given).unwrap_or(item);
            let each = of(types, &format!("$item{depth}"), item, given, depth + 1);
            format!(r#"{{ "L": [#foreach($item{depth} in {value}){each}#if($foreach.hasNext), #end#end] }}"#)
        }
        Kind::Map(item) => {
            let given = within(types, given).unwrap_or(item);
            let each = of(types, &format!("{value}.get($key{depth})"), item, given, depth + 1);
            let key = escaped(&format!("$key{depth}"));
            format!(
                r#"{{ "M": {{#foreach($key{depth} in {value}.keySet())"{key}": {each}#if($foreach.hasNext), #end#end}} }}"#
            )
        }
        Kind::Record(_) => format!(r#"{{ "M": {{ {} }} }}"#, fields(types, value, ty, given, depth)),
        Kind::Bytes => format!(r#"{{ "B": "{}" }}"#, escaped(value)),
        Kind::String(_) | Kind::Uuid | Kind::Timestamp | Kind::Date | Kind::Duration | Kind::Enum(_) => {
            format!(r#"{{ "S": "{}" }}"#, escaped(value))
        }
    }
}

/// The fields of a record: first those that are always there, then the others, each with the comma before it.
fn fields(types: &Types, value: &str, stored: &Type, given: &Type, depth: usize) -> String {
    let stored = types.record(stored).unwrap_or_default();
    let given = types.record(given).unwrap_or_default();
    let (mut always, mut maybe) = (Vec::new(), Vec::new());
    for (name, field) in given {
        let Some(target) = stored.get(name) else { continue };
        let each = of(types, &format!("{value}.get('{name}')"), &target.ty, &field.ty, depth + 1);
        let list = if field.optional { &mut maybe } else { &mut always };
        list.push((name, format!(r#""{name}": {each}"#)));
    }
    let has = |name: &str| format!("{value}.containsKey('{name}')");
    let separator = format!("$comma{depth}");
    listed(&always, &maybe, &has, &separator, ", ")
}

/// A list of entries of an object of which some may be absent. `has` says when one is there; `separator` names a variable, `glue`
/// stands between entries.
pub(super) fn listed(
    always: &[(&str, String)],
    maybe: &[(&str, String)],
    has: &dyn Fn(&str) -> String,
    separator: &str,
    glue: &str,
) -> String {
    let mut text = always.iter().map(|(_, entry)| entry.as_str()).collect::<Vec<_>>().join(glue);
    if always.is_empty() && !maybe.is_empty() {
        text.extend(["#set(", separator, " = \"\")"]);
    }
    for (name, entry) in maybe {
        let entry = if always.is_empty() {
            format!(r#"{separator}{entry}#set({separator} = "{glue}")"#)
        } else {
            format!("{glue}{entry}")
        };
        text.push_str(&only_if(&has(name), &entry));
    }
    text
}

/// Text that is there under a condition.
pub(super) fn only_if(condition: &str, text: &str) -> String {
    format!("#if({condition}){text}#end")
}

/// What a list or a map holds.
fn within<'t>(types: &'t Types, ty: &'t Type) -> Option<&'t Type> {
    match &types.resolve(ty).kind {
        Kind::List(item, _) | Kind::Map(item) => Some(item),
        _ => None,
    }
}
