//! Caches and networks of the spec to those of the model: the keys that go with their mode, and its defaults.

use super::names::{find, head};
use super::{Cache, CacheKind, Id, Network, NetworkKind};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::spec::cache::{self, CacheAuth, CacheMode};
use crate::spec::decode::Declared;
use crate::spec::given::Given;
use crate::spec::scalar::{Duration, Name};
use crate::spec::table::Removal;
use crate::spec::{Sections, network};

/// The word for a cache that needs no network.
const PUBLIC: &str = "public";

/// Two small nodes: what a first system needs. <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheNodes.SupportedTypes.html>
const NODE_TYPE: &str = "cache.t4g.small";

/// The block of a network that says none.
const CIDR: (std::net::Ipv4Addr, u32) = (std::net::Ipv4Addr::new(10, 0, 0, 0), 16);

pub(super) fn cache(
    sections: &Sections,
    name: &str,
    item: &Declared<cache::Cache>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Cache {
    misplaced(item, diagnostics);
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
        CacheMode::ReplicationGroup => CacheKind::ReplicationGroup {
            node_type: item.node_type.as_ref().map_or_else(|| NODE_TYPE.to_owned(), |node| node.value.clone()),
            replicas: item.replicas.as_ref().map_or(1, |replicas| replicas.value),
            replicas_span: item.replicas.as_ref().map_or(item.name_span, |replicas| replicas.span),
            shards: item.shards.as_ref().map(|shards| shards.value),
        },
        CacheMode::External => external(name, item, auth, diagnostics),
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

fn external(
    name: &str,
    item: &Declared<cache::Cache>,
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
    if let Some(secret) = &item.secret
        && let Given::Here(text) = &secret.value
        && !is_secret(text)
    {
        let message = format!("`{text}` is not the ARN of a secret");
        let help =
            "it is `arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-SUFFIX`, with the six characters that AWS adds";
        diagnostics.push(Diagnostic::new(Code::EVC0105, secret.span, message).help(help));
    }
    if auth == CacheAuth::Token && item.secret.is_none() {
        diagnostics.push(missing("secret", "write the ARN of the secret with the token, or `parameter`"));
    }
    CacheKind::External {
        endpoint,
        secret: item.secret.as_ref().map(|secret| secret.value.clone()),
        user: item.user.as_ref().map(|user| user.value.clone()),
        tls: item.tls.unwrap_or(Spanned::new(true, item.name_span)),
        cluster: item.cluster.as_ref().is_some_and(|cluster| cluster.value),
    }
}

/// The network that a cache is in, if it is in one.
fn network_of(
    sections: &Sections,
    name: &str,
    item: &Declared<cache::Cache>,
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
                    _ => diagnostic.help("name one of `networks`, or make it `mode: serverless`"),
                });
            }
            None
        }
        Some(network) => {
            let id = find(&sections.networks, "network", network, diagnostics)?;
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
        CacheMode::Serverless => {
            ("a serverless cache", &["node-type", "replicas", "shards", "endpoint", "secret", "user", "tls", "cluster"])
        }
        CacheMode::ReplicationGroup => {
            ("a replication group", &["max-storage", "max-ecpu", "endpoint", "secret", "user", "tls", "cluster"])
        }
        CacheMode::External => (
            "an external cache",
            &["node-type", "replicas", "shards", "snapshots", "removal", "max-storage", "max-ecpu"],
        ),
    }
}

/// Reports the keys and words that do not go with the mode.
fn misplaced(item: &Declared<cache::Cache>, diagnostics: &mut Vec<Diagnostic>) {
    let (what, others) = mode(item.mode);
    let at = |value: Option<Span>, key: &'static str| Some((key, value?));
    let here = [
        at(item.node_type.as_ref().map(|it| it.span), "node-type"),
        at(item.replicas.as_ref().map(|it| it.span), "replicas"),
        at(item.shards.as_ref().map(|it| it.span), "shards"),
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

/// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_iam-permissions.html>
fn is_secret(text: &str) -> bool {
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

pub(super) fn network(name: &str, item: &Declared<network::Network>, diagnostics: &mut Vec<Diagnostic>) -> Network {
    let kind = match &item.vpc {
        Some(vpc) => imported(name, item, vpc, diagnostics),
        None => {
            own_keys(item, diagnostics);
            NetworkKind::Own {
                cidr: item.cidr.as_ref().map_or(CIDR, |text| block(text, diagnostics)),
                zones: item.zones.as_ref().map_or(2, |zones| zones.value),
            }
        }
    };
    Network {
        head: head(name, item, item.description.as_ref(), &item.allow),
        kind,
        nat: item.nat.as_ref().is_some_and(|nat| nat.value),
    }
}

fn imported(
    name: &str,
    item: &Declared<network::Network>,
    vpc: &Spanned<Given<String>>,
    diagnostics: &mut Vec<Diagnostic>,
) -> NetworkKind {
    for (key, span) in
        [("cidr", item.cidr.as_ref().map(|it| it.span)), ("zones", item.zones.as_ref().map(|it| it.span))]
    {
        if let Some(span) = span {
            let message = format!("a network that exists already has no `{key}`");
            let diagnostic = Diagnostic::new(Code::EVC0680, span, message).secondary(vpc.span, "it is imported here");
            diagnostics.push(diagnostic.help("its subnets are what they are"));
        }
    }
    let id = vpc.value.here().map(|id| Spanned::new(id.clone(), vpc.span));
    let groups = item.security_groups.as_ref();
    let all = |list: Option<&Spanned<Given<Vec<Name>>>>| -> Vec<Name> {
        list.and_then(|list| list.value.here()).cloned().unwrap_or_default()
    };
    check_ids(&id.into_iter().collect::<Vec<_>>(), "vpc-", "a VPC", diagnostics);
    check_ids(&all(item.subnets.as_ref()), "subnet-", "a subnet", diagnostics);
    check_ids(&all(groups), "sg-", "a security group", diagnostics);
    if item.subnets.is_none() {
        let message = format!("imported network `{name}` needs the key `subnets`");
        let diagnostic = Diagnostic::new(Code::EVC0104, item.name_span, message);
        diagnostics
            .push(diagnostic.help("list its private subnets, or say `parameter` to give them with each deployment"));
    }
    let texts = |given: &Given<Vec<Name>>| match given {
        Given::Here(names) => Given::Here(names.iter().map(|name| name.value.clone()).collect()),
        Given::Parameter => Given::Parameter,
    };
    NetworkKind::Imported {
        vpc: vpc.value.clone(),
        subnets: item.subnets.as_ref().map_or(Given::Parameter, |subnets| texts(&subnets.value)),
        security_groups: groups.map(|groups| texts(&groups.value)),
        reaches: item.reaches.clone(),
    }
}

/// Reports what only a network that exists already says.
fn own_keys(item: &Declared<network::Network>, diagnostics: &mut Vec<Diagnostic>) {
    let keys = [
        ("subnets", item.subnets.as_ref().map(|it| it.span)),
        ("security-groups", item.security_groups.as_ref().map(|it| it.span)),
        ("reaches", item.reaches.first().map(|it| it.span)),
    ];
    for (key, span) in keys {
        if let Some(span) = span {
            let message = format!("a network that this stack makes has no `{key}`");
            let diagnostic = Diagnostic::new(Code::EVC0680, span, message);
            diagnostics.push(match key {
                "reaches" => diagnostic.help("leave it out: endpoints are derived from what functions call"),
                _ => diagnostic.help("say `vpc:` and the id of the VPC that it is in"),
            });
        }
    }
}

/// A block of addresses as CloudFormation takes it: its first address has nothing beyond the prefix.
fn block(text: &Spanned<String>, diagnostics: &mut Vec<Diagnostic>) -> (std::net::Ipv4Addr, u32) {
    // What cannot be read has been reported.
    let Some((address, prefix)) = network::cidr(text) else { return CIDR };
    let first = std::net::Ipv4Addr::from(u32::from(address) & (u32::MAX << (32 - prefix)));
    if first != address {
        let message = format!("`{}` is not where a block of `/{prefix}` starts", text.value);
        let start = format!("{first}/{prefix}");
        let diagnostic = Diagnostic::new(Code::EVC0105, text.span, message).help(format!("write `{start}`"));
        diagnostics.push(diagnostic.replace(format!("replace with `{start}`"), text.span, start));
    }
    (first, prefix)
}

fn check_ids(ids: &[Name], prefix: &str, what: &str, diagnostics: &mut Vec<Diagnostic>) {
    for id in ids {
        let is_id = id.strip_prefix(prefix).is_some_and(|hex| {
            (hex.len() == 8 || hex.len() == 17)
                && hex.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())
        });
        if !is_id {
            let message = format!("`{}` is not the id of {what}", id.value);
            let help = format!("an id is `{prefix}` and 8 or 17 hexadecimal digits");
            diagnostics.push(Diagnostic::new(Code::EVC0105, id.span, message).help(help));
        }
    }
}
