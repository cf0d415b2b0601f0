//! `contract/src/events.rs`: each event as the type of its detail.

use proc_macro2::TokenStream;
use quote::quote;

use super::bounds;
use super::names::{Home, Names, ident, is_detail};
use super::text::paragraph;
use super::types::{definitions, derives, head_docs, record};
use crate::emit::Input;
use crate::model::{Event, Id};
use crate::types::rust::field_name;
use crate::types::{Kind, Type};

/// All events.
pub(super) fn events(names: &Names<'_>, input: Input<'_>) -> TokenStream {
    let mut tokens: TokenStream =
        names.model.events.iter().map(|(id, event)| self::event(names, input, id, event)).collect();
    tokens.extend(definitions(names, input, Home::Events));
    tokens
}

fn event(names: &Names<'_>, input: Input<'_>, id: Id<Event>, event: &Event) -> TokenStream {
    let name = ident(names.event(id));
    let what = format!("The event `{}`: `{}` of `{}`.", event.head.name, event.detail_type.value, event.source.value);
    // Backticks in a source would end the code.
    let what = if what.matches('`').count() == 6 { what } else { format!("The event `{}`.", event.head.name) };
    let docs = head_docs(&what, event.head.description.as_deref(), &input.location(event.head.name_span));
    let itself = is_detail(event, names.model);
    let definition = match &event.detail.kind {
        _ if itself => TokenStream::new(),
        Kind::Record(_) => record(names, &event.detail, names.event(id), &docs, Home::Events),
        _ => {
            let (derives, detail) = (derives(), names.type_of(&event.detail, Home::Events));
            let bounds = bounds::of_wrapper(names, &event.detail, names.event(id));
            let field = paragraph("What it carries.");
            quote! {
                #docs
                #derives
                #[serde(crate = "evc_runtime::serde", transparent)]
                pub struct #name(#field pub #detail);
                #bounds
            }
        }
    };
    let (source, detail_type) = (&event.source.value, &event.detail_type.value);
    let wrapped = !itself && !matches!(event.detail.kind, Kind::Record(_));
    let aggregate = aggregate(names, id, &event.detail, wrapped);
    let ty = if itself { quote!(crate::#name) } else { quote!(#name) };
    quote! {
        #definition
        impl evc_runtime::Event for #ty {
            const SOURCE: &'static str = #source;
            const DETAIL_TYPE: &'static str = #detail_type;
            #aggregate
        }
    }
}

/// What the event is about, if an outbox that carries it says which field tells.
fn aggregate(names: &Names<'_>, id: Id<Event>, detail: &Type, wrapped: bool) -> Option<TokenStream> {
    let types = &names.model.types;
    let carries = |outbox: &&crate::model::Outbox| outbox.publishes.iter().any(|event| event.value == id);
    let name = names.model.outboxes.values().filter(carries).find_map(|outbox| outbox.aggregate.as_ref())?;
    let record = types.record(detail)?;
    let field = record.get(name.as_str())?;
    let text = matches!(
        types.resolve(&field.ty).kind,
        Kind::String(_) | Kind::Integer(_) | Kind::Uuid | Kind::Timestamp | Kind::Date | Kind::Money(_) | Kind::Enum(_)
    );
    let member = ident(&field_name(name));
    let value = if wrapped { quote!(self.0.#member) } else { quote!(self.#member) };
    let value = if field.optional {
        quote!(#value.as_ref().map(ToString::to_string))
    } else {
        quote!(Some(#value.to_string()))
    };
    text.then(|| quote!(fn aggregate(&self) -> Option<String> { #value }))
}
