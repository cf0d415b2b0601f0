//! `contract/src/types.rs`: the declared types, and what the spec writes in place, as structs and enumerations.

use proc_macro2::TokenStream;
use quote::quote;

use super::bounds;
use super::names::{Definition, Home, Names, ident};
use super::text::{doc, paragraph, paragraphs};
use crate::emit::Input;
use crate::types::rust::{field_name, variant_name};
use crate::types::{Field, Kind, Type, describe};

/// The derives of a record. `serde` is the runtime's.
pub(super) fn derives() -> TokenStream {
    quote!(#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)])
}

/// The declared types, and what is written in place inside of them.
pub(super) fn types(names: &Names<'_>, input: Input<'_>) -> TokenStream {
    let mut tokens = TokenStream::new();
    for (name, ty) in &names.model.types.declared {
        let docs = paragraph(&format!("`{name}`, declared at {}.", input.location(ty.span)));
        tokens.extend(match &ty.kind {
            Kind::Record(_) => record(names, ty, name, &docs, Home::Types),
            Kind::Enum(_) => enumeration(ty, name, &docs),
            _ => {
                let (alias, ty) = (ident(name), names.type_of(ty, Home::Types));
                quote!(#docs pub type #alias = #ty;)
            }
        });
    }
    tokens.extend(definitions(names, input, Home::Types));
    tokens
}

/// What the spec writes in place in one part of it.
pub(super) fn definitions(names: &Names<'_>, input: Input<'_>, home: Home) -> TokenStream {
    let here = names.definitions.iter().filter(|definition| definition.home == home);
    here.map(|Definition { ty, .. }| {
        let name = names.of_inline(ty);
        let docs = paragraph(&format!("Declared in place at {}.", input.location(ty.span)));
        match &ty.kind {
            Kind::Enum(_) => enumeration(ty, name, &docs),
            _ => record(names, ty, name, &docs, home),
        }
    })
    .collect()
}

/// A record as a struct.
pub(super) fn record(names: &Names<'_>, ty: &Type, name: &str, docs: &TokenStream, home: Home) -> TokenStream {
    let fields = names.model.types.record(ty).unwrap_or_default();
    let renamed = |wire: &str| field_name(wire) != wire;
    let (all, each) = if fields.keys().all(|wire| camel_case(&field_name(wire)) == *wire) {
        let any = fields.keys().any(|wire| renamed(wire));
        (any.then(|| quote!(, rename_all = "camelCase")), false)
    } else {
        (None, true)
    };
    let fields = fields.iter().map(|(wire, field)| {
        let rename = (each && renamed(wire)).then(|| quote!(#[serde(rename = #wire)]));
        let absent = field.optional.then(|| quote!(#[serde(default, skip_serializing_if = "Option::is_none")]));
        let (docs, member, ty) = (field_docs(wire, field), ident(&field_name(wire)), names.type_of(&field.ty, home));
        let ty = if field.optional { quote!(Option<#ty>) } else { quote!(#ty) };
        quote!(#docs #rename #absent pub #member: #ty,)
    });
    let (struct_name, derives, bounds) = (ident(name), derives(), bounds::of_record(names, ty, name));
    quote! {
        #docs
        #derives
        #[serde(crate = "evc_runtime::serde" #all)]
        pub struct #struct_name { #(#fields)* }
        #bounds
    }
}

/// What a field holds, in the words of the spec.
fn field_docs(wire: &str, field: &Field) -> TokenStream {
    let absent = if field.optional { ", or absent" } else { "" };
    let text = describe(&field.ty);
    // A literal may hold a backtick, which would end the code.
    if text.contains('`') { paragraph(wire) } else { paragraph(&format!("`{wire}`: `{text}`{absent}.")) }
}

/// An enumeration.
pub(super) fn enumeration(ty: &Type, name: &str, docs: &TokenStream) -> TokenStream {
    let Kind::Enum(literals) = &ty.kind else { return TokenStream::new() };
    let name = ident(name);
    let variants: Vec<_> = literals.iter().map(|literal| ident(&variant_name(literal))).collect();
    let texts: Vec<&str> = literals.iter().map(|literal| literal.value.as_str()).collect();
    let variant_docs =
        texts.iter().map(|text| paragraph(&if text.contains('`') { (*text).to_owned() } else { format!("`{text}`.") }));
    let display = doc("The text on the wire.");
    quote! {
        #docs
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Serialize, serde::Deserialize)]
        #[serde(crate = "evc_runtime::serde")]
        pub enum #name { #(#variant_docs #[serde(rename = #texts)] #variants,)* }
        impl #name {
            #display
            pub fn as_str(self) -> &'static str {
                match self { #(Self::#variants => #texts,)* }
            }
        }
        impl std::fmt::Display for #name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    }
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
pub(super) fn head_docs(what: &str, description: Option<&str>, place: &str) -> TokenStream {
    let described = description.map(str::to_owned);
    paragraphs([what, described.as_deref().unwrap_or(""), &format!("Declared at {place}.")])
}
