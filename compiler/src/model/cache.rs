//! Caches and networks, and who talks to which: the set of functions that get to a cache is derived from here alone.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::{Function, Head, Id, Model, Setting, StepKind, Transport};
use crate::source::{Span, Spanned};
use crate::spec::cache::{CacheAuth, Durability};
use crate::spec::given::Given;
use crate::spec::network::Service;
use crate::spec::scalar::Duration;
use crate::spec::table::Removal;

/// A cache.
#[derive(Debug, Clone)]
pub struct Cache {
    /// Name, places, description.
    pub head: Head,
    /// What makes it.
    pub kind: CacheKind,
    /// The network that it is in. `None` for one with a public endpoint.
    pub network: Option<Spanned<Id<Network>>>,
    /// How functions authenticate.
    pub auth: CacheAuth,
    /// How long daily snapshots are kept; zero for none.
    pub snapshots: Duration,
    /// What becomes of it when it leaves the stack.
    pub removal: Removal,
}

/// What makes a cache, with what only that has.
#[derive(Debug, Clone)]
pub enum CacheKind {
    /// ElastiCache Serverless.
    Serverless {
        /// The most that it holds, in GB.
        max_storage: Option<u64>,
        /// The most processing units a second.
        max_ecpu: Option<u64>,
    },
    /// A replication group of ElastiCache.
    ReplicationGroup {
        /// The type of its nodes.
        node_type: Setting<String>,
        /// Replicas of each primary node.
        replicas: Setting<u64>,
        /// The place of `replicas`, or of the cache's name.
        replicas_span: Span,
        /// The number of shards, in cluster mode.
        shards: Option<u64>,
        /// When a write is safe from the loss of a node, if it ever is.
        durability: Option<Durability>,
    },
    /// It exists already.
    External {
        /// Host and port.
        endpoint: Given<(String, u16)>,
        /// The ARN of the secret with the password.
        secret: Option<Given<String>>,
        /// The user that functions are.
        user: Option<String>,
        /// Whether it speaks TLS.
        tls: Spanned<bool>,
        /// Whether it is a cluster.
        cluster: bool,
    },
}

impl Cache {
    /// Whether clients speak the protocol of a cluster: commands go to the node that has the slot of their keys.
    pub fn is_cluster(&self) -> bool {
        match &self.kind {
            CacheKind::Serverless { .. } => true,
            CacheKind::ReplicationGroup { shards, .. } => shards.is_some(),
            CacheKind::External { cluster, .. } => *cluster,
        }
    }

    /// Whether clients speak TLS.
    pub fn is_encrypted(&self) -> bool {
        match &self.kind {
            CacheKind::Serverless { .. } | CacheKind::ReplicationGroup { .. } => true,
            CacheKind::External { tls, .. } => tls.value,
        }
    }
}

/// A network.
#[derive(Debug, Clone)]
pub struct Network {
    /// Name, places, description.
    pub head: Head,
    /// Who makes it.
    pub kind: NetworkKind,
    /// Whether there is a way to the internet.
    pub nat: bool,
}

/// Who makes a network.
#[derive(Debug, Clone)]
pub enum NetworkKind {
    /// This stack.
    Own {
        /// The first of its addresses and the length of the prefix.
        cidr: (Ipv4Addr, u32),
        /// In how many zones it has subnets.
        zones: u64,
    },
    /// It exists already.
    Imported {
        /// The VPC's id.
        vpc: Given<String>,
        /// The ids of its subnets.
        subnets: Given<Vec<String>>,
        /// Further security groups of functions.
        security_groups: Option<Given<Vec<String>>>,
        /// The services that it has endpoints for.
        reaches: Vec<Spanned<Service>>,
    },
}

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
        let function = &self.functions[function];
        let workflows = function.redis_workflows(self).into_iter();
        let theirs = workflows.filter_map(|id| self.workflows[id].redis().and_then(|redis| redis.cache));
        let mut caches: Vec<Spanned<Id<Cache>>> = Vec::new();
        for cache in function.cache.into_iter().chain(theirs) {
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

    /// Everything that talks to a cache, with what else it calls: what networks, security groups and endpoints are made of.
    pub fn cache_clients(&self) -> Vec<CacheClient> {
        let functions = self.functions.iter().filter_map(|(id, function)| {
            let cache = self.cache_of(id)?;
            let mut services = self.services_of(function);
            if self.caches[cache.value].auth == CacheAuth::Token {
                services.entry(Service::SecretsManager).or_insert(cache.span);
            }
            Some(CacheClient {
                who: Client::Function(id),
                name: format!("function `{}`", function.head.name),
                cache: cache.value,
                span: cache.span,
                services,
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
                if let StepKind::Publish { span, .. } = &step.kind {
                    services.entry(Service::Events).or_insert(*span);
                }
            });
        }
        if self.caches[cache.value].auth == CacheAuth::Token {
            services.entry(Service::SecretsManager).or_insert(cache.span);
        }
        let name = "the engine of the workflows".to_owned();
        Some(CacheClient { who: Client::Engine, name, cache: cache.value, span: cache.span, services })
    }

    /// The services that a function calls for what its line in the spec grants, each with the place that says so.
    fn services_of(&self, function: &Function) -> BTreeMap<Service, Span> {
        let mut services = BTreeMap::new();
        let mut add = |service, span: Option<Span>| {
            if let Some(span) = span {
                services.entry(service).or_insert(span);
            }
        };
        add(Service::DynamoDb, function.tables.first().map(|used| used.span));
        add(Service::DynamoDb, function.outbox.map(|outbox| outbox.span));
        add(Service::DynamoDb, function.idempotent.map(|_| function.idempotent_span));
        add(Service::Events, function.publishes.first().map(|event| event.span));
        add(Service::Sqs, function.sends.first().map(|queue| queue.span));
        for workflow in function.redis_workflows(self).into_iter().map(|id| &self.workflows[id]) {
            if let Some(redis) = workflow.redis() {
                for service in redis.transport.services() {
                    add(*service, Some(workflow.engine_span));
                }
            }
        }
        for signal in &function.signals {
            if self.workflows[signal.value].redis().is_none() {
                add(Service::States, Some(signal.span));
            }
        }
        services
    }
}
