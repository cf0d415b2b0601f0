//! Model to plan: which AWS resources there are, who may do what, which handlers and state machines are made.
//!
//! One file a kind of thing. Each adds resources, grants and handlers to the plan; none reads what another added. Those that
//! look at the whole come last.

mod alarm;
mod api;
mod asynchronous;
mod bus;
mod cache;
mod cache_client;
mod changes;
mod dashboard;
mod dead_letters;
mod engine;
mod event_log;
mod function;
mod graph;
mod idempotency;
mod lambda;
mod log_group;
mod mapping;
mod network;
mod outbox;
mod output;
mod overrides;
mod parameters;
mod pipe;
mod queue;
mod redrive;
mod rest;
mod role;
mod rule;
mod schedule;
pub mod stepfunctions;
mod streams;
mod table;
mod tags;
#[cfg(test)]
mod tests;
mod transform;

pub use self::cache::MAX_SUBNETS;

use crate::diagnostics::Diagnostic;
use crate::model::Model;
use crate::plan::Plan;
use crate::plan::builder::Builder;

/// Adds one kind of thing to the plan.
type Kind = fn(&mut Builder<'_>);

/// Every kind of thing, in the order in which they stand in the template.
const KINDS: &[Kind] = &[
    bus::lower,
    event_log::lower,
    table::lower,
    outbox::lower,
    redrive::lower,
    idempotency::lower,
    queue::lower,
    network::lower,
    cache::lower,
    api::lower,
    rest::lower,
    function::lower,
    stepfunctions::state_machine::lower,
    engine::lower,
    rule::lower,
    schedule::lower,
    dead_letters::lower,
    alarm::lower,
    dashboard::lower,
    output::lower,
];

/// What looks at all that has been added, in this order.
const WHOLE: &[Kind] = &[
    role::lower,
    parameters::lower,
    tags::lower,
    overrides::lower,
    streams::lower,
    asynchronous::lower,
    rest::check_overridden,
    rest::name_by_content,
    graph::lower,
];

/// Plans a system: everything that backends write, and what is wrong with it as a whole.
pub fn lower(model: &Model) -> (Plan<'_>, Vec<Diagnostic>) {
    let mut builder = Builder::new(model);
    builder.plan.machines = stepfunctions::machine::machines(model);
    builder.plan.definitions = stepfunctions::machine::definitions(model);
    for kind in KINDS.iter().chain(WHOLE) {
        kind(&mut builder);
    }
    (builder.plan, builder.diagnostics)
}
