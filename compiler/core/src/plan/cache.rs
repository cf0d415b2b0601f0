//! How a cache is addressed: where what talks to it is told that it is and how to log in, and where in the network that stands.

use evc_interface::environment::{self, cache_auth};

use super::value::{Part, Value, text};
use super::variables::Variables;
use super::{LogicalId, arn, ids, secret};
use crate::model::{Cache, CacheKind, CacheSecret, Id, Model};
use crate::spec::cache::CacheAuth;
use crate::spec::given::Given;

/// The port of every cache that this stack makes. A serverless cache has another one, 6380, to read from replicas, which nothing
/// of ours does. <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/wwe-troubleshooting.html>
pub(crate) const PORT: i64 = 6379;

/// A serverless cache is in three zones at most.
/// <https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ServerlessCache.html>
pub(crate) const MAX_SUBNETS: usize = 3;

/// The logical id of the user that functions are.
pub(crate) fn user(cache: &Cache) -> LogicalId {
    ids::of(&ids::cache(cache), "user")
}

/// The logical id of the secret with the token.
pub(crate) fn token(cache: &Cache) -> LogicalId {
    ids::of(&ids::cache(cache), "token")
}

/// The logical id of the security group that the cache is in.
pub(crate) fn group(cache: &Cache) -> LogicalId {
    ids::of(&ids::cache(cache), "group")
}

/// The environment variables of what talks to a cache.
pub(crate) fn variables(model: &Model, id: Id<Cache>) -> Variables {
    let cache = &model.caches[id];
    let logical = ids::cache(cache);
    let name = &cache.head.name;
    let mut variables = Variables::new();
    let mut add = |variable: &str, value: Value, purpose: String| {
        variables.insert(variable.to_owned(), (value, purpose));
    };
    add(environment::CACHE_ENDPOINT, endpoint(cache), format!("where cache `{name}` is"));
    let auth = match cache.auth {
        CacheAuth::None => cache_auth::NONE,
        CacheAuth::Iam => cache_auth::IAM,
        CacheAuth::Token => cache_auth::SECRET,
    };
    add(environment::CACHE_AUTH, auth.into(), format!("how to authenticate with cache `{name}`"));
    if cache.auth == CacheAuth::Iam {
        let purpose = format!("the name of cache `{name}`, which tokens are for");
        add(environment::CACHE_NAME, Value::Ref(logical), purpose);
        add(environment::CACHE_USER, Value::Ref(user(cache)), format!("who to be in cache `{name}`"));
    }
    if let CacheKind::External { user: Some(user), .. } = &cache.kind {
        add(environment::CACHE_USER, user.as_str().into(), format!("who to be in cache `{name}`"));
    }
    let purpose = "what tells the keys of this stack from those of others".to_owned();
    add(environment::NAMESPACE, Value::pseudo("AWS::StackName"), purpose);
    if let Some(secret) = secret(model, cache) {
        let purpose = format!("the ARN of the secret with the token of cache `{name}`");
        add(environment::CACHE_SECRET_ARN, secret, purpose);
    }
    if let CacheKind::Serverless { .. } = cache.kind {
        add(environment::CACHE_SERVERLESS, "true".into(), "whether the cache is serverless".to_owned());
    }
    if cache.is_cluster() {
        add(environment::CACHE_CLUSTER, "true".into(), "whether the cache is a cluster".to_owned());
    }
    variables
}

fn endpoint(cache: &Cache) -> Value {
    text(address(cache))
}

/// The URL of a cache, as `evc workflow` takes it.
pub(crate) fn url(cache: &Cache) -> Value {
    let mut parts = address(cache);
    parts.extend(cache.is_cluster().then(|| "/?cluster=true".into()));
    text(parts)
}

fn address(cache: &Cache) -> Vec<Part> {
    let id = ids::cache(cache);
    let scheme = if cache.is_encrypted() { "rediss://" } else { "redis://" };
    let at = |address: &'static str, port: &'static str| {
        let (host, port) = (Part::Attribute(id.clone(), address), Part::Attribute(id.clone(), port));
        vec![scheme.into(), host, ":".into(), port]
    };
    match &cache.kind {
        CacheKind::Serverless { .. } => at("Endpoint.Address", "Endpoint.Port"),
        CacheKind::ReplicationGroup { shards: Some(_), .. } => {
            at("ConfigurationEndPoint.Address", "ConfigurationEndPoint.Port")
        }
        CacheKind::ReplicationGroup { .. } => at("PrimaryEndPoint.Address", "PrimaryEndPoint.Port"),
        CacheKind::External { endpoint: Given::Here((host, port)), .. } => {
            vec![Part::Literal(format!("{scheme}{host}:{port}"))]
        }
        CacheKind::External { .. } => vec![scheme.into(), Part::Ref(endpoint_parameter(cache))],
    }
}

/// The parameter with the endpoint of an external cache: `StateCacheEndpoint`.
pub(crate) fn endpoint_parameter(cache: &Cache) -> LogicalId {
    ids::of(&ids::cache(cache), "endpoint")
}

/// The parameter with the ARN of the secret of an external cache: `StateCacheSecret`.
pub(crate) fn secret_parameter(cache: &Cache) -> LogicalId {
    ids::of(&ids::cache(cache), "secret")
}

/// The ARN of the secret with the token.
pub(crate) fn secret(model: &Model, cache: &Cache) -> Option<Value> {
    if cache.auth != CacheAuth::Token {
        return None;
    }
    match &cache.kind {
        CacheKind::Serverless { .. } => None,
        CacheKind::ReplicationGroup { .. } => Some(Value::Ref(token(cache))),
        CacheKind::External { secret, .. } => match secret.as_ref()? {
            CacheSecret::Given(given) => Some(match &given.value {
                Given::Here(arn) => arn.as_str().into(),
                Given::Parameter => Value::Ref(secret_parameter(cache)),
            }),
            CacheSecret::Named(secret) => Some(secret::arn(&model.secrets[secret.value])),
        },
    }
}

/// The ARN of a cache that functions log in to by IAM.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticache.html>
pub(crate) fn arn(cache: &Cache) -> Value {
    let id = ids::cache(cache);
    match cache.kind {
        CacheKind::Serverless { .. } => Value::Attribute(id, "ARN"),
        CacheKind::ReplicationGroup { .. } | CacheKind::External { .. } => {
            arn::of("elasticache", "replicationgroup:", [Part::Ref(id)])
        }
    }
}
