//! `contract/src/tables.rs`: each table with its key, its attributes and its indexes; the outboxes.

use proc_macro2::TokenStream;
use quote::quote;

use super::names::{Home, Names, ident};
use super::text::paragraph;
use super::types::{definitions, derives, head_docs};
use crate::emit::Input;
use crate::lower::ids;
use crate::model::{Id, Table};
use crate::spec::table::Projection;
use crate::types::Field;
use crate::types::rust::field_name;

/// All tables.
pub(super) fn tables(names: &Names<'_>, input: Input<'_>) -> TokenStream {
    let mut tokens: TokenStream =
        names.model.tables.iter().map(|(id, table)| self::table(names, input, id, table)).collect();
    tokens.extend(definitions(names, input, Home::Tables));
    tokens
}

fn table(names: &Names<'_>, input: Input<'_>, id: Id<Table>, table: &Table) -> TokenStream {
    let known = names.table(id);
    let (name, key, item) = (ident(&known.table), ident(&known.key), names.type_of(&table.item, Home::Tables));
    let docs = head_docs(
        &format!("The table `{}`.", table.head.name),
        table.head.description.as_deref(),
        &input.location(table.head.name_span),
    );
    let fields = names.model.types.record(&table.item).unwrap_or_default();
    let field_of = |attribute: &str| fields.get(attribute).copied();
    let keys: Vec<&str> = table.key.iter().map(|key| key.as_str()).collect();
    let members = keys.iter().map(|wire| key_field(names, wire, field_of(wire)));
    let (table_name, env) = (&table.head.name, ids::table_variable(table));
    let version = table.version.as_ref().map(|version| {
        let version = version.as_str();
        quote!(const VERSION: Option<&'static str> = Some(#version);)
    });
    let attributes = fields.iter().map(|(wire, field)| {
        let constant = ident(field_name(wire).to_ascii_uppercase().trim_end_matches('_'));
        let (ty, docs) = (names.type_of(&field.ty, Home::Tables), paragraph(&format!("The attribute `{wire}`.")));
        quote!(#docs pub const #constant: evc_runtime::table::Attr<Self, #ty> = evc_runtime::table::Attr::new(#wire);)
    });
    let derives = derives();
    let key_docs = paragraph(&format!("The key of an item of `{table_name}`."));
    let itself = index(names, &known.table, &known.table, None, &keys, &field_of);
    let indexes = table.indexes.iter().zip(&known.indexes).map(|(spec, index_name)| {
        let docs = head_docs(
            &format!("The index `{}` of `{table_name}`{}.", spec.name, holds(&spec.projection)),
            None,
            &input.location(spec.name_span),
        );
        let keys: Vec<&str> = spec.key.iter().map(|key| key.as_str()).collect();
        let (marker, index) =
            (ident(index_name), index(names, index_name, &known.table, Some(&spec.name), &keys, &field_of));
        quote!(#docs #[derive(Debug, Clone, Copy)] pub struct #marker; #index)
    });
    quote! {
        #docs
        #[derive(Debug, Clone, Copy)]
        pub struct #name;
        impl #name { #(#attributes)* }
        #key_docs
        #derives
        #[serde(crate = "evc_runtime::serde")]
        pub struct #key { #(#members)* }
        impl evc_runtime::table::Table for #name {
            type Item = #item;
            type Key = #key;
            const NAME: &'static str = #table_name;
            const ENV: &'static str = #env;
            const KEY: &'static [&'static str] = &[#(#keys),*];
            #version
        }
        #itself
        #(#indexes)*
    }
}

fn key_field(names: &Names<'_>, wire: &str, field: Option<&Field>) -> TokenStream {
    let member = field_name(wire);
    let rename = (member != wire).then(|| quote!(#[serde(rename = #wire)]));
    let (docs, member, ty) = (paragraph(&format!("The attribute `{wire}`.")), ident(&member), value_type(names, field));
    quote!(#docs #rename pub #member: #ty,)
}

fn value_type(names: &Names<'_>, field: Option<&Field>) -> TokenStream {
    let ty = field.map(|field| names.type_of(&field.ty, Home::Tables));
    // An attribute that the item does not have has been reported.
    ty.map_or_else(|| quote!(String), |ty| quote!(#ty))
}

fn index<'f>(
    names: &Names<'_>,
    marker: &str,
    table: &str,
    name: Option<&str>,
    keys: &[&str],
    field_of: &impl Fn(&str) -> Option<&'f Field>,
) -> TokenStream {
    let (marker, table) = (ident(marker), ident(table));
    let name = name.map_or_else(|| quote!(None), |name| quote!(Some(#name)));
    let [partition, sort @ ..] = keys else { return TokenStream::new() };
    let partition_type = value_type(names, field_of(partition));
    let (sort_type, sort) = match sort {
        [] => (quote!(()), quote!(None)),
        [sort, ..] => (value_type(names, field_of(sort)), quote!(Some(#sort))),
    };
    quote! {
        impl evc_runtime::table::Index for #marker {
            type Table = #table;
            type Partition = #partition_type;
            type Sort = #sort_type;
            const NAME: Option<&'static str> = #name;
            const PARTITION: &'static str = #partition;
            const SORT: Option<&'static str> = #sort;
        }
    }
}

fn holds(projection: &Projection) -> &'static str {
    match projection {
        Projection::All => "",
        Projection::Keys => ", which holds keys alone",
        Projection::Include(_) => ", which holds some attributes",
    }
}

/// All outboxes that functions publish through.
pub(super) fn outboxes(names: &Names<'_>, input: Input<'_>) -> TokenStream {
    let own = names.model.outboxes.iter().filter(|(_, outbox)| outbox.changes.is_none());
    let outboxes = own.map(|(id, outbox)| {
        let (name, env) = (ident(names.outbox(id)), ids::outbox_variable(outbox));
        let docs = head_docs(
            &format!("The outbox `{}`.", outbox.head.name),
            outbox.head.description.as_deref(),
            &input.location(outbox.head.name_span),
        );
        let carries = outbox.publishes.iter().map(|event| {
            let event = ident(names.event(event.value));
            quote!(impl evc_runtime::Carries<crate::#event> for #name {})
        });
        quote! {
            #docs
            #[derive(Debug, Clone, Copy)]
            pub struct #name;
            impl evc_runtime::Outbox for #name { const ENV: &'static str = #env; }
            #(#carries)*
        }
    });
    outboxes.collect()
}
