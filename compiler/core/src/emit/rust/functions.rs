//! `contract/src/functions/NAME.rs`: what one function takes, returns and fails with, and its context: exactly what its line
//! in the spec grants.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of anything that is forgotten here must not compile")]

use std::fmt::Write as _;

use super::bounds::{self, is_bounded};
use super::names::{FunctionNames, Home, Names};
use super::print::{Code, literal};
use super::text::{and, member_paragraph, paragraph, paragraphs};
use super::types::{DERIVES, definitions};
use super::{caches, callers, config, groups, queries, queues, responses, routes, secrets, webhooks, workflows};
use crate::emit;
use crate::model::{ApiKind, Function, Id, Input, Model, Thing};
use crate::plan::ids;
use crate::spec::function::Operation;
use crate::types::rust::variant_name;
use crate::types::{Kind, Type};

/// The variant of an error enum for what is outside of the business logic, unless the spec has an error of that name.
const OTHER: &str = "Other";

/// One function.
pub(super) fn function(names: &Names<'_>, input: emit::Input<'_>, id: Id<Function>) -> Code {
    let (function, known) = (&names.model.functions[id], names.function(id));
    let mut code = Code::default();
    definitions(names, input, Home::Function(id), &mut code);
    events_input(names, function, known, &mut code);
    responses::responses(names, id, known, &mut code);
    error(function, known, &mut code);
    callers::of_function(names, id, known, &mut code);
    context(names, input, function, known, &mut code);
    implementation(names, id, known, &mut code);
    grants(names, function, known, &mut code);
    methods(names, id, known, &mut code);
    code
}

/// The Rust types that a function's signature names.
pub(super) struct Signature {
    pub(super) input: String,
    pub(super) output: String,
}

/// What a function takes and returns, as Rust text, with `path` before names that are the contract's.
pub(super) fn signature(names: &Names<'_>, function: &Function, known: &FunctionNames, path: &str) -> Signature {
    let input = match (&function.input, &known.input) {
        (_, Some(several)) => format!("{path}{several}"),
        (Input::Nothing, _) => "()".to_owned(),
        (Input::Value(ty), _) => names.type_text(ty, path),
        (Input::Events(events), _) => {
            events.first().map_or_else(|| "()".to_owned(), |event| format!("{path}{}", names.event(*event)))
        }
    };
    let output = match (&known.response, &function.output) {
        (Some(response), _) => format!("{path}{response}"),
        (None, Some(ty)) => names.type_text(ty, path),
        (None, None) => "()".to_owned(),
    };
    Signature { input, output }
}

/// The input of a function that several events reach: which one it was.
fn events_input(names: &Names<'_>, function: &Function, known: &FunctionNames, code: &mut Code) {
    let (Some(name), Input::Events(events)) = (&known.input, &function.input) else { return };
    let docs = paragraph(&format!("The events that bring work to `{}`.", function.head.name));
    let mut variants = String::new();
    for event in events {
        let docs = member_paragraph(&format!("`{}`.", names.model.events[*event].head.name));
        let event = names.event(*event);
        let _ = writeln!(variants, "{docs}    {event}(crate::{event}),");
    }
    code.item(format_args!(
        "{docs}{DERIVES}
#[serde(crate = \"evc_runtime::serde\", untagged)]
pub enum {name} {{
{variants}}}"
    ));
}

/// What a function fails with: its business errors and everything else, or only the latter.
fn error(function: &Function, known: &FunctionNames, code: &mut Code) {
    let (name, function_name) = (&known.error, &function.head.name);
    if function.errors.is_empty() {
        let docs = paragraph(&format!("What `{function_name}` fails with: the spec gives it no business errors."));
        return code.item(format_args!("{docs}pub type {name} = evc_runtime::Error;"));
    }
    let errors: Vec<(String, &str, u16)> =
        function.errors.iter().map(|error| (variant_name(&error.name), error.name.as_str(), error.status)).collect();
    let other = if errors.iter().any(|(variant, ..)| variant == OTHER) { "Infrastructure" } else { OTHER };
    let mut variants = String::new();
    for (variant, wire, status) in &errors {
        let docs = member_paragraph(&format!("`{wire}`, with a message for people."));
        let _ = writeln!(variants, "{}        {variant}({}, {status}),", indented(&docs), literal(wire));
    }
    let docs = indented(&paragraph(&format!("What `{function_name}` fails with.")));
    code.item(format_args!(
        "evc_runtime::function_error! {{
{docs}    pub enum {name} {{
{variants}    }}
    /// Anything outside of the business logic.
    else {other}
}}"
    ));
}

/// Lines, each four columns to the right.
fn indented(lines: &str) -> String {
    lines.lines().map(|line| format!("    {line}\n")).collect()
}

/// The context type, with all that the function may do in its documentation.
fn context(names: &Names<'_>, input: emit::Input<'_>, function: &Function, known: &FunctionNames, code: &mut Code) {
    let FunctionNames { module, context, error, .. } = known;
    let may = may(names, function);
    let docs = paragraphs([
        &format!("The context of `{}`: what it may do. {may}", function.head.name),
        function.head.description.as_deref().unwrap_or(""),
        &format!("Declared at {}. The function is:", input.location(function.head.name_span)),
    ]);
    let Signature { input, output } = signature(names, function, known, "");
    code.item(format_args!(
        "{docs}///
/// ```text
/// pub async fn {module}(
///     cx: &{context},
///     input: {input},
/// ) -> Result<{output}, {error}>
/// ```
#[derive(Debug)]
pub struct {context} {{
    context: evc_runtime::Context,
}}"
    ));
    code.item(format_args!(
        "impl std::ops::Deref for {context} {{
    type Target = evc_runtime::Context;

    fn deref(&self) -> &evc_runtime::Context {{
        &self.context
    }}
}}"
    ));
}

/// A sentence that says what a function may touch.
fn may(names: &Names<'_>, function: &Function) -> String {
    let model = names.model;
    let mut may: Vec<String> = Vec::new();
    for table in &function.tables {
        let operations: Vec<String> = table.operations.iter().map(|operation| verb(*operation).to_owned()).collect();
        let whose = if table.own.is_some() { " of its caller" } else { "" };
        may.push(format!("{} items{whose} of `{}`", and(&operations), model.tables[table.table].head.name));
    }
    for pattern in &function.queries {
        let queries = queries::may(model, pattern);
        if !may.contains(&queries) {
            may.push(queries);
        }
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
    if !function.config.is_empty() {
        let values: Vec<String> =
            function.config.iter().map(|read| format!("`{}`", model.config[read.value].head.name)).collect();
        may.push(format!("read {}", and(&values)));
    }
    if !function.secrets.is_empty() {
        let secrets: Vec<String> =
            function.secrets.iter().map(|read| format!("`{}`", model.secrets[read.value].head.name)).collect();
        may.push(format!("read {}", and(&secrets)));
    }
    if !function.signals.is_empty() {
        let workflows: Vec<String> =
            function.signals.iter().map(|id| format!("`{}`", model.workflows[id.value].head.name)).collect();
        may.push(format!("answer what waits in {}", and(&workflows)));
    }
    if !function.starts.is_empty() {
        let workflows: Vec<String> =
            function.starts.iter().map(|id| format!("`{}`", model.workflows[id.value].head.name)).collect();
        may.push(format!("start {} and ask how that is", and(&workflows)));
    }
    if !function.describes.is_empty() {
        let workflows: Vec<String> =
            function.describes.iter().map(|id| format!("`{}`", model.workflows[id.value].head.name)).collect();
        may.push(format!("ask how executions of {} are", and(&workflows)));
    }
    let actions: Vec<String> =
        function.may.iter().flat_map(|may| may.actions.iter()).map(|action| format!("`{}`", action.value)).collect();
    if !actions.is_empty() {
        may.push(format!("call {} by the AWS SDK", and(&actions)));
    }
    if let Some(cache) = &function.cache {
        may.push(format!("count in `{}`", model.caches[cache.value].head.name));
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

fn implementation(names: &Names<'_>, id: Id<Function>, known: &FunctionNames, code: &mut Code) {
    let function = &names.model.functions[id];
    let Signature { input, output } = signature(names, function, known, "crate::");
    let FunctionNames { context, error, .. } = known;
    let function_name = literal(&function.head.name);
    let sources =
        sources(names.model, id).map(|source| format!("evc_runtime::Source::{source}")).collect::<Vec<_>>().join(", ");
    // Without a line of its own it is 200.
    let status = match names.model.status(id) {
        _ if known.response.is_some() => "    const RESPONDS: bool = true;\n".to_owned(),
        200 => String::new(),
        status => format!("    const STATUS: u16 = {status};\n"),
    };
    let breaker = caches::breaker(function).unwrap_or_default();
    let routes = routes::routes(names.model, id).unwrap_or_default();
    let groups = groups::groups(names.model, id).unwrap_or_default();
    let webhooks = webhooks::webhooks(names, id).unwrap_or_default();
    let admit = callers::admit(names, id).unwrap_or_default();
    let decode = decode(names, function, known).unwrap_or_default();
    let output_type = function.output.as_ref().filter(|_| known.response.is_none());
    let bounded = output_type.and_then(|ty| bounds::method(names, ty, ("output", "Self::Output"))).unwrap_or_default();
    code.item(format_args!(
        "impl evc_runtime::Function for {context} {{
    type Input = {input};
    type Output = {output};
    type Error = {error};
    const NAME: &'static str = {function_name};
    const SOURCES: &'static [evc_runtime::Source] = &[{sources}];
{status}{breaker}{routes}{groups}{webhooks}
    fn new(context: evc_runtime::Context) -> Self {{
        Self {{ context }}
    }}
{admit}{decode}{bounded}}}"
    ));
}

/// Who may call it. A function that does not live from events alone can be tried out with a direct invocation.
fn sources(model: &Model, id: Id<Function>) -> impl Iterator<Item = &'static str> {
    let triggers = model.triggers(id);
    let has = |is: &dyn Fn(&Thing) -> bool| triggers.iter().any(is);
    let called_by = |kind| model.routes_of(id).any(|(api, _)| api.kind == kind);
    let asked_by = |kind| model.asked_by(id).any(|api| api.kind == kind);
    // Who invokes an authorizer otherwise is told nothing.
    let is_authorizer = model.functions[id].authorizer.is_some();
    let called_on =
        |redis| has(&|it| matches!(it, Thing::Workflow(id) if model.workflows[*id].redis().is_some() == redis));
    let direct = !is_authorizer && !matches!(model.functions[id].input, Input::Events(_))
        || has(&|it| matches!(it, Thing::Schedule(_)));
    let sources = [
        ("Direct", direct),
        ("Step", called_on(false)),
        ("Workflow", called_on(true)),
        ("EventBridge", has(&|it| matches!(it, Thing::Rule(_)))),
        ("Sqs", has(&|it| matches!(it, Thing::Queue(_)))),
        ("HttpApi", called_by(ApiKind::Http)),
        ("RestApi", called_by(ApiKind::Rest)),
        ("HttpAuthorizer", asked_by(ApiKind::Http) || (is_authorizer && model.asked_by(id).next().is_none())),
        ("RestAuthorizer", asked_by(ApiKind::Rest)),
    ];
    sources.into_iter().filter(|(_, here)| *here).map(|(source, _)| source)
}

/// How the input is read, where it is not simply the payload.
fn decode(names: &Names<'_>, function: &Function, known: &FunctionNames) -> Option<String> {
    let (payload, body) = match (&function.input, &known.input) {
        // Whatever comes: it is not looked at.
        (Input::Nothing, _) => ("_", "        Ok(())\n".to_owned()),
        (Input::Events(events), Some(input)) => {
            let mut arms = String::new();
            for id in events {
                let (event, name) = (&names.model.events[*id], names.event(*id));
                let (source, detail_type) = (literal(&event.source.value), literal(&event.detail_type.value));
                let decode = reading(names, &event.detail);
                let _ = writeln!(
                    arms,
                    "            (Some({source}), Some({detail_type})) => Ok({input}::{name}(payload.{decode}()?)),"
                );
            }
            let body = format!(
                "        match (payload.source(), payload.detail_type()) {{
{arms}            _ => Err(payload.unexpected()),
        }}
"
            );
            ("payload", body)
        }
        (Input::Value(ty), _) if is_bounded(names, ty) => {
            let record = matches!(names.model.types.resolve(ty).kind, Kind::Record(_) | Kind::Tagged(_));
            ("payload", if record { BOUNDED.to_owned() } else { bounds::of_input(names, ty) })
        }
        (Input::Events(events), _) if events.iter().any(|id| is_bounded(names, &names.model.events[*id].detail)) => {
            ("payload", BOUNDED.to_owned())
        }
        _ => return None,
    };
    Some(format!(
        "
    fn decode({payload}: &evc_runtime::Payload<'_>) -> Result<Self::Input, evc_runtime::Error> {{
{body}    }}
"
    ))
}

/// The body of `decode` for a record with ranges in it.
const BOUNDED: &str = "        payload.bounded()\n";

/// The method that reads an input: the one that checks ranges if there are any.
fn reading(names: &Names<'_>, ty: &Type) -> &'static str {
    if is_bounded(names, ty) { "bounded" } else { "decode" }
}

/// One line a permission.
fn grants(names: &Names<'_>, function: &Function, known: &FunctionNames, code: &mut Code) {
    let context = &known.context;
    for used in &function.tables {
        let table = &names.table(used.table).table;
        for operation in used.operations.iter().flat_map(|operation| operation.expand()) {
            let grant = variant_name(verb(*operation));
            let of = match &used.own {
                Some(_) => format!("evc_runtime::table::Own<crate::{table}>"),
                None => format!("crate::{table}"),
            };
            code.line(format_args!("impl evc_runtime::grant::{grant}<{of}> for {context} {{}}"));
        }
    }
    queries::grants(names, function, context, code);
    if let Some(outbox) = &function.outbox {
        let env = literal(&ids::outbox_variable(&names.model.outboxes[outbox.value]));
        code.item(format_args!(
            "impl evc_runtime::grant::Outbox for {context} {{
    type Outbox = Self;
}}"
        ));
        code.item(format_args!(
            "impl evc_runtime::Outbox for {context} {{
    const ENV: &'static str = {env};
}}"
        ));
        for event in &function.outbox_events {
            let event = names.event(event.value);
            code.line(format_args!("impl evc_runtime::Carries<crate::{event}> for {context} {{}}"));
        }
    }
    for event in &function.publishes {
        let bus = literal(&ids::bus_variable(&names.model.buses[names.model.events[event.value].bus]));
        let event = names.event(event.value);
        code.item(format_args!(
            "impl evc_runtime::grant::Publish<crate::{event}> for {context} {{
    const BUS_ENV: &'static str = {bus};
}}"
        ));
    }
    queues::grants(names, function, context, code);
    config::grants(names, function, context, code);
    secrets::grants(names, function, context, code);
    if !function.may.is_empty() {
        code.line(format_args!("impl evc_runtime::grant::Sdk for {context} {{}}"));
    }
    workflows::grants(names, function, context, code);
    caches::grants(function, context, code);
}

/// The clients that the context gives.
fn methods(names: &Names<'_>, id: Id<Function>, known: &FunctionNames, code: &mut Code) {
    let function = &names.model.functions[id];
    let mut methods: Vec<String> = callers::method(names, id).into_iter().collect();
    for (used, method) in function.tables.iter().zip(names.table_methods(function)) {
        let table = &names.table(used.table).table;
        let of = &names.model.tables[used.table];
        if let Some(own) = &used.own {
            methods.push(callers::own_table(of, table, &method, own));
            continue;
        }
        let docs = member_paragraph(&format!("The table `{}`.", of.head.name));
        methods.push(format!(
            "{docs}    pub fn {method}(&self) -> evc_runtime::table::TableClient<'_, crate::{table}, Self> {{
        self.context.table()
    }}
"
        ));
    }
    methods.extend(queries::methods(names, function));
    let writes = function.tables.iter().any(|used| used.operations.iter().any(|operation| operation.writes()));
    if writes || function.outbox.is_some() {
        methods.push(TRANSACT.to_owned());
    }
    if !function.publishes.is_empty() {
        methods.push(PUBLISH.to_owned());
    }
    methods.extend(queues::send(function));
    methods.extend(config::method(function, &known.context));
    methods.extend(secrets::method(function, &known.context));
    if !function.may.is_empty() {
        methods.push(AWS.to_owned());
    }
    methods.extend(workflows::methods(function, &known.context));
    if let Some(cache) = &function.cache {
        methods.extend(caches::method(function, &names.model.caches[cache.value].head.name));
    }
    if !methods.is_empty() {
        code.item(format_args!("impl {} {{\n{}}}", known.context, methods.join("\n")));
    }
    config::clients(names, function, &known.context, code);
    secrets::clients(names, function, &known.context, code);
    workflows::clients(names, function, &known.context, code);
}

/// The method of a context that may write to tables.
const TRANSACT: &str = "    /// Several writes and events, all or none.
    pub fn transact(&self) -> evc_runtime::Transaction<'_, Self> {
        self.context.transaction()
    }
";

/// The method of a context that may do more than the spec has words for.
const AWS: &str = "    /// What clients of the AWS SDK are made of, for what `may` allows. Make them in each invocation: their calls end with it.
    pub async fn aws(&self) -> evc_runtime::SdkConfig {
        self.context.sdk::<Self>().await
    }
";

/// The method of a context that may publish.
const PUBLISH: &str = "    /// Puts an event on its bus; returns the event's id.
    pub async fn publish<E>(&self, event: &E) -> Result<evc_runtime::Uuid, evc_runtime::Error>
    where
        E: evc_runtime::Event,
        Self: evc_runtime::grant::Publish<E>,
    {
        self.context.publish::<Self, E>(event).await
    }
";
