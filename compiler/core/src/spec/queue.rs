//! `queues:` SQS queues and the functions that work them off.

use evc_macros::Section;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::json;

use super::allow::Allows;
use super::decode::{Decoder, Fields};
use super::range::{Range, in_range};
use super::scalar::{Duration, Name, TypeExpr};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Spanned;

/// An SQS queue with a dead-letter queue. Encrypted; batches report partial failures.
#[derive(Debug, Clone, Section)]
#[section(what = "a queue", check = batches, schema = batches_schema)]
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
    #[key(schema = batch_sizes)]
    pub batch_size: Option<Spanned<u64>>,
    /// How long a batch is gathered: up to `5m`.
    #[key(range = Duration::seconds(0)..=Duration::minutes(5), what = "a batch window")]
    pub batch_window: Option<Spanned<Duration>>,
    /// How long a message that was received stays hidden from others. By default six times the function's timeout and the
    /// batch window, which is the least that AWS recommends.
    #[key(range = VISIBILITY)]
    pub visibility: Option<Spanned<Duration>>,
    /// How often a message may be received before it goes to the dead-letter queue: 5 by default.
    #[key(range = 1..=1000, what = "the number of receives")]
    pub receives: Option<Spanned<u64>>,
    /// How long a message waits: {range}, `4d` by default. In the dead-letter queue it stays until `14d` after it was sent.
    #[key(range = RETENTION)]
    pub retention: Option<Spanned<Duration>>,
    /// The most invocations at once: {range}. By default what the `concurrency` of its function leaves for it.
    #[key(range = 2..=1000, what = "the concurrency of a queue")]
    pub concurrency: Option<Spanned<u64>>,
    /// Warnings that are fine here, each with the reason.
    #[key(default)]
    pub allow: Allows,
}

/// How long SQS hides a message that was received.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html>
pub const VISIBILITY: Range<Duration> = Range::new("a visibility timeout", Duration::seconds(0)..=Duration::hours(12));

/// How long SQS keeps a message; from the same page.
pub const RETENTION: Range<Duration> =
    Range::new("the retention of a queue", Duration::minutes(1)..=Duration::days(14));

/// A FIFO queue: one message group for each value of a field.
#[derive(Debug, Clone, Section)]
#[section(what = "`fifo`")]
pub struct Fifo {
    /// The field of the message that says what it belongs to. Messages with the same value are handled one after the other.
    pub group: Name,
}

/// How large batches are depends on how long they are gathered, and whether they are on the order.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html>
fn batches(queue: &Queue, _: &Fields<'_>, cx: &mut Decoder) {
    let window = queue.batch_window.as_ref().map_or(0, |window| window.seconds);
    if let (Some(window), Some(fifo)) = (&queue.batch_window, &queue.fifo) {
        let message = "Lambda gathers no batches of a FIFO queue";
        let diagnostic = Diagnostic::new(Code::EVC0105, window.span, message);
        cx.report(diagnostic.secondary(fifo.span, "it is one here").help("leave `batch-window` out"));
    }
    let largest = if window > 0 { MAX_GATHERED_BATCH } else { 10 };
    in_range(queue.batch_size.as_ref(), 1, largest, "the size of a batch", cx);
}

/// The most messages in a batch that is gathered.
const MAX_GATHERED_BATCH: u64 = 10_000;

fn batch_sizes(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "integer", "maximum": MAX_GATHERED_BATCH, "minimum": 1})
}

fn batches_schema(schema: &mut Schema) {
    schema.insert("not".to_owned(), json!({"type": "object", "required": ["fifo", "batch-window"]}));
}
