//! What things of the spec are called in Rust. All of them live in one namespace, that of the contract crate's root, so that
//! `use orders_contract::*` is all that a handler needs.
//!
//! Declared types come first and keep their names; one that hides a name of Rust's own is told apart: `Error` is `ErrorType`. Then come events, tables, outboxes, queues, functions, configuration, secrets and the workflows that functions start; one whose name is
//! taken gets its kind appended: the context of a function `order` beside a type `Order` is `OrderFunction`.

use std::collections::{BTreeMap, BTreeSet};

use super::{callers, workflows};
use crate::model::{Config, Event, Function, Id, Input, Model, Outbox, Queue, Secret, Table, TokenOf, Workflow};
use crate::plan::{HandlerKind, pascal_case};
use crate::source::Span;
use crate::types::rust::{field_name, hides_prelude, type_text, variant_name};
use crate::types::{Kind, Type};

/// The names of one system.
#[derive(Debug)]
pub(super) struct Names<'m> {
    /// The system.
    pub(super) model: &'m Model,
    taken: BTreeSet<String>,
    declared: BTreeMap<&'m str, String>,
    events: Vec<String>,
    tables: Vec<TableNames>,
    outboxes: Vec<String>,
    queues: Vec<String>,
    config: Vec<String>,
    secrets: Vec<String>,
    functions: Vec<FunctionNames>,
    workflows: BTreeMap<Id<Workflow>, String>,
    inline: BTreeMap<Span, String>,
    /// Records and enumerations that the spec writes in place, with the names given to them.
    pub(super) definitions: Vec<Definition<'m>>,
}

/// The names of a table.
#[derive(Debug, Clone)]
pub(super) struct TableNames {
    /// The table: `Orders`.
    pub(super) table: String,
    /// Its key: `OrdersKey`.
    pub(super) key: String,
    /// Its indexes: `OrdersByCustomer`.
    pub(super) indexes: Vec<String>,
}

/// The names of a function.
#[derive(Debug, Clone)]
pub(super) struct FunctionNames {
    /// Its module and its Rust function: `create_order`.
    pub(super) module: String,
    /// Its context: `CreateOrder`.
    pub(super) context: String,
    /// Its error: `CreateOrderError`.
    pub(super) error: String,
    /// Its input, if that is one of several events: `NotifyInput`.
    pub(super) input: Option<String>,
    /// Its responses, if it has several: `NotifyResponse`.
    pub(super) response: Option<String>,
    /// Its callers, if they are of several kinds: `NotifyCaller`.
    pub(super) caller: Option<String>,
}

/// Where the definition of a type stands in the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    /// With the declared types.
    Types,
    /// With the events.
    Events,
    /// With the tables.
    Tables,
    /// With the queues.
    Queues,
    /// With the configuration.
    Config,
    /// With the secrets.
    Secrets,
    /// With the callers.
    Callers,
    /// With the workflows.
    Workflows,
    /// With a function.
    Function(Id<Function>),
}

/// A record or an enumeration that is written in place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Definition<'m> {
    /// Where it stands.
    pub(super) home: Home,
    /// What it is.
    pub(super) ty: &'m Type,
}

impl<'m> Names<'m> {
    /// Names everything, in the order of the spec's sections.
    pub(super) fn new(model: &'m Model) -> Self {
        let mut names = Self {
            model,
            taken: model.types.declared.keys().filter(|name| !hides_prelude(name)).cloned().collect(),
            declared: BTreeMap::new(),
            events: Vec::new(),
            tables: Vec::new(),
            outboxes: Vec::new(),
            queues: Vec::new(),
            config: Vec::new(),
            secrets: Vec::new(),
            functions: Vec::new(),
            workflows: BTreeMap::new(),
            inline: BTreeMap::new(),
            definitions: Vec::new(),
        };
        for name in model.types.declared.keys().filter(|name| hides_prelude(name)) {
            let claimed = names.claim(name, "Type");
            names.declared.insert(name, claimed);
        }
        for event in model.events.values() {
            let name = if is_detail(event, model) {
                names.of_declared(&event.head.name).to_owned()
            } else {
                names.claim(&event.head.name, "Event")
            };
            names.events.push(name);
        }
        for table in model.tables.values() {
            let name = names.claim(&pascal_case(&table.head.name), "Table");
            let key = names.claim(&format!("{name}Key"), "Type");
            let indexes = table.indexes.iter().map(|index| format!("{name}{}", pascal_case(&index.name)));
            let indexes = indexes.map(|index| names.claim(&index, "Index")).collect();
            names.tables.push(TableNames { table: name, key, indexes });
        }
        for outbox in model.outboxes.values() {
            let name = names.claim(&pascal_case(&outbox.head.name), "Outbox");
            names.outboxes.push(name);
        }
        for queue in model.queues.values() {
            let name = names.claim(&pascal_case(&queue.head.name), "Queue");
            names.queues.push(name);
        }
        for (id, function) in model.functions.iter() {
            let context = names.claim(&pascal_case(&function.head.name), "Function");
            let error = names.claim(&format!("{context}Error"), "Type");
            let several = matches!(&function.input, Input::Events(events) if events.len() > 1);
            let input = several.then(|| names.claim(&format!("{context}Input"), "Type"));
            let several = model.callers(id).kinds.len() > 1;
            let caller = several.then(|| names.claim(&format!("{context}Caller"), "Type"));
            let several = !function.responses.is_empty();
            let response = several.then(|| names.claim(&format!("{context}Response"), "Type"));
            let module = module(function);
            names.functions.push(FunctionNames { module, context, error, input, response, caller });
        }
        for config in model.config.values() {
            let name = names.claim(&pascal_case(&config.head.name), "Config");
            names.config.push(name);
        }
        for secret in model.secrets.values() {
            let name = names.claim(&pascal_case(&secret.head.name), "Secret");
            names.secrets.push(name);
        }
        for (id, workflow) in workflows::started(model) {
            let name = names.claim(&pascal_case(&workflow.head.name), "Workflow");
            names.workflows.insert(id, name);
        }
        names.name_inline_types();
        names
    }

    fn name_inline_types(&mut self) {
        let model = self.model;
        for (name, ty) in &model.types.declared {
            match &ty.kind {
                Kind::Record(_) => self.fields(ty, name, Home::Types),
                Kind::Enum(_) => {}
                _ => self.inline(ty, &format!("{name}Item"), Home::Types),
            }
        }
        for (event, name) in model.events.values().zip(self.events.clone()) {
            match &event.detail.kind {
                // The event's own struct has the fields.
                Kind::Record(_) => {
                    self.inline.insert(event.detail.span, name.clone());
                    self.fields(&event.detail, &name, Home::Events);
                }
                _ => self.inline(&event.detail, &format!("{name}Detail"), Home::Events),
            }
        }
        for (table, names) in model.tables.values().zip(self.tables.clone()) {
            self.inline(&table.item, &format!("{}Item", names.table), Home::Tables);
        }
        for (queue, name) in model.queues.values().zip(self.queues.clone()) {
            if let Some(message) = &queue.message {
                self.inline(message, &format!("{name}Message"), Home::Queues);
            }
        }
        for (config, name) in model.config.values().zip(self.config.clone()) {
            self.inline(&config.ty, &format!("{name}Value"), Home::Config);
        }
        for (secret, name) in model.secrets.values().zip(self.secrets.clone()) {
            if let Some(json) = &secret.json {
                self.inline(json, &format!("{name}Value"), Home::Secrets);
            }
        }
        for token in callers::tokens(model) {
            let name = match &token.of {
                TokenOf::Issuer(_) => format!("{}Caller", pascal_case(&token.api)),
                // It is what the function returns.
                TokenOf::Function(id, _) => format!("{}Output", self.function(*id).context),
            };
            self.inline(&token.claims, &name, Home::Callers);
        }
        for (step, answer) in workflows::answers(model) {
            self.inline(answer, &format!("{}Answer", pascal_case(&step)), Home::Workflows);
        }
        for (id, workflow) in workflows::started(model) {
            let name = self.workflow(id).to_owned();
            self.inline(&workflow.input, &format!("{name}Input"), Home::Workflows);
            if let Some(output) = &workflow.output {
                self.inline(output, &format!("{name}Output"), Home::Workflows);
            }
        }
        for ((id, function), names) in model.functions.iter().zip(self.functions.clone()) {
            if let Input::Value(input) = &function.input {
                self.inline(input, &format!("{}Input", names.context), Home::Function(id));
            }
            if let Some(output) = &function.output {
                self.inline(output, &format!("{}Output", names.context), Home::Function(id));
            }
            for response in &function.responses {
                let name = format!("{}{}", names.context, variant_name(&response.name));
                if let Some(Type { kind: Kind::Record(record), .. }) = &response.headers {
                    for (header, of) in &record.fields {
                        self.inline(&of.ty, &format!("{name}{}", variant_name(header)), Home::Function(id));
                    }
                }
                if let Some(body) = &response.body {
                    self.inline(body, &format!("{name}Body"), Home::Function(id));
                }
            }
        }
    }

    /// Names the records and enumerations in a type that has no name of its own.
    fn inline(&mut self, ty: &'m Type, name: &str, home: Home) {
        match &ty.kind {
            Kind::List(of, _) | Kind::Map(of) => self.inline(of, name, home),
            Kind::Record(_) | Kind::Enum(_) if !self.inline.contains_key(&ty.span) => {
                let name = self.claim(name, "Type");
                self.inline.insert(ty.span, name.clone());
                self.definitions.push(Definition { home, ty });
                self.fields(ty, &name, home);
            }
            _ => {}
        }
    }

    fn fields(&mut self, ty: &'m Type, owner: &str, home: Home) {
        let Kind::Record(record) = &ty.kind else { return };
        for (field, of) in &record.fields {
            self.inline(&of.ty, &format!("{owner}{}", variant_name(field)), home);
        }
    }

    /// Takes a name, or one made of it if it is taken.
    fn claim(&mut self, name: &str, kind: &str) -> String {
        let free = |name: &String| !self.taken.contains(name) && !hides_prelude(name);
        let numbered = (2_u32..).map(|number| format!("{name}{kind}{number}"));
        let candidates = [name.to_owned(), format!("{name}{kind}")].into_iter().chain(numbered);
        let name = candidates.into_iter().find(free).unwrap_or_default();
        self.taken.insert(name.clone());
        name
    }

    /// The name of an event's type.
    pub(super) fn event(&self, id: Id<Event>) -> &str {
        &self.events[id.index()]
    }

    /// The names of a table.
    pub(super) fn table(&self, id: Id<Table>) -> &TableNames {
        &self.tables[id.index()]
    }

    /// The name of an outbox's type.
    pub(super) fn outbox(&self, id: Id<Outbox>) -> &str {
        &self.outboxes[id.index()]
    }

    /// The name of a queue's type.
    pub(super) fn queue(&self, id: Id<Queue>) -> &str {
        &self.queues[id.index()]
    }

    /// The name of a configuration value's type.
    pub(super) fn config(&self, id: Id<Config>) -> &str {
        &self.config[id.index()]
    }

    /// The name of a secret's type.
    pub(super) fn secret(&self, id: Id<Secret>) -> &str {
        &self.secrets[id.index()]
    }

    /// The name of the type of a workflow that functions start.
    pub(super) fn workflow(&self, id: Id<Workflow>) -> &str {
        self.workflows.get(&id).map_or("", String::as_str)
    }

    /// The names of a function.
    pub(super) fn function(&self, id: Id<Function>) -> &FunctionNames {
        &self.functions[id.index()]
    }

    /// The name of a declared type.
    pub(super) fn of_declared<'n>(&'n self, name: &'n str) -> &'n str {
        self.declared.get(name).map_or(name, String::as_str)
    }

    /// The name of a record or an enumeration that is written in place.
    pub(super) fn of_inline(&self, ty: &Type) -> &str {
        self.inline.get(&ty.span).map_or("", String::as_str)
    }

    /// A type as Rust, with `path` before every name that is the contract's.
    pub(super) fn type_text(&self, ty: &Type, path: &str) -> String {
        type_text(ty, path, &|own| match &own.kind {
            Kind::Named(declared) => self.of_declared(declared).to_owned(),
            _ => self.of_inline(own).to_owned(),
        })
    }

    /// A type as Rust, in the module of the declared types or in another one.
    pub(super) fn type_of(&self, ty: &Type, home: Home) -> String {
        self.type_text(ty, if home == Home::Types { "" } else { "crate::" })
    }

    /// Whether a name is one of the contract's.
    pub(super) fn is_own(&self, name: &str) -> bool {
        self.taken.contains(name)
    }

    /// The methods of a function's context that give table clients, in the order of its tables. A name that a context has
    /// for something else gets `_table` appended.
    pub(super) fn table_methods(&self, function: &Function) -> Vec<String> {
        let name = |id: Id<Table>| {
            let name = field_name(&self.model.tables[id].head.name);
            if CONTEXT.contains(&name.as_str()) { format!("{name}_table") } else { name }
        };
        function.tables.iter().map(|table| name(table.table)).collect()
    }

    /// The methods of a function's context that look for items, in the order of its access patterns. A name that the context has for
    /// something else gets `_query` appended.
    pub(super) fn query_methods(&self, function: &Function) -> Vec<String> {
        let tables = self.table_methods(function);
        let mut names: Vec<String> = Vec::new();
        for pattern in &function.queries {
            let mut name = field_name(&pattern.name.value);
            while CONTEXT.contains(&name.as_str()) || tables.contains(&name) || names.contains(&name) {
                name.push_str("_query");
            }
            names.push(name);
        }
        names
    }
}

/// The methods that every context has.
const CONTEXT: &[&str] = &[
    "admit",
    "admit_if_known",
    "api_request_id",
    "aws",
    "cache",
    "called_by",
    "caller",
    "caller_if_known",
    "caller_of",
    "config",
    "deadline",
    "env",
    "event",
    "idempotency_key",
    "metric",
    "new",
    "publish",
    "query_by",
    "random",
    "remaining",
    "request_id",
    "secrets",
    "send",
    "sent_from",
    "signal",
    "signal_error",
    "simulate",
    "source_ip",
    "step",
    "table",
    "task_token",
    "transact",
    "transaction",
    "workflows",
];

/// Whether an event is its detail: both have one name, and the detail is a record.
pub(super) fn is_detail(event: &Event, model: &Model) -> bool {
    matches!(&event.detail.kind, Kind::Named(name) if *name == event.head.name)
        && model.types.record(&event.detail).is_some()
}

/// The name of a function's module, in the contract and in the user's crate, and of its Rust function: `create_order`.
pub fn module(function: &Function) -> String {
    match field_name(&function.head.name).as_str() {
        // Files that Cargo or Rust takes for something else, a module in one of its own name, and crates that paths begin with.
        name @ ("lib" | "main" | "functions" | "std" | "core" | "alloc" | "evc_runtime") => format!("{name}_"),
        name => name.to_owned(),
    }
}

/// The name of the contract crate; another one if a function took it.
pub(super) fn contract(model: &Model) -> String {
    let service = &model.service.value;
    // A function's crate is the service and the function's name, see `ids::binary`.
    if model.functions.values().any(|function| function.head.name == "contract") {
        format!("{service}-contract-crate")
    } else {
        format!("{service}-contract")
    }
}

/// The folder of a handler's crate under `functions/`.
pub(super) fn folder(model: &Model, handler: HandlerKind) -> String {
    match handler {
        HandlerKind::Function(id) => model.functions[id].head.name.clone(),
        HandlerKind::Forwarder(id) => format!("{}-forwarder", model.outboxes[id].head.name),
        HandlerKind::Redrive(id) => format!("{}-redrive", model.outboxes[id].head.name),
        HandlerKind::Engine => evc_interface::workflow::ENGINE.to_owned(),
    }
}

/// A crate's name as Rust paths have it.
pub fn crate_ident(package: &str) -> String {
    package.replace('-', "_")
}
