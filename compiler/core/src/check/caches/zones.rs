//! Replicas are in other zones, which takes subnets there; and zones that few Regions have.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{CacheKind, Model, Network, NetworkKind};
use crate::spec::given::Given;

/// How many zones nearly all Regions have.
/// <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html>
const MOST_ZONES: u64 = 3;

/// How many those have that have one more: `us-west-2`, `ap-northeast-1` and `ap-northeast-2`.
const SOME_ZONES: u64 = 4;

/// A network of the stack with subnets in more zones than most Regions have.
fn too_many(network: &Network) -> Option<Diagnostic> {
    let NetworkKind::Own { zones, zones_span, .. } = &network.kind else { return None };
    if *zones <= MOST_ZONES {
        return None;
    }
    let who = if *zones <= SOME_ZONES { "few Regions have" } else { "`us-east-1` alone has" };
    let message = format!("network `{}` has subnets in {zones} zones, which {who}", network.head.name);
    Some(
        Diagnostic::new(Code::EVC0645, *zones_span, message)
            .on(format!("networks.{}", network.head.name))
            .note("where there are fewer, the deployment fails")
            .help(format!("say `zones: {MOST_ZONES}`, unless it is deployed nowhere else")),
    )
}

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.extend(model.networks.values().filter_map(too_many));
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
