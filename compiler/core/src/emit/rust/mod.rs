//! The Rust of a stack: a workspace with the contract crate and a thin program a handler.
//!
//! | file | holds | made by |
//! | --- | --- | --- |
//! | `Cargo.toml`, `rustfmt.toml` | the workspace with the user's crate in it | `manifests`, `print` |
//! | `contract/src/{types,events,tables,outboxes,queues,config,secrets,callers}.rs` | what the spec declares, as types | `types`, `events`, `tables`, `queues`, `config`, `secrets`, `callers` |
//! | `contract/src/workflows.rs` | definitions of workflows on Redis, answers that workflows wait for | `workflows` |
//! | `contract/src/functions/NAME.rs` | the context of a function: what it may do | `functions` |
//! | `functions/NAME/src/main.rs` | one call into the runtime | `mains` |
//! | `dev/src/main.rs` | all handlers in one program, for `evc dev` | `dev` |
//!
//! Behaviour lives in the runtime crate; nothing here decides anything at run time. The user's crate is not part of a stack:
//! [`scaffold`] has what is missing of it.

mod bounds;
mod caches;
mod callers;
mod config;
mod dev;
mod events;
mod forwarders;
mod functions;
mod groups;
mod layout;
mod mains;
mod manifests;
mod names;
mod print;
mod queries;
mod queues;
mod responses;
mod routes;
mod scaffold;
mod secrets;
mod tables;
#[cfg(test)]
mod tests;
mod text;
mod types;
mod unions;
mod webhooks;
mod workflows;

use super::{Backend, Files, Input, each};
use names::Names;
use print::Code;

pub use dev::{FEATURE as DEV_FEATURE, package as dev_package};
pub use manifests::RUNTIME_VERSION;
pub use names::{crate_ident, module};
pub use scaffold::scaffold;

/// How many files are written on one thread: what takes as long as some threads take to start.
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
        if !input.plan.handlers.is_empty() {
            files.add(format!("{}/Cargo.toml", dev::FOLDER), manifests::dev_manifest(input));
            files.add(format!("{}/src/main.rs", dev::FOLDER), dev::main(&names, input));
        }
    }
}

fn contract(names: &Names<'_>, input: Input<'_>, files: &mut Files) {
    let service = &names.model.service.value;
    let mut modules = vec![
        ("types", "Types", types::types(names, input)),
        ("events", "Events", events::events(names, input)),
        ("tables", "Tables", tables::tables(names, input)),
        ("outboxes", "Outboxes", tables::outboxes(names, input)),
        ("queues", "Queues", queues::queues(names, input)),
        ("config", "Configuration", config::config(names, input)),
        ("secrets", "Secrets", secrets::secrets(names, input)),
        ("callers", "Callers", callers::callers(names, input)),
        ("workflows", "Workflows", workflows::workflows(names, input)),
    ];
    modules.retain(|(.., code)| !code.is_empty());
    files.add("contract/Cargo.toml", manifests::contract_manifest(input));
    // A module without public items only implements traits of what others define.
    let mut roots: Vec<(&str, bool)> = modules.iter().map(|(name, _, code)| (*name, code.has_line("pub "))).collect();
    let functions: Vec<_> = names.model.functions.ids().collect();
    if !functions.is_empty() {
        roots.push(("functions", true));
    }
    let about = format!("What the functions of `{service}` take, return and may do.");
    let head = mains::head(input, &about, names.model.description.as_deref());
    files.add("contract/src/lib.rs", root(roots).file(&head));
    for (name, holds, code) in modules {
        let head = mains::head(input, &format!("{holds} of `{service}`."), None);
        files.add(format!("contract/src/{name}.rs"), module_file(&head, &code));
    }
    if !functions.is_empty() {
        let about = format!("Functions of `{service}`: their contexts, inputs, outputs and errors.");
        let modules = functions.iter().map(|id| (names.function(*id).module.as_str(), true)).collect();
        files.add("contract/src/functions/mod.rs", root(modules).file(&mains::head(input, &about, None)));
    }
    let texts = each(&functions, AT_ONCE, |id| {
        let head = &names.model.functions[*id].head;
        let head = mains::head(input, &format!("The function `{}`.", head.name), head.description.as_deref());
        module_file(&head, &functions::function(names, input, *id))
    });
    for (id, text) in functions.into_iter().zip(texts) {
        files.add(format!("contract/src/functions/{}.rs", names.function(id).module), text);
    }
}

/// A file of the contract, with the import that its derives need.
fn module_file(head: &str, code: &Code) -> String {
    let import = if code.has_line("#[serde(") { "\nuse evc_runtime::serde;\n" } else { "" };
    code.file(&format!("{head}{import}"))
}

/// The modules below a file, and those of them that it re-exports.
fn root(mut modules: Vec<(&str, bool)>) -> Code {
    modules.sort_unstable();
    let mut code = Code::default();
    for (module, _) in &modules {
        code.line(format_args!("mod {module};"));
    }
    for (module, _) in modules.iter().filter(|(_, public)| *public) {
        code.line(format_args!("pub use {module}::*;"));
    }
    code
}
