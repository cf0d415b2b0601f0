//! The ranges of the spec in generated code: `impl Bounded` for each record with ranges in it. Only inputs are checked, by the
//! runtime.

use std::collections::BTreeSet;
use std::fmt::Display;

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::names::{Names, ident};
use crate::types::rust::field_name;
use crate::types::{Kind, Range, Type};

/// The implementation for a record, if there are ranges in it.
pub(super) fn of_record(names: &Names<'_>, ty: &Type, name: &str) -> TokenStream {
    let checks: TokenStream = names
        .model
        .types
        .record(ty)
        .unwrap_or_default()
        .iter()
        .map(|(wire, field)| {
            let member = ident(&field_name(wire));
            let at = quote!(at.field(#wire));
            if !field.optional {
                return checks(names, &field.ty, &Place { expression: quote!(self.#member), reference: false }, &at, 0);
            }
            let inner = checks(names, &field.ty, &Place::reference(&ident("value")), &at, 0);
            if inner.is_empty() { inner } else { quote!(if let Some(value) = &self.#member { #inner }) }
        })
        .collect();
    implementation(name, &checks)
}

/// The implementation for an event that wraps its detail.
pub(super) fn of_wrapper(names: &Names<'_>, detail: &Type, name: &str) -> TokenStream {
    implementation(
        name,
        &checks(names, detail, &Place { expression: quote!(self.0), reference: false }, &quote!(at), 0),
    )
}

/// The body of `decode` for an input that is no record of its own: a list, a bounded text.
pub(super) fn of_input(names: &Names<'_>, ty: &Type) -> TokenStream {
    let checks = checks(names, ty, &Place { expression: quote!(input), reference: false }, &quote!(at), 0);
    quote! {
        let input: Self::Input = payload.decode()?;
        let at = evc_runtime::At::root();
        #checks
        Ok(input)
    }
}

fn implementation(name: &str, checks: &TokenStream) -> TokenStream {
    if checks.is_empty() {
        return TokenStream::new();
    }
    let name = ident(name);
    quote! {
        impl evc_runtime::Bounded for #name {
            fn check(&self, at: &evc_runtime::At<'_>) -> Result<(), evc_runtime::Error> { #checks Ok(()) }
        }
    }
}

/// Whether there are ranges in a type.
pub(super) fn is_bounded(names: &Names<'_>, ty: &Type) -> bool {
    bounded(names, ty, &mut BTreeSet::new())
}

fn bounded<'m>(names: &Names<'m>, ty: &Type, seen: &mut BTreeSet<&'m str>) -> bool {
    match &ty.kind {
        Kind::String(range) => *range != Range::default(),
        Kind::Integer(range) => *range != Range::default(),
        Kind::Number(range) | Kind::Money(range) => *range != Range::default(),
        Kind::List(of, range) => *range != Range::default() || bounded(names, of, seen),
        Kind::Map(of) => bounded(names, of, seen),
        Kind::Record(_) => {
            let fields = names.model.types.record(ty).unwrap_or_default();
            fields.values().any(|field| bounded(names, &field.ty, seen))
        }
        Kind::Named(name) => match names.model.types.declared.get_key_value(name) {
            Some((name, ty)) => seen.insert(name) && bounded(names, ty, seen),
            None => false,
        },
        _ => false,
    }
}

/// An expression of a value, or of a reference to one.
struct Place {
    expression: TokenStream,
    reference: bool,
}

impl Place {
    fn reference(name: &Ident) -> Self {
        Self { expression: quote!(#name), reference: true }
    }

    fn borrowed(&self) -> TokenStream {
        let expression = &self.expression;
        if self.reference { quote!(#expression) } else { quote!(&#expression) }
    }
}

/// The statements that check a value. Loops within `depth` others have names of their own.
fn checks(names: &Names<'_>, ty: &Type, place: &Place, at: &TokenStream, depth: usize) -> TokenStream {
    if !is_bounded(names, ty) {
        return TokenStream::new();
    }
    let (value, borrowed) = (&place.expression, place.borrowed());
    let resolved = names.model.types.resolve(ty);
    let level = if depth == 0 { String::new() } else { depth.to_string() };
    let [index, item, key] = ["index", "item", "key"].map(|name| ident(&format!("{name}{level}")));
    let inner = |of: &Type, at: &TokenStream| checks(names, of, &Place::reference(&item), at, depth + 1);
    match &resolved.kind {
        Kind::String(range) => {
            let range = tokens(range);
            quote!(#at.length(#borrowed, #range)?;)
        }
        Kind::Integer(range) => {
            let range = tokens(range);
            quote!(#at.number(#borrowed, #range)?;)
        }
        Kind::Number(range) => {
            let range = decimals(range);
            quote!(#at.number(#borrowed, #range)?;)
        }
        Kind::Money(range) => {
            let range = decimals(range);
            quote!(#at.money(#borrowed, #range)?;)
        }
        Kind::List(of, range) => {
            let own = (*range != Range::default()).then(|| {
                let range = tokens(range);
                quote!(#at.count(#value.len(), #range)?;)
            });
            let items = inner(of, &quote!(#at.item(#index)));
            let items =
                (!items.is_empty()).then(|| quote!(for (#index, #item) in #value.iter().enumerate() { #items }));
            quote!(#own #items)
        }
        Kind::Map(of) => {
            let items = inner(of, &quote!(#at.field(#key)));
            quote!(for (#key, #item) in #borrowed { #items })
        }
        // `at` is a reference already where nothing leads on from it.
        Kind::Record(_) if at.to_string() == "at" => quote!(evc_runtime::Bounded::check(#borrowed, at)?;),
        Kind::Record(_) => quote!(evc_runtime::Bounded::check(#borrowed, &#at)?;),
        _ => TokenStream::new(),
    }
}

/// A range of whole numbers.
fn tokens<T: Display>(range: &Range<T>) -> TokenStream {
    written(range.min.as_ref().map(ToString::to_string), range.max.as_ref().map(ToString::to_string))
}

/// A range of doubles, which need their point.
fn decimals(range: &Range<f64>) -> TokenStream {
    written(range.min.map(|min| format!("{min:?}")), range.max.map(|max| format!("{max:?}")))
}

fn written(min: Option<String>, max: Option<String>) -> TokenStream {
    let text = format!("{}..{}", min.unwrap_or_default(), max.map(|max| format!("={max}")).unwrap_or_default());
    text.parse().expect("numbers and dots are tokens")
}
