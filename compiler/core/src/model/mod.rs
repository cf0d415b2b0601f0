//! The system as a graph: names resolved to ids, types, patterns and expressions attached, every thing with its place.
//!
//! Everything later (checks, lowering, the language server) asks the model; nothing looks at YAML again. A thing of the spec
//! is always in the model, even if parts of it could not be resolved: those parts are left out, and reported.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of anything that is forgotten here must not compile")]

pub mod access;
pub mod api;
mod arena;
pub mod aws;
pub mod bus;
pub mod cache;
mod claim;
mod clients;
mod concurrency;
pub mod config;
mod engine;
mod environment;
pub mod event;
mod forwards;
pub mod function;
pub mod graph;
mod metadata;
mod names;
pub mod network;
mod observability;
pub mod outbox;
mod outputs;
mod patterns;
pub mod queue;
mod raw_rules;
mod resolve;
pub mod resource;
pub mod response;
pub mod rule;
pub mod schedule;
pub mod secret;
mod security;
mod settings;
mod stored;
pub mod table;
mod target;
pub mod template;
mod thing;
mod told_by_aws;
mod transform;
mod variable;
pub mod workflow;

pub use access::{AccessPattern, Through};
pub use api::{
    Api, ApiKind, Auth, Authorizer, AuthorizerPlace, CallerFact, CallerKind, Callers, Cors, Domain as ApiDomain,
    Integration, Jwt, Mapping, MappingValue, Parameter, REST_STAGE, Request, Route, TableOperation, TableRoute,
    Throttling, Token, TokenOf, Webhook, claim_kind, parameter_kind,
};
pub(crate) use api::{SUBJECT, are_same_claims};
pub use arena::{Arena, Id};
pub use bus::{Bus, EventLog};
pub use cache::{Cache, CacheKind, CacheSecret};
pub use claim::{IN_PROGRESS, LEASE, longest_claim, retry_in_progress};
pub use clients::{Client, ClientGroup, NetworkClient};
pub use concurrency::{MAPPING_CONCURRENCY, WORK_RECEIVES};
pub use config::{Config, ConfigKind};
pub use environment::{Environment, Setting};
pub use event::Event;
pub use forwards::Forward;
pub use function::{AUTHORIZER_TIMEOUT, BusinessError, CircuitBreaker, Function, Input, MAX_VARIABLE_BYTES, TableUse};
pub use graph::{Edge, Graph, Relation};
pub use metadata::judged_apart;
pub use network::{Network, NetworkKind};
pub use observability::{ApiMetrics, LogClasses, LogOf, Observability, Thresholds};
pub use outbox::{ChangeEvent, ChangeKind, Changes, CopiedField, Outbox};
pub use outputs::{DeadLetterSource, Output, OutputValue, Property};
pub use patterns::envelope;
pub use queue::{Queue, least_visibility};
pub use raw_rules::is_read_by_raw_rule;
pub use resolve::resolve;
pub use resource::{Override, Resource};
pub use response::{Content, Cookie, Response, SameSite};
pub use rule::Rule;
pub use schedule::{Schedule, When};
pub use secret::{Secret, SecretKind};
pub use security::{Key, Security};
pub use settings::Durability;
pub use stored::{FieldTest, Is, NotStored, field_tests};
pub use table::{Index, Table};
pub use target::{Destination, Target};
pub use thing::{Model, Thing};
pub use transform::{TRANSFORM_ROOTS, keeps_event_id, transform_scope};
pub use variable::Variable;
pub use workflow::{
    Argument, Body, CALL_MARGIN, COMPENSATION_FAILED, Call, CatchError, Engine, Given, Lasts, Loops, Next, Onward,
    Redis, Retry, RetryError, Rounds, Step, StepId, Transport, Unsaid, Wanted, Workflow, runtime_errors,
    standard_retry, transient_errors,
};

use crate::source::Span;
use crate::spec::allow::Allows;

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
