//! What carries a workflow: the engine, and the cache where executions have their state.

use super::Pair;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Cache, CacheKind, Engine, Model, Redis, Transport};

/// Whether executions in flight find their engine and their state again. Reports it if they do not.
pub(super) fn carries_on(pair: &Pair<'_>, out: &mut Vec<Diagnostic>) -> bool {
    match (&pair.old.engine, &pair.new.engine) {
        (Engine::StepFunctions, Engine::StepFunctions) => true,
        (Engine::Redis(old), Engine::Redis(new)) => {
            transport(pair, old, new, out);
            same_state(pair, old, new, out)
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
            out.push(moved(pair, diagnostic.secondary(pair.old.engine_span, "the old spec has it there").note(why)));
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

fn same_state(pair: &Pair<'_>, old: &Redis, new: &Redis, out: &mut Vec<Diagnostic>) -> bool {
    let (Some(old), Some(new)) = (old.cache, new.cache) else { return true };
    let (was, is) = (&pair.before.caches[old.value], &pair.now.caches[new.value]);
    let Some(reason) = another_cache(pair, was, is) else { return true };
    let message = format!("executions in flight of `{}` have their state in another cache", pair.old.head.name);
    let name = &pair.old.head.name;
    out.push(
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
    let network = |model: &Model, cache: &Cache| cache.network.map(|id| model.networks[id.value].head.name.clone());
    match (&old.kind, &new.kind) {
        // One that exists outside is the same under any name; one that is given at deploy is taken to stay.
        (CacheKind::External { endpoint: was, .. }, CacheKind::External { endpoint: is, .. }) => {
            let differ = was.here().zip(is.here()).is_some_and(|(was, is)| was != is);
            differ.then_some("it is at another endpoint")
        }
        _ if old.head.name != new.head.name => Some("a cache of another name is another cache"),
        (CacheKind::Serverless { .. }, CacheKind::Serverless { .. })
        | (CacheKind::ReplicationGroup { .. }, CacheKind::ReplicationGroup { .. }) => {
            // Both are replaced by a new one when their subnets change:
            // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticache-serverlesscache.html
            // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticache-replicationgroup.html
            let moved = network(pair.before, old) != network(pair.now, new);
            moved.then_some("a cache that moves to another network is replaced by an empty one")
        }
        _ => Some("a cache of another mode is another cache"),
    }
}

/// Notes that work goes another way from now on.
fn transport(pair: &Pair<'_>, old: &Redis, new: &Redis, out: &mut Vec<Diagnostic>) {
    let bus = |model: &Model, transport: Transport| match transport {
        Transport::Sqs => None,
        Transport::EventBridge(bus) => Some(model.buses[bus].head.name.clone()),
    };
    if bus(pair.before, old.transport) != bus(pair.now, new.transport) {
        let message = format!(
            "work of executions in flight of `{}` that is on its way during the deploy may come a minute late",
            pair.old.head.name
        );
        out.push(Diagnostic::new(Code::EVC1003, pair.new.engine_span, message).note(
            "the transport changes; a message that is lost on the way is sent again by the sweep, over the new one",
        ));
    }
}
