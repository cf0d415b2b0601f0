//! Who talks to which cache, who is in which network, and what each calls: the set of functions that get to a cache, and to the endpoints of
//! a network, is derived from here alone.

use std::collections::BTreeMap;

use super::{Cache, Function, Id, Model, Network, Relation, SecretKind, Thing, Transport};
use crate::source::{Span, Spanned};
use crate::spec::cache::CacheAuth;
use crate::spec::network::Service;

/// A Lambda function that talks to a cache, or that is in a network.
#[derive(Debug, Clone)]
pub struct NetworkClient {
    /// Which one.
    pub who: Client,
    /// What it is called in messages: "function `count`".
    pub name: String,
    /// The cache that it talks to.
    pub cache: Option<Id<Cache>>,
    /// The network that it is in.
    pub network: Option<Id<Network>>,
    /// The place that says so.
    pub span: Span,
    /// What else it calls, each with the place that says so.
    pub services: BTreeMap<Service, Span>,
    /// What it may call beside these, for which evc makes no endpoint: as IAM calls the service.
    pub others: Vec<Spanned<String>>,
}

/// What functions of a network have one security group for: who talks to a cache in it, and who is in it without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientGroup {
    /// The clients of a cache that is in a network.
    Cache(Id<Cache>),
    /// Functions of a network that talk to no cache in it.
    Network(Id<Network>),
}

/// What talks to a cache, or is in a network.
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

    /// The network that a function is in: the one that it says, or that of its cache.
    pub fn network_of(&self, function: Id<Function>) -> Option<Id<Network>> {
        let of_cache = self.cache_of(function).and_then(|cache| self.caches[cache.value].network);
        self.functions[function].network.or(of_cache).map(|network| network.value)
    }

    /// The security group that a function has in its network.
    pub fn client_group_of(&self, function: Id<Function>) -> Option<ClientGroup> {
        self.client_group(self.cache_of(function).map(|cache| cache.value), self.network_of(function))
    }

    /// The security group of what talks to this cache, and is in this network.
    pub fn client_group(&self, cache: Option<Id<Cache>>, network: Option<Id<Network>>) -> Option<ClientGroup> {
        let network = network?;
        match cache {
            Some(cache) if self.caches[cache].network.is_some() => Some(ClientGroup::Cache(cache)),
            _ => Some(ClientGroup::Network(network)),
        }
    }

    /// Whether anything talks to a cache.
    pub fn has_clients(&self, cache: Id<Cache>) -> bool {
        self.clients().iter().any(|client| client.cache == Some(cache))
    }

    /// Everything that talks to a cache or is in a network, with what else it calls: what networks, security groups and endpoints are made of.
    pub fn clients(&self) -> Vec<NetworkClient> {
        let functions = self.functions.iter().filter_map(|(id, function)| {
            let cache = self.cache_of(id);
            let span = function.network.map(|network| network.span).or(cache.map(|cache| cache.span))?;
            let mut services = self.services_of(id);
            if let Some(cache) = cache
                && self.caches[cache.value].auth == CacheAuth::Token
            {
                services.entry(Service::SecretsManager).or_insert(cache.span);
            }
            Some(NetworkClient {
                who: Client::Function(id),
                name: format!("function `{}`", function.head.name),
                cache: cache.map(|cache| cache.value),
                network: self.network_of(id),
                span,
                services,
                others: function.others().map(|(prefix, span)| Spanned::new(prefix.to_owned(), span)).collect(),
            })
        });
        functions.chain(self.engine_as_client()).collect()
    }

    /// The engine of the workflows on Redis, which hands on their work and publishes for them.
    fn engine_as_client(&self) -> Option<NetworkClient> {
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
        Some(NetworkClient {
            who: Client::Engine,
            name,
            cache: Some(cache.value),
            network: self.caches[cache.value].network.map(|network| network.value),
            span: cache.span,
            services,
            others: Vec::new(),
        })
    }

    /// The service that keeps a secret.
    fn store_of(&self, secret: Thing) -> Service {
        let is_parameter = |id| matches!(self.secrets[id].kind, SecretKind::Parameter(_));
        if matches!(secret, Thing::Secret(id) if is_parameter(id)) { Service::Ssm } else { Service::SecretsManager }
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
                Relation::ReadsSecret => add(self.store_of(edge.to), edge.span),
                Relation::ReadsConfig => add(Service::Ssm, edge.span),
                Relation::Signals | Relation::Starts | Relation::Describes if matches!(edge.to, Thing::Workflow(id) if self.workflows[id].redis().is_none()) =>
                {
                    add(Service::States, edge.span);
                }
                // Caches are in the network; what goes through an outbox is written to its table.
                Relation::Signals
                | Relation::Starts
                | Relation::Describes
                | Relation::Keeps
                | Relation::PublishesThroughOutbox => {}
                // No function says these.
                Relation::TravelsOn
                | Relation::Reads
                | Relation::Matches
                | Relation::Delivers
                | Relation::Routes
                | Relation::Asks
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
        for workflow in self.carried_workflows(id).into_iter().map(|id| &self.workflows[id]) {
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
