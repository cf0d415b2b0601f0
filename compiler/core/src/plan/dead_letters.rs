//! Dead-letter queues: where what could not be delivered or done waits, with its payload.

use super::{LogicalId, ids};
use crate::model::{DeadLetterSource, Model};
use crate::source::Span;

/// What sends to a dead-letter queue. The template has the queues in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sender {
    /// What brings an outbox's events to the bus.
    Outbox,
    /// A queue.
    Queue,
    /// Lambda, for a function that nobody waits for.
    Function,
    /// A rule.
    Rule,
    /// A schedule.
    Schedule,
    /// The starter of a workflow.
    Starter,
    /// A queue of work of workflows on Redis.
    Work,
    /// The rule of an event log.
    EventLog,
}

/// A dead-letter queue.
#[derive(Debug, Clone)]
pub(crate) struct DeadLetters {
    /// What sends to it.
    pub(crate) sender: Sender,
    /// Its logical id.
    pub(crate) id: LogicalId,
    /// What it is of: "rule `start-fulfilment`".
    pub(crate) of: String,
    /// The place of that.
    pub(crate) span: Span,
    /// The rule that sends to it. Other senders do so with a role of their own.
    pub(crate) rule: Option<LogicalId>,
    /// Whether it is a FIFO queue, as it is where it belongs to one.
    pub(crate) fifo: bool,
}

impl DeadLetters {
    /// That of a thing of the spec.
    pub(crate) fn of(model: &Model, source: DeadLetterSource) -> Self {
        let (mut of, span) = describe(model, source);
        let (mut rule, mut fifo) = (None, false);
        let sender = match source {
            DeadLetterSource::Queue(id) => {
                fifo = model.queues[id].group.is_some();
                Sender::Queue
            }
            DeadLetterSource::Rule(id) => {
                rule = Some(ids::rule(&model.rules[id]));
                Sender::Rule
            }
            DeadLetterSource::Outbox(_) => Sender::Outbox,
            DeadLetterSource::Function(_) => Sender::Function,
            DeadLetterSource::Schedule(_) => Sender::Schedule,
            DeadLetterSource::Work(_) => {
                of = format!("{of} in workflows");
                Sender::Work
            }
            DeadLetterSource::Workflow(_) => {
                of = format!("starter of {of}");
                Sender::Starter
            }
        };
        Self { sender, id: ids::dead_letters(model, source), of, span, rule, fifo }
    }
}

/// What a dead-letter queue is of, and where that is.
pub(crate) fn describe(model: &Model, of: DeadLetterSource) -> (String, Span) {
    let (what, head) = match of {
        DeadLetterSource::Work(id) => ("work of function", &model.functions[id].head),
        DeadLetterSource::Workflow(id) => ("workflow", &model.workflows[id].head),
        DeadLetterSource::Queue(id) => ("queue", &model.queues[id].head),
        DeadLetterSource::Rule(id) => ("rule", &model.rules[id].head),
        DeadLetterSource::Outbox(id) => ("outbox", &model.outboxes[id].head),
        DeadLetterSource::Function(id) => ("function", &model.functions[id].head),
        DeadLetterSource::Schedule(id) => ("schedule", &model.schedules[id].head),
    };
    (format!("{what} `{}`", head.name), head.name_span)
}
