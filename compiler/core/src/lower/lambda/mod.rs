//! Lambda: the functions of the spec, and those that evc makes for outboxes.

pub(super) mod forwarder;
pub(super) mod function;
pub(super) mod redrive;
