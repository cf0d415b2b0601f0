//! Whether what is deployed does what it is there for: one file for each check. All look at what SAM makes of a template.

mod actions;
mod anybody;
mod assumed;
mod batches;
mod dead_letters;
mod deputies;
mod everything;
mod invocations;
mod limits;
mod networks;
mod reads;
mod streams;
mod targets;
mod visibility;

use super::Check;

/// Every check of sense.
pub(super) const CHECKS: [Check; 14] = [
    actions::check,
    anybody::check,
    assumed::check,
    batches::check,
    dead_letters::check,
    deputies::check,
    everything::check,
    invocations::check,
    limits::check,
    networks::check,
    reads::check,
    streams::check,
    targets::check,
    visibility::check,
];
