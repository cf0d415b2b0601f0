//! Model to plan: which AWS resources there are, who may do what, which handlers and state machines are made.
//!
//! One room for each service of AWS. A room knows the model and the words of `plan/`; what it wants of another service it gets by a verb
//! of the builder. Only this file knows the rooms.

mod apigateway;
mod cloudwatch;
mod dynamodb;
mod ec2;
mod elasticache;
mod eventbridge;
mod lambda;
mod redis;
mod secretsmanager;
mod sqs;
mod ssm;
pub(crate) mod stepfunctions;

use crate::model::Model;
use crate::plan::builder::Builder;
use crate::plan::stream;
use crate::plan::value::Value;
use crate::spec::outbox::Forwarder;

/// Adds one kind of thing to the plan.
type Kind = fn(&mut Builder<'_>);

/// Every kind of thing, in the order in which they stand in the template.
const KINDS: &[Kind] = &[
    eventbridge::bus::lower,
    eventbridge::event_log::lower,
    dynamodb::table::lower,
    outboxes,
    lambda::redrive::lower,
    dynamodb::idempotency::lower,
    sqs::queue::lower,
    secretsmanager::lower,
    ssm::lower,
    ec2::network::lower,
    caches,
    apigateway::http::lower,
    apigateway::rest::lower,
    lambda::function::lower,
    stepfunctions::state_machine::lower,
    redis::engine::lower,
    eventbridge::rule::lower,
    eventbridge::schedule::lower,
    sqs::dead_letters::lower,
    cloudwatch::alarm::lower,
    cloudwatch::dashboard::lower,
];

/// Plans a system, up to what looks at the whole of it.
pub(crate) fn lower(model: &Model) -> Builder<'_> {
    let mut builder = Builder::new(model);
    builder.plan.machines = stepfunctions::machine::machines(model);
    builder.plan.definitions = stepfunctions::machine::definitions(model);
    for kind in KINDS {
        kind(&mut builder);
    }
    builder
}

/// Each outbox: its table, and what brings its events to the bus.
fn outboxes(b: &mut Builder<'_>) {
    for (id, outbox) in b.model.outboxes.iter() {
        dynamodb::outbox::add(b, outbox);
        let Some(bus) = b.model.bus_of(outbox) else { continue };
        match &outbox.changes {
            None => {
                let inserted = Value::map([("eventName", Value::list(["INSERT".into()]))]);
                lambda::forwarder::add(b, id, outbox, bus, [inserted]);
            }
            Some(changes) if changes.forwarder == Forwarder::Pipe => {
                eventbridge::pipe::add(b, id, outbox, changes, bus);
            }
            Some(changes) => {
                let filters = stream::filters(b.model, changes);
                lambda::forwarder::add(b, id, outbox, bus, filters);
            }
        }
    }
}

/// Each cache, and the security group of what talks to it.
fn caches(b: &mut Builder<'_>) {
    for (id, network) in b.model.networks.iter() {
        ec2::clients::of_network(b, id, network);
    }
    for (id, cache) in b.model.caches.iter() {
        elasticache::cache::add(b, id, cache);
        ec2::clients::add(b, id, cache);
    }
}
