//! Visibility of queues: a message stays hidden while its function works on it, and through its retries.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>

use crate::check::said_where;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Model, least_visibility};
use crate::spec::scalar::Duration;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for queue in model.queues.values() {
        let (Some(to), Some(span), Some(visibility)) = (&queue.to, queue.visibility_span, queue.visibility.least())
        else {
            continue;
        };
        let function = &model.functions[to.value];
        let name = &function.head.name;
        let timeouts =
            |is_wrong: &dyn Fn(Duration) -> bool| said_where(model, &function.timeout, function.timeout_span, is_wrong);
        let slower = timeouts(&|timeout| *visibility < timeout);
        let batched = timeouts(&|timeout| visibility.seconds < timeout.seconds + queue.batch_window.seconds);
        let much_slower = timeouts(&|timeout| *visibility < least_visibility(timeout, queue.batch_window));
        let least = function.timeout.greatest().map(|timeout| least_visibility(*timeout, queue.batch_window));
        let help = least.map(|least| {
            format!("say `visibility: {least}`, or leave it out: each environment then has what its timeout needs")
        });
        let (mut diagnostic, places) = if !slower.is_empty() {
            let message =
                format!("messages show again after `{visibility}`, while function `{name}` still works on them");
            let diagnostic = Diagnostic::new(Code::EVC0606, span, message);
            (diagnostic.note("AWS refuses to connect a queue and a function like these"), slower)
        } else if !batched.is_empty() {
            let message = format!(
                "messages may show again after `{visibility}`, while they wait for a batch or function `{name}` works on them"
            );
            let diagnostic = Diagnostic::new(Code::EVC0640, span, message).note(
                "a message is hidden from when Lambda takes it, and then waits for its batch for up to `batch-window`",
            );
            (diagnostic, batched)
        } else if !much_slower.is_empty() {
            let message = format!("a visibility of `{visibility}` is too short for function `{name}`");
            let diagnostic = Diagnostic::new(Code::EVC0605, span, message)
                .note("AWS recommends six times the function's timeout and the batch window, for throttled batches");
            (diagnostic, much_slower)
        } else {
            continue;
        };
        for (place, timeout) in places {
            diagnostic = diagnostic.secondary(place, format!("its timeout is {timeout}"));
        }
        diagnostic.help.extend(help);
        diagnostics.push(diagnostic.on(format!("queues.{}", queue.head.name)));
    }
}
