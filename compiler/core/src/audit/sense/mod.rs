//! Whether what is deployed does what it is there for: one file for each check. All look at what SAM makes of a template.

mod batches;
mod dead_letters;
mod invocations;
mod streams;
mod visibility;

use super::Check;

/// Every check of sense.
pub(super) const CHECKS: [Check; 5] =
    [batches::check, dead_letters::check, invocations::check, streams::check, visibility::check];
