//! How word of a piece of work gets to the worker that does it.
//!
//! | transport | for | word goes |
//! | --- | --- | --- |
//! | [`pull`] | processes | to lists in Redis beside the executions, from which workers take it |
//! | [`memory`] | tests, local systems | to a list in memory |
//! | queues of SQS | functions on AWS | to the task queue of the function: `evc-runtime` has it |
//! | EventBridge | functions on AWS | to a bus, whose rules bring it to the task queues: `evc-runtime` has it |
//!
//! What a transport carries are hints. If it loses one, the record in Redis becomes due and the sweep sends it again; if it brings one
//! twice, the claim of the second finds the work claimed or done.

pub mod memory;
pub mod pull;

use super::TaskRef;
use crate::Error;

/// Word of a piece of work, and how many milliseconds from now it may start.
pub type Dispatch = (TaskRef, u64);

/// What sending comes to.
pub type Sending<'a> = std::pin::Pin<Box<dyn Future<Output = Sent> + Send + 'a>>;

/// Carries word to workers.
pub trait Transport: Send + Sync {
    /// Sends word of these pieces of work.
    fn send<'a>(&'a self, dispatches: &'a [Dispatch]) -> Sending<'a>;
}

/// What came of sending.
#[derive(Debug, Default)]
pub struct Sent {
    /// What the transport has taken. What it has not, because of an error or because it waits longer than the transport can keep it,
    /// the sweep sends when it is due.
    pub taken: Vec<TaskRef>,
    /// Why something was not taken that should have been.
    pub error: Option<Error>,
}
