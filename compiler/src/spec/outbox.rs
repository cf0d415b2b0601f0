//! `outboxes:` events that are stored in the transaction that changes the data, and published from there.

use schemars::JsonSchema;

use super::allow::Allows;
use super::decode::{Decode, Decoder, Item};
use super::scalar::{Duration, Name, one_or_many};
use super::table::Removal;
use crate::source::Spanned;
use crate::yaml::Node;

/// A transactional outbox: a table of events waiting to be published, and the function that publishes them.
///
/// A handler that has it writes its tables and its events in one transaction; a forwarder reads the outbox's stream and
/// puts the events on their bus, each at least once and with an id that consumers drop duplicates by.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Outbox {
    /// What it is for, for people.
    pub description: Option<String>,
    /// The events that may be published through it. All travel on one bus.
    #[schemars(schema_with = "one_or_many::<String>")]
    pub publishes: Spanned<Vec<Name>>,
    /// The field that all of these events have and that says which thing an event is about, such as `orderId`.
    /// Events of one thing are published in the order they were committed.
    pub aggregate: Option<Name>,
    /// How long a published event stays in the table, for redrive. A week by default.
    pub retention: Option<Spanned<Duration>>,
    /// The most events the forwarder takes at once: 1 to 1000, 100 by default.
    #[schemars(range(min = 1, max = 1000))]
    pub batch_size: Option<Spanned<u64>>,
    /// How often a failing batch is tried before it goes to the dead-letter queue: 10 by default.
    #[schemars(range(min = 0, max = 10000))]
    pub attempts: Option<Spanned<u64>>,
    /// What becomes of the table when it leaves the stack: `retain` (the default) or `delete`.
    pub removal: Option<Removal>,
    /// Warnings that are fine here, each with the reason.
    #[schemars(default)]
    pub allow: Allows,
}

impl Item for Outbox {
    const WHAT: &'static str = "an outbox";
}

impl Decode for Outbox {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "an outbox")?;
        let description = fields.optional("description", cx);
        let publishes = fields.required("publishes", cx);
        let aggregate = fields.optional("aggregate", cx);
        let retention = fields.optional("retention", cx);
        let batch_size = fields.optional("batch-size", cx);
        let attempts = fields.optional("attempts", cx);
        let removal = fields.optional("removal", cx);
        let allow = fields.or_default("allow", cx);
        fields.finish(cx);
        in_range(batch_size.as_ref(), 1, 1000, "a batch of stream records", cx);
        in_range(attempts.as_ref(), 0, 10_000, "the number of attempts", cx);
        Some(Self { description, publishes: publishes?, aggregate, retention, batch_size, attempts, removal, allow })
    }
}

/// Reports a number outside of what AWS takes.
pub fn in_range(value: Option<&Spanned<u64>>, min: u64, max: u64, what: &str, cx: &mut Decoder) {
    if let Some(value) = value
        && !(min..=max).contains(&value.value)
    {
        cx.bad_value(value.span, format!("{what} is {min} to {max}, found {}", value.value));
    }
}
