//! Networks: made by the stack, or there already.

use std::net::Ipv4Addr;

use super::graph::{Relates, Relation};
use super::names::{head, twice};
use super::{Head, Thing};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::spec::decode::Declared;
use crate::spec::given::Given;
use crate::spec::network::{self as spec, Service};
use crate::spec::scalar::Name;

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
        /// Where that is said, or the network's name.
        zones_span: Span,
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

/// The block of a network that says none.
const CIDR: (Ipv4Addr, u32) = (Ipv4Addr::new(10, 0, 0, 0), 16);

pub(super) fn network(name: &str, item: &Declared<spec::Network>, diagnostics: &mut Vec<Diagnostic>) -> Network {
    let kind = if let Some(vpc) = &item.vpc {
        imported(name, item, vpc, diagnostics)
    } else {
        own_keys(item, diagnostics);
        NetworkKind::Own {
            cidr: item.cidr.as_ref().map_or(CIDR, |text| block(text, diagnostics)),
            zones: item.zones.as_ref().map_or(2, |zones| zones.value),
            zones_span: item.zones.as_ref().map_or(item.name_span, |zones| zones.span),
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
    item: &Declared<spec::Network>,
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
    for (at, service) in item.reaches.iter().enumerate() {
        let first = item.reaches[..at].iter().find(|first| first.value == service.value);
        let name = Name::new(service.value.key().to_owned(), service.span);
        diagnostics.extend(first.map(|first| twice("service", &name, first.span)));
    }
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
fn own_keys(item: &Declared<spec::Network>, diagnostics: &mut Vec<Diagnostic>) {
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
fn block(text: &Spanned<String>, diagnostics: &mut Vec<Diagnostic>) -> (Ipv4Addr, u32) {
    // What cannot be read has been reported.
    let Some((address, prefix)) = spec::cidr(text) else { return CIDR };
    let first = Ipv4Addr::from(u32::from(address) & (u32::MAX << (32 - prefix)));
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

/// It says nothing of others.
impl Relates for Network {
    fn relate(&self, _: &mut dyn FnMut(Relation, Thing, Span)) {}
}
