//! `queues:` SQS queues and the functions that work them off.

use schemars::JsonSchema;

use super::allow::Allows;
use super::decode::{Decode, Decoder};
use super::range::in_range;
pub use super::range::within; // for `workflow/`, until it names `range`
use super::scalar::{Duration, Name, TypeExpr};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Spanned;
use crate::yaml::Node;

/// An SQS queue with a dead-letter queue. Encrypted; batches report partial failures.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(extend("not" = {"type": "object", "required": ["fifo", "batch-window"]}))]
pub struct Queue {
    /// What it is for, for people.
    pub description: Option<String>,
    /// What a message sent by a function carries. A queue that only rules send to carries their events and needs none.
    pub message: Option<Spanned<TypeExpr>>,
    /// Keeps messages in order: `{ group: orderId }` keeps those of one order in the order they were sent.
    pub fifo: Option<Spanned<Fifo>>,
    /// The function that receives its messages.
    pub to: Option<Name>,
    /// The most messages an invocation gets: 1 to 10, or to 10000 with a `batch-window`. 10 by default.
    #[schemars(range(min = 1, max = 10000))]
    pub batch_size: Option<Spanned<u64>>,
    /// How long a batch is gathered: up to `5m`.
    pub batch_window: Option<Spanned<Duration>>,
    /// How long a message that was received stays hidden from others. By default six times the function's timeout and the
    /// batch window, which is the least that AWS recommends.
    pub visibility: Option<Spanned<Duration>>,
    /// How often a message may be received before it goes to the dead-letter queue: 5 by default.
    #[schemars(range(min = 1, max = 1000))]
    pub receives: Option<Spanned<u64>>,
    /// How long a message waits: `1m` to `14d`, `4d` by default. In the dead-letter queue it stays until `14d` after it was sent.
    pub retention: Option<Spanned<Duration>>,
    /// The most invocations at once: 2 to 1000.
    #[schemars(range(min = 2, max = 1000))]
    pub concurrency: Option<Spanned<u64>>,
    /// Warnings that are fine here, each with the reason.
    #[schemars(default)]
    pub allow: Allows,
}

/// A FIFO queue: one message group for each value of a field.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Fifo {
    /// The field of the message that says what it belongs to. Messages with the same value are handled one after the other.
    pub group: Name,
}

impl Decode for Fifo {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "the order of a queue")?;
        let group = fields.required("group", cx);
        fields.finish(cx);
        Some(Self { group: group? })
    }
}

impl Decode for Queue {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "a queue")?;
        let queue = Self {
            description: fields.optional("description", cx),
            message: fields.optional("message", cx),
            fifo: fields.optional("fifo", cx),
            to: fields.optional("to", cx),
            batch_size: fields.optional("batch-size", cx),
            batch_window: fields.optional("batch-window", cx),
            visibility: fields.optional("visibility", cx),
            receives: fields.optional("receives", cx),
            retention: fields.optional("retention", cx),
            concurrency: fields.optional("concurrency", cx),
            allow: fields.or_default("allow", cx),
        };
        fields.finish(cx);
        let window = queue.batch_window.as_ref().map_or(0, |window| window.seconds);
        if let (Some(window), Some(fifo)) = (&queue.batch_window, &queue.fifo) {
            // https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
            let message = "Lambda gathers no batches of a FIFO queue";
            let diagnostic = Diagnostic::new(Code::EVC0105, window.span, message);
            cx.report(diagnostic.secondary(fifo.span, "it is one here").help("leave `batch-window` out"));
        }
        in_range(queue.batch_size.as_ref(), 1, if window > 0 { 10_000 } else { 10 }, "the size of a batch", cx);
        in_range(queue.receives.as_ref(), 1, 1000, "the number of receives", cx);
        in_range(queue.concurrency.as_ref(), 2, 1000, "the concurrency of a queue", cx);
        within(queue.batch_window.as_ref(), 0, 300, "a batch window", cx);
        within(queue.visibility.as_ref(), 0, 43_200, "a visibility timeout", cx);
        within(queue.retention.as_ref(), 60, 1_209_600, "the retention of a queue", cx);
        Some(queue)
    }
}
