//! What talks to a cache: where it is told that the cache is and how to log in, its permissions, its place in the network.
//!
//! A Lambda function gets all of it by two lines: [`variables`] among its environment, and `cache` in [`super::lambda::Lambda`].

use super::cache;
use super::lambda::Variables;
use super::network;
use crate::model::{Cache, CacheKind, Id, Model, NetworkKind};
use crate::plan::builder::{Builder, Role, Why};
use crate::plan::ids;
use crate::plan::value::{Part, Value, text};
use crate::plan::{LogicalId, Resource};
use crate::source::{Span, Spanned};
use crate::spec::cache::CacheAuth;
use crate::spec::given::Given;

/// Whether anything talks to a cache.
pub(super) fn has_clients(model: &Model, cache: Id<Cache>) -> bool {
    model.cache_clients().iter().any(|client| client.cache == cache)
}

/// The environment variables of what talks to a cache.
pub(super) fn variables(model: &Model, id: Id<Cache>) -> Variables {
    let cache = &model.caches[id];
    let logical = ids::cache(cache);
    let name = &cache.head.name;
    let mut variables = Variables::new();
    let mut add = |variable: &str, value: Value, purpose: String| {
        variables.insert(variable.to_owned(), (value, purpose));
    };
    add(ids::CACHE_ENDPOINT_VARIABLE, endpoint(cache), format!("where cache `{name}` is"));
    let auth = match cache.auth {
        CacheAuth::None => "none",
        CacheAuth::Iam => "iam",
        CacheAuth::Token => "secret",
    };
    add(ids::CACHE_AUTH_VARIABLE, auth.into(), format!("how to authenticate with cache `{name}`"));
    if cache.auth == CacheAuth::Iam {
        let purpose = format!("the name of cache `{name}`, which tokens are for");
        add(ids::CACHE_NAME_VARIABLE, Value::Ref(logical), purpose);
        add(ids::CACHE_USER_VARIABLE, Value::Ref(cache::user(cache)), format!("who to be in cache `{name}`"));
    }
    if let CacheKind::External { user: Some(user), .. } = &cache.kind {
        add(ids::CACHE_USER_VARIABLE, user.as_str().into(), format!("who to be in cache `{name}`"));
    }
    let purpose = "what tells the keys of this stack from those of others".to_owned();
    add(ids::NAMESPACE_VARIABLE, Value::pseudo("AWS::StackName"), purpose);
    if let Some(secret) = secret(cache) {
        let purpose = format!("the ARN of the secret with the token of cache `{name}`");
        add(ids::CACHE_SECRET_VARIABLE, secret, purpose);
    }
    if let CacheKind::Serverless { .. } = cache.kind {
        add(ids::CACHE_SERVERLESS_VARIABLE, "true".into(), "whether the cache is serverless".to_owned());
    }
    if cache.is_cluster() {
        add(ids::CACHE_CLUSTER_VARIABLE, "true".into(), "whether the cache is a cluster".to_owned());
    }
    variables
}

fn endpoint(cache: &Cache) -> Value {
    text(address(cache))
}

/// The URL of a cache, as `evc workflow` takes it.
pub(super) fn url(cache: &Cache) -> Value {
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
pub(super) fn endpoint_parameter(cache: &Cache) -> LogicalId {
    ids::of(&ids::cache(cache), "endpoint")
}

/// The parameter with the ARN of the secret of an external cache: `StateCacheSecret`.
pub(super) fn secret_parameter(cache: &Cache) -> LogicalId {
    ids::of(&ids::cache(cache), "secret")
}

/// The ARN of the secret with the token.
fn secret(cache: &Cache) -> Option<Value> {
    if cache.auth != CacheAuth::Token {
        return None;
    }
    match &cache.kind {
        CacheKind::Serverless { .. } => None,
        CacheKind::ReplicationGroup { .. } => Some(Value::Ref(cache::token(cache))),
        CacheKind::External { secret, .. } => match secret.as_ref()? {
            Given::Here(arn) => Some(arn.as_str().into()),
            Given::Parameter => Some(Value::Ref(secret_parameter(cache))),
        },
    }
}

/// Where a function stands that talks to a cache. `None` if it needs no network to get there.
pub(super) fn vpc_config(model: &Model, id: Id<Cache>) -> Option<Value> {
    let cache = &model.caches[id];
    let network = cache.network?.value;
    let own = Value::Ref(ids::cache_clients(cache));
    let groups = match &model.networks[network].kind {
        NetworkKind::Imported { security_groups: Some(Given::Here(groups)), .. } => {
            Value::list(std::iter::once(own).chain(groups.iter().map(|group| group.as_str().into())))
        }
        // Two lists are one by way of a text.
        NetworkKind::Imported { security_groups: Some(Given::Parameter), .. } => {
            let given = Value::Ref(network::groups_parameter(&model.networks[network]));
            let joined = |items: Value| Value::map([("Fn::Join", Value::list([",".into(), items]))]);
            let all = joined(Value::list([own, joined(given)]));
            Value::map([("Fn::Split", Value::list([",".into(), all]))])
        }
        _ => Value::list([own]),
    };
    Some(Value::map([("SubnetIds", network::subnets(model, network)), ("SecurityGroupIds", groups)]))
}

/// Lets a role log in to a cache, and Lambda put what has the role into the network.
pub(super) fn grants(b: &mut Builder<'_>, role: &Role, used: Spanned<Id<Cache>>) {
    let cache = &b.model.caches[used.value];
    let why = || Why::new(format!("`cache: {}`", cache.head.name), used.span);
    if cache.auth == CacheAuth::Iam {
        b.grant(role, &["elasticache:Connect"], [arn(cache), Value::arn(&cache::user(cache))], why());
    }
    if let Some(secret) = secret(cache) {
        b.grant(role, &["secretsmanager:GetSecretValue"], [secret], why());
    }
    if cache.network.is_some() {
        interfaces(b, role, cache, used.span);
    }
}

/// What Lambda does with the role to connect a function to a network. The function's own code may not: what it calls has the
/// function's ARN in it. <https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html>
fn interfaces(b: &mut Builder<'_>, role: &Role, cache: &Cache, span: Span) {
    let by_lambda = |reason: &str| {
        let reason = format!("puts it into the network of cache `{}`; {reason}", cache.head.name);
        Why::new(reason, span).only_if("Null", "lambda:SourceFunctionArn", "true".into())
    };
    let actions = [
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:UnassignPrivateIpAddresses",
    ];
    let mine = text([
        "arn:".into(),
        Part::Parameter("AWS::Partition"),
        ":ec2:".into(),
        Part::Parameter("AWS::Region"),
        ":".into(),
        Part::Parameter("AWS::AccountId"),
        ":*/*".into(),
    ]);
    b.grant(role, &actions, [mine], by_lambda("the interfaces have no names before"));
    let actions = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"];
    b.grant(role, &actions, ["*".into()], by_lambda("these actions cannot be limited to a resource"));
}

/// The ARN of a cache that functions log in to by IAM.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticache.html>
fn arn(cache: &Cache) -> Value {
    let id = ids::cache(cache);
    match cache.kind {
        CacheKind::Serverless { .. } => Value::Attribute(id, "ARN"),
        CacheKind::ReplicationGroup { .. } | CacheKind::External { .. } => text([
            "arn:".into(),
            Part::Parameter("AWS::Partition"),
            ":elasticache:".into(),
            Part::Parameter("AWS::Region"),
            ":".into(),
            Part::Parameter("AWS::AccountId"),
            ":replicationgroup:".into(),
            Part::Ref(id),
        ]),
    }
}

/// The security group of what talks to a cache: it gets to the cache, to the endpoints of what it calls, and to nothing else.
pub(super) fn security_group(b: &mut Builder<'_>, id: Id<Cache>, cache: &Cache) {
    let Some(network) = cache.network.filter(|_| has_clients(b.model, id)) else { return };
    let (model, name) = (b.model, &cache.head.name);
    let mut ways = vec![match &cache.kind {
        CacheKind::External { endpoint, .. } => {
            let port = match endpoint {
                Given::Here((_, port)) => Value::count(u64::from(*port)),
                Given::Parameter => Value::Piece(1, ":", Box::new(Value::Ref(endpoint_parameter(cache)))),
            };
            network::to_anywhere(port, "the cache")
        }
        _ => network::to_group(&cache::group(cache), Value::Integer(cache::PORT), "the cache"),
    }];
    ways.extend(network::ways(model, network.value, id));
    let properties = [
        ("GroupDescription", format!("What talks to cache {name} of {}", model.service.value).into()),
        ("VpcId", network::vpc(model, network.value)),
        ("SecurityGroupEgress", Value::list(ways)),
    ];
    let origin = format!("security group of what talks to cache `{name}`");
    let resource = Resource::new("AWS::EC2::SecurityGroup", origin, cache.head.name_span, properties);
    b.add(&ids::cache_clients(cache), resource);
}
