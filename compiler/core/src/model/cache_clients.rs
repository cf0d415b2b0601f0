//! Who talks to which cache, and what else it calls: the set of functions that get to a cache is derived from here alone.

use std::collections::BTreeMap;

use super::{Cache, Function, Id, Model, Relation, Thing, Transport};
use crate::source::{Span, Spanned};
use crate::spec::cache::CacheAuth;
use crate::spec::network::Service;

/// A Lambda function that talks to a cache.
#[derive(Debug, Clone)]
pub struct CacheClient {
    /// Which one.
    pub who: Client,
    /// What it is called in messages: "function `count`".
    pub name: String,
    /// The cache.
    pub cache: Id<Cache>,
    /// The place that says so.
    pub span: Span,
    /// What else it calls, each with the place that says so.
    pub services: BTreeMap<Service, Span>,
    /// What it may call beside these, for which evc makes no endpoint: as IAM calls the service.
    pub others: Vec<Spanned<String>>,
}

/// What talks to a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// A function of the spec.
    Function(Id<Function>),
    /// The engine of the workflows on Redis.
    Engine,
}

impl Transport {
    /// The services through which functions hand on work; what has to wait does so in a queue.
    pub fn services(self) -> &'static [Service] {
        match self {
            Self::Sqs => &[Service::Sqs],
            Self::EventBridge(_) => &[Service::Events, Service::Sqs],
        }
    }
}

impl Model {
    /// The caches that a function talks to, each with the place that says so. More than one is an error of the spec.
    pub fn caches_of(&self, function: Id<Function>) -> Vec<Spanned<Id<Cache>>> {
        let workflows = self.redis_workflows(function).into_iter();
        let theirs = workflows.filter_map(|id| self.workflows[id].redis().and_then(|redis| redis.cache));
        let mut caches: Vec<Spanned<Id<Cache>>> = Vec::new();
        for cache in self.functions[function].cache.into_iter().chain(theirs) {
            if caches.iter().all(|known| known.value != cache.value) {
                caches.push(cache);
            }
        }
        caches
    }

    /// The cache that a function talks to.
    pub fn cache_of(&self, function: Id<Function>) -> Option<Spanned<Id<Cache>>> {
        self.caches_of(function).first().copied()
    }

    /// Whether anything talks to a cache.
    pub fn has_clients(&self, cache: Id<Cache>) -> bool {
        self.cache_clients().iter().any(|client| client.cache == cache)
    }

    /// Everything that talks to a cache, with what else it calls: what networks, security groups and endpoints are made of.
    pub fn cache_clients(&self) -> Vec<CacheClient> {
        let functions = self.functions.iter().filter_map(|(id, function)| {
            let cache = self.cache_of(id)?;
            let mut services = self.services_of(id);
            if self.caches[cache.value].auth == CacheAuth::Token {
                services.entry(Service::SecretsManager).or_insert(cache.span);
            }
            Some(CacheClient {
                who: Client::Function(id),
                name: format!("function `{}`", function.head.name),
                cache: cache.value,
                span: cache.span,
                services,
                others: function.others().map(|(prefix, span)| Spanned::new(prefix.to_owned(), span)).collect(),
            })
        });
        functions.chain(self.engine_as_client()).collect()
    }

    /// The engine of the workflows on Redis, which hands on their work and publishes for them.
    fn engine_as_client(&self) -> Option<CacheClient> {
        let cache = self.on_redis().find_map(|(.., redis)| redis.cache)?;
        let mut services = BTreeMap::new();
        for (_, workflow, redis) in self.on_redis() {
            for service in redis.transport.services() {
                services.entry(*service).or_insert(workflow.engine_span);
            }
            workflow.body.walk(&mut |step| {
                if let Some(publish) = step.publish() {
                    services.entry(Service::Events).or_insert(publish.span);
                }
            });
        }
        if self.caches[cache.value].auth == CacheAuth::Token {
            services.entry(Service::SecretsManager).or_insert(cache.span);
        }
        let name = "the engine of the workflows".to_owned();
        Some(CacheClient {
            who: Client::Engine,
            name,
            cache: cache.value,
            span: cache.span,
            services,
            others: Vec::new(),
        })
    }

    /// The services that a function calls for what its line in the spec grants, each with the place that says so.
    fn services_of(&self, id: Id<Function>) -> BTreeMap<Service, Span> {
        let mut services = BTreeMap::new();
        let mut add = |service, span| {
            services.entry(service).or_insert(span);
        };
        for edge in self.graph().from(Thing::Function(id)) {
            match edge.relation {
                Relation::ReadsTable | Relation::WritesTable | Relation::WritesOutbox => {
                    add(Service::DynamoDb, edge.span);
                }
                Relation::Publishes => add(Service::Events, edge.span),
                Relation::Sends => add(Service::Sqs, edge.span),
                Relation::ReadsSecret => add(Service::SecretsManager, edge.span),
                Relation::Signals | Relation::Starts if matches!(edge.to, Thing::Workflow(id) if self.workflows[id].redis().is_none()) =>
                {
                    add(Service::States, edge.span);
                }
                // Caches are in the network; what goes through an outbox is written to its table.
                Relation::Signals | Relation::Starts | Relation::Keeps | Relation::PublishesThroughOutbox => {}
                // No function says these.
                Relation::TravelsOn
                | Relation::Reads
                | Relation::Matches
                | Relation::Delivers
                | Relation::Routes
                | Relation::Feeds
                | Relation::Calls(_)
                | Relation::Undoes(_)
                | Relation::PublishesIn(_)
                | Relation::TakesChanges
                | Relation::SendsWork
                | Relation::IsIn
                | Relation::Refers => {}
            }
        }
        let function = &self.functions[id];
        for (service, span) in function.may_call().filter_map(|(prefix, span)| Some((of_prefix(prefix)?, span))) {
            add(service, span);
        }
        if function.idempotent.is_some() {
            add(Service::DynamoDb, function.idempotent_span);
        }
        for workflow in self.redis_workflows(id).into_iter().map(|id| &self.workflows[id]) {
            for service in workflow.redis().into_iter().flat_map(|redis| redis.transport.services()) {
                add(*service, workflow.engine_span);
            }
        }
        services
    }
}

/// The service that IAM calls so, among those that evc makes endpoints for: they are called alike.
fn of_prefix(prefix: &str) -> Option<Service> {
    Service::ALL.into_iter().find(|service| service.key().eq_ignore_ascii_case(prefix))
}

impl Function {
    /// The services of what its `may` says, as IAM calls them, each with the place.
    fn may_call(&self) -> impl Iterator<Item = (&str, Span)> {
        let actions = self.may.iter().flat_map(|may| may.actions.iter());
        actions.filter_map(|action| Some((action.split_once(':')?.0, action.span)))
    }

    /// Those of them that evc makes no endpoint for.
    fn others(&self) -> impl Iterator<Item = (&str, Span)> {
        self.may_call().filter(|(prefix, _)| of_prefix(prefix).is_none())
    }
}
