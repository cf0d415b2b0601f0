//! `contract/src/functions/NAME.rs`: what one function takes, returns and fails with, and its context: exactly what its line
//! in the spec grants.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::bounds::{self, is_bounded};
use super::names::{FunctionNames, Home, Names, ident, parse_type};
use super::queues;
use super::text::{and, doc, paragraph, paragraphs};
use super::types::{definitions, derives};
use crate::emit;
use crate::lower::ids;
use crate::model::{Function, Id, Input, Trigger};
use crate::spec::function::Operation;
use crate::types::rust::variant_name;
use crate::types::{Kind, Type};

/// The variant of an error enum for what is outside of the business logic, unless the spec has an error of that name.
const OTHER: &str = "Other";

/// One function.
pub(super) fn function(names: &Names<'_>, input: emit::Input<'_>, id: Id<Function>) -> TokenStream {
    let (function, known) = (&names.model.functions[id], names.function(id));
    let parts = [
        definitions(names, input, Home::Function(id)),
        events_input(names, function, known),
        error(function, known),
        context(names, input, function, known),
        implementation(names, function, known),
        grants(names, function, known),
        methods(names, function, known),
    ];
    parts.into_iter().collect()
}

/// The Rust types that a function's signature names.
pub(super) struct Signature {
    pub(super) input: String,
    pub(super) output: String,
}

/// What a function takes and returns, as Rust text.
pub(super) fn signature(names: &Names<'_>, function: &Function, known: &FunctionNames) -> Signature {
    let input = match (&function.input, &known.input) {
        (_, Some(several)) => several.clone(),
        (Input::Nothing, _) => "()".to_owned(),
        (Input::Value(ty), _) => names.type_text(ty),
        (Input::Events(events), _) => events.first().map_or("()", |event| names.event(*event)).to_owned(),
    };
    let output = function.output.as_ref().map_or_else(|| "()".to_owned(), |ty| names.type_text(ty));
    Signature { input, output }
}

/// The input of a function that several events reach: which one it was.
fn events_input(names: &Names<'_>, function: &Function, known: &FunctionNames) -> TokenStream {
    let (Some(name), Input::Events(events)) = (&known.input, &function.input) else { return TokenStream::new() };
    let (name, derives) = (ident(name), derives());
    let docs = paragraph(&format!("The events that bring work to `{}`.", function.head.name));
    let variants = events.iter().map(|event| {
        let docs = paragraph(&format!("`{}`.", names.model.events[*event].head.name));
        let event = ident(names.event(*event));
        quote!(#docs #event(crate::#event),)
    });
    quote! {
        #docs
        #derives
        #[serde(crate = "evc_runtime::serde", untagged)]
        pub enum #name { #(#variants)* }
    }
}

/// What a function fails with: its business errors and everything else, or only the latter.
fn error(function: &Function, known: &FunctionNames) -> TokenStream {
    let name = ident(&known.error);
    let function_name = &function.head.name;
    if function.errors.is_empty() {
        let docs = paragraph(&format!("What `{function_name}` fails with: the spec gives it no business errors."));
        return quote!(#docs pub type #name = evc_runtime::Error;);
    }
    let variants: Vec<_> = function.errors.iter().map(|error| ident(&variant_name(&error.name))).collect();
    let wire: Vec<&str> = function.errors.iter().map(|error| error.name.as_str()).collect();
    let other = if variants.iter().any(|variant| variant == OTHER) { "Infrastructure" } else { OTHER };
    let other = ident(other);
    let docs = paragraph(&format!("What `{function_name}` fails with."));
    let variant_docs = wire.iter().map(|name| paragraph(&format!("`{name}`, with a message for people.")));
    let other_docs = paragraph("Anything outside of the business logic.");
    quote! {
        #docs
        #[derive(Debug)]
        pub enum #name { #(#variant_docs #variants(String),)* #other_docs #other(evc_runtime::Error), }
        impl From<evc_runtime::Error> for #name {
            fn from(error: evc_runtime::Error) -> Self { Self::#other(error) }
        }
        impl std::fmt::Display for #name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    #(Self::#variants(message) => f.write_str(message),)*
                    Self::#other(error) => error.fmt(f),
                }
            }
        }
        impl std::error::Error for #name {}
        impl evc_runtime::FunctionError for #name {
            fn name(&self) -> &str {
                match self { #(Self::#variants(_) => #wire,)* Self::#other(error) => error.name(), }
            }
            fn status(&self) -> u16 {
                match self { Self::#other(error) => error.status(), _ => 422, }
            }
            fn infrastructure(&self) -> Option<&evc_runtime::Error> {
                match self { Self::#other(error) => Some(error), _ => None, }
            }
        }
    }
}

/// The context type, with all that the function may do in its documentation.
fn context(names: &Names<'_>, input: emit::Input<'_>, function: &Function, known: &FunctionNames) -> TokenStream {
    let name = ident(&known.context);
    let may = may(names, function);
    let what = format!("The context of `{}`: what it may do. {may}", function.head.name);
    let docs = paragraphs([
        what.as_str(),
        function.head.description.as_deref().unwrap_or(""),
        &format!("Declared at {}. The function is:", input.location(function.head.name_span)),
    ]);
    let Signature { input, output } = signature(names, function, known);
    let error = &known.error;
    let lines = [
        String::new(),
        "```text".to_owned(),
        format!("pub async fn {}(", known.module),
        format!("    cx: &{},", known.context),
        format!("    input: {input},"),
        format!(") -> Result<{output}, {error}>"),
        "```".to_owned(),
    ];
    let signature: TokenStream = lines.iter().map(|line| doc(line)).collect();
    quote! {
        #docs
        #signature
        #[derive(Debug)]
        pub struct #name { context: evc_runtime::Context }
        impl std::ops::Deref for #name {
            type Target = evc_runtime::Context;
            fn deref(&self) -> &evc_runtime::Context { &self.context }
        }
    }
}

/// A sentence that says what a function may touch.
fn may(names: &Names<'_>, function: &Function) -> String {
    let model = names.model;
    let mut may: Vec<String> = Vec::new();
    for table in &function.tables {
        let operations: Vec<String> = table.operations.iter().map(|operation| verb(*operation).to_owned()).collect();
        may.push(format!("{} items of `{}`", and(&operations), model.tables[table.table].head.name));
    }
    let event =
        |event: &crate::source::Spanned<Id<crate::model::Event>>| format!("`{}`", model.events[event.value].head.name);
    if let Some(outbox) = &function.outbox {
        let events: Vec<String> = function.outbox_events.iter().map(event).collect();
        may.push(format!("publish {} through `{}`", and(&events), model.outboxes[outbox.value].head.name));
    }
    if !function.publishes.is_empty() {
        let events: Vec<String> = function.publishes.iter().map(event).collect();
        may.push(format!("publish {}", and(&events)));
    }
    if !function.sends.is_empty() {
        let queues: Vec<String> =
            function.sends.iter().map(|queue| format!("`{}`", model.queues[queue.value].head.name)).collect();
        may.push(format!("send to {}", and(&queues)));
    }
    if may.is_empty() { "It touches nothing.".to_owned() } else { format!("It may {}.", may.join("; ")) }
}

fn verb(operation: Operation) -> &'static str {
    match operation {
        Operation::Get => "get",
        Operation::Query => "query",
        Operation::Put => "put",
        Operation::Update => "update",
        Operation::Delete => "delete",
        Operation::Check => "check",
        Operation::Read => "read",
        Operation::Write => "write",
    }
}

fn implementation(names: &Names<'_>, function: &Function, known: &FunctionNames) -> TokenStream {
    let Signature { input, output } = signature(names, function, known);
    let contract_type = |text: &str| names.qualified(parse_type(text));
    let (context, input, output, error) =
        (ident(&known.context), contract_type(&input), contract_type(&output), ident(&known.error));
    let function_name = &function.head.name;
    let sources = sources(function).into_iter().map(ident);
    let decode = decode(names, function, known);
    quote! {
        impl evc_runtime::Function for #context {
            type Input = #input;
            type Output = #output;
            type Error = #error;
            const NAME: &'static str = #function_name;
            const SOURCES: &'static [evc_runtime::Source] = &[#(evc_runtime::Source::#sources),*];
            fn new(context: evc_runtime::Context) -> Self { Self { context } }
            #decode
        }
    }
}

/// Who may call it. A function that does not live from events alone can be tried out with a direct invocation.
fn sources(function: &Function) -> Vec<&'static str> {
    let has = |is: fn(&Trigger) -> bool| function.triggers.iter().any(is);
    let direct = !matches!(function.input, Input::Events(_)) || has(|trigger| matches!(trigger, Trigger::Schedule(_)));
    let sources = [
        ("Direct", direct),
        ("Step", has(|trigger| matches!(trigger, Trigger::Workflow(_)))),
        ("EventBridge", has(|trigger| matches!(trigger, Trigger::Rule(_)))),
        ("Sqs", has(|trigger| matches!(trigger, Trigger::Queue(_)))),
        ("HttpApi", has(|trigger| matches!(trigger, Trigger::Api(_)))),
    ];
    sources.into_iter().filter(|(_, here)| *here).map(|(source, _)| source).collect()
}

/// How the input is read, where it is not simply the payload.
fn decode(names: &Names<'_>, function: &Function, known: &FunctionNames) -> TokenStream {
    let head = quote!(fn decode(payload: &evc_runtime::Payload<'_>) -> Result<Self::Input, evc_runtime::Error>);
    match (&function.input, &known.input) {
        // Whatever comes: it is not looked at.
        (Input::Nothing, _) => {
            quote!(
                fn decode(_: &evc_runtime::Payload<'_>) -> Result<Self::Input, evc_runtime::Error> {
                    Ok(())
                }
            )
        }
        (Input::Events(events), Some(input)) => {
            let input = ident(input);
            let arms = events.iter().map(|id| {
                let (event, name) = (&names.model.events[*id], ident(names.event(*id)));
                let (source, detail_type) = (&event.source.value, &event.detail_type.value);
                let decode = reading(names, &event.detail);
                quote!((Some(#source), Some(#detail_type)) => Ok(#input::#name(payload.#decode()?)),)
            });
            quote! {
                #head {
                    match (payload.source(), payload.detail_type()) {
                        #(#arms)*
                        _ => Err(payload.unexpected()),
                    }
                }
            }
        }
        (Input::Value(ty), _) if is_bounded(names, ty) => {
            let record = matches!(names.model.types.resolve(ty).kind, Kind::Record(_));
            let body = if record { quote!(payload.bounded()) } else { bounds::of_input(names, ty) };
            quote!(#head { #body })
        }
        (Input::Events(events), _) if events.iter().any(|id| is_bounded(names, &names.model.events[*id].detail)) => {
            quote!(#head { payload.bounded() })
        }
        _ => TokenStream::new(),
    }
}

/// The method that reads an input: the one that checks ranges if there are any.
fn reading(names: &Names<'_>, ty: &Type) -> Ident {
    ident(if is_bounded(names, ty) { "bounded" } else { "decode" })
}

/// One line a permission.
fn grants(names: &Names<'_>, function: &Function, known: &FunctionNames) -> TokenStream {
    let context = ident(&known.context);
    let mut tokens = TokenStream::new();
    for used in &function.tables {
        let table = ident(&names.table(used.table).table);
        for operation in used.operations.iter().flat_map(|operation| operation.expand()) {
            let grant = ident(&variant_name(verb(*operation)));
            tokens.extend(quote!(impl evc_runtime::grant::#grant<crate::#table> for #context {}));
        }
    }
    if let Some(outbox) = &function.outbox {
        let env = ids::outbox_variable(&names.model.outboxes[outbox.value]);
        tokens.extend(quote! {
            impl evc_runtime::grant::Outbox for #context { type Outbox = Self; }
            impl evc_runtime::Outbox for #context { const ENV: &'static str = #env; }
        });
        tokens.extend(function.outbox_events.iter().map(|event| {
            let event = ident(names.event(event.value));
            quote!(impl evc_runtime::Carries<crate::#event> for #context {})
        }));
    }
    tokens.extend(function.publishes.iter().map(|event| {
        let bus = ids::bus_variable(&names.model.buses[names.model.events[event.value].bus]);
        let event = ident(names.event(event.value));
        quote!(impl evc_runtime::grant::Publish<crate::#event> for #context { const BUS_ENV: &'static str = #bus; })
    }));
    tokens.extend(queues::grants(names, function, &known.context));
    tokens
}

/// The clients that the context gives.
fn methods(names: &Names<'_>, function: &Function, known: &FunctionNames) -> TokenStream {
    let context = ident(&known.context);
    let tables = function.tables.iter().zip(names.table_methods(function)).map(|(used, method)| {
        let (method, table) = (ident(&method), ident(&names.table(used.table).table));
        let docs = paragraph(&format!("The table `{}`.", names.model.tables[used.table].head.name));
        quote! {
            #docs
            pub fn #method(&self) -> evc_runtime::table::TableClient<'_, crate::#table, Self> { self.context.table() }
        }
    });
    let writes = function.tables.iter().any(|used| used.operations.iter().any(|operation| operation.writes()));
    let transact = (writes || function.outbox.is_some()).then(|| {
        let docs = paragraph("Several writes and events, all or none.");
        quote!(#docs pub fn transact(&self) -> evc_runtime::Transaction<'_, Self> { self.context.transaction() })
    });
    let publish = (!function.publishes.is_empty()).then(|| {
        let docs = paragraph("Puts an event on its bus; returns the event's id.");
        quote! {
            #docs
            pub async fn publish<E>(&self, event: &E) -> Result<evc_runtime::Uuid, evc_runtime::Error>
            where
                E: evc_runtime::Event,
                Self: evc_runtime::grant::Publish<E>,
            {
                self.context.publish::<Self, E>(event).await
            }
        }
    });
    let methods: Vec<TokenStream> = tables.chain(transact).chain(publish).chain(queues::send(function)).collect();
    if methods.is_empty() { TokenStream::new() } else { quote!(impl #context { #(#methods)* }) }
}
