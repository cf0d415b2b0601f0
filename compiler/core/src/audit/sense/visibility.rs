//! Queues that show a message again while a function still works on it.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>

use crate::audit::view::{Named, View};
use crate::diagnostics::{Code, Diagnostic};

/// Seconds that a queue hides a message, and a function runs, unless they say so.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html>,
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html>
const VISIBILITY: f64 = 30.0;
const TIMEOUT: f64 = 3.0;

/// How many times a function's timeout AWS recommends for the visibility.
const ENOUGH: f64 = 6.0;

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for mapping in view.of_type("AWS::Lambda::EventSourceMapping") {
        let source = mapping.resource.property("EventSourceArn").and_then(|source| view.resource_of(source));
        let function = mapping.resource.property("FunctionName").and_then(|function| view.function_of(function));
        let (Some(queue), Some(function)) = (source, function) else { continue };
        if &*queue.resource.type_.text != "AWS::SQS::Queue" || view.is_settled(&[queue, function]) {
            continue;
        }
        let numbers = (queue.number("VisibilityTimeout", VISIBILITY), function.number("Timeout", TIMEOUT));
        if let (Some(visibility), Some(timeout)) = numbers {
            diagnostics.extend(judge(queue, visibility, function, timeout));
        }
    }
}

fn judge(queue: Named<'_>, visibility: f64, function: Named<'_>, timeout: f64) -> Option<Diagnostic> {
    let (code, why) = if visibility < timeout {
        (Code::EVC0606, "Lambda refuses a queue whose messages are shown again before the function has to be done")
    } else if visibility < ENOUGH * timeout {
        (Code::EVC0605, "AWS recommends six times the function's timeout, for batches that are throttled")
    } else {
        return None;
    };
    let message = format!(
        "queue `{}` shows a message again after {visibility} s, and function `{}` may take {timeout} s",
        queue.id, function.id
    );
    let diagnostic = Diagnostic::new(code, queue.place_of("VisibilityTimeout"), message).note(why);
    let diagnostic = diagnostic.secondary(function.place_of("Timeout"), format!("it may take {timeout} s"));
    Some(diagnostic.help(format!("`VisibilityTimeout: {}`", ENOUGH * timeout)))
}
