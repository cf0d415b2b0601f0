//! Retention of queues: a message that keeps failing is still there when it has failed often enough for the dead-letter queue.

use crate::check::said_where;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Model, Queue};
use crate::spec::queue::{RETENTION, VISIBILITY};
use crate::spec::scalar::Duration;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    // Figures that SQS does not take have been reported.
    let can_be = |queue: &&Queue| RETENTION.contains(queue.retention);
    for queue in model.queues.values().filter(|queue| queue.to.is_some()).filter(can_be) {
        let needed = |visibility: Duration| visibility.seconds.saturating_mul(queue.receives);
        let span = queue.visibility_span.unwrap_or(queue.head.name_span);
        let short = said_where(model, &queue.visibility, span, |visibility| {
            VISIBILITY.contains(visibility) && needed(visibility) > queue.retention.seconds
        });
        if short.is_empty() {
            continue;
        }
        let name = &queue.head.name;
        let message = format!("a message of queue `{name}` may be gone before it has failed {} times", queue.receives);
        let mut diagnostic = Diagnostic::new(Code::EVC0619, span, message)
            .note(format!("the queue keeps it for `{}`, and what it drops is in no dead-letter queue", queue.retention))
            .help("raise `retention`, or lower `receives` or `visibility`");
        for (place, visibility) in short {
            diagnostic = if place == span {
                diagnostic.label(format!("it is hidden for {visibility} after each of them"))
            } else {
                diagnostic.secondary(place, format!("this hides it for {visibility} after each of them"))
            };
        }
        diagnostics.push(diagnostic.on(format!("queues.{name}")));
    }
}
