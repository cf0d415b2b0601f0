//! The spec language: one file a section, each with its struct (whose doc comments are the manual and the JSON Schema) and
//! its decoding from a [`Node`].

pub mod allow;
pub mod api;
pub mod bus;
pub mod cache;
mod cron;
pub mod decode;
pub mod environment;
pub mod event;
pub mod function;
pub mod given;
pub mod network;
pub mod observability;
pub mod outbox;
pub mod output;
pub mod overrides;
pub mod queue;
pub mod reference;
pub mod rule;
pub mod scalar;
pub mod schedule;
pub mod schema;
pub mod table;
pub mod target;
pub mod workflow;

use indexmap::IndexMap;
use schemars::JsonSchema;

pub use decode::{Declared, Section};

use self::decode::{Case, Decoder, Fields};
use self::scalar::{Name, TypeExpr, one_or_many};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::types::rust::is_keyword;
use crate::yaml::{Conflict, Mapping, Node, NodeKind};

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

/// What a spec file, or one that it imports, declares.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub struct Sections {
    /// Where the stack is deployed to, and what differs there.
    #[schemars(default)]
    pub environments: Section<environment::Environment>,
    /// Payload types by name.
    #[schemars(default)]
    pub types: Section<TypeExpr>,
    /// Events by name.
    #[schemars(default)]
    pub events: Section<event::Event>,
    /// Event buses by name. A spec without any uses the account's default bus.
    #[schemars(default)]
    pub buses: Section<bus::Bus>,
    /// DynamoDB tables by name.
    #[schemars(default)]
    pub tables: Section<table::Table>,
    /// Transactional outboxes by name.
    #[schemars(default)]
    pub outboxes: Section<outbox::Outbox>,
    /// Lambda functions by name.
    #[schemars(default)]
    pub functions: Section<function::Function>,
    /// Caches by name: Valkey for counters, circuit breakers and the state of workflows.
    #[schemars(default)]
    pub caches: Section<cache::Cache>,
    /// Networks by name: the VPCs that caches are in.
    #[schemars(default)]
    pub networks: Section<network::Network>,
    /// HTTP and REST APIs by name.
    #[schemars(default)]
    pub apis: Section<api::Api>,
    /// Event rules by name.
    #[schemars(default)]
    pub rules: Section<rule::Rule>,
    /// SQS queues by name.
    #[schemars(default)]
    pub queues: Section<queue::Queue>,
    /// Schedules by name.
    #[schemars(default)]
    pub schedules: Section<schedule::Schedule>,
    /// Workflows by name.
    #[schemars(default)]
    pub workflows: Section<workflow::Workflow>,
    /// Logs, traces, the dashboard and the alarms.
    #[schemars(default)]
    pub observability: observability::Observability,
    /// Outputs of the stack by name.
    #[schemars(default)]
    pub outputs: Section<output::Output>,
    /// Changes to emitted resources, and further resources, by logical id.
    #[schemars(default, with = "std::collections::BTreeMap<String, overrides::Override>")]
    pub overrides: IndexMap<Name, overrides::Override>,
    /// Tags on everything that can have them.
    #[schemars(default, with = "std::collections::BTreeMap<String, String>")]
    pub tags: IndexMap<Spanned<String>, Spanned<String>>,
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
    /// What it says of [`SETTINGS`], until [`File::settle`] reads it.
    settings: Mapping,
}

/// Sections that are one thing each, of which several files may say parts.
const SETTINGS: [&str; 3] = ["observability", "overrides", "tags"];

/// Reads a file's tree, but for the [`SETTINGS`]. `main` is whether it must name the service; an imported file must not.
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
    let sections = sections(&mut fields, cx);
    let settings = SETTINGS.into_iter().filter_map(|key| fields.entry(key));
    let settings = settings.filter(|entry| !matches!(entry.value.kind, NodeKind::Null)).cloned().collect();
    fields.finish(cx);
    Some(File { service, description, imports, sections, settings: Mapping { entries: settings } })
}

impl File {
    /// Adds what an imported file says. A name that is declared already keeps its thing, a setting its value; both are returned.
    pub fn join(&mut self, other: Self) -> Vec<Diagnostic> {
        let declared = self.sections.merge(other.sections).into_iter().map(|(item, first, second)| {
            (format!("`{item}` is declared twice"), first, second)
        });
        let settings = self.settings.merge(other.settings).into_iter().map(|Conflict { path, first, second }| {
            (format!("`{path}` is said twice, and differently"), first, second)
        });
        let diagnostic = |(message, first, second)| {
            Diagnostic::new(Code::EVC0108, second, message).secondary(first, "the first is here")
        };
        declared.chain(settings).map(diagnostic).collect()
    }

    /// Reads what all files together say of [`SETTINGS`].
    pub fn settle(&mut self) -> Vec<Diagnostic> {
        let mut cx = Decoder::default();
        let settings = std::mem::take(&mut self.settings);
        let node = Node { span: Span::default(), kind: NodeKind::Mapping(settings) };
        if let Some(mut fields) = cx.fields(&node, "a spec") {
            self.sections.observability = fields.or_default("observability", &mut cx);
            self.sections.overrides = fields.or_default("overrides", &mut cx);
            self.sections.tags = tags(&mut fields, &mut cx);
        }
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

fn sections(fields: &mut Fields<'_>, cx: &mut Decoder) -> Sections {
    Sections {
        environments: fields.or_default("environments", cx),
        types: fields.or_default("types", cx),
        events: fields.or_default("events", cx),
        buses: fields.or_default("buses", cx),
        tables: fields.or_default("tables", cx),
        outboxes: fields.or_default("outboxes", cx),
        functions: fields.or_default("functions", cx),
        caches: fields.or_default("caches", cx),
        networks: fields.or_default("networks", cx),
        apis: fields.or_default("apis", cx),
        rules: fields.or_default("rules", cx),
        queues: fields.or_default("queues", cx),
        schedules: fields.or_default("schedules", cx),
        workflows: fields.or_default("workflows", cx),
        outputs: fields.or_default("outputs", cx),
        ..Sections::default()
    }
}

/// The characters of tags that all services take, and how many: <https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html>
fn tags(fields: &mut Fields<'_>, cx: &mut Decoder) -> IndexMap<Spanned<String>, Spanned<String>> {
    let tags: IndexMap<Spanned<String>, Spanned<String>> = fields.or_default("tags", cx);
    let wrong = |text: &str| text.chars().find(|c| !c.is_alphanumeric() && !" _.:/=+-@".contains(*c));
    for (key, value) in &tags {
        for (text, what, most) in [(key, "key", 128), (value, "value", 256)] {
            let length = text.chars().count();
            if let Some(character) = wrong(text) {
                let message = format!("the {what} of a tag cannot have the character `{}`", character.escape_default());
                cx.bad_value(text.span, message).help.push("it has letters, digits, spaces and `_.:/=+-@`".to_owned());
            } else if length > most {
                cx.bad_value(text.span, format!("the {what} of a tag has {length} characters, at most {most} fit"));
            }
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            cx.bad_value(key.span, "keys of tags that start with `aws:` are reserved");
        }
    }
    tags
}

/// A section and a name that two files declare, and both places.
type Twice = (String, Span, Span);

impl Sections {
    /// Adds the declarations of another file; a name declared before is kept as it was and returned.
    fn merge(&mut self, other: Self) -> Vec<Twice> {
        let mut twice = Vec::new();
        join("environments", &mut self.environments, other.environments, &mut twice);
        join("types", &mut self.types, other.types, &mut twice);
        join("events", &mut self.events, other.events, &mut twice);
        join("buses", &mut self.buses, other.buses, &mut twice);
        join("tables", &mut self.tables, other.tables, &mut twice);
        join("outboxes", &mut self.outboxes, other.outboxes, &mut twice);
        join("functions", &mut self.functions, other.functions, &mut twice);
        join("caches", &mut self.caches, other.caches, &mut twice);
        join("networks", &mut self.networks, other.networks, &mut twice);
        join("apis", &mut self.apis, other.apis, &mut twice);
        join("rules", &mut self.rules, other.rules, &mut twice);
        join("queues", &mut self.queues, other.queues, &mut twice);
        join("schedules", &mut self.schedules, other.schedules, &mut twice);
        join("workflows", &mut self.workflows, other.workflows, &mut twice);
        join("outputs", &mut self.outputs, other.outputs, &mut twice);
        twice
    }
}

fn join<T>(section: &str, into: &mut Section<T>, from: Section<T>, twice: &mut Vec<Twice>) {
    for (name, item) in from.items {
        if let Some(first) = into.items.get(&name) {
            twice.push((format!("{section}.{name}"), first.name_span, item.name_span));
        } else {
            into.items.insert(name, item);
        }
    }
    into.broken.extend(from.broken);
}
