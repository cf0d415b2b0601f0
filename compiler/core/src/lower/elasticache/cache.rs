//! Caches: ElastiCache Serverless or a replication group for Valkey, who may log in to them, and from where they are reached.

use crate::model::{Cache, CacheKind, Id};
use crate::plan::builder::Builder;
use crate::plan::cache::{MAX_SUBNETS, PORT, group, token, user};
use crate::plan::names::Named;
use crate::plan::value::{Part, Value, description, text};
use crate::plan::{LogicalId, Resource, ids, network};
use crate::spec::cache::{CacheAuth, Durability};
use crate::spec::table::Removal;

/// What ElastiCache calls the engine.
const ENGINE: &str = "valkey";

/// The version with public endpoints and durability.
/// <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/engine-versions.html>
const MAJOR_VERSION: &str = "9";
const VERSION: &str = "9.0";

/// The family of parameters of that version.
const PARAMETERS: &str = "valkey9";

/// What functions may do: every command on keys of evc's, but those that look at or change the cache itself. Clients of a
/// cluster ask for its shards, which are none of those.
const ACCESS: &str = "on ~evc:* +@all -@admin -@dangerous +info";

/// The longest description that ElastiCache takes.
const MAX_DESCRIPTION: usize = 255;

/// A token as `AUTH` takes one: 16 to 128 characters, of which few may be punctuation.
/// <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html>
const TOKEN_LENGTH: i64 = 64;

/// Adds a cache.
pub(crate) fn add(b: &mut Builder<'_>, id: Id<Cache>, cache: &Cache) {
    match &cache.kind {
        CacheKind::Serverless { max_storage, max_ecpu } => serverless(b, id, cache, *max_storage, *max_ecpu),
        CacheKind::ReplicationGroup { .. } => replication_group(b, id, cache),
        CacheKind::External { .. } => {}
    }
}

/// The logical id of what belongs to a cache.
fn part(cache: &Cache, what: &str) -> LogicalId {
    ids::of(&ids::cache(cache), what)
}

fn about(b: &Builder<'_>, cache: &Cache) -> Value {
    let text = description(cache.head.description.as_ref(), MAX_DESCRIPTION);
    text.unwrap_or_else(|| format!("Cache {} of {}", cache.head.name, b.model.service.value).into())
}

fn serverless(b: &mut Builder<'_>, id: Id<Cache>, cache: &Cache, max_storage: Option<u64>, max_ecpu: Option<u64>) {
    let logical = ids::cache(cache);
    let span = cache.head.name_span;
    let (users, name) = users(b, cache);
    let properties = [
        ("ServerlessCacheName", name),
        ("Description", about(b, cache)),
        ("Engine", ENGINE.into()),
        ("MajorEngineVersion", MAJOR_VERSION.into()),
        ("ConnectionType", if cache.network.is_some() { "vpc" } else { "public" }.into()),
        ("UserGroupId", Value::Ref(users)),
    ];
    let storage = max_storage.map(|most| {
        let storage = Value::map([("Maximum", Value::count(most)), ("Unit", "GB".into())]);
        ("DataStorage", storage)
    });
    let ecpu = max_ecpu.map(|most| ("ECPUPerSecond", Value::map([("Maximum", Value::count(most))])));
    let limits: Vec<(&str, Value)> = storage.into_iter().chain(ecpu).collect();
    let mut resource = Resource::new("AWS::ElastiCache::ServerlessCache", origin(cache), span, properties)
        .with("CacheUsageLimits", (!limits.is_empty()).then(|| Value::map(limits)))
        .with("SnapshotRetentionLimit", retention(cache));
    if let Some(network) = cache.network {
        admit(b, id, cache);
        let model = b.model;
        resource = resource.and([
            ("SubnetIds", network::subnets_at_most(model, network.value, MAX_SUBNETS)),
            ("SecurityGroupIds", Value::list([Value::Ref(group(cache))])),
        ]);
    }
    b.add(&logical, resource.removal(removal(cache)));
}

fn replication_group(b: &mut Builder<'_>, id: Id<Cache>, cache: &Cache) {
    let CacheKind::ReplicationGroup { node_type, replicas, shards, durability, .. } = &cache.kind else { return };
    let (logical, span) = (ids::cache(cache), cache.head.name_span);
    parameter_group(b, cache, shards.is_some());
    admit(b, id, cache);
    // The network is missing where that has been reported.
    if let Some(network) = cache.network {
        let properties = [("Description", about(b, cache)), ("SubnetIds", network::subnets(b.model, network.value))];
        let origin = format!("subnets of cache `{}`", cache.head.name);
        let subnets = Resource::new("AWS::ElastiCache::SubnetGroup", origin, span, properties);
        b.add(&part(cache, "subnets"), subnets);
    }
    let properties = [
        ("ReplicationGroupDescription", about(b, cache)),
        ("Engine", ENGINE.into()),
        ("EngineVersion", VERSION.into()),
        ("CacheNodeType", b.setting(&logical, "NodeType", node_type, |node| node.as_str().into())),
        ("CacheParameterGroupName", Value::Ref(part(cache, "parameters"))),
    ];
    let size = match shards {
        Some(shards) => {
            let replicas = b.setting(&logical, "Replicas", replicas, |replicas| Value::count(*replicas));
            vec![("NumNodeGroups", Value::count(*shards)), ("ReplicasPerNodeGroup", replicas)]
        }
        None => {
            vec![("NumCacheClusters", b.setting(&logical, "Nodes", replicas, |replicas| Value::count(replicas + 1)))]
        }
    };
    // A cluster must have failover on, also without replicas.
    let failover = replicas.map(|replicas| *replicas > 0 || shards.is_some());
    let zones = replicas.map(|replicas| *replicas > 0);
    let mode = shards.map(|_| Value::string("enabled"));
    let safe = [
        ("AutomaticFailoverEnabled", b.setting(&logical, "Failover", &failover, |on| (*on).into())),
        ("MultiAZEnabled", b.setting(&logical, "MultiZone", &zones, |on| (*on).into())),
        ("AtRestEncryptionEnabled", true.into()),
        ("TransitEncryptionEnabled", true.into()),
        ("TransitEncryptionMode", "required".into()),
        ("AutoMinorVersionUpgrade", true.into()),
        ("Port", Value::Integer(PORT)),
        ("CacheSubnetGroupName", Value::Ref(part(cache, "subnets"))),
        ("SecurityGroupIds", Value::list([Value::Ref(group(cache))])),
    ];
    let login = match cache.auth {
        CacheAuth::Token => ("AuthToken", secret(b, cache)),
        CacheAuth::Iam | CacheAuth::None => ("UserGroupIds", Value::list([Value::Ref(users(b, cache).0)])),
    };
    let durability = durability.map(|durability| match durability {
        Durability::Async => Value::string("async"),
        Durability::Sync => Value::string("sync"),
    });
    let resource = Resource::new("AWS::ElastiCache::ReplicationGroup", origin(cache), span, properties)
        .with("ClusterMode", mode)
        .and(size)
        .and(safe)
        .with("Durability", durability)
        .and([login])
        .with("SnapshotRetentionLimit", retention(cache))
        .removal(removal(cache));
    b.add(&logical, resource);
}

/// Nothing may be thrown away to make room: what a workflow or a counter has written is needed. Once it is full, writes fail.
fn parameter_group(b: &mut Builder<'_>, cache: &Cache, cluster: bool) {
    let mut values = vec![("maxmemory-policy", Value::string("noeviction"))];
    if cluster {
        values.push(("cluster-enabled", "yes".into()));
    }
    let properties = [
        ("CacheParameterGroupFamily", PARAMETERS.into()),
        ("Description", about(b, cache)),
        ("Properties", Value::map(values)),
    ];
    let origin = format!("parameters of cache `{}`", cache.head.name);
    let resource = Resource::new("AWS::ElastiCache::ParameterGroup", origin, cache.head.name_span, properties);
    b.add(&part(cache, "parameters"), resource);
}

/// The user that functions are, and the group of it alone; and the name of both, which a serverless cache has as well. The
/// user's name is its id, as IAM has it. <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html>
fn users(b: &mut Builder<'_>, cache: &Cache) -> (LogicalId, Value) {
    let span = cache.head.name_span;
    let name = b.name(Named::Cache, "", &format!("-{}", cache.head.name), span);
    let properties = [
        ("UserId", name.clone()),
        ("UserName", name.clone()),
        ("Engine", ENGINE.into()),
        ("AccessString", ACCESS.into()),
        ("AuthenticationMode", Value::map([("Type", "iam".into())])),
    ];
    let origin = format!("who functions are in cache `{}`", cache.head.name);
    b.add(&user(cache), Resource::new("AWS::ElastiCache::User", origin, span, properties));
    let group = part(cache, "users");
    let properties =
        [("UserGroupId", name.clone()), ("Engine", ENGINE.into()), ("UserIds", Value::list([Value::Ref(user(cache))]))];
    let origin = format!("users of cache `{}`", cache.head.name);
    b.add(&group, Resource::new("AWS::ElastiCache::UserGroup", origin, span, properties));
    (group, name)
}

/// The secret with the token, which is made up when the stack is deployed; and what the cache has for it: a reference that
/// CloudFormation resolves, so that the token is in no template.
fn secret(b: &mut Builder<'_>, cache: &Cache) -> Value {
    let id = token(cache);
    let made_up = Value::map([("PasswordLength", Value::Integer(TOKEN_LENGTH)), ("ExcludePunctuation", true.into())]);
    let about = format!("Token of cache {} of {}", cache.head.name, b.model.service.value);
    let properties = [("Description", about.into()), ("GenerateSecretString", made_up)];
    let origin = format!("token of cache `{}`", cache.head.name);
    b.add(&id, Resource::new("AWS::SecretsManager::Secret", origin, cache.head.name_span, properties));
    text(["{{resolve:secretsmanager:".into(), Part::Ref(id), "}}".into()])
}

/// The security group that the cache is in: what talks to it gets to its port, and it gets nowhere itself.
fn admit(b: &mut Builder<'_>, id: Id<Cache>, cache: &Cache) {
    let Some(network) = cache.network else { return };
    let (name, span) = (&cache.head.name, cache.head.name_span);
    let about = format!("Cache {name} of {}", b.model.service.value);
    let origin = format!("security group of cache `{name}`");
    let vpc = network::vpc(b.model, network.value);
    b.security_group(&group(cache), about, vpc, vec![network::nowhere()], &origin, span);
    if b.model.has_clients(id) {
        let origin = format!("who gets to cache `{name}`");
        b.ingress(&group(cache), &ids::cache_clients(cache), Value::Integer(PORT), &origin, span);
    }
}

fn origin(cache: &Cache) -> String {
    format!("cache `{}`", cache.head.name)
}

fn retention(cache: &Cache) -> Option<Value> {
    let days = cache.snapshots.as_days();
    (days > 0).then(|| Value::count(days))
}

/// CloudFormation takes a last snapshot of a replication group; of a serverless cache there are those of the last days.
fn removal(cache: &Cache) -> Value {
    match (cache.removal, &cache.kind) {
        (Removal::Retain, _) => "Retain".into(),
        (Removal::Delete, CacheKind::ReplicationGroup { .. }) => "Snapshot".into(),
        (Removal::Delete, _) => "Delete".into(),
    }
}
