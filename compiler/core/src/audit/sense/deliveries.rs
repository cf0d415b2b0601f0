//! What cannot arrive, or is refused, for what the queue or the topic is: encrypted with a key of AWS, or FIFO.

use crate::audit::template::Node;
use crate::audit::view::{Named, View, values};
use crate::diagnostics::{Code, Diagnostic};

/// Keys of AWS, which services cannot be let use, by the type that they are for.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html#compatibility-with-aws-services>,
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services>
const KEYS: [(&str, &str); 2] = [("AWS::SQS::Queue", "alias/aws/sqs"), ("AWS::SNS::Topic", "alias/aws/sns")];

/// Where notifications of a bucket go to.
const NOTIFICATIONS: [(&str, &str); 2] = [("QueueConfigurations", "Queue"), ("TopicConfigurations", "Topic")];

/// Where parameters of a queue as a target name the group of a message.
const GROUPS: [(&str, &[&str]); 2] = [
    ("AWS::Events::Rule", &["SqsParameters", "MessageGroupId"]),
    ("AWS::Scheduler::Schedule", &["SqsParameters", "MessageGroupId"]),
];

/// What topics of the FIFO kind deliver to.
/// <https://docs.aws.amazon.com/sns/latest/dg/fifo-message-delivery.html>
const OF_FIFO_TOPICS: [&str; 1] = ["sqs"];

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for rule in view.of_type("AWS::Events::Rule") {
        for target in rule.resource.property("Targets").and_then(Node::as_list).into_iter().flatten() {
            for arn in [target.get("Arn"), target.at(&["DeadLetterConfig", "Arn"])].into_iter().flatten() {
                encrypted(view, rule, arn, "EventBridge", diagnostics);
            }
            grouped(view, rule, target, diagnostics);
        }
    }
    for schedule in view.of_type("AWS::Scheduler::Schedule") {
        if let Some(target) = schedule.resource.property("Target") {
            grouped(view, schedule, target, diagnostics);
        }
    }
    for pipe in view.of_type("AWS::Pipes::Pipe") {
        let parameters = pipe.resource.property("TargetParameters");
        let group = parameters.and_then(|it| it.at(&["SqsQueueParameters", "MessageGroupId"]));
        if let (Some(target), None) = (pipe.resource.property("Target"), group) {
            in_group(
                view,
                pipe,
                target,
                "`TargetParameters: { SqsQueueParameters: { MessageGroupId: .. } }`",
                diagnostics,
            );
        }
    }
    for subscription in view.of_type("AWS::SNS::Subscription") {
        subscribed(view, subscription, diagnostics);
    }
    for bucket in view.of_type("AWS::S3::Bucket") {
        let Some(configuration) = bucket.resource.property("NotificationConfiguration") else { continue };
        for (list, key) in NOTIFICATIONS {
            for arn in values(configuration, &[list, "*", key]) {
                encrypted(view, bucket, arn, "S3", diagnostics);
                never_fifo(view, bucket, arn, "S3 sends notifications to standard queues and topics only", diagnostics);
            }
        }
    }
    for alarm in view.of_type("AWS::CloudWatch::Alarm") {
        for property in ["AlarmActions", "OKActions", "InsufficientDataActions"] {
            for arn in alarm.resource.property(property).and_then(Node::as_list).into_iter().flatten() {
                encrypted(view, alarm, arn, "CloudWatch", diagnostics);
            }
        }
    }
    for invoke in view.of_type("AWS::Lambda::EventInvokeConfig") {
        for end in ["OnSuccess", "OnFailure"] {
            let to = invoke.resource.property("DestinationConfig").and_then(|it| it.at(&[end, "Destination"]));
            if let Some(arn) = to {
                never_fifo(view, invoke, arn, "Lambda sends results to standard queues and topics only", diagnostics);
            }
        }
    }
}

/// A service that sends to what is encrypted with a key of AWS, whose policy does not let it.
fn encrypted(view: &View<'_>, from: Named<'_>, to: &Node<'_>, who: &str, diagnostics: &mut Vec<Diagnostic>) {
    let Some(target) = view.resource_of(to).filter(|target| !view.is_settled(&[from, *target])) else { return };
    let key = target.resource.property("KmsMasterKeyId").filter(|key| {
        let type_ = &*target.resource.type_.text;
        KEYS.iter().any(|(known, alias)| *known == type_ && key.as_text() == Some(alias))
    });
    let Some(key) = key.and_then(Node::as_text) else { return };
    let message = format!("{who} cannot encrypt what `{}` sends to `{}` with `{key}`", from.id, target.id);
    diagnostics.push(
        Diagnostic::new(Code::EVC1032, to.place.unwrap_or(from.resource.place), message)
            .secondary(target.place_of("KmsMasterKeyId"), "a key of AWS")
            .note("the policy of a key of AWS lets no other service use it, and cannot be changed: nothing arrives")
            .help(
                "`SqsManagedSseEnabled: true` for a queue, or a key of your own whose policy lets the service use it",
            ),
    );
}

fn grouped(view: &View<'_>, from: Named<'_>, target: &Node<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let path = GROUPS.iter().find(|(type_, _)| *type_ == from.resource.type_.text).map(|(_, path)| *path);
    let has_group = path.is_some_and(|path| target.at(path).is_some());
    if let (Some(arn), false) = (target.get("Arn"), has_group) {
        in_group(view, from, arn, "`SqsParameters: { MessageGroupId: .. }` beside its `Arn`", diagnostics);
    }
}

/// A FIFO queue is sent messages of a group.
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_SqsParameters.html>
fn in_group(view: &View<'_>, from: Named<'_>, to: &Node<'_>, help: &str, diagnostics: &mut Vec<Diagnostic>) {
    let queue = view.resource_of(to).filter(|it| &*it.resource.type_.text == "AWS::SQS::Queue");
    let Some(queue) = queue.filter(|queue| queue.flag("FifoQueue") == Some(true)) else { return };
    if view.is_settled(&[from, queue]) {
        return;
    }
    let message = format!("`{}` sends to the FIFO queue `{}`, and does not say in which group", from.id, queue.id);
    diagnostics.push(
        Diagnostic::new(Code::EVC1033, to.place.unwrap_or(from.resource.place), message)
            .secondary(queue.place_of("FifoQueue"), "this one")
            .note("messages of a FIFO queue have a group")
            .help(help),
    );
}

/// Subscriptions between topics and queues of different kinds.
fn subscribed(view: &View<'_>, subscription: Named<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let of = |property: &str| subscription.resource.property(property);
    let Some(to) = of("Endpoint") else { return };
    encrypted(view, subscription, to, "SNS", diagnostics);
    let topic = of("TopicArn").and_then(|topic| view.resource_of(topic));
    let Some(topic) = topic.filter(|topic| !view.is_settled(&[subscription, *topic])) else { return };
    let place = to.place.unwrap_or(subscription.resource.place);
    match (topic.flag("FifoTopic"), view.resource_of(to)) {
        (Some(false), Some(queue))
            if &*queue.resource.type_.text == "AWS::SQS::Queue" && queue.flag("FifoQueue") == Some(true) =>
        {
            let message = format!("`{}` is a FIFO queue, and topic `{}` is a standard one", queue.id, topic.id);
            diagnostics.push(
                Diagnostic::new(Code::EVC1034, place, message)
                    .secondary(topic.resource.place, "this one")
                    .note("SNS refuses the subscription: a standard topic keeps no order"),
            );
        }
        (Some(true), _) => {
            let protocol = of("Protocol").and_then(Node::as_text);
            let Some(protocol) = protocol.filter(|it| !OF_FIFO_TOPICS.contains(it)) else { return };
            let message = format!("topic `{}` is a FIFO topic, which does not deliver by `{protocol}`", topic.id);
            diagnostics.push(
                Diagnostic::new(Code::EVC1034, subscription.place_of("Protocol"), message)
                    .secondary(topic.place_of("FifoTopic"), "this one")
                    .help("a queue between them, which the topic delivers to"),
            );
        }
        _ => {}
    }
}

fn never_fifo(view: &View<'_>, from: Named<'_>, to: &Node<'_>, why: &str, diagnostics: &mut Vec<Diagnostic>) {
    let Some(target) = view.resource_of(to).filter(|target| !view.is_settled(&[from, *target])) else { return };
    let (flag, what) = match &*target.resource.type_.text {
        "AWS::SQS::Queue" => ("FifoQueue", "queue"),
        "AWS::SNS::Topic" => ("FifoTopic", "topic"),
        _ => return,
    };
    if target.flag(flag) != Some(true) {
        return;
    }
    let message = format!("`{}` sends to `{}`, a FIFO {what}", from.id, target.id);
    diagnostics.push(
        Diagnostic::new(Code::EVC1034, to.place.unwrap_or(from.resource.place), message)
            .secondary(target.place_of(flag), "this one")
            .note(why),
    );
}
