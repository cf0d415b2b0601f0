//! Functions: what each takes, gives and may do.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::api;
use super::graph::{Relates, Relation};
use super::names::{find, find_all, find_at, head};
use super::resource::Known;
use super::settings::of_function;
use super::variable::{Variable, variables};
use super::{
    AccessPattern, Cache, Config, DeadLetterSource, Destination, Event, Head, Id, Model, Network, Outbox, Queue,
    Response, Secret, Setting, Table, Thing, Workflow, access, response,
};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::spec::api::Authorizer;
use crate::spec::function as spec;
use crate::spec::function::{Deploy, Idempotency, Operation};
use crate::spec::permission::Permission;
use crate::spec::scalar::{Duration, Name};
use crate::spec::{Declared, Sections};
use crate::types::Type;

/// The most bytes that all variables of a function may have, names included.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const MAX_VARIABLE_BYTES: usize = 4096;

/// A function.
#[derive(Debug, Clone)]
pub struct Function {
    /// Name, places, description.
    pub head: Head,
    /// What of a request it decides by, if it is an authorizer.
    pub authorizer: Option<Spanned<Authorizer>>,
    /// What it takes.
    pub input: Input,
    /// What it returns.
    pub output: Option<Type>,
    /// What it answers requests with, where it has more to answer with than an output.
    pub responses: Vec<Response>,
    /// Its business errors.
    pub errors: Vec<BusinessError>,
    /// The tables it uses.
    pub tables: Vec<TableUse>,
    /// The ways in which it looks for items.
    pub queries: Vec<AccessPattern>,
    /// The outbox it publishes through.
    pub outbox: Option<Spanned<Id<Outbox>>>,
    /// The events it publishes through its outbox: those that it lists and the outbox carries, or all that the outbox carries
    /// if it lists none.
    pub outbox_events: Vec<Spanned<Id<Event>>>,
    /// Events it publishes itself, without a transaction.
    pub publishes: Vec<Spanned<Id<Event>>>,
    /// Queues it sends to.
    pub sends: Vec<Spanned<Id<Queue>>>,
    /// The network that it says it is in.
    pub network: Option<Spanned<Id<Network>>>,
    /// Configuration it reads.
    pub config: Vec<Spanned<Id<Config>>>,
    /// Secrets it reads.
    pub secrets: Vec<Spanned<Id<Secret>>>,
    /// Secrets with which signatures of its requests are checked, before it runs.
    pub webhook_secrets: Vec<Spanned<Id<Secret>>>,
    /// Workflows whose waits it may answer.
    pub signals: Vec<Spanned<Id<Workflow>>>,
    /// Workflows it starts, and asks how they are.
    pub starts: Vec<Spanned<Id<Workflow>>>,
    /// Workflows of which it only asks how their executions are.
    pub describes: Vec<Spanned<Id<Workflow>>>,
    /// The cache that it counts in.
    pub cache: Option<Spanned<Id<Cache>>>,
    /// When it stops trying, and for how long.
    pub circuit_breaker: Option<Spanned<CircuitBreaker>>,
    /// Environment variables that the spec gives, with the place of each name.
    pub environment: IndexMap<Name, Variable>,
    /// What it may do beyond what follows from the rest.
    pub may: Vec<Permission>,
    /// The things that it may do that with.
    pub may_use: Vec<Spanned<Thing>>,
    /// How long an invocation may take.
    pub timeout: Setting<Duration>,
    /// Where the timeout is said, or the function's name.
    pub timeout_span: Span,
    /// Memory in MB.
    pub memory: Setting<u64>,
    /// Reserved concurrency, in the environments that have some.
    pub concurrency: Setting<Option<u64>>,
    /// Where the top level says the concurrency, or the function's name.
    pub concurrency_span: Span,
    /// How many environments are kept ready, in the environments that have some.
    pub provisioned: Setting<Option<u64>>,
    /// Where the top level says that, or the function's name.
    pub provisioned_span: Span,
    /// How invocations go over to a new version, in the environments that say it.
    pub deploy: Setting<Option<Deploy>>,
    /// Where the top level says that, or the function's name.
    pub deploy_span: Span,
    /// How long results are kept to drop duplicates, if they are dropped.
    pub idempotent: Option<Duration>,
    /// The place of `idempotent`, or of the function's name.
    pub idempotent_span: Span,
}

impl Function {
    /// What it answers with: its output, or the body of the response of this name, or of its first one.
    pub fn answers(&self, response: Option<&str>) -> Option<&Type> {
        match self.response(response) {
            Some(response) => response.body.as_ref(),
            None => self.output.as_ref(),
        }
    }

    /// Its response of this name, or its first one, if it has responses.
    pub fn response(&self, name: Option<&str>) -> Option<&Response> {
        let named = |response: &&Response| name.is_none_or(|name| response.name.as_str() == name);
        self.responses.iter().find(named)
    }

    /// The workflows whose executions it asks about: those that it starts, and others.
    pub fn described(&self) -> impl Iterator<Item = &Spanned<Id<Workflow>>> + Clone {
        let others = self.describes.iter();
        self.starts.iter().chain(others.filter(|other| !self.starts.iter().any(|start| start.value == other.value)))
    }

    /// The secrets that its process reads, for the handler or for what stands before it.
    pub fn all_secrets(&self) -> impl Iterator<Item = &Spanned<Id<Secret>>> {
        let others = self.webhook_secrets.iter();
        self.secrets.iter().chain(others.filter(|other| !self.secrets.iter().any(|read| read.value == other.value)))
    }

    /// Whether it is called by an alias: what goes over to new versions bit by bit, and what is kept ready, is one.
    pub fn has_alias(&self) -> bool {
        self.provisioned.values().iter().any(Option::is_some) || self.deploy.values().iter().any(Option::is_some)
    }
}

/// What a function takes.
#[derive(Debug, Clone)]
pub enum Input {
    /// Nothing that it looks at.
    Nothing,
    /// A value of this type, as its `input` says.
    Value(Type),
    /// These events, as the rules say that bring them. Never empty.
    Events(Vec<Id<Event>>),
}

/// When a function stops trying, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CircuitBreaker {
    /// How many failures within the window open it.
    pub failures: u64,
    /// How long a failure counts.
    pub window: Duration,
    /// How long it stays open.
    pub open: Duration,
}

/// A business error of a function.
#[derive(Debug, Clone)]
pub struct BusinessError {
    /// What workflows catch it by.
    pub name: Name,
    /// The status that callers of an API get.
    pub status: u16,
}

/// A function's use of a table.
#[derive(Debug, Clone)]
pub struct TableUse {
    /// The table.
    pub table: Id<Table>,
    /// The single operations, sorted.
    pub operations: Vec<Operation>,
    /// The claim that says whose items, as it is written: `caller.sub`.
    pub own: Option<Spanned<String>>,
    /// The place that grants them.
    pub span: Span,
}

pub(super) fn function(
    sections: &Sections,
    known: &Known,
    model: &Model,
    name: &str,
    item: &Declared<spec::Function>,
    (routed, brought): (bool, Option<Input>),
    diagnostics: &mut Vec<Diagnostic>,
) -> Function {
    for ty in [&item.input, &item.output].into_iter().flatten() {
        diagnostics.extend(model.types.check_type(&ty.0));
    }
    let own = name;
    let tables = item.tables.iter().filter_map(|(name, grant)| {
        let operations = &grant.operations;
        let table = find(sections, name, diagnostics)?;
        if operations.is_empty() {
            let message = format!("`{}` lists no operation, so that the function may call none", name.as_str());
            let diagnostic = Diagnostic::new(Code::EVC0115, operations.span, message);
            diagnostics.push(
                diagnostic
                    .on(format!("functions.{own}"))
                    .help("say which, such as `[get, put]`, or take the table out"),
            );
        }
        let mut operations: Vec<_> = operations.iter().flat_map(|operation| operation.expand()).copied().collect();
        operations.sort_unstable();
        operations.dedup();
        Some(TableUse { table, operations, own: grant.own.clone(), span: name.span })
    });
    let tables = tables.collect();
    let outbox = item.outbox.as_ref().and_then(|name| find_at(sections, name, diagnostics));
    let listed: Vec<Spanned<Id<Event>>> = find_all(sections, &item.publishes, diagnostics);
    let carried = outbox.as_ref().map(|outbox| &model.outboxes[outbox.value].publishes);
    let (outbox_events, publishes) = match carried {
        Some(carried) if listed.is_empty() => (carried.clone(), Vec::new()),
        Some(carried) => listed.into_iter().partition(|event| carried.iter().any(|other| other.value == event.value)),
        None => (Vec::new(), listed),
    };
    let memory = item.memory.as_ref().map_or(256, |memory| memory.value);
    Function {
        head: head(name, item, item.description.as_ref(), &item.allow),
        authorizer: item.authorizer.clone(),
        input: match &item.input {
            Some(input) => Input::Value(input.0.clone()),
            None => brought.unwrap_or(Input::Nothing),
        },
        output: item.output.as_ref().map(|output| output.0.clone()),
        responses: item.responses.iter().map(|said| response::response(&model.types, said, diagnostics)).collect(),
        errors: item.errors.0.iter().map(business_error).collect(),
        tables,
        queries: access::of_function(sections, item, diagnostics),
        outbox,
        outbox_events,
        publishes,
        sends: find_all(sections, &item.sends, diagnostics),
        network: item.network.as_ref().and_then(|name| find_at(sections, name, diagnostics)),
        config: find_all(sections, &item.config, diagnostics),
        secrets: find_all(sections, &item.secrets, diagnostics),
        webhook_secrets: api::secrets_of(sections, name),
        signals: find_all(sections, &item.signals, diagnostics),
        starts: find_all(sections, &item.starts, diagnostics),
        describes: find_all(sections, &item.describes, diagnostics),
        cache: item.cache.as_ref().and_then(|name| find_at(sections, name, diagnostics)),
        circuit_breaker: item.circuit_breaker.as_ref().map(|breaker| {
            let (failures, window, open) = (breaker.failures.value, breaker.window.value, breaker.open.value);
            Spanned::new(CircuitBreaker { failures, window, open }, breaker.span)
        }),
        environment: variables(sections, known, name, item, diagnostics),
        may: item.may.clone(),
        may_use: item.may.iter().flat_map(|may| known.mentioned(&may.resources.0)).collect(),
        timeout: timeout(sections, name, item, routed),
        timeout_span: item.timeout.as_ref().map_or(item.name_span, |timeout| timeout.span),
        memory: of_function(sections, name, memory, |function| function.memory),
        concurrency: of_function(sections, name, item.concurrency.map(|most| most.value), |function| {
            function.concurrency.map(|most| Spanned::new(Some(most.value), most.span))
        }),
        provisioned: of_function(sections, name, item.provisioned.map(|ready| ready.value), |function| {
            function.provisioned.map(|ready| Spanned::new(Some(ready.value), ready.span))
        }),
        provisioned_span: item.provisioned.map_or(item.name_span, |ready| ready.span),
        deploy: of_function(sections, name, item.deploy.map(|way| way.value), |function| {
            function.deploy.map(|way| Spanned::new(Some(way.value), way.span))
        }),
        deploy_span: item.deploy.map_or(item.name_span, |way| way.span),
        concurrency_span: item.concurrency.map_or(item.name_span, |most| most.span),
        idempotent: match item.idempotent.as_ref().map(|idempotent| &idempotent.value) {
            None | Some(Idempotency::Off) => None,
            Some(Idempotency::On { retention }) => {
                Some(retention.as_ref().map_or(Duration::days(1), |time| time.value))
            }
        },
        idempotent_span: item.idempotent.as_ref().map_or(item.name_span, |idempotent| idempotent.span),
    }
}

/// An error with the status that callers of an API get: 422 where the spec does not say.
fn business_error((name, status): &(Name, Option<Spanned<u64>>)) -> BusinessError {
    let status = status.as_ref().and_then(|status| u16::try_from(status.value).ok()).unwrap_or(422);
    BusinessError { name: name.clone(), status }
}

/// How long an invocation of a function may take, in every environment. `routed`: whether an API calls it.
pub(super) fn timeout(sections: &Sections, name: &str, function: &spec::Function, routed: bool) -> Setting<Duration> {
    let base = function
        .timeout
        .as_ref()
        .map_or(default_timeout(routed, function.authorizer.is_some()), |timeout| timeout.value);
    of_function(sections, name, base, |function| function.timeout)
}

/// How long an invocation may take when the spec does not say. Behind an HTTP API, which waits 30 seconds, and a REST API, which
/// waits 29, a function ends before its caller is gone
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>,
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>).
fn default_timeout(behind_api: bool, is_authorizer: bool) -> Duration {
    if is_authorizer { AUTHORIZER_TIMEOUT } else { Duration::seconds(if behind_api { 29 } else { 30 }) }
}

/// How long an HTTP API waits for an authorizer.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
pub const AUTHORIZER_TIMEOUT: Duration = Duration::seconds(10);

/// What functions without an `input` take: the events that rules bring them, themselves or through queues, or else the messages of
/// their queue.
pub(super) fn brought(model: &Model) -> IndexMap<Id<Function>, Input> {
    let mut events: IndexMap<Id<Function>, BTreeSet<Id<Event>>> = IndexMap::new();
    for rule in model.rules.values() {
        for target in rule.targets.iter().filter(|target| target.input.is_none()) {
            let function = match target.to {
                Destination::Function(function) => Some(function),
                Destination::Queue(queue) => model.queues[queue].to.as_ref().map(|to| to.value),
                Destination::Workflow(_) | Destination::Bus(_) => None,
            };
            if let Some(function) = function {
                events.entry(function).or_default().extend(rule.events.iter().map(|event| event.value));
            }
        }
    }
    let events = events.into_iter().filter(|(_, events)| !events.is_empty());
    let mut brought: IndexMap<_, _> =
        events.map(|(function, events)| (function, Input::Events(events.into_iter().collect()))).collect();
    for queue in model.queues.values() {
        if let (Some(function), Some(message)) = (&queue.to, &queue.message) {
            brought.entry(function.value).or_insert_with(|| Input::Value(message.clone()));
        }
    }
    brought
}

impl Model {
    /// Whether some function has items of its caller alone in a table.
    pub fn has_owners(&self, table: Id<Table>) -> bool {
        self.functions
            .values()
            .flat_map(|function| &function.tables)
            .any(|used| used.table == table && used.own.is_some())
    }
}

impl Function {
    /// Its environment variables that refer to something, each with the path.
    pub(crate) fn references(&self) -> impl Iterator<Item = (&Name, &Spanned<String>)> {
        self.environment.iter().filter_map(|(name, variable)| Some((name, variable.reference.as_ref()?)))
    }

    /// Where the longest of its timeouts is said: at the top level, or in an environment.
    pub(crate) fn greatest_timeout_span(&self) -> Span {
        let longest = self.timeout.said().max_by_key(|(timeout, _)| **timeout);
        longest.and_then(|(_, place)| place).unwrap_or(self.timeout_span)
    }
}

impl Relates for Function {
    fn relate(&self, tell: &mut dyn FnMut(Relation, Thing, Span)) {
        for used in &self.tables {
            let writes = used.operations.iter().any(|operation| operation.writes());
            let relation = if writes { Relation::WritesTable } else { Relation::ReadsTable };
            tell(relation, Thing::Table(used.table), used.span);
        }
        for pattern in &self.queries {
            tell(Relation::ReadsTable, Thing::Table(pattern.table.value), pattern.table.span);
        }
        if let Some(outbox) = &self.outbox {
            tell(Relation::WritesOutbox, Thing::Outbox(outbox.value), outbox.span);
        }
        if let Some(cache) = &self.cache {
            tell(Relation::Keeps, Thing::Cache(cache.value), cache.span);
        }
        for workflow in &self.signals {
            tell(Relation::Signals, Thing::Workflow(workflow.value), workflow.span);
        }
        for workflow in &self.starts {
            tell(Relation::Starts, Thing::Workflow(workflow.value), workflow.span);
        }
        for workflow in &self.describes {
            tell(Relation::Describes, Thing::Workflow(workflow.value), workflow.span);
        }
        for event in &self.publishes {
            tell(Relation::Publishes, Thing::Event(event.value), event.span);
        }
        for event in &self.outbox_events {
            tell(Relation::PublishesThroughOutbox, Thing::Event(event.value), event.span);
        }
        for thing in self.environment.values().filter_map(|variable| variable.refers.as_ref()) {
            tell(Relation::Refers, thing.value, thing.span);
        }
        for thing in &self.may_use {
            tell(Relation::Refers, thing.value, thing.span);
        }
        for queue in &self.sends {
            tell(Relation::Sends, Thing::Queue(queue.value), queue.span);
        }
        if let Some(network) = &self.network {
            tell(Relation::IsIn, Thing::Network(network.value), network.span);
        }
        for read in &self.config {
            tell(Relation::ReadsConfig, Thing::Config(read.value), read.span);
        }
        for secret in self.all_secrets() {
            tell(Relation::ReadsSecret, Thing::Secret(secret.value), secret.span);
        }
    }

    fn dead_letters(id: Id<Self>) -> Option<DeadLetterSource> {
        Some(DeadLetterSource::Function(id))
    }
}
