//! Caches that exist already, and cannot be got to from the network that is said of them.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{CacheKind, Model, NetworkKind};

/// A cache that exists already is not in a network that does not yet.
pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for cache in model.caches.values().filter(|cache| matches!(cache.kind, CacheKind::External { .. })) {
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
