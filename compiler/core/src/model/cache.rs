//! Caches: the keys that go with the mode of each, and its defaults.

use super::graph::{Relates, Relation};
use super::names::{find, head};
use super::settings::of_cache;
use super::{Head, Id, Model, Network, Secret, SecretKind, Setting, Thing};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::spec::Sections;
use crate::spec::cache::{self as spec, CacheAuth, CacheMode, Durability};
use crate::spec::decode::Declared;
use crate::spec::given::Given;
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
        /// The place of the endpoint, or of the cache's name.
        endpoint_span: Span,
        /// The secret with the password.
        secret: Option<CacheSecret>,
        /// The user that functions are.
        user: Option<String>,
        /// Whether it speaks TLS.
        tls: Spanned<bool>,
        /// Whether it is a cluster.
        cluster: bool,
    },
}

/// The secret with the password of an external cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CacheSecret {
    /// One that has this ARN.
    Given(Spanned<Given<String>>),
    /// One of the spec, and the place that names it.
    Named(Spanned<Id<Secret>>),
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

/// The word for a cache that needs no network.
const PUBLIC: &str = "public";

/// Two small nodes: what a first system needs. <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheNodes.SupportedTypes.html>
const NODE_TYPE: &str = "cache.t4g.small";

/// The least that a durable one has. <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Durability.Limitations.html>
const DURABLE_NODE_TYPE: &str = "cache.m7g.large";

pub(super) fn cache(
    sections: &Sections,
    model: &Model,
    name: &str,
    item: &Declared<spec::Cache>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Cache {
    misplaced(item, diagnostics);
    in_environments(sections, name, item, diagnostics);
    let network = network_of(sections, name, item, diagnostics);
    let default_auth = match item.mode {
        CacheMode::Serverless | CacheMode::ReplicationGroup => CacheAuth::Iam,
        CacheMode::External if item.secret.is_some() => CacheAuth::Token,
        CacheMode::External => CacheAuth::None,
    };
    let auth = item.auth.as_ref().map_or(default_auth, |auth| auth.value);
    let kind = match item.mode {
        CacheMode::Serverless => CacheKind::Serverless {
            max_storage: item.max_storage.as_ref().map(|most| most.value),
            max_ecpu: item.max_ecpu.as_ref().map(|most| most.value),
        },
        CacheMode::ReplicationGroup => replication_group(sections, name, item, diagnostics),
        CacheMode::External => external((sections, model), name, item, auth, diagnostics),
    };
    Cache {
        head: head(name, item, item.description.as_ref(), &item.allow),
        kind,
        network,
        auth,
        snapshots: item.snapshots.as_ref().map_or(Duration::days(7), |time| time.value),
        removal: item.removal.as_ref().map_or(Removal::Delete, |removal| removal.value),
    }
}

fn replication_group(
    sections: &Sections,
    name: &str,
    item: &Declared<spec::Cache>,
    diagnostics: &mut Vec<Diagnostic>,
) -> CacheKind {
    let default = if item.durability.is_some() { DURABLE_NODE_TYPE } else { NODE_TYPE };
    let node_type = item.node_type.as_ref().map_or_else(|| default.to_owned(), |node| node.value.clone());
    let replicas = item.replicas.as_ref().map_or(1, |replicas| replicas.value);
    if let Some(durability) = &item.durability {
        durable(sections, name, item, durability.span, diagnostics);
    }
    CacheKind::ReplicationGroup {
        node_type: of_cache(sections, name, node_type, |cache| cache.node_type.clone()),
        replicas: of_cache(sections, name, replicas, |cache| cache.replicas),
        replicas_span: item.replicas.as_ref().map_or(item.name_span, |replicas| replicas.span),
        shards: item.shards.as_ref().map(|shards| shards.value),
        durability: item.durability.as_ref().map(|durability| durability.value),
    }
}

/// Reports what a durable replication group has to have, in every environment.
fn durable(
    sections: &Sections,
    name: &str,
    item: &Declared<spec::Cache>,
    asked: Span,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut refuse = |span, message: &str, help: &str| {
        let diagnostic = Diagnostic::new(Code::EVC0680, span, message.to_owned()).help(help);
        diagnostics.push(if span == asked {
            diagnostic
        } else {
            diagnostic.secondary(asked, "it is to be durable here")
        });
    };
    if item.shards.is_none() {
        refuse(asked, "a replication group without `shards` cannot be durable", "say `shards: 1`, or more");
    }
    let environments = || sections.environments.items.values().filter_map(|environment| environment.caches.get(name));
    let replicas = item.replicas.iter().chain(environments().filter_map(|cache| cache.replicas.as_ref()));
    for replicas in replicas.filter(|replicas| replicas.value == 0) {
        refuse(replicas.span, "a durable replication group has replicas", "say `replicas: 1`, or more");
    }
    let nodes = item.node_type.iter().chain(environments().filter_map(|cache| cache.node_type.as_ref()));
    for node in nodes.filter(|node| !is_durable(node)) {
        let message = format!("nodes of type `{}` cannot be durable", node.value);
        refuse(node.span, &message, "take nodes of the families m6g, m7g, r6g, r7g, c7gn or later");
    }
}

/// Whether nodes of this type can write to the log. Those of later generations can as well.
/// <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Durability.Limitations.html>
fn is_durable(node_type: &str) -> bool {
    let family = node_type.split('.').nth(1).unwrap_or_default();
    let older = ["t2", "t3", "t4g", "m1", "m2", "m3", "m4", "m5", "r3", "r4", "r5", "r6gd", "c1"];
    !older.contains(&family)
}

fn external(
    (sections, model): (&Sections, &Model),
    name: &str,
    item: &Declared<spec::Cache>,
    auth: CacheAuth,
    diagnostics: &mut Vec<Diagnostic>,
) -> CacheKind {
    let missing = |key: &str, help: &str| {
        let message = format!("external cache `{name}` needs the key `{key}`");
        Diagnostic::new(Code::EVC0104, item.name_span, message).help(help)
    };
    let endpoint = match item.endpoint.as_ref().map(|endpoint| (&endpoint.value, endpoint.span)) {
        Some((Given::Here(text), span)) => {
            let parsed = host_and_port(text);
            if parsed.is_none() {
                let message = format!("`{text}` is not the endpoint of a cache");
                let diagnostic = Diagnostic::new(Code::EVC0683, span, message);
                diagnostics.push(diagnostic.help("write `host:port`, as in `redis.example.com:6379`, or `parameter`"));
            }
            parsed.map_or(Given::Parameter, Given::Here)
        }
        Some((Given::Parameter, _)) => Given::Parameter,
        None => {
            diagnostics.push(missing("endpoint", "write `host:port`, or `parameter` to give it with each deployment"));
            Given::Parameter
        }
    };
    let secret = item.secret.as_ref().map(|given| secret(sections, model, given, diagnostics));
    if auth == CacheAuth::Token && item.secret.is_none() {
        diagnostics.push(missing("secret", "write the name or the ARN of the secret with the token, or `parameter`"));
    }
    CacheKind::External {
        endpoint,
        endpoint_span: item.endpoint.as_ref().map_or(item.name_span, |endpoint| endpoint.span),
        secret,
        user: item.user.as_ref().map(|user| user.value.clone()),
        tls: item.tls.unwrap_or(Spanned::new(true, item.name_span)),
        cluster: item.cluster.as_ref().is_some_and(|cluster| cluster.value),
    }
}

/// The secret that a cache names: one of the spec, or by its ARN.
fn secret(
    sections: &Sections,
    model: &Model,
    given: &Spanned<Given<String>>,
    diagnostics: &mut Vec<Diagnostic>,
) -> CacheSecret {
    let Given::Here(text) = &given.value else { return CacheSecret::Given(given.clone()) };
    if let Some(index) = sections.secrets.items.get_index_of(text.as_str()) {
        let id = Id::new(index);
        if let SecretKind::Parameter(_) = model.secrets[id].kind {
            let message =
                format!("the password of a cache is one of Secrets Manager, and secret `{text}` is a parameter");
            let diagnostic = Diagnostic::new(Code::EVC0105, given.span, message);
            diagnostics.push(diagnostic.secondary(model.secrets[id].head.name_span, "it is declared here"));
        }
        if let Some(json) = &model.secrets[id].json {
            let message = format!("the password of a cache is a text, and secret `{text}` is JSON");
            let diagnostic =
                Diagnostic::new(Code::EVC0105, given.span, message).secondary(json.span, "its type is here");
            diagnostics.push(diagnostic.help("name a secret without a `type`"));
        }
        return CacheSecret::Named(Spanned::new(id, given.span));
    }
    if !is_secret(text) && !sections.secrets.declares(text) {
        diagnostics.push(no_secret(text, given.span).note("a cache may name one of `secrets` as well"));
    }
    CacheSecret::Given(given.clone())
}

/// The network that a cache is in, if it is in one.
fn network_of(
    sections: &Sections,
    name: &str,
    item: &Declared<spec::Cache>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Spanned<Id<Network>>> {
    match &item.network {
        Some(network) if network.as_str() == PUBLIC => {
            if item.mode != CacheMode::Serverless {
                let what = mode(item.mode).0;
                let message = format!("{what} has no public endpoint of its own");
                let diagnostic = Diagnostic::new(Code::EVC0680, network.span, message);
                diagnostics.push(match item.mode {
                    CacheMode::External => diagnostic.help("leave `network` out"),
                    CacheMode::Serverless | CacheMode::ReplicationGroup => {
                        diagnostic.help("name one of `networks`, or make it `mode: serverless`")
                    }
                });
            }
            None
        }
        Some(network) => {
            let id = find(sections, network, diagnostics)?;
            Some(Spanned::new(id, network.span))
        }
        None if item.mode == CacheMode::External => None,
        None => match sections.networks.items.len() {
            1 => Some(Spanned::new(Id::new(0), item.name_span)),
            0 if item.mode == CacheMode::Serverless || !sections.networks.broken.is_empty() => None,
            _ => {
                let message = format!("cache `{name}` needs the key `network`");
                let diagnostic = Diagnostic::new(Code::EVC0104, item.name_span, message);
                diagnostics.push(if sections.networks.is_empty() {
                    diagnostic.help("declare one: `networks: { main: {} }` makes a VPC")
                } else {
                    let known: Vec<&str> = sections.networks.names().collect();
                    diagnostic.help(format!("say `network:` and one of {}", crate::diagnostics::list(&known)))
                });
                None
            }
        },
    }
}

/// What a mode is called, and the keys that only others have.
fn mode(mode: CacheMode) -> (&'static str, &'static [&'static str]) {
    match mode {
        CacheMode::Serverless => (
            "a serverless cache",
            &["node-type", "replicas", "shards", "durability", "endpoint", "secret", "user", "tls", "cluster"],
        ),
        CacheMode::ReplicationGroup => {
            ("a replication group", &["max-storage", "max-ecpu", "endpoint", "secret", "user", "tls", "cluster"])
        }
        CacheMode::External => (
            "an external cache",
            &["node-type", "replicas", "shards", "durability", "snapshots", "removal", "max-storage", "max-ecpu"],
        ),
    }
}

/// Reports the keys and words that do not go with the mode.
fn misplaced(item: &Declared<spec::Cache>, diagnostics: &mut Vec<Diagnostic>) {
    let (what, others) = mode(item.mode);
    let at = |value: Option<Span>, key: &'static str| Some((key, value?));
    let here = [
        at(item.node_type.as_ref().map(|it| it.span), "node-type"),
        at(item.replicas.as_ref().map(|it| it.span), "replicas"),
        at(item.shards.as_ref().map(|it| it.span), "shards"),
        at(item.durability.as_ref().map(|it| it.span), "durability"),
        at(item.snapshots.as_ref().map(|it| it.span), "snapshots"),
        at(item.removal.as_ref().map(|it| it.span), "removal"),
        at(item.max_storage.as_ref().map(|it| it.span), "max-storage"),
        at(item.max_ecpu.as_ref().map(|it| it.span), "max-ecpu"),
        at(item.endpoint.as_ref().map(|it| it.span), "endpoint"),
        at(item.secret.as_ref().map(|it| it.span), "secret"),
        at(item.user.as_ref().map(|it| it.span), "user"),
        at(item.tls.as_ref().map(|it| it.span), "tls"),
        at(item.cluster.as_ref().map(|it| it.span), "cluster"),
    ];
    for (key, span) in here.into_iter().flatten().filter(|(key, _)| others.contains(key)) {
        let with = [CacheMode::Serverless, CacheMode::ReplicationGroup, CacheMode::External];
        let with = with.into_iter().filter(|other| !mode(*other).1.contains(&key)).map(|other| mode(other).0);
        let message = format!("{what} has no `{key}`");
        let help = format!("only {} has one", with.collect::<Vec<_>>().join(" or "));
        diagnostics.push(Diagnostic::new(Code::EVC0680, span, message).help(help));
    }
    let Some(auth) = &item.auth else { return };
    let help = match (item.mode, auth.value) {
        (CacheMode::Serverless, CacheAuth::Token | CacheAuth::None) => "its functions authenticate by `iam`",
        (CacheMode::ReplicationGroup, CacheAuth::None) => "its functions authenticate by `iam` or `token`",
        (CacheMode::External, CacheAuth::Iam) => "its functions authenticate by `token` or `none`",
        (CacheMode::External, CacheAuth::None) if item.secret.is_some() => "leave `secret` or `auth` out",
        _ => return,
    };
    let message = format!("not a way to authenticate with {what}");
    diagnostics.push(Diagnostic::new(Code::EVC0680, auth.span, message).help(help));
}

/// Reports what environments say of a cache that has no nodes.
fn in_environments(sections: &Sections, name: &str, item: &Declared<spec::Cache>, diagnostics: &mut Vec<Diagnostic>) {
    if item.mode == CacheMode::ReplicationGroup {
        return;
    }
    let named = sections.environments.items.values().filter_map(|environment| environment.caches.get_key_value(name));
    for (name, _) in named {
        let message = format!("{} has nothing that differs between environments", mode(item.mode).0);
        diagnostics.push(Diagnostic::new(Code::EVC0680, name.span, message).help("leave it out here"));
    }
}

/// `redis.example.com:6379`.
fn host_and_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
    };
    let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let port: u16 = port.parse().ok().filter(|port| is_number && *port > 0)?;
    (host.len() <= 253 && host.split('.').all(is_label)).then(|| (host.to_owned(), port))
}

/// The diagnostic for what is no ARN of a secret.
pub(super) fn no_secret(text: &str, span: Span) -> Diagnostic {
    let message = format!("`{text}` is not the ARN of a secret");
    let help =
        "it is `arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-SUFFIX`, with the six characters that AWS adds";
    Diagnostic::new(Code::EVC0105, span, message).help(help)
}

/// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_iam-permissions.html>
pub(super) fn is_secret(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let [arn, partition, service, region, account, kind, name] = parts.as_slice() else { return false };
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let suffix = name.rsplit_once('-').map_or("", |(_, suffix)| suffix);
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_+=.@-!".contains(&byte));
    (*arn, *service, *kind) == ("arn", "secretsmanager", "secret")
        && plain(partition)
        && plain(region)
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && is_name
        && suffix.len() == 6
        && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

impl Relates for Cache {
    fn relate(&self, tell: &mut dyn FnMut(Relation, Thing, Span)) {
        if let Some(network) = &self.network {
            tell(Relation::IsIn, Thing::Network(network.value), network.span);
        }
        if let CacheKind::External { secret: Some(CacheSecret::Named(secret)), .. } = &self.kind {
            tell(Relation::ReadsSecret, Thing::Secret(secret.value), secret.span);
        }
    }
}
