//! Dead letters: whether they can get to their queue, and stay there long enough.
//!
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html>

use crate::audit::template::Node;
use crate::audit::view::{Named, View};
use crate::diagnostics::{Code, Diagnostic};

/// Seconds that a queue keeps a message unless it says so: four days.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html>
const RETENTION: f64 = 345_600.0;

const QUEUE: &str = "AWS::SQS::Queue";

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for queue in view.of_type(QUEUE) {
        match queue.resource.property("RedrivePolicy") {
            Some(policy) => {
                if let Some(target) = policy.get("deadLetterTargetArn").and_then(|target| view.resource_of(target)) {
                    of_queue(view, queue, target, diagnostics);
                }
            }
            None => without(view, queue, diagnostics),
        }
    }
    for function in view.of_type("AWS::Lambda::Function") {
        let target = function.resource.property("DeadLetterConfig").and_then(|config| config.get("TargetArn"));
        never_fifo(view, function, "DeadLetterConfig", target, diagnostics);
    }
    for rule in view.of_type("AWS::Events::Rule") {
        for target in rule.resource.property("Targets").and_then(Node::as_list).into_iter().flatten() {
            let queue = target.at(&["DeadLetterConfig", "Arn"]);
            never_fifo(view, rule, "Targets", queue, diagnostics);
        }
    }
}

/// The dead-letter queue of a queue.
fn of_queue(view: &View<'_>, queue: Named<'_>, target: Named<'_>, diagnostics: &mut Vec<Diagnostic>) {
    if &*target.resource.type_.text != QUEUE || view.is_settled(&[queue, target]) {
        return;
    }
    let place = queue.place_of("RedrivePolicy");
    if let (Some(one), Some(other)) = (queue.flag("FifoQueue"), target.flag("FifoQueue"))
        && one != other
    {
        let kind = |fifo| if fifo { "a FIFO queue" } else { "a standard queue" };
        let message = format!(
            "`{}` is {}, and its dead letters are to go to `{}`, {}",
            queue.id,
            kind(one),
            target.id,
            kind(other)
        );
        diagnostics.push(
            Diagnostic::new(Code::EVC1065, place, message)
                .secondary(target.resource.place, "this one")
                .note("SQS refuses a dead-letter queue of another kind"),
        );
        return;
    }
    let kept = (queue.number("MessageRetentionPeriod", RETENTION), target.number("MessageRetentionPeriod", RETENTION));
    // A message of a standard queue keeps its age when it is moved.
    if let (Some(before), Some(after)) = kept
        && after < before
    {
        let time = |seconds: f64| match seconds / 86_400.0 {
            days if days.fract() == 0.0 => format!("{days} days"),
            _ => format!("{seconds} s"),
        };
        let message = format!(
            "dead letters in `{}` are gone after {}, those of `{}` may be {} old when they come",
            target.id,
            time(after),
            queue.id,
            time(before)
        );
        diagnostics.push(
            Diagnostic::new(Code::EVC0619, target.place_of("MessageRetentionPeriod"), message)
                .secondary(queue.place_of("MessageRetentionPeriod"), "it keeps messages longer")
                .help("`MessageRetentionPeriod: 1209600`, which are 14 days, the most there is"),
        );
    }
}

/// A queue that a function reads and that has none: a message that cannot be done comes back until it is too old.
fn without(view: &View<'_>, queue: Named<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let reader = view.of_type("AWS::Lambda::EventSourceMapping").find(|mapping| {
        let source = mapping.resource.property("EventSourceArn").and_then(Node::referent);
        source == Some(queue.id)
    });
    let Some(reader) = reader.filter(|_| !view.is_settled(&[queue])) else { return };
    let message = format!("queue `{}` has no dead-letter queue", queue.id);
    diagnostics.push(
        Diagnostic::new(Code::EVC1066, queue.resource.place, message)
            .secondary(reader.resource.place, "what cannot be done here comes again and again")
            .note("a message that fails each time is tried until it is too old, and then it is gone")
            .help("`RedrivePolicy: { deadLetterTargetArn: .., maxReceiveCount: 5 }`"),
    );
}

/// What Lambda and EventBridge send dead letters to is a standard queue.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>,
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>
fn never_fifo(
    view: &View<'_>,
    of: Named<'_>,
    property: &str,
    target: Option<&Node<'_>>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(queue) = target.and_then(|target| view.resource_of(target)) else { return };
    if queue.flag("FifoQueue") != Some(true) || view.is_settled(&[of, queue]) {
        return;
    }
    let place = target.and_then(|target| target.place).unwrap_or_else(|| of.place_of(property));
    let message = format!("dead letters of `{}` are to go to `{}`, a FIFO queue", of.id, queue.id);
    diagnostics.push(
        Diagnostic::new(Code::EVC1065, place, message)
            .secondary(queue.place_of("FifoQueue"), "this one")
            .note("Lambda and EventBridge send dead letters to standard queues only"),
    );
}
