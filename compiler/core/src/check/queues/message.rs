//! Messages of queues: what functions send has a type.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Id, Model, Queue};
use crate::source::Span;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for (id, queue) in model.queues.iter().filter(|(_, queue)| queue.message.is_none()) {
        if let Some((sender, at)) = sender(model, id) {
            let name = &queue.head.name;
            let message =
                format!("queue `{name}` does not say what its messages are, and function `{sender}` sends to it");
            diagnostics.push(
                Diagnostic::new(Code::EVC0612, queue.head.name_span, message)
                    .secondary(at, "it sends to the queue here")
                    .help("say `message:` and a type"),
            );
        }
    }
}

/// The first function that sends to a queue, and where it says so.
fn sender(model: &Model, id: Id<Queue>) -> Option<(&str, Span)> {
    model.functions.values().find_map(|function| {
        let sent = function.sends.iter().find(|sent| sent.value == id)?;
        Some((function.head.name.as_str(), sent.span))
    })
}
