//! `EventBridge`, its Scheduler and its Pipes.

pub(super) mod bus;
pub(super) mod event_log;
pub(super) mod pipe;
pub(super) mod rule;
pub(super) mod schedule;
mod transform;
