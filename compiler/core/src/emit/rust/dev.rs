//! `dev/`: all handlers in one program, which `evc dev` builds and runs. It is linked once where they are linked one by one, so that a
//! change of one of them runs in a third of the time: docs/decisions/0047-merged-development-binary.md.
//!
//! Nothing of it is deployed. Its target wants a feature that nobody asks for but `evc dev`: `sam build` and `cargo build` leave it out.

use std::fmt::Write as _;

use super::mains::head;
use super::manifests::handler_folder;
use super::names::Names;
use super::print::{Code, literal};
use crate::emit::Input;
use crate::emit::rust::names::{folder, module};
use crate::model::Model;
use crate::plan::{Handler, HandlerKind};
use crate::types::rust::field_name;

/// The folder of its crate in the stack.
pub(super) const FOLDER: &str = "dev";

/// The feature of its crate without which it is not built.
pub const FEATURE: &str = "dev";

/// The name of its crate and binary: `orders_dev`. No name of a spec has an underscore, so that no handler has it.
pub fn package(service: &str) -> String {
    format!("{service}_dev")
}

/// The program.
pub(super) fn main(names: &Names<'_>, input: Input<'_>) -> String {
    let mut code = Code::default();
    let mut statements = String::new();
    for handler in &input.plan.handlers {
        let (path, module) = (handler_folder(names.model, handler), module_of(names.model, handler));
        code.item(format_args!("#[path = {}]\nmod {module};", literal(&format!("../../{path}/src/main.rs"))));
        // Writing to a string cannot fail.
        let _ = writeln!(statements, "    handlers.add({}, {module}::main);", literal(&handler.binary));
    }
    code.item(format_args!(
        "fn main() -> Result<(), evc_runtime::Error> {{
    let mut handlers = evc_runtime::dev::Handlers::default();
{statements}    handlers.run()
}}"
    ));
    let what = format!("All handlers of `{}` in one program, for `evc dev`.", names.model.service.value);
    code.file(&head(input, &what, Some("Nothing of it is deployed: functions have programs of their own.")))
}

/// The module that a handler's program is here.
fn module_of(model: &Model, handler: &Handler) -> String {
    match handler.kind {
        HandlerKind::Function(id) => module(&model.functions[id]),
        kind @ (HandlerKind::Forwarder(_) | HandlerKind::Redrive(_) | HandlerKind::Engine) => {
            field_name(&folder(model, kind))
        }
    }
}
