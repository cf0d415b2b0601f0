//! Queues: what their messages are, how long they stay hidden and are kept, and their order.

pub(super) mod concurrency;
pub(super) mod fifo;
pub(super) mod message;
pub(super) mod retention;
pub(super) mod visibility;
