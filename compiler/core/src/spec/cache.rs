//! `caches:` ElastiCache for Valkey, or a Redis that exists already: where counters, circuit breakers and workflows keep state.

use evc_macros::Word;
use schemars::JsonSchema;

use super::allow::Allows;
use super::decode::{Decode, Decoder};
use super::given::Given;
use super::range::in_range;
use super::range::within;
use super::scalar::{Duration, Name};
use super::table::Removal;
use crate::source::Spanned;
use crate::yaml::Node;

/// A cache: Valkey that this stack makes, or a Redis or Valkey that exists already. Encrypted at rest and on the wire; only
/// what says `cache:` or runs a workflow that does gets to it.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Cache {
    /// What it is for, for people.
    pub description: Option<String>,
    /// `serverless` (ElastiCache Serverless, without one said), `replication-group` (nodes of ElastiCache) or `external` (it
    /// exists already).
    #[schemars(default)]
    pub mode: CacheMode,
    /// One of `networks`, or `public` for an endpoint without a network, which is what a serverless cache has if there is no
    /// network: TLS, and IAM on every connection. A replication group needs a network. An external cache has one if it can be
    /// reached from there only.
    pub network: Option<Name>,
    /// How functions authenticate: `iam` with tokens of IAM, `token` with a secret of Secrets Manager, `none`. Serverless
    /// caches and replication groups have `iam`, which the latter may change to `token`; external ones have `token` if there is
    /// a `secret`, else `none`.
    pub auth: Option<Spanned<CacheAuth>>,
    /// The nodes of a replication group: `cache.t4g.small` without it.
    #[schemars(regex(pattern = r"^cache\.[a-z0-9-]+\.[a-z0-9]+$"))]
    pub node_type: Option<Spanned<String>>,
    /// Replicas of each node of a replication group, in other zones: 0 to 5, 1 without it. With at least one, a node that is
    /// lost is replaced by a replica of its own accord.
    #[schemars(range(max = 5))]
    pub replicas: Option<Spanned<u64>>,
    /// Splits a replication group into so many shards (cluster mode): 1 to 90.
    #[schemars(range(min = 1, max = 90))]
    pub shards: Option<Spanned<u64>>,
    /// Writes of a replication group go to a log in several zones: `sync` before they are answered, so that none that was
    /// answered is lost with a node, `async` soon after. Needs `shards`, a replica and nodes of the families m6g, r6g, c7gn or
    /// later; cannot be turned on or off once the cache is there.
    pub durability: Option<Spanned<Durability>>,
    /// How long daily snapshots are kept, in whole days: `0s` (none) to `35d`, `7d` without it.
    pub snapshots: Option<Spanned<Duration>>,
    /// What becomes of it when it leaves the stack: `retain` or `delete`, which is what happens without it; a replication group
    /// is deleted after a last snapshot.
    pub removal: Option<Spanned<Removal>>,
    /// The most that a serverless cache may hold, in GB: 1 to 5000. AWS's own limit without it.
    #[schemars(range(min = 1, max = 5000))]
    pub max_storage: Option<Spanned<u64>>,
    /// The most that a serverless cache may do, in ElastiCache processing units a second: 1000 to 15000000.
    #[schemars(range(min = 1000, max = 15_000_000))]
    pub max_ecpu: Option<Spanned<u64>>,
    /// Where an external cache is: `host:port`, or `parameter` for a parameter of the template.
    pub endpoint: Option<Spanned<Given<String>>>,
    /// The ARN of the secret with the password of an external cache, or `parameter` for a parameter of the template. The secret
    /// is the password and nothing else.
    pub secret: Option<Spanned<Given<String>>>,
    /// The user that functions are in an external cache; the default one without it.
    #[schemars(regex(pattern = r"^[!-~]{1,128}$"))]
    pub user: Option<Spanned<String>>,
    /// Whether an external cache speaks TLS: `true` without it.
    pub tls: Option<Spanned<bool>>,
    /// Whether an external cache is a cluster: `false` without it.
    pub cluster: Option<Spanned<bool>>,
    /// Warnings that are fine here, each with the reason.
    #[schemars(default)]
    pub allow: Allows,
}

/// What makes a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Word)]
#[word(what = "a mode of a cache")]
pub enum CacheMode {
    /// ElastiCache Serverless for Valkey: it grows with what it holds and does.
    #[default]
    Serverless,
    /// Nodes of ElastiCache for Valkey.
    ReplicationGroup,
    /// It exists already.
    External,
}

/// When a write is safe from the loss of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Word)]
#[word(what = "a durability")]
pub enum Durability {
    /// Within ten seconds.
    Async,
    /// Before it is answered.
    Sync,
}

/// How functions authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Word)]
#[word(what = "a way to authenticate")]
pub enum CacheAuth {
    /// They do not.
    None,
    /// With a secret of Secrets Manager.
    Token,
    /// With short-lived tokens of IAM.
    Iam,
}

impl Decode for Cache {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "a cache")?;
        let cache = Self {
            description: fields.optional("description", cx),
            mode: fields.or_default("mode", cx),
            network: fields.optional("network", cx),
            auth: fields.optional("auth", cx),
            node_type: fields.optional("node-type", cx),
            replicas: fields.optional("replicas", cx),
            shards: fields.optional("shards", cx),
            durability: fields.optional("durability", cx),
            snapshots: fields.optional("snapshots", cx),
            removal: fields.optional("removal", cx),
            max_storage: fields.optional("max-storage", cx),
            max_ecpu: fields.optional("max-ecpu", cx),
            endpoint: fields.optional("endpoint", cx),
            secret: fields.optional("secret", cx),
            user: fields.optional("user", cx),
            tls: fields.optional("tls", cx),
            cluster: fields.optional("cluster", cx),
            allow: fields.or_default("allow", cx),
        };
        // What else is said depends on the mode, so a wrong one says nothing.
        let whole = fields.finish(cx);
        sizes(&cache, cx);
        whole.then_some(cache)
    }
}

/// The limits of ElastiCache: <https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html>,
/// <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Scaling.html>
fn sizes(cache: &Cache, cx: &mut Decoder) {
    nodes(cache.node_type.as_ref(), cache.replicas.as_ref(), cx);
    in_range(cache.shards.as_ref(), 1, 90, "the number of shards", cx);
    in_range(cache.max_storage.as_ref(), 1, 5000, "the storage of a cache in GB", cx);
    in_range(cache.max_ecpu.as_ref(), 1000, 15_000_000, "the processing units of a cache", cx);
    within(cache.snapshots.as_ref(), 0, 35 * 86_400, "the retention of snapshots", cx);
    if let Some(user) = &cache.user
        && !((1..=128).contains(&user.len()) && user.bytes().all(|byte| byte.is_ascii_graphic()))
    {
        cx.bad_value(user.span, "a user has 1 to 128 printable characters and no space");
    }
}

/// Checks the nodes of a replication group.
pub fn nodes(node_type: Option<&Spanned<String>>, replicas: Option<&Spanned<u64>>, cx: &mut Decoder) {
    in_range(replicas, 0, 5, "the number of replicas", cx);
    if let Some(node_type) = node_type
        && !is_node_type(node_type)
    {
        let message = format!("`{}` is not a type of node", node_type.value);
        cx.bad_value(node_type.span, message).help.push("types of nodes are such as `cache.t4g.small`".to_owned());
    }
}

/// `cache.t4g.small`: the form, for AWS adds families.
fn is_node_type(text: &str) -> bool {
    let mut parts = text.split('.');
    let word = |part: Option<&str>, more: &str| {
        part.is_some_and(|part| {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || more.contains(c);
            !part.is_empty() && part.chars().all(fits)
        })
    };
    parts.next() == Some("cache") && word(parts.next(), "-") && word(parts.next(), "") && parts.next().is_none()
}
