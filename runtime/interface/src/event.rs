//! The envelope of an event: what publishers add to its detail, and consumers drop duplicates and order by.

/// The field of an event's `detail` that has the rest.
pub const METADATA: &str = "metadata";

/// The event's id: the same however often it is published.
pub const EVENT_ID: &str = "eventId";

/// What the event is about, of an outbox with an aggregate.
pub const AGGREGATE: &str = "aggregate";

/// The event's place among those of its aggregate.
pub const SEQUENCE: &str = "sequence";

/// When what it tells of happened.
pub const OCCURRED_AT: &str = "occurredAt";

/// The X-Ray header of the invocation that published it.
pub const TRACE: &str = "trace";

/// All fields of [`METADATA`].
pub const METADATA_FIELDS: [&str; 5] = [EVENT_ID, AGGREGATE, SEQUENCE, OCCURRED_AT, TRACE];
