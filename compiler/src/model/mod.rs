//! The system as a graph: names resolved to ids, types, patterns and expressions attached, every thing with its place.
//!
//! Everything later (checks, lowering, the language server) asks the model; nothing looks at YAML again. A thing of the spec
//! is always in the model, even if parts of it could not be resolved: those parts are left out, and reported.

mod api;
mod arena;
mod cache;
mod cache_resolve;
mod claim;
mod engine;
mod environment;
mod flow;
mod heads;
mod names;
mod network_resolve;
mod outbox;
mod outputs;
mod patterns;
mod resolve;
mod results;
mod routes;
mod settings;
mod stored;
pub mod template;
mod transform;
mod workflow;
mod workflow_resolve;

use indexmap::IndexMap;

pub use api::{
    Api, ApiKind, Auth, Cors, Integration, Jwt, Mapping, MappingValue, Parameter, Request, Route, TableOperation,
    TableRoute, Throttling,
};
pub use arena::{Arena, Id};
pub use cache::{Cache, CacheClient, CacheKind, Client, Network, NetworkKind};
pub use claim::{IN_PROGRESS, LEASE, longest_claim, retry_in_progress};
pub use environment::{Environment, Setting};
pub use flow::{Edge, Node as FlowNode, Trigger};
pub use outbox::{ChangeEvent, ChangeKind, Changes, CopiedField, Outbox};
pub use outputs::{Deadly, Output, OutputValue, Thing};
pub use patterns::envelope;
pub use resolve::{least_visibility, resolve};
pub use stored::{FieldTest, Is, NotStored, field_tests};
pub use transform::{TRANSFORM_ROOTS, transform_scope};
pub use workflow::{
    Body, Branch, CALL_MARGIN, COMPENSATION_FAILED, Call, CatchError, Choice, Engine, Next, RUNTIME_ERRORS,
    RUNTIME_HICCUPS, Redis, Retry, RetryError, Step, StepId, StepKind, Transport, Wait, Workflow, standard_retry,
};

use crate::expr::Template;
use crate::pattern::Pattern;
use crate::source::{Span, Spanned};
use crate::spec::allow::Allows;
use crate::spec::bus::BusKind;
use crate::spec::function::Operation;
use crate::spec::observability::LogLevel;
use crate::spec::overrides::Override;
use crate::spec::scalar::{Duration, Json, Name};
use crate::spec::table::{Billing, Encryption, Projection, Removal, StreamView};
use crate::spec::target::TargetKind;
use crate::types::{Type, Types};

/// A whole system.
#[derive(Debug, Clone)]
pub struct Model {
    /// The service's name.
    pub service: Name,
    /// What the service does.
    pub description: Option<String>,
    /// Where it is deployed to; at least one.
    pub environments: Vec<Environment>,
    /// Declared payload types.
    pub types: Types,
    /// Buses. The account's default bus is among them if anything travels on it.
    pub buses: Arena<Bus>,
    /// Events.
    pub events: Arena<Event>,
    /// Tables, without those that outboxes and idempotency bring.
    pub tables: Arena<Table>,
    /// Outboxes.
    pub outboxes: Arena<Outbox>,
    /// Functions, without the forwarders of outboxes.
    pub functions: Arena<Function>,
    /// Caches.
    pub caches: Arena<Cache>,
    /// Networks.
    pub networks: Arena<Network>,
    /// APIs: those declared, and the stack's own if any function has an `api`.
    pub apis: Arena<Api>,
    /// Rules.
    pub rules: Arena<Rule>,
    /// Queues, without dead-letter queues.
    pub queues: Arena<Queue>,
    /// Schedules.
    pub schedules: Arena<Schedule>,
    /// Workflows.
    pub workflows: Arena<Workflow>,
    /// How the system is watched.
    pub observability: Observability,
    /// Outputs of the stack.
    pub outputs: Vec<Output>,
    /// Changes to emitted resources, by logical id.
    pub overrides: IndexMap<Name, Override>,
    /// Tags of every resource.
    pub tags: IndexMap<String, String>,
}

/// What every declared thing has.
#[derive(Debug, Clone)]
pub struct Head {
    /// Its name.
    pub name: String,
    /// The place of its name.
    pub name_span: Span,
    /// The place of its body.
    pub span: Span,
    /// What it is for.
    pub description: Option<String>,
    /// Warnings that are fine on it.
    pub allow: Allows,
}

/// A bus.
#[derive(Debug, Clone)]
pub struct Bus {
    /// Name, places, description.
    pub head: Head,
    /// Who makes it.
    pub kind: BusKind,
    /// The name of an imported bus.
    pub imported_name: Option<String>,
    /// How long its archive keeps events, if it has one.
    pub archive: Option<Spanned<Duration>>,
    /// The log group that gets all of its events, if it has one.
    pub log: Option<EventLog>,
}

/// A log group that gets all events of a bus.
#[derive(Debug, Clone)]
pub struct EventLog {
    /// How long entries are kept.
    pub retention: Setting<Duration>,
    /// The place that asks for it.
    pub span: Span,
}

/// An event.
#[derive(Debug, Clone)]
pub struct Event {
    /// Name, places, description.
    pub head: Head,
    /// The `source` on the wire.
    pub source: Spanned<String>,
    /// The `detail-type` on the wire.
    pub detail_type: Spanned<String>,
    /// What it carries.
    pub detail: Type,
    /// The bus it travels on.
    pub bus: Id<Bus>,
    /// Whether something outside publishes it.
    pub published_outside: bool,
    /// Whether something outside reads it.
    pub consumed_outside: bool,
}

/// A table.
#[derive(Debug, Clone)]
pub struct Table {
    /// Name, places, description.
    pub head: Head,
    /// The type of its items.
    pub item: Type,
    /// Partition key, and sort key if there is one.
    pub key: Vec<Name>,
    /// The place of the key.
    pub key_span: Span,
    /// Global secondary indexes.
    pub indexes: Vec<Index>,
    /// The attribute that holds the time of expiry.
    pub ttl: Option<Name>,
    /// The attribute that counts writes.
    pub version: Option<Name>,
    /// What its stream carries, if it has one.
    pub stream: Option<StreamView>,
    /// How capacity is paid.
    pub billing: Billing,
    /// Who owns the key.
    pub encryption: Encryption,
    /// What becomes of it when it leaves the stack.
    pub removal: Setting<Removal>,
    /// Whether DynamoDB refuses to delete it.
    pub deletion_protection: Setting<bool>,
    /// Whether there are continuous backups.
    pub point_in_time_recovery: Setting<bool>,
}

/// A global secondary index.
#[derive(Debug, Clone)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// The place of its name.
    pub name_span: Span,
    /// Partition key, and sort key if there is one.
    pub key: Vec<Name>,
    /// What it holds.
    pub projection: Projection,
}

/// A function.
#[derive(Debug, Clone)]
pub struct Function {
    /// Name, places, description.
    pub head: Head,
    /// What it takes.
    pub input: Input,
    /// What it returns.
    pub output: Option<Type>,
    /// Its business errors.
    pub errors: Vec<BusinessError>,
    /// The HTTP status of a success: that of its routes.
    pub status: u16,
    /// The tables it uses.
    pub tables: Vec<TableUse>,
    /// The outbox it publishes through.
    pub outbox: Option<Spanned<Id<Outbox>>>,
    /// The events it publishes through its outbox: those that it lists and the outbox carries, or all that the outbox carries
    /// if it lists none.
    pub outbox_events: Vec<Spanned<Id<Event>>>,
    /// Events it publishes itself, without a transaction.
    pub publishes: Vec<Spanned<Id<Event>>>,
    /// Queues it sends to.
    pub sends: Vec<Spanned<Id<Queue>>>,
    /// Workflows whose waits it may answer.
    pub signals: Vec<Spanned<Id<Workflow>>>,
    /// The cache that it counts in.
    pub cache: Option<Spanned<Id<Cache>>>,
    /// When it stops trying, and for how long.
    pub circuit_breaker: Option<Spanned<CircuitBreaker>>,
    /// Environment variables that the spec gives, with the place of each name.
    pub environment: IndexMap<Name, Setting<String>>,
    /// How long an invocation may take.
    pub timeout: Setting<Duration>,
    /// Where the timeout is said, or the function's name.
    pub timeout_span: Span,
    /// Memory in MB.
    pub memory: Setting<u64>,
    /// Reserved concurrency.
    pub concurrency: Option<u64>,
    /// How long results are kept to drop duplicates, if they are dropped.
    pub idempotent: Option<Duration>,
    /// The place of `idempotent`, or of the function's name.
    pub idempotent_span: Span,
    /// Everything that invokes it, in the order of the spec's sections.
    pub triggers: Vec<Trigger>,
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
    /// The place that grants them.
    pub span: Span,
}

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Name, places, description.
    pub head: Head,
    /// The bus it reads.
    pub bus: Id<Bus>,
    /// The events it names, or those that its pattern can match.
    pub events: Vec<Spanned<Id<Event>>>,
    /// The whole pattern as `EventBridge` gets it. `None` if it could not be read.
    pub pattern: Option<Pattern>,
    /// What could be read of what the spec says of the detail: what checks look at.
    pub detail_pattern: Option<Pattern>,
    /// The whole pattern as the spec wrote it, for a rule that has one.
    pub written_pattern: Option<Pattern>,
    /// What gets the events.
    pub targets: Vec<Target>,
    /// Whether it runs.
    pub enabled: Setting<bool>,
}

/// What gets an event.
#[derive(Debug, Clone)]
pub struct Target {
    /// Which thing.
    pub to: Destination,
    /// How often delivery is tried.
    pub attempts: u64,
    /// How old an event may become.
    pub max_age: Duration,
    /// What it gets instead of the event's detail.
    pub input: Option<Template>,
    /// Its place.
    pub span: Span,
}

/// A thing that can be started or sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Destination {
    /// A function.
    Function(Id<Function>),
    /// A workflow.
    Workflow(Id<Workflow>),
    /// A queue.
    Queue(Id<Queue>),
    /// Another bus.
    Bus(Id<Bus>),
}

impl Destination {
    /// The kind of target.
    pub fn kind(self) -> TargetKind {
        match self {
            Self::Function(_) => TargetKind::Function,
            Self::Workflow(_) => TargetKind::Workflow,
            Self::Queue(_) => TargetKind::Queue,
            Self::Bus(_) => TargetKind::Bus,
        }
    }
}

/// A queue.
#[derive(Debug, Clone)]
pub struct Queue {
    /// Name, places, description.
    pub head: Head,
    /// What messages from functions carry.
    pub message: Option<Type>,
    /// The field of the message by which a FIFO queue keeps messages in order.
    pub group: Option<Name>,
    /// The function that works it off.
    pub to: Option<Spanned<Id<Function>>>,
    /// The most messages an invocation gets.
    pub batch_size: u64,
    /// How long a batch is gathered.
    pub batch_window: Duration,
    /// How long a received message is hidden, in every environment.
    pub visibility: Setting<Duration>,
    /// Where the spec says so, if it does.
    pub visibility_span: Option<Span>,
    /// How often a message may be received.
    pub receives: u64,
    /// Where the spec says so, if it does.
    pub receives_span: Option<Span>,
    /// How long messages wait.
    pub retention: Duration,
    /// The most invocations at once.
    pub concurrency: Option<u64>,
}

/// A schedule.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Name, places, description.
    pub head: Head,
    /// When.
    pub when: When,
    /// What starts. `None` if it could not be resolved.
    pub target: Option<Target>,
    /// What it is given.
    pub input: Option<Spanned<Json>>,
    /// Whether it runs.
    pub enabled: Setting<bool>,
}

/// When a schedule starts.
#[derive(Debug, Clone)]
pub enum When {
    /// Again and again after this time.
    Every(Duration),
    /// At the times of a cron expression, in a time zone.
    Cron(String, String),
}

/// How the system is watched.
#[derive(Debug, Clone)]
pub struct Observability {
    /// How long log entries are kept.
    pub log_retention: Setting<Duration>,
    /// The least severe log entries.
    pub log_level: LogLevel,
    /// Whether workflow logs hold payloads.
    pub log_payloads: bool,
    /// Whether X-Ray traces.
    pub tracing: bool,
    /// The period of the dashboard's graphs, if there is one.
    pub dashboard: Option<Duration>,
    /// Whether there are alarms.
    pub alarms: bool,
    /// Whether alarms act, by environment.
    pub alarm_actions: Setting<bool>,
    /// Email addresses that are told.
    pub notify: Vec<Spanned<String>>,
}
