//! Whether what is deployed does what it is there for: one file for each check. All look at what SAM makes of a template.

mod arrivals;
mod batches;
mod budgets;
mod dead_letters;
mod fifo;
mod invocations;
mod loops;
mod patterns;
mod schedules;
mod streams;
mod subscriptions;
mod visibility;

use super::Check;

/// Every check of sense.
pub(super) const CHECKS: [Check; 11] = [
    arrivals::check,
    batches::check,
    budgets::check,
    dead_letters::check,
    fifo::check,
    invocations::check,
    loops::check,
    patterns::check,
    schedules::check,
    streams::check,
    visibility::check,
];
