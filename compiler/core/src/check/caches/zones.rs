//! Replicas are in other zones, which takes subnets there.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{CacheKind, Model, NetworkKind};
use crate::spec::given::Given;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for cache in model.caches.values() {
        let CacheKind::ReplicationGroup { replicas, replicas_span, .. } = &cache.kind else { continue };
        let Some(network) = cache.network else { continue };
        let of = &model.networks[network.value];
        let NetworkKind::Imported { subnets: Given::Here(subnets), .. } = &of.kind else { continue };
        if subnets.len() < 2 && replicas.greatest().is_some_and(|most| *most > 0) {
            let message = format!("the replicas of cache `{}` have no other zone to be in", cache.head.name);
            diagnostics.push(
                Diagnostic::new(Code::EVC0687, *replicas_span, message)
                    .secondary(of.head.name_span, "this network has one subnet")
                    .help("list subnets in several zones, or say `replicas: 0`"),
            );
        }
    }
}
