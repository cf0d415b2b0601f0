//! The Rust of a stack: a workspace with the contract crate and a thin program a handler.
//!
//! | file | holds | made by |
//! | --- | --- | --- |
//! | `Cargo.toml`, `rustfmt.toml` | the workspace with the user's crate in it | `manifests`, `print` |
//! | `contract/src/{types,events,tables,outboxes,queues}.rs` | what the spec declares, as types | `types`, `events`, `tables`, `queues` |
//! | `contract/src/functions/NAME.rs` | the context of a function: what it may do | `functions` |
//! | `functions/NAME/src/main.rs` | one call into the runtime | `mains` |
//!
//! Behaviour lives in the runtime crate; nothing here decides anything at run time. The user's crate is not part of a stack:
//! [`scaffold`] has what is missing of it.

mod bounds;
mod events;
mod forwarders;
mod functions;
mod mains;
mod manifests;
mod names;
mod print;
mod queues;
mod scaffold;
mod tables;
#[cfg(test)]
mod tests;
mod text;
mod types;

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use super::{Backend, Files, Input, each};
use names::{Names, ident};

pub(crate) use manifests::RUNTIME_VERSION;
pub use names::{crate_ident, module};
pub use scaffold::scaffold;

/// How many files are formatted on one thread: what takes as long as some threads take to start.
const AT_ONCE: usize = 50;

/// The backend.
#[derive(Debug, Clone, Copy)]
pub struct Rust;

impl Backend for Rust {
    fn name(&self) -> &'static str {
        "rust"
    }

    fn emit(&self, input: Input<'_>, files: &mut Files) {
        let names = Names::new(input.plan.model);
        files.add("Cargo.toml", manifests::workspace(input));
        files.add("rustfmt.toml", print::RUSTFMT);
        contract(&names, input, files);
        let handlers = each(&input.plan.handlers, AT_ONCE, |handler| {
            (manifests::handler_manifest(input, handler), mains::main(&names, input, handler))
        });
        for (handler, (manifest, main)) in input.plan.handlers.iter().zip(handlers) {
            let folder = manifests::handler_folder(names.model, handler);
            files.add(format!("{folder}/Cargo.toml"), manifest);
            files.add(format!("{folder}/src/main.rs"), main);
        }
    }
}

/// A module of the contract: its name, what it holds, its items, and whether it names what the other modules define.
struct Module {
    name: &'static str,
    about: String,
    items: TokenStream,
}

fn contract(names: &Names<'_>, input: Input<'_>, files: &mut Files) {
    let service = &names.model.service.value;
    let modules = [
        ("types", "Types", types::types(names, input)),
        ("events", "Events", events::events(names, input)),
        ("tables", "Tables", tables::tables(names, input)),
        ("outboxes", "Outboxes", tables::outboxes(names, input)),
        ("queues", "Queues", queues::queues(names, input)),
    ];
    let modules: Vec<Module> = modules
        .into_iter()
        .filter(|(.., items)| !items.is_empty())
        .map(|(name, about, items)| Module { name, about: format!("{about} of `{service}`."), items })
        .collect();
    files.add("contract/Cargo.toml", manifests::contract_manifest(input));
    let functions = !names.model.functions.is_empty();
    files.add("contract/src/lib.rs", root(names, input, &modules, functions));
    for Module { name, about, items } in modules {
        files.add(format!("contract/src/{name}.rs"), module_file(input, &about, None, &items));
    }
    if functions {
        let about = format!("Functions of `{service}`: their contexts, inputs, outputs and errors.");
        let mut modules: Vec<_> = names.model.functions.ids().map(|id| ident(&names.function(id).module)).collect();
        modules.sort();
        let items = quote!(#(mod #modules;)* #(pub use #modules::*;)*);
        files.add("contract/src/functions/mod.rs", print::file(&mains::head(input, &about, None), items));
    }
    let ids: Vec<_> = names.model.functions.ids().collect();
    let texts = each(&ids, AT_ONCE, |id| {
        let head = &names.model.functions[*id].head;
        let items = functions::function(names, input, *id);
        module_file(input, &format!("The function `{}`.", head.name), head.description.as_deref(), &items)
    });
    for (id, text) in ids.into_iter().zip(texts) {
        files.add(format!("contract/src/functions/{}.rs", names.function(id).module), text);
    }
}

/// A file of the contract, with the imports that its items need.
fn module_file(input: Input<'_>, about: &str, description: Option<&str>, items: &TokenStream) -> String {
    let serde = mentions(items.clone(), "serde").then(|| {
        quote!(
            use evc_runtime::serde;
        )
    });
    print::file(&mains::head(input, about, description), quote!(#serde #items))
}

/// Whether a module defines something, rather than only implementing traits of what others define.
fn has_items(items: &TokenStream) -> bool {
    items.clone().into_iter().any(|token| matches!(token, TokenTree::Ident(ident) if ident == "pub"))
}

/// Whether an identifier occurs.
fn mentions(tokens: TokenStream, name: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        _ => false,
    })
}

fn root(names: &Names<'_>, input: Input<'_>, modules: &[Module], functions: bool) -> String {
    let model = names.model;
    let about = format!("What the functions of `{}` take, return and may do.", model.service.value);
    let head = mains::head(input, &about, model.description.as_deref());
    let mut files: Vec<(&str, bool)> = modules.iter().map(|module| (module.name, has_items(&module.items))).collect();
    files.extend(functions.then_some(("functions", true)));
    files.sort_unstable();
    let all = files.iter().map(|(name, _)| ident(name));
    let public = files.iter().filter(|(_, public)| *public).map(|(name, _)| ident(name));
    print::file(&head, quote!(#(mod #all;)* #(pub use #public::*;)*))
}
