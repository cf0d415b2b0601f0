//! SQS: the queues of the spec, and those for dead letters.

pub(super) mod dead_letters;
pub(super) mod queue;
