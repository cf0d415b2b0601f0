//! Attributes of a table as plain JSON: `{ "S": "…" }` becomes `"…"`.
//!
//! What an item holds is not what its type says when the type was another as it was written, so that only attributes of the
//! key, which every item has, are taken for granted.

use super::attribute::listed;
use super::escaped;
use crate::types::{Kind, MAX_MAPPED_DEPTH, Type, Types};

/// An object of these attributes of an item, at a reference such as `$item`; those named in `key` are always there.
pub(super) fn item(types: &Types, value: &str, attributes: &[(&str, &Type)], key: &[&str]) -> String {
    let entries = attributes.iter().map(|(name, ty)| {
        let each = of(types, &format!("{value}.get('{name}')"), ty, 1);
        (*name, format!(r#""{name}": {each}"#))
    });
    let (always, maybe): (Vec<_>, Vec<_>) = entries.partition(|(name, _)| key.contains(name));
    let has = |name: &str| format!("{value}.containsKey('{name}')");
    format!("{{\n  {}\n}}", listed(&always, &maybe, &has, "$comma", ",\n  "))
}

fn of(types: &Types, value: &str, ty: &Type, depth: usize) -> String {
    match &types.resolve(ty).kind {
        Kind::Boolean => format!("#if({value}.get('BOOL'))true#{{else}}false#end"),
        Kind::Integer(_) | Kind::Number(_) | Kind::Money(_) => format!("{value}.get('N')"),
        // Refused by a check.
        Kind::Any | Kind::Named(_) | Kind::Union(_) | Kind::Tagged(..) => "null".to_owned(),
        Kind::List(..) | Kind::Map(_) | Kind::Record(_) if depth > MAX_MAPPED_DEPTH => "null".to_owned(),
        Kind::List(item, _) => {
            let each = of(types, &format!("$item{depth}"), item, depth + 1);
            format!("[#foreach($item{depth} in {value}.get('L')){each}#if($foreach.hasNext), #end#end]")
        }
        Kind::Map(item) => {
            let each = of(types, &format!("{value}.get('M').get($key{depth})"), item, depth + 1);
            let key = escaped(&format!("$key{depth}"));
            format!(
                r#"{{#foreach($key{depth} in {value}.get('M').keySet())"{key}": {each}#if($foreach.hasNext), #end#end}}"#
            )
        }
        Kind::Record(_) => {
            let known = types.record(ty).unwrap_or_default();
            let within = format!("{value}.get('M')");
            let entries = known.into_iter().map(|(name, field)| {
                let each = of(types, &format!("{within}.get('{name}')"), &field.ty, depth + 1);
                (name, format!(r#""{name}": {each}"#))
            });
            let maybe: Vec<_> = entries.collect();
            let has = |name: &str| format!("{within}.containsKey('{name}')");
            format!("{{ {} }}", listed(&[], &maybe, &has, &format!("$comma{depth}"), ", "))
        }
        Kind::Bytes => format!(r#""{}""#, escaped(&format!("{value}.get('B')"))),
        Kind::String(_) | Kind::Uuid | Kind::Timestamp | Kind::Date | Kind::Duration | Kind::Enum(_) => {
            format!(r#""{}""#, escaped(&format!("{value}.get('S')")))
        }
    }
}
