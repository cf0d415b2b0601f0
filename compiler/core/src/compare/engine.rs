//! What carries a workflow: the engine, and the cache where executions have their state.

use std::collections::BTreeSet;

use super::Pair;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Cache, CacheKind, Engine, Model, Network, NetworkKind, Redis, Transport};
use crate::plan::cache::MAX_SUBNETS;

/// Whether executions in flight find their engine and their state again. Reports it if they do not.
pub(super) fn carries_on(pair: &Pair<'_>, diagnostics: &mut Vec<Diagnostic>) -> bool {
    match (&pair.old.engine, &pair.new.engine) {
        (Engine::StepFunctions, Engine::StepFunctions) => true,
        (Engine::Redis(old), Engine::Redis(new)) => {
            transport(pair, old, new, diagnostics);
            same_state(pair, old, new, diagnostics)
        }
        (old, new) => {
            let name = |engine: &Engine| match engine {
                Engine::StepFunctions => "Step Functions",
                Engine::Redis(_) => "Redis",
            };
            let message = format!(
                "executions in flight of `{}` are on {}, and it moves to {}",
                pair.old.head.name,
                name(old),
                name(new)
            );
            let why = match old {
                // https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html
                Engine::StepFunctions => "its state machine is deleted, which ends the executions at their next state",
                Engine::Redis(_) => "nobody carries them on in the cache",
            };
            let diagnostic = Diagnostic::new(Code::EVC1001, pair.new.engine_span, message);
            diagnostics
                .push(moved(pair, diagnostic.secondary(pair.old.engine_span, "the old spec has it there").note(why)));
            false
        }
    }
}

/// How to get from one engine to another.
fn moved(pair: &Pair<'_>, diagnostic: Diagnostic) -> Diagnostic {
    let name = &pair.old.head.name;
    diagnostic
        .help(format!(
            "make a second workflow beside `{name}`, start that one, and remove `{name}` when it has no executions left"
        ))
        .help(format!("if none is in flight, say so: `--drained {name}`"))
}

fn same_state(pair: &Pair<'_>, old: &Redis, new: &Redis, diagnostics: &mut Vec<Diagnostic>) -> bool {
    let (Some(old), Some(new)) = (old.cache, new.cache) else { return true };
    let (was, is) = (&pair.before.caches[old.value], &pair.now.caches[new.value]);
    let Some(reason) = another_cache(pair, was, is) else { return true };
    let message = format!("executions in flight of `{}` have their state in another cache", pair.old.head.name);
    let name = &pair.old.head.name;
    diagnostics.push(
        Diagnostic::new(Code::EVC1001, new.span, message)
            .secondary(is.head.name_span, reason)
            .secondary(was.head.name_span, "the cache of the old spec")
            .help("take away what starts its workflows, and move when none of their executions is in flight")
            .help(format!("if none is, say so: `--drained {name}`")),
    );
    false
}

/// Why the cache does not have what the old one had.
fn another_cache(pair: &Pair<'_>, old: &Cache, new: &Cache) -> Option<&'static str> {
    match (&old.kind, &new.kind) {
        // One that exists outside is the same under any name; one that is given at deploy is taken to stay.
        (CacheKind::External { endpoint: was, .. }, CacheKind::External { endpoint: is, .. }) => {
            let differ = was.here().zip(is.here()).is_some_and(|(was, is)| was != is);
            differ.then_some("it is at another endpoint")
        }
        _ if old.head.name != new.head.name => Some("a cache of another name is another cache"),
        (CacheKind::Serverless { .. }, CacheKind::Serverless { .. }) => {
            another_network(pair, old, new).or_else(|| other_subnets(pair, old, new))
        }
        (CacheKind::ReplicationGroup { shards: was, .. }, CacheKind::ReplicationGroup { shards: is, .. }) => {
            another_network(pair, old, new).or_else(|| no_subnet_left(pair, old, new)).or_else(|| resharded(*was, *is))
        }
        _ => Some("a cache of another mode is another cache"),
    }
}

/// The networks of both, if they have one.
fn networks<'a>(pair: &Pair<'a>, old: &Cache, new: &Cache) -> (Option<&'a Network>, Option<&'a Network>) {
    let of = |model: &'a Model, cache: &Cache| cache.network.map(|id| &model.networks[id.value]);
    (of(pair.before, old), of(pair.now, new))
}

/// Whether a cache is in another VPC, which has none of the subnets that it was in. Another block of addresses makes another VPC:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-vpc.html>
fn another_network(pair: &Pair<'_>, old: &Cache, new: &Cache) -> Option<&'static str> {
    let reason = Some("a cache that moves to another network is replaced by an empty one");
    let (was, is) = match networks(pair, old, new) {
        (Some(was), Some(is)) if was.head.name == is.head.name => (was, is),
        (None, None) => return None,
        _ => return reason,
    };
    match (&was.kind, &is.kind) {
        (NetworkKind::Own { cidr: was, .. }, NetworkKind::Own { cidr: is, .. }) => {
            (was != is).then_some("its network has other addresses, and with that is another network")
        }
        // Ids that are given at deploy are taken to stay.
        (NetworkKind::Imported { vpc: was, .. }, NetworkKind::Imported { vpc: is, .. }) => {
            let differ = was.here().zip(is.here()).is_some_and(|(was, is)| was != is);
            differ.then_some("its network is another VPC")
        }
        _ => reason,
    }
}

/// A serverless cache is replaced by a new one when its subnets change.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticache-serverlesscache.html>
fn other_subnets(pair: &Pair<'_>, old: &Cache, new: &Cache) -> Option<&'static str> {
    let (Some(was), Some(is)) = networks(pair, old, new) else { return None };
    let differ = match (&was.kind, &is.kind) {
        // It is in the first of them.
        (NetworkKind::Own { zones: was, .. }, NetworkKind::Own { zones: is, .. }) => {
            let taken = |zones: u64| usize::try_from(zones).unwrap_or(MAX_SUBNETS).min(MAX_SUBNETS);
            taken(*was) != taken(*is)
        }
        (NetworkKind::Imported { subnets: was, .. }, NetworkKind::Imported { subnets: is, .. }) => {
            let set = |ids: &Vec<String>| ids.iter().take(MAX_SUBNETS).cloned().collect::<BTreeSet<_>>();
            was.here().zip(is.here()).is_some_and(|(was, is)| set(was) != set(is))
        }
        _ => false,
    };
    differ.then_some("a serverless cache whose subnets change is replaced by an empty one")
}

/// A replication group may get further subnets, and lose those that no node is in. Without any of the old ones its nodes are nowhere.
/// <https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyCacheSubnetGroup.html>
fn no_subnet_left(pair: &Pair<'_>, old: &Cache, new: &Cache) -> Option<&'static str> {
    let (Some(was), Some(is)) = networks(pair, old, new) else { return None };
    let (NetworkKind::Imported { subnets: was, .. }, NetworkKind::Imported { subnets: is, .. }) = (&was.kind, &is.kind)
    else {
        return None;
    };
    let apart = was.here().zip(is.here()).is_some_and(|(was, is)| was.iter().all(|subnet| !is.contains(subnet)));
    apart.then_some("its nodes cannot leave all of their subnets")
}

/// The number of shards changes without a new cache only under an update policy, which we do not emit; and cluster mode is not switched
/// on in one step, and never off.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticache-replicationgroup.html>
/// <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/modify-cluster-mode.html>
fn resharded(was: Option<u64>, is: Option<u64>) -> Option<&'static str> {
    match (was, is) {
        (None, Some(_)) => Some("a cache without `shards` does not become one with them"),
        (Some(_), None) => Some("a cache with `shards` does not become one without them"),
        (Some(was), Some(is)) if was != is => {
            Some("a cache with another number of `shards` is a new and empty one: CloudFormation replaces it")
        }
        _ => None,
    }
}
/// Notes that work goes another way from now on.
fn transport(pair: &Pair<'_>, old: &Redis, new: &Redis, diagnostics: &mut Vec<Diagnostic>) {
    let bus = |model: &Model, transport: Transport| match transport {
        Transport::Sqs => None,
        Transport::EventBridge(bus) => Some(model.buses[bus].head.name.clone()),
    };
    if bus(pair.before, old.transport) != bus(pair.now, new.transport) {
        let message = format!(
            "work of executions in flight of `{}` that is on its way during the deploy may come a minute late",
            pair.old.head.name
        );
        diagnostics.push(Diagnostic::new(Code::EVC1003, pair.new.engine_span, message).note(
            "the transport changes; a message that is lost on the way is sent again by the sweep, over the new one",
        ));
    }
}
