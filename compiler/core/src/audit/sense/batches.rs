//! Batches of a queue of which all comes again when one message fails.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>

use crate::audit::template::{Node, Origin};
use crate::audit::view::View;
use crate::diagnostics::{Code, Diagnostic};

/// Messages of a batch, unless a mapping says so.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventsourcemapping.html>
const BATCH: f64 = 10.0;

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for mapping in view.of_type("AWS::Lambda::EventSourceMapping") {
        let source = mapping.resource.property("EventSourceArn").and_then(|source| view.resource_of(source));
        let Some(queue) = source.filter(|source| &*source.resource.type_.text == "AWS::SQS::Queue") else { continue };
        let types = mapping.resource.property("FunctionResponseTypes");
        let may_report = |it: &Node<'_>| it.as_text().is_none_or(|it| it == "ReportBatchItemFailures");
        let reports = types.is_some_and(|types| types.as_list().is_none_or(|types| types.iter().any(may_report)));
        if reports || mapping.number("BatchSize", BATCH).is_none_or(|size| size <= 1.0) || view.is_settled(&[mapping]) {
            continue;
        }
        let function = mapping.resource.property("FunctionName").and_then(|function| view.function_of(function));
        // A handler of evc says which messages failed; who does not listen takes all for done.
        let lost = function.is_some_and(|function| matches!(function.resource.origin, Origin::Derived(_)));
        let place = mapping.place_of("FunctionResponseTypes");
        let diagnostic = if lost {
            let message = format!("messages of queue `{}` that fail are taken for done", queue.id);
            Diagnostic::new(Code::EVC1067, place, message)
                .note("the handler answers with the messages that failed, and Lambda does not look at the answer")
        } else {
            let message = format!("when one message of queue `{}` fails, its whole batch comes again", queue.id);
            Diagnostic::new(Code::EVC1068, place, message)
                .note("those that succeeded are done again, and may end as dead letters with the one that fails")
        };
        diagnostics.push(diagnostic.help("`FunctionResponseTypes: [ReportBatchItemFailures]`, and a handler that answers with them; or `BatchSize: 1`"));
    }
}
