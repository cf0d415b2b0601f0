//! Caches that lose or show what they hold, circuit breakers without a cache, and services that a function cannot get to from
//! the network of its cache.

use std::collections::BTreeMap;

use crate::diagnostics::{Code, Diagnostic, list};
use crate::model::{CacheClient, CacheKind, Id, Model, Network, NetworkKind};
use crate::source::Span;
use crate::spec::given::Given;
use crate::spec::network::Service;

pub(super) fn check(model: &Model, found: &mut Vec<Diagnostic>) {
    caches(model, found);
    breakers(model, found);
    unreachable_services(model, found);
    unreachable_caches(model, found);
    zones(model, found);
}

fn caches(model: &Model, found: &mut Vec<Diagnostic>) {
    for cache in model.caches.values() {
        let (name, path) = (&cache.head.name, format!("caches.{}", cache.head.name));
        match &cache.kind {
            // One that has none in some environments says so there.
            CacheKind::ReplicationGroup { replicas, replicas_span, .. } if replicas.greatest() == Some(&0) => {
                let message = format!("what cache `{name}` holds is gone when a node is");
                let diagnostic = Diagnostic::new(Code::EVC0685, *replicas_span, message);
                found.push(diagnostic.help("say `replicas: 1`, or more").on(path));
            }
            CacheKind::External { tls, .. } if !tls.value => {
                let message = format!("what goes to cache `{name}` can be read on the way");
                let diagnostic = Diagnostic::new(Code::EVC0686, tls.span, message);
                found.push(diagnostic.help("leave `tls` out, if the cache speaks TLS").on(path));
            }
            CacheKind::Serverless { .. } | CacheKind::ReplicationGroup { .. } | CacheKind::External { .. } => {}
        }
    }
}

fn breakers(model: &Model, found: &mut Vec<Diagnostic>) {
    for (id, function) in model.functions.iter() {
        if let Some(breaker) = &function.circuit_breaker
            && model.cache_of(id).is_none()
        {
            let message = format!("the circuit breaker of function `{}` has no cache to be in", function.head.name);
            let diagnostic = Diagnostic::new(Code::EVC0684, breaker.span, message);
            let known: Vec<&str> = model.caches.values().map(|cache| cache.head.name.as_str()).collect();
            found.push(if known.is_empty() {
                diagnostic.help("declare a cache, and say `cache:` and its name on the function")
            } else {
                diagnostic.help(format!("say `cache:` on the function and one of {}", list(&known)))
            });
        }
    }
}

/// What calls a service, and where that is said.
type Need<'a> = (&'a CacheClient, Span);

/// What is missing in a network is said once for each service, where it is first needed.
fn unreachable_services(model: &Model, found: &mut Vec<Diagnostic>) {
    let clients = model.cache_clients();
    let mut missing: BTreeMap<(Id<Network>, Service), Vec<Need<'_>>> = BTreeMap::new();
    for client in &clients {
        let Some(network) = model.caches[client.cache].network else { continue };
        let NetworkKind::Imported { reaches, .. } = &model.networks[network.value].kind else { continue };
        if model.networks[network.value].nat {
            continue;
        }
        for (service, span) in &client.services {
            if !reaches.iter().any(|reached| reached.value == *service) {
                missing.entry((network.value, *service)).or_default().push((client, *span));
            }
        }
    }
    for ((network, service), clients) in missing {
        let Some((client, span)) = clients.first() else { continue };
        let head = &model.networks[network].head;
        let message = format!("{} cannot get to {} from network `{}`", client.name, service.name(), head.name);
        let mut diagnostic = Diagnostic::new(Code::EVC0682, *span, message)
            .label(format!("this calls {}", service.name()))
            .secondary(head.name_span, format!("has no way to {}", service.name()))
            .note(format!("it is in that network because its cache `{}` is", model.caches[client.cache].head.name));
        if clients.len() > 1 {
            let others: Vec<&str> = clients[1..].iter().map(|(client, _)| client.name.as_str()).collect();
            diagnostic = diagnostic.note(format!("neither can {}", others.join(", ")));
        }
        found.push(diagnostic.help(format!(
            "add `{}` to `reaches` if the VPC has an endpoint for it, or say `nat: true` if it has a NAT gateway",
            service.key()
        )));
    }
}

/// A cache that exists already is not in a network that does not yet.
fn unreachable_caches(model: &Model, found: &mut Vec<Diagnostic>) {
    for cache in model.caches.values().filter(|cache| matches!(cache.kind, CacheKind::External { .. })) {
        let Some(network) = cache.network else { continue };
        let (of, name) = (&model.networks[network.value], &cache.head.name);
        if matches!(of.kind, NetworkKind::Own { .. }) && !of.nat {
            let message = format!("nothing leads from network `{}` to cache `{name}`", of.head.name);
            found.push(
                Diagnostic::new(Code::EVC0682, network.span, message)
                    .secondary(of.head.name_span, "this stack makes it, with private subnets alone")
                    .help("say `nat: true` on the network, name one that exists already, or leave `network` out"),
            );
        }
    }
}

/// Replicas are in other zones, which takes subnets there.
fn zones(model: &Model, found: &mut Vec<Diagnostic>) {
    for cache in model.caches.values() {
        let CacheKind::ReplicationGroup { replicas, replicas_span, .. } = &cache.kind else { continue };
        let Some(network) = cache.network else { continue };
        let of = &model.networks[network.value];
        let NetworkKind::Imported { subnets: Given::Here(subnets), .. } = &of.kind else { continue };
        if subnets.len() < 2 && replicas.greatest().is_some_and(|most| *most > 0) {
            let message = format!("the replicas of cache `{}` have no other zone to be in", cache.head.name);
            found.push(
                Diagnostic::new(Code::EVC0687, *replicas_span, message)
                    .secondary(of.head.name_span, "this network has one subnet")
                    .help("list subnets in several zones, or say `replicas: 0`"),
            );
        }
    }
}
