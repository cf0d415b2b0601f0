//! Whether what is deployed does what it is there for: one file for each check. All look at what SAM makes of a template.

mod actions;
mod alarms;
mod anybody;
mod arrivals;
mod assumed;
mod batches;
mod brought;
mod budgets;
mod condition_keys;
mod dead_letters;
mod deliveries;
mod denied;
mod deputies;
mod everything;
mod fifo;
mod filters;
mod functions;
mod invocations;
mod limits;
mod loops;
mod mappings;
mod names;
mod networks;
mod never_held;
mod patterns;
mod readers;
mod reads;
mod scaling;
mod schedules;
mod single;
mod stages;
mod streams;
mod subscriptions;
mod tables;
mod targets;
mod visibility;

use super::Check;

/// Every check of sense.
pub(super) const CHECKS: [Check; 35] = [
    actions::check,
    alarms::check,
    anybody::check,
    arrivals::check,
    assumed::check,
    batches::check,
    brought::check,
    budgets::check,
    condition_keys::check,
    dead_letters::check,
    deliveries::check,
    denied::check,
    deputies::check,
    everything::check,
    fifo::check,
    filters::check,
    functions::check,
    invocations::check,
    limits::check,
    loops::check,
    mappings::check,
    names::check,
    networks::check,
    never_held::check,
    patterns::check,
    readers::check,
    reads::check,
    scaling::check,
    schedules::check,
    single::check,
    stages::check,
    streams::check,
    tables::check,
    targets::check,
    visibility::check,
];
