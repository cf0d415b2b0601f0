//! `caches:` ElastiCache for Valkey, or a Redis that exists already: where counters, circuit breakers and workflows keep state.

use evc_macros::{Section, Word};

use super::allow::Allows;
use super::decode::Decoder;
use super::given::Given;
use super::range::Range;
use super::scalar::{Duration, Name};
use super::table::Removal;
use crate::source::Spanned;

/// A cache: Valkey that this stack makes, or a Redis or Valkey that exists already. Encrypted at rest and on the wire; only
/// what says `cache:` or runs a workflow that does gets to it.
#[derive(Debug, Clone, Section)]
#[section(what = "a cache", whole)]
pub struct Cache {
    /// What it is for, for people.
    pub description: Option<String>,
    /// `serverless` (ElastiCache Serverless, without one said), `replication-group` (nodes of ElastiCache) or `external` (it
    /// exists already).
    #[key(default)]
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
    #[key(pattern = NODE_TYPE, check = node_type)]
    pub node_type: Option<Spanned<String>>,
    /// Replicas of each node of a replication group, in other zones: {range}, 1 without it. With at least one, a node that is
    /// lost is replaced by a replica of its own accord.
    #[key(range = REPLICAS)]
    pub replicas: Option<Spanned<u64>>,
    /// Splits a replication group into so many shards (cluster mode): {range}.
    #[key(range = 1..=90, what = "the number of shards")]
    pub shards: Option<Spanned<u64>>,
    /// Writes of a replication group go to a log in several zones: `sync` before they are answered, so that none that was
    /// answered is lost with a node, `async` soon after. Needs `shards`, a replica and nodes of the families m6g, r6g, c7gn or
    /// later; cannot be turned on or off once the cache is there.
    pub durability: Option<Spanned<Durability>>,
    /// How long daily snapshots are kept, in whole days: `0s` (none) to `35d`, `7d` without it.
    #[key(range = Duration::seconds(0)..=Duration::days(35), what = "the retention of snapshots")]
    pub snapshots: Option<Spanned<Duration>>,
    /// What becomes of it when it leaves the stack: `retain` or `delete`, which is what happens without it; a replication group
    /// is deleted after a last snapshot.
    pub removal: Option<Spanned<Removal>>,
    /// The most that a serverless cache may hold, in GB: {range}. AWS's own limit without it.
    #[key(range = 1..=5000, what = "the storage of a cache in GB")]
    pub max_storage: Option<Spanned<u64>>,
    /// The most that a serverless cache may do, in ElastiCache processing units a second: {range}.
    #[key(range = 1000..=15_000_000, what = "the processing units of a cache")]
    pub max_ecpu: Option<Spanned<u64>>,
    /// Where an external cache is: `host:port`, or `parameter` for a parameter of the template.
    pub endpoint: Option<Spanned<Given<String>>>,
    /// The secret with the password of an external cache: the name of one of `secrets`, its ARN, or `parameter` for a parameter of
    /// the template. The secret is the password and nothing else.
    pub secret: Option<Spanned<Given<String>>>,
    /// The user that functions are in an external cache; the default one without it.
    #[key(pattern = r"^[!-~]{1,128}$", check = user)]
    pub user: Option<Spanned<String>>,
    /// Whether an external cache speaks TLS: `true` without it.
    pub tls: Option<Spanned<bool>>,
    /// Whether an external cache is a cluster: `false` without it.
    pub cluster: Option<Spanned<bool>>,
    /// Warnings that are fine here, each with the reason.
    #[key(default)]
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

/// What ElastiCache takes: <https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html>
pub const REPLICAS: Range<u64> = Range::new("the number of replicas", 0..=5);

/// What a type of node looks like, for the schema.
pub const NODE_TYPE: &str = r"^cache\.[a-z0-9-]+\.(micro|small|medium|large|[0-9]*xlarge)$";

/// Reports a text that is no type of node.
pub fn node_type(text: &Spanned<String>, cx: &mut Decoder) {
    if !is_node_type(text) {
        let message = format!("`{}` is not a type of node", text.value);
        cx.bad_value(text.span, message).help.push("types of nodes are such as `cache.t4g.small`".to_owned());
    }
}

/// `cache.t4g.small`: the form and the size, for AWS adds families.
/// <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheNodes.SupportedTypes.html>
fn is_node_type(text: &str) -> bool {
    let mut parts = text.split('.');
    let is_family = |family: &str| {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !family.is_empty() && family.chars().all(fits)
    };
    let is_size = |size: &str| {
        let times = size.strip_suffix("xlarge");
        matches!(size, "micro" | "small" | "medium" | "large")
            || times.is_some_and(|times| times.chars().all(|c| c.is_ascii_digit()))
    };
    parts.next() == Some("cache")
        && parts.next().is_some_and(is_family)
        && parts.next().is_some_and(is_size)
        && parts.next().is_none()
}

fn user(user: &Spanned<String>, cx: &mut Decoder) {
    if !((1..=128).contains(&user.len()) && user.bytes().all(|byte| byte.is_ascii_graphic())) {
        cx.bad_value(user.span, "a user has 1 to 128 printable characters and no space");
    }
}
