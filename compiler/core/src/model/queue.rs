//! Queues and the functions that work them off.

use std::collections::BTreeSet;

use super::function::timeout;
use super::graph::{Relates, Relation};
use super::names::{find_at, head};
use super::settings::setting;
use super::{DeadLetterSource, Function, Head, Id, Model, Setting, Thing};
use crate::diagnostics::Diagnostic;
use crate::source::{Span, Spanned};
use crate::spec::scalar::{Duration, Name};
use crate::spec::{Declared, Sections};
use crate::types::Type;

/// A queue.
#[derive(Debug, Clone)]
pub struct Queue {
    /// Name, places, description.
    pub head: Head,
    /// What messages from functions carry.
    pub message: Option<Type>,
    /// The field of the message by which a FIFO queue keeps messages in order.
    pub group: Option<Name>,
    /// The function that works it off.
    pub to: Option<Spanned<Id<Function>>>,
    /// The most messages an invocation gets.
    pub batch_size: u64,
    /// How long a batch is gathered.
    pub batch_window: Duration,
    /// How long a received message is hidden, in every environment.
    pub visibility: Setting<Duration>,
    /// Where the spec says so, if it does.
    pub visibility_span: Option<Span>,
    /// How often a message may be received.
    pub receives: u64,
    /// Where the spec says so, if it does.
    pub receives_span: Option<Span>,
    /// How long messages wait.
    pub retention: Duration,
    /// The most invocations at once, where the spec says so; [`Model::queue_concurrency`] is what holds.
    pub concurrency: Option<Spanned<u64>>,
}

pub(super) fn queue(
    sections: &Sections,
    model: &Model,
    name: &str,
    item: &Declared<crate::spec::queue::Queue>,
    routed: &BTreeSet<&str>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Queue {
    if let Some(message) = &item.message {
        diagnostics.extend(model.types.check_type(&message.0));
    }
    let to: Option<Spanned<Id<Function>>> = item.to.as_ref().and_then(|name| find_at(sections, name, diagnostics));
    let window = item.batch_window.as_ref().map_or(Duration::seconds(0), |window| window.value);
    // Without a function there is nothing to derive from; 30 seconds is what SQS has.
    let function = item.to.as_ref().and_then(|name| Some((name.as_str(), sections.functions.get(name)?)));
    let derived = match function {
        Some((name, function)) => {
            timeout(sections, name, function, routed.contains(name)).map(|timeout| least_visibility(*timeout, window))
        }
        None => setting(sections, Duration::seconds(30), |_| None),
    };
    Queue {
        head: head(name, item, item.description.as_ref(), &item.allow),
        message: item.message.as_ref().map(|message| message.0.clone()),
        group: item.fifo.as_ref().map(|fifo| fifo.group.clone()),
        to,
        batch_size: item.batch_size.as_ref().map_or(10, |size| size.value),
        batch_window: window,
        visibility: match &item.visibility {
            Some(visibility) => setting(sections, visibility.value, |_| None),
            None => derived,
        },
        visibility_span: item.visibility.as_ref().map(|visibility| visibility.span),
        receives: item.receives.as_ref().map_or(5, |receives| receives.value),
        receives_span: item.receives.as_ref().map(|receives| receives.span),
        retention: item.retention.as_ref().map_or(Duration::days(4), |retention| retention.value),
        concurrency: item.concurrency,
    }
}

/// The least visibility timeout that AWS recommends for a queue that a function works off: six times the function's timeout,
/// and the batch window (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>).
pub fn least_visibility(timeout: Duration, window: Duration) -> Duration {
    Duration::seconds(timeout.seconds * 6 + window.seconds)
}

impl Relates for Queue {
    fn relate(&self, tell: &mut dyn FnMut(Relation, Thing, Span)) {
        if let Some(function) = &self.to {
            tell(Relation::Feeds, Thing::Function(function.value), function.span);
        }
    }

    fn dead_letters(id: Id<Self>) -> Option<DeadLetterSource> {
        Some(DeadLetterSource::Queue(id))
    }
}
