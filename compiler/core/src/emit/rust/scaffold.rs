//! The user's crate: its manifest, its root and a skeleton a function, for what is not there yet. Never part of a stack's
//! files: what people write is theirs.

use std::fmt::Write as _;

use super::functions::{Signature, signature};
use super::manifests::quoted;
use super::names::{Names, contract, crate_ident};
use super::text::lines;
use crate::emit::Project;
use crate::model::{Function, Model};

/// The width that rustfmt gives code that has no configuration of its own.
const WIDTH: usize = 100;

/// The files of the user's crate, by path relative to the crate's folder.
pub fn scaffold(model: &Model, project: &Project) -> Vec<(String, String)> {
    let names = Names::new(model);
    let mut files =
        vec![("Cargo.toml".to_owned(), manifest(model, project)), ("src/lib.rs".to_owned(), root(model, &names))];
    for (id, function) in model.functions.iter() {
        let module = &names.function(id).module;
        files.push((format!("src/{module}.rs"), skeleton(&names, function, project, id)));
    }
    files
}

fn manifest(model: &Model, project: &Project) -> String {
    let contract = contract(model);
    // What tests of handlers are made of; the guard only where a function has it.
    let idempotent = model.functions.values().any(|function| function.idempotent.is_some());
    let testing = if idempotent { r#""idempotency", "testing""# } else { r#""testing""# };
    format!(
        r#"[package]
name = {name}
description = {about}
version = "0.1.0"
edition = "2024"
publish = false
# Built with the handlers that evc generates around it.
workspace = {workspace}

[dependencies]
evc-runtime.workspace = true
{contract}.workspace = true

[dev-dependencies]
evc-runtime = {{ workspace = true, features = [{testing}] }}
tokio = {{ version = "1", features = ["macros", "rt"] }}
"#,
        name = quoted(&project.logic_crate),
        about = quoted(&format!("The business logic of {}", model.service.value)),
        workspace = quoted(&project.stack_path),
    )
}

fn root(model: &Model, names: &Names<'_>) -> String {
    let head = lines(&format!("The business logic of `{}`: one module a function of the spec.", model.service.value));
    let head: String = head.iter().map(|line| format!("//! {line}\n")).collect();
    let mut modules: Vec<&str> = model.functions.ids().map(|id| names.function(id).module.as_str()).collect();
    modules.sort_unstable();
    let modules: String = modules.iter().map(|module| format!("pub mod {module};\n")).collect();
    format!("{head}\n{modules}")
}

fn skeleton(names: &Names<'_>, function: &Function, project: &Project, id: crate::model::Id<Function>) -> String {
    let known = names.function(id);
    let Signature { input, output } = signature(names, function, known, "");
    let (name, module, context, error) = (&function.head.name, &known.module, &known.context, &known.error);
    let what = lines(function.head.description.as_deref().unwrap_or("")).join("\n//! ");
    let what = if what.is_empty() { format!("The function `{name}`.") } else { what };
    let business = match function.errors.first() {
        Some(declared) => format!(
            "/// A business error goes out as `Err({error}::{variant}(\"why\".into()))`.\n",
            variant = crate::types::rust::variant_name(&declared.name)
        ),
        None => String::new(),
    };
    let mut imports: Vec<String> = vec![context.clone(), error.clone()];
    let mut own: Vec<&str> = words(&input).chain(words(&output)).filter(|word| names.is_own(word)).collect();
    own.sort_unstable();
    imports.extend(own.into_iter().map(str::to_owned));
    imports.sort_unstable();
    imports.dedup();
    let contract = crate_ident(&contract(names.model));
    let imports = braces(&format!("use {contract}::"), &imports);
    // In the order that rustfmt gives them.
    let mut uses = [(contract.as_str(), imports.as_str()), ("evc_runtime", "use evc_runtime::{Error, Kind};")];
    uses.sort_unstable();
    let [(_, first), (_, second)] = uses;
    let short = format!("pub async fn {module}(cx: &{context}, input: {input}) -> Result<{output}, {error}>");
    let long =
        format!("pub async fn {module}(\n    cx: &{context},\n    input: {input},\n) -> Result<{output}, {error}>");
    let signature = if short.len() + 2 <= WIDTH { short } else { long };
    let spec = project.spec_path.replace(char::is_control, " ");
    format!(
        r#"//! {what}

{first}
{second}

/// What `{name}` does. Its signature follows from `{spec}`.
///
/// `cx` has what the spec lets the function do, and nothing else; `cx.env("NAME")?` reads a variable of its `environment`.
{business}{signature} {{
    // Yours from here on: evc never writes this file again.
    let _ = (cx, input);
    Err(Error::new(Kind::Internal, "`{name}` is not written yet"){into})
}}
"#,
        into = if function.errors.is_empty() { "" } else { ".into()" },
    )
}

/// A `use` of several names, as rustfmt lays it out.
fn braces(path: &str, names: &[String]) -> String {
    let short = format!("{path}{{{}}};", names.join(", "));
    if short.len() <= WIDTH {
        return short;
    }
    let mut long = format!("{path}{{\n   ");
    let mut column = 3;
    for name in names {
        if column + name.len() + 2 > WIDTH {
            long.push_str("\n   ");
            column = 3;
        }
        let _ = write!(long, " {name},");
        column += name.len() + 2;
    }
    long + "\n};"
}

/// The last parts of the paths in a type's text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(['<', '>', ',', ' ', '(', ')']).filter(|word| !word.is_empty())
}
