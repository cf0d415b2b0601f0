//! The business logic of `event-store`: one module a function of the spec.

pub mod event_publisher;
pub mod order_processor;
