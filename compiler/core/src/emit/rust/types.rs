//! `contract/src/types.rs`: the declared types, and what the spec writes in place, as structs and enumerations.

use std::fmt::Write as _;

use super::bounds;
use super::names::{Definition, Home, Names};
use super::print::{Code, literal};
use super::text::{member_paragraph, paragraph, paragraphs};
use super::unions;
use crate::emit::Input;
use crate::types::rust::{field_name, variant_name};
use crate::types::{Field, Kind, Type, describe};

/// The derives of a record. `serde` is the runtime's.
pub(super) const DERIVES: &str = "#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]";

/// The declared types, and what is written in place inside of them.
pub(super) fn types(names: &Names<'_>, input: Input<'_>) -> Code {
    let mut code = Code::default();
    for (name, ty) in &names.model.types.declared {
        let by = match &ty.kind {
            Kind::Tagged(union) => union.by.as_ref(),
            _ => None,
        };
        let told =
            by.map_or_else(String::new, |by| format!(" One of several records, which `{}` tells apart.", by.value));
        let docs = paragraph(&format!("`{name}`, declared at {}.{told}", input.location(ty.span)));
        let name = names.of_declared(name);
        match &ty.kind {
            Kind::Record(_) => record(names, ty, name, &docs, Home::Types, &mut code),
            Kind::Enum(_) => enumeration(ty, name, &docs, &mut code),
            Kind::Tagged(union) => unions::union(names, union, name, &docs, &mut code),
            _ => code.item(format_args!("{docs}pub type {name} = {};", names.type_of(ty, Home::Types))),
        }
    }
    definitions(names, input, Home::Types, &mut code);
    code
}

/// What the spec writes in place in one part of it.
pub(super) fn definitions(names: &Names<'_>, input: Input<'_>, home: Home, code: &mut Code) {
    for Definition { ty, .. } in names.definitions.iter().filter(|definition| definition.home == home) {
        let name = names.of_inline(ty);
        let docs = paragraph(&format!("Declared in place at {}.", input.location(ty.span)));
        match &ty.kind {
            Kind::Enum(_) => enumeration(ty, name, &docs, code),
            _ => record(names, ty, name, &docs, home, code),
        }
    }
}

/// A record as a struct.
pub(super) fn record(names: &Names<'_>, ty: &Type, name: &str, docs: &str, home: Home, code: &mut Code) {
    let fields = names.model.types.record(ty).unwrap_or_default();
    let renamed = |wire: &str| field_name(wire) != wire;
    let camel = fields.keys().all(|wire| camel_case(&field_name(wire)) == *wire);
    let all = if camel && fields.keys().any(|wire| renamed(wire)) { ", rename_all = \"camelCase\"" } else { "" };
    let mut members = String::new();
    for (wire, field) in &fields {
        members.push_str(&field_docs(wire, field));
        if !camel && renamed(wire) {
            let _ = writeln!(members, "    #[serde(rename = {})]", literal(wire));
        }
        let (member, ty) = (field_name(wire), names.type_of(&field.ty, home));
        let _ = if field.optional {
            members.push_str("    #[serde(default, skip_serializing_if = \"Option::is_none\")]\n");
            writeln!(members, "    pub {member}: Option<{ty}>,")
        } else {
            writeln!(members, "    pub {member}: {ty},")
        };
    }
    let feed = if members.is_empty() { "" } else { "\n" };
    code.item(format_args!(
        "{docs}{DERIVES}
#[serde(crate = \"evc_runtime::serde\"{all})]
pub struct {name} {{{feed}{members}}}"
    ));
    bounds::of_record(names, ty, name, code);
}

/// What a field holds, in the words of the spec.
fn field_docs(wire: &str, field: &Field) -> String {
    let absent = if field.optional { ", or absent" } else { "" };
    let text = describe(&field.ty);
    // A literal may hold a backtick, which would end the code.
    if text.contains('`') { member_paragraph(wire) } else { member_paragraph(&format!("`{wire}`: `{text}`{absent}.")) }
}

/// An enumeration.
pub(super) fn enumeration(ty: &Type, name: &str, docs: &str, code: &mut Code) {
    let Kind::Enum(literals) = &ty.kind else { return };
    let (mut variants, mut arms) = (String::new(), String::new());
    for wire in literals {
        let (variant, text) = (variant_name(wire), literal(&wire.value));
        let docs = if wire.value.contains('`') { wire.value.clone() } else { format!("`{}`.", wire.value) };
        let docs = member_paragraph(&docs);
        let _ = writeln!(variants, "{docs}    #[serde(rename = {text})]\n    {variant},");
        let _ = writeln!(arms, "            Self::{variant} => {text},");
    }
    code.item(format_args!(
        "{docs}#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(crate = \"evc_runtime::serde\")]
pub enum {name} {{
{variants}}}"
    ));
    code.item(format_args!(
        "impl {name} {{
    /// The text on the wire.
    pub fn as_str(self) -> &'static str {{
        match self {{
{arms}        }}
    }}
}}"
    ));
    code.item(format_args!(
        "impl std::fmt::Display for {name} {{
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {{
        f.write_str(self.as_str())
    }}
}}"
    ));
}

/// What serde makes of a field's name with `rename_all = "camelCase"`.
fn camel_case(field: &str) -> String {
    let mut camel = String::with_capacity(field.len());
    let mut capital = false;
    for c in field.chars() {
        match c {
            '_' => capital = true,
            _ if capital && !camel.is_empty() => {
                camel.push(c.to_ascii_uppercase());
                capital = false;
            }
            _ => {
                camel.push(c);
                capital = false;
            }
        }
    }
    camel
}

/// The head of an item that the spec describes.
pub(super) fn head_docs(what: &str, description: Option<&str>, place: &str) -> String {
    paragraphs([what, description.unwrap_or(""), &format!("Declared at {place}.")])
}
