//! DynamoDB: the tables of the spec, and those that evc makes for outboxes and idempotent functions.

pub(super) mod idempotency;
pub(super) mod outbox;
pub(super) mod table;
