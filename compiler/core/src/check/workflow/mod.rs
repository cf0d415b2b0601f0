//! Checks of workflows.

pub(super) mod answers;
pub(super) mod arithmetic;
pub(super) mod assigned;
pub(super) mod back;
pub(super) mod bounds;
pub(super) mod calls;
pub(super) mod choices;
pub(super) mod claims;
pub(super) mod compensation;
pub(super) mod concurrency;
pub(super) mod crowded;
pub(super) mod cut_off;
pub(super) mod dead_ways;
pub(super) mod engine;
pub(super) mod error_names;
pub(super) mod errors;
mod exits;
pub(super) mod expressions;
mod failing;
pub(super) mod fan_out;
pub(super) mod grows;
pub(super) mod history;
pub(super) mod idle;
mod intervals;
mod laps;
pub(super) mod only_fails;
pub(super) mod outcomes;
pub(super) mod overlapping;
pub(super) mod pending;
mod polls;
mod rounds;
pub(super) mod routes;
pub(super) mod signals;
pub(super) mod swallowed;
pub(super) mod timeouts;
mod too_late;
mod unchanged;
pub(super) mod undone_in_time;
pub(super) mod until;
pub(super) mod variables;

use crate::expr::Expr;
use crate::model::{Given, Model, Onward, Retry, RetryError, Step, Workflow};
use crate::types::Kind;

/// The name under which an `allow:` is about a workflow.
fn item(workflow: &Workflow) -> String {
    format!("workflows.{}", workflow.head.name)
}

/// The conditions of a `choose`, in order.
fn conditions(step: &Step) -> Option<Vec<&Expr>> {
    let Onward::Ways(_) = step.onward() else { return None };
    let asked = step.arguments().into_iter().map(|argument| match argument.given {
        Given::Expr(condition) => condition,
        Given::Template(_) => None,
    });
    asked.collect()
}

/// How many items the list has that a step goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Items {
    /// As few as its type allows.
    pub(super) least: u64,
    /// As many as its type allows, if that has a bound.
    pub(super) most: Option<u64>,
}

/// How many rounds a step makes whose bodies run for each item of a list, by the type of the list.
pub(super) fn items(model: &Model, step: &Step) -> Items {
    let list = step.arguments().into_iter().find_map(|argument| match argument.given {
        Given::Expr(expr) => Some(expr?.check(&step.scope, &model.types).ty),
        Given::Template(_) => None,
    });
    match list.map(|list| model.types.resolve(&list).kind.clone()) {
        Some(Kind::List(_, bounds)) => Items { least: bounds.min.unwrap_or(0), most: bounds.max },
        Some(_) | None => Items { least: 0, most: None },
    }
}

/// For how many seconds a call tries again that could not begin: its function is busy, or refuses.
pub(super) fn patience(step: &Step) -> u64 {
    let busy = |retry: &&Retry| {
        retry.errors.iter().any(|error| matches!(error.value, RetryError::All | RetryError::Transient))
    };
    step.retry.iter().find(busy).map_or(0, |retry| retry.waits().fold(0, u64::saturating_add))
}

/// Whether the spec says where to go once such a call has given up.
pub(super) fn is_caught(step: &Step) -> bool {
    step.catch.iter().any(|catch| matches!(catch.error.value, RetryError::All | RetryError::Transient))
}
