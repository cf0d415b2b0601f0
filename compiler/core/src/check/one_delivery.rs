//! Idempotent work that a crash interrupts is delivered again.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::Model;

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for queue in model.queues.values().filter(|queue| queue.receives == 1) {
        let (Some(to), Some(span)) = (&queue.to, queue.receives_span) else { continue };
        let function = &model.functions[to.value];
        if function.idempotent.is_none() {
            continue;
        }
        let (name, function_name) = (&queue.head.name, &function.head.name);
        let message = format!("a message that `{function_name}` was interrupted at is not delivered again");
        diagnostics.push(
            Diagnostic::new(Code::EVC0635, span, message)
                .on(format!("queues.{name}"))
                .secondary(function.idempotent_span, "the function may do its work again")
                .note("a message that was received so often goes to the dead-letter queue, done or not; Lambda receives some while it is throttled")
                .help("leave `receives` out, which gives it five, or say at least `receives: 2`"),
        );
    }
}
