//! Discriminated unions in the contract: an enumeration with a variant a record, which the value of a field tells apart.
//!
//! The record in a variant has the field too, so that it is on the wire what it is elsewhere. The runtime reads the field first and
//! then the record that it tells; what is none of them is refused as an input that is not what the contract says.

use std::fmt::Write as _;

use super::bounds;
use super::names::{Home, Names};
use super::print::{Code, literal};
use super::text::member_paragraph;
use crate::types::rust::field_name;
use crate::types::{Kind, Tagged, Type};

/// A declared union.
pub(super) fn union(names: &Names<'_>, union: &Tagged, name: &str, docs: &str, code: &mut Code) {
    let Some(by) = &union.by else { return };
    let types = &names.model.types;
    let (mut variants, mut arms, mut from, mut all) = (String::new(), String::new(), Vec::new(), Vec::new());
    for member in &union.members {
        let record = names.type_of(member, Home::Types);
        let tags: Vec<String> = types.tags(&by.value, member).into_iter().map(literal).collect();
        let told = tags.iter().map(|tag| format!("`{}`", tag.trim_matches('"'))).collect::<Vec<_>>().join(" or ");
        // A literal may hold a backtick, which would end the code.
        let told = if tags.iter().any(|tag| tag.contains('`')) { "a value of its own".to_owned() } else { told };
        variants.push_str(&member_paragraph(&format!("`{}` is {told}.", by.value)));
        let _ = writeln!(variants, "    {record}({record}),");
        let _ = writeln!(arms, "            {} => record.read().map(Self::{record}),", tags.join(" | "));
        all.extend(tags);
        from.push(record);
    }
    code.item(format_args!(
        "{docs}#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(crate = \"evc_runtime::serde\", untagged)]
#[allow(clippy::large_enum_variant)]
pub enum {name} {{
{variants}}}"
    ));
    let (by, all) = (literal(&by.value), all.join(", "));
    code.item(format_args!(
        "impl<'de> serde::Deserialize<'de> for {name} {{
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {{
        let record = evc_runtime::Tagged::of(deserializer, {by})?;
        match record.tag() {{
{arms}            _ => Err(record.unknown(&[{all}])),
        }}
    }}
}}"
    ));
    for record in &from {
        code.item(format_args!(
            "impl From<{record}> for {name} {{
    fn from(record: {record}) -> Self {{
        Self::{record}(record)
    }}
}}"
        ));
    }
    bounds::of_union(names, union, name, code);
}

/// The text of a field that every value of a type has: of a record, or of each of the records of a union.
pub(super) fn text_of_field(names: &Names<'_>, ty: &Type, value: &str, field: &str) -> String {
    let member = field_name(field);
    match named(names, ty) {
        None => format!("{value}.{member}.to_string()"),
        Some((name, union)) => {
            let arms = variants(names, union).map(|variant| {
                format!("            crate::{name}::{variant}(record) => record.{member}.to_string(),\n")
            });
            format!("match {value} {{\n{}        }}", arms.collect::<String>())
        }
    }
}

/// The union that a type is, and its name in Rust.
pub(super) fn named<'m>(names: &'m Names<'m>, ty: &'m Type) -> Option<(&'m str, &'m Tagged)> {
    let mut current = ty;
    while let Kind::Named(name) = &current.kind {
        let declared = names.model.types.declared.get(name)?;
        if let Kind::Tagged(union) = &declared.kind {
            return Some((names.of_declared(name), union));
        }
        if std::ptr::eq(declared, current) {
            return None;
        }
        current = declared;
    }
    None
}

/// The names of the variants.
pub(super) fn variants<'m>(names: &'m Names<'m>, union: &'m Tagged) -> impl Iterator<Item = String> + 'm {
    union.members.iter().map(|member| names.type_of(member, Home::Types))
}
