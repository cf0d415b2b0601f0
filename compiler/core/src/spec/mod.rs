//! The spec language: one file a section, each with its struct (whose doc comments are the manual and the JSON Schema) and
//! its decoding from a [`Node`].

pub mod access;
pub mod allow;
pub mod api;
pub mod bus;
pub mod cache;
pub mod condition;
pub mod config;
pub(crate) mod cron;
pub mod decode;
mod elsewhere;
pub mod environment;
pub mod event;
pub mod function;
pub mod given;
pub mod keys;
pub mod moved;
mod name;
pub mod network;
pub mod observability;
pub mod outbox;
pub mod output;
pub mod overrides;
pub mod permission;
pub mod queue;
pub mod range;
pub mod raw;
pub mod reference;
pub mod resource;
pub mod response;
pub mod rule;
pub mod scalar;
pub mod schedule;
pub mod schema;
pub mod secret;
mod sections;
pub mod security;
pub mod table;
pub mod target;
pub mod variable;
pub mod workflow;

use schemars::JsonSchema;

pub use decode::{Declared, Section};
pub use sections::{Sections, TopLevel};

use self::decode::{Case, Decoder, Fields};
use self::scalar::{Name, one_or_many};
use self::sections::Settings;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Spanned;
use crate::types::rust::is_keyword;
use crate::yaml::{Node, NodeKind};

/// A service: its events, and what makes, moves and handles them.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Spec {
    /// The version of the spec language: `1`.
    #[schemars(extend("const" = 1))]
    pub evc: u64,
    /// The service's name, in lower-case words joined by hyphens. It starts the name of everything that is deployed.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"), length(max = 48))]
    pub service: Name,
    /// What the service does, for people.
    pub description: Option<Spanned<String>>,
    /// Other spec files whose sections join this one, relative to this file.
    #[schemars(default, schema_with = "one_or_many::<String>")]
    pub imports: Vec<Spanned<String>>,
    /// Everything that is declared.
    #[schemars(flatten)]
    pub sections: Sections,
}

/// The only version of the language so far.
pub const VERSION: u64 = 1;

/// A decoded file: the header that only the main file has, and its sections.
#[derive(Debug, Clone, Default)]
pub struct File {
    /// The service's name, if the file says one.
    pub service: Option<Name>,
    /// What the service does.
    pub description: Option<Spanned<String>>,
    /// Files that this one imports.
    pub imports: Vec<Spanned<String>>,
    /// What it declares.
    pub sections: Sections,
    /// What it says of the settings, until [`File::settle`] reads it.
    settings: Settings,
}

/// Reads a file's tree, but for the settings: [`File::settle`] reads those. `main` is whether it must name the service; an imported file must not.
pub fn decode(node: &Node, main: bool) -> (File, Vec<Diagnostic>) {
    let mut cx = Decoder::default();
    let file = match &node.kind {
        NodeKind::Error => File::default(),
        _ => file(node, main, &mut cx).unwrap_or_default(),
    };
    (file, cx.diagnostics)
}

fn file(node: &Node, main: bool, cx: &mut Decoder) -> Option<File> {
    if let NodeKind::Null = node.kind {
        cx.report(
            Diagnostic::new(Code::EVC0104, node.span, "the spec is empty")
                .help("start with `evc: 1` and `service: my-service`"),
        );
        return None;
    }
    let mut fields = cx.fields(node, "a spec")?;
    let version: Option<Spanned<u64>> = if main { fields.required("evc", cx) } else { fields.optional("evc", cx) };
    if let Some(version) = version
        && version.value != VERSION
    {
        cx.bad_value(
            version.span,
            format!("this evc reads version {VERSION} of the language, found {}", version.value),
        );
    }
    let service = service(&mut fields, main, cx);
    let description = fields.optional("description", cx);
    let imports = fields.or_default("imports", cx);
    let sections = Sections::decode(&mut fields, cx);
    let settings = Settings::of(&mut fields);
    fields.finish(cx);
    Some(File { service, description, imports, sections, settings })
}

impl File {
    /// Adds what an imported file says. What is declared or given already stays as it is; what is said twice is told.
    pub fn join(&mut self, other: Self) -> Vec<Diagnostic> {
        let mut twice = self.sections.join(other.sections);
        twice.extend(self.settings.join(other.settings));
        twice
    }

    /// Reads the settings (`observability`, `security`, `overrides`, `tags`), when all files are joined.
    pub fn settle(&mut self) -> Vec<Diagnostic> {
        let mut cx = Decoder::default();
        std::mem::take(&mut self.settings).decode(&mut self.sections, &mut cx);
        cx.diagnostics
    }
}

fn service(fields: &mut Fields<'_>, main: bool, cx: &mut Decoder) -> Option<Name> {
    if !main {
        let service: Option<Name> = fields.optional("service", cx);
        if let Some(service) = service {
            cx.bad_value(service.span, "an imported file names no service; it joins the one that imports it");
        }
        return None;
    }
    let service: Name = fields.required("service", cx)?;
    let key = crate::yaml::Key { text: service.value.clone(), span: service.span };
    if !decode::check_name(&key, Case::Kebab, "a service", cx) {
        return None;
    }
    if RESERVED_CRATES.contains(&service.as_str()) || is_keyword(&service.replace('-', "_")) {
        let message = format!("`{}` cannot name a service", service.value);
        let note = "the crate of the business logic is named after the service, and this name is Rust's or evc's own";
        cx.report(Diagnostic::new(Code::EVC0106, service.span, message).note(note));
        return None;
    }
    Some(service)
}

/// Crates that a crate of the same name would hide: Rust's own, and what the business logic depends on.
const RESERVED_CRATES: [&str; 7] = ["alloc", "core", "evc-runtime", "proc-macro", "std", "test", "tokio"];
