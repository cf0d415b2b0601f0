//! Caches that exist already, and cannot be got to from the network that is said of them, or without one.

use std::net::Ipv4Addr;

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Cache, CacheKind, Model, NetworkKind};
use crate::spec::given::Given;

/// A cache that exists already is not in a network that does not yet.
pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for cache in model.caches.values().filter(|cache| matches!(cache.kind, CacheKind::External { .. })) {
        diagnostics.extend(private(cache));
        let Some(network) = cache.network else { continue };
        let (of, name) = (&model.networks[network.value], &cache.head.name);
        if matches!(of.kind, NetworkKind::Own { .. }) && !of.nat {
            let message = format!("nothing leads from network `{}` to cache `{name}`", of.head.name);
            diagnostics.push(
                Diagnostic::new(Code::EVC0682, network.span, message)
                    .secondary(of.head.name_span, "this stack makes it, with private subnets alone")
                    .help("say `nat: true` on the network, name one that exists already, or leave `network` out"),
            );
        }
    }
}

/// A cache at an address that nobody outside of a network gets to, or that is whoever calls it.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html>
fn private(cache: &Cache) -> Option<Diagnostic> {
    let CacheKind::External { endpoint: Given::Here((host, _)), endpoint_span, .. } = &cache.kind else { return None };
    let address = host.parse::<Ipv4Addr>().ok();
    let name = &cache.head.name;
    if host == "localhost" || address.is_some_and(|address| address.is_loopback() || address.is_unspecified()) {
        let message = format!("`{host}` is the function itself, and cache `{name}` is not there");
        let diagnostic = Diagnostic::new(Code::EVC0682, *endpoint_span, message);
        return Some(
            diagnostic.help("write where the functions get to it, or `parameter` to give it with each deployment"),
        );
    }
    address.filter(|address| cache.network.is_none() && (address.is_private() || address.is_link_local()))?;
    let message = format!("no function gets to cache `{name}` at `{host}`, which is an address within a network");
    Some(
        Diagnostic::new(Code::EVC0682, *endpoint_span, message)
            .note("functions that are in no network call by way of the internet, which has no such address")
            .help("say `network:` with the network that the cache is in, under `networks` with its `vpc`"),
    )
}
