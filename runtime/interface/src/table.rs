//! The attributes of the tables that the compiler makes for the runtime.

/// The attribute with the time, seconds since 1970, after which DynamoDB removes a row of these tables.
pub const TTL: &str = "ttl";

/// The partition key of an outbox: the event's aggregate.
pub const OUTBOX_PARTITION: &str = crate::event::AGGREGATE;

/// The sort key of an outbox: the event's id.
pub const OUTBOX_SORT: &str = crate::event::EVENT_ID;

/// The partition key of the table that holds what idempotent functions have done.
pub const IDEMPOTENCY_KEY: &str = "id";
