//! Visibility of queues: a message stays hidden while its function works on it, and through its retries.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>

use crate::check::environments_where;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Model, least_visibility};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for queue in model.queues.values() {
        let (Some(to), Some(span), Some(visibility)) = (&queue.to, queue.visibility_span, queue.visibility.least())
        else {
            continue;
        };
        let function = &model.functions[to.value];
        let name = &function.head.name;
        let slower = environments_where(model, &function.timeout, |timeout| *visibility < timeout);
        let batched = environments_where(model, &function.timeout, |timeout| {
            visibility.seconds < timeout.seconds + queue.batch_window.seconds
        });
        let much_slower = environments_where(model, &function.timeout, |timeout| {
            *visibility < least_visibility(timeout, queue.batch_window)
        });
        let least = function.timeout.greatest().map(|timeout| least_visibility(*timeout, queue.batch_window));
        let help = least.map(|least| {
            format!("say `visibility: {least}`, or leave it out: each environment then has what its timeout needs")
        });
        let mut diagnostic = if !slower.is_empty() {
            let message =
                format!("messages show again after `{visibility}`, while function `{name}` still works on them");
            Diagnostic::new(Code::EVC0606, span, message)
                .secondary(function.timeout_span, format!("its timeout is {}", slower.join(" and ")))
                .note("AWS refuses to connect a queue and a function like these")
        } else if !batched.is_empty() {
            let message = format!(
                "messages may show again after `{visibility}`, while they wait for a batch or function `{name}` works on them"
            );
            Diagnostic::new(Code::EVC0640, span, message)
                .secondary(function.timeout_span, format!("its timeout is {}", batched.join(" and ")))
                .note("a message is hidden from when Lambda takes it, and then waits for its batch for up to `batch-window`")
        } else if !much_slower.is_empty() {
            let message = format!("a visibility of `{visibility}` is too short for function `{name}`");
            Diagnostic::new(Code::EVC0605, span, message)
                .secondary(function.timeout_span, format!("its timeout is {}", much_slower.join(" and ")))
                .note("AWS recommends six times the function's timeout and the batch window, for throttled batches")
        } else {
            continue;
        };
        diagnostic.help.extend(help);
        diagnostics.push(diagnostic.on(format!("queues.{}", queue.head.name)));
    }
}
