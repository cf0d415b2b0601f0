//! Functions that are in one network, and whose cache is in another or cannot be got to from there.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Model, NetworkKind};

/// A function with a cache is where that is.
pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for (id, function) in model.functions.iter() {
        let (Some(own), Some(cache)) = (function.network, model.cache_of(id)) else { continue };
        let (network, cache) = (&model.networks[own.value], &model.caches[cache.value]);
        let (name, cache_name) = (&function.head.name, &cache.head.name);
        let place = format!("functions.{name}");
        match cache.network {
            Some(other) if other.value != own.value => {
                let there = &model.networks[other.value].head.name;
                let message = format!(
                    "function `{name}` is in network `{}`, and its cache `{cache_name}` in `{there}`",
                    network.head.name
                );
                diagnostics.push(
                    Diagnostic::new(Code::EVC0682, own.span, message)
                        .on(place)
                        .secondary(other.span, "the cache is there")
                        .help("leave `network` out: a function is in the network of its cache"),
                );
            }
            None if !network.nat && matches!(network.kind, NetworkKind::Own { .. }) => {
                let message = format!("nothing leads from network `{}` to cache `{cache_name}`", network.head.name);
                diagnostics.push(
                    Diagnostic::new(Code::EVC0682, own.span, message)
                        .on(place)
                        .secondary(network.head.name_span, "this stack makes it, with private subnets alone")
                        .help("say `nat: true` on the network, or the network that the cache is in"),
                );
            }
            Some(_) | None => {}
        }
    }
}
