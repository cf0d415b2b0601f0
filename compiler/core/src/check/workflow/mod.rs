//! Checks of workflows.

pub(super) mod back;
pub(super) mod bounds;
pub(super) mod calls;
pub(super) mod choices;
pub(super) mod claims;
pub(super) mod compensation;
pub(super) mod concurrency;
pub(super) mod engine;
pub(super) mod errors;
pub(super) mod expressions;
pub(super) mod pending;
pub(super) mod routes;
pub(super) mod signals;
pub(super) mod swallowed;
pub(super) mod timeouts;

use crate::model::Workflow;

/// The name under which an `allow:` is about a workflow.
fn item(workflow: &Workflow) -> String {
    format!("workflows.{}", workflow.head.name)
}
