//! Two resources of one name, of which the second is there already when it is made.

use indexmap::IndexMap;

use crate::audit::template::{Call, Node};
use crate::audit::text::Text;
use crate::audit::view::{Named, View};
use crate::diagnostics::{Code, Diagnostic};

/// Types with the property that is their name in the account and the Region.
const NAMED: [(&str, &str); 17] = [
    ("AWS::CloudWatch::Alarm", "AlarmName"),
    ("AWS::CloudWatch::Dashboard", "DashboardName"),
    ("AWS::DynamoDB::Table", "TableName"),
    ("AWS::Events::EventBus", "Name"),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::Kinesis::Stream", "Name"),
    ("AWS::KinesisFirehose::DeliveryStream", "DeliveryStreamName"),
    ("AWS::Lambda::Function", "FunctionName"),
    ("AWS::Logs::LogGroup", "LogGroupName"),
    ("AWS::Pipes::Pipe", "Name"),
    ("AWS::S3::Bucket", "BucketName"),
    ("AWS::SNS::Topic", "TopicName"),
    ("AWS::SQS::Queue", "QueueName"),
    ("AWS::SSM::Parameter", "Name"),
    ("AWS::SecretsManager::Secret", "Name"),
    ("AWS::StepFunctions::StateMachine", "StateMachineName"),
];

/// How many names within names are looked at: a log group has its function's.
const DEPTH: usize = 3;

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for (type_, property) in NAMED {
        let mut first: IndexMap<String, Named<'_>> = IndexMap::new();
        for resource in view.of_type(type_) {
            let Some(name) = resource.resource.property(property).and_then(|name| named(view, name, 0)) else {
                continue;
            };
            match first.get(&name) {
                None => {
                    first.insert(name, resource);
                }
                Some(other) if view.is_settled(&[*other, resource]) => {}
                Some(other) => diagnostics.push(report(*other, resource, property)),
            }
        }
    }
}

/// A name as text, with those of resources in it as they are; what is known when it is deployed stands as `${Name}`.
fn named(view: &View<'_>, node: &Node<'_>, depth: usize) -> Option<String> {
    let text = match node.as_call() {
        Some(Call::Ref(name)) => format!("${{{}}}", name.text),
        _ => Text::of(node)?.text,
    };
    let mut name = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("${") {
        let (inside, after) = after.split_once('}')?;
        name.push_str(before);
        match name_of(view, inside).filter(|_| depth < DEPTH).and_then(|inner| named(view, inner, depth + 1)) {
            Some(inner) => name.push_str(&inner),
            // What is put together of something that is not known.
            None if inside == "?" => return None,
            None => name.extend(["${", inside, "}"]),
        }
        rest = after;
    }
    name.push_str(rest);
    Some(name)
}

/// The name that is given to a resource whose `Ref` is its name.
fn name_of<'v>(view: &'v View<'_>, id: &str) -> Option<&'v Node<'v>> {
    let resource = view.resource(id)?.resource;
    let (_, property) = NAMED.iter().find(|(type_, _)| *type_ == resource.type_.text)?;
    let is_name = !matches!(*property, "TopicName" | "QueueName" | "StateMachineName" | "ManagedPolicyName");
    let is_secret = resource.type_.text == "AWS::SecretsManager::Secret";
    resource.property(property).filter(|_| is_name && !is_secret)
}

fn report(one: Named<'_>, other: Named<'_>, property: &str) -> Diagnostic {
    let (told, beside) =
        if !other.resource.is_touched() && one.resource.is_touched() { (one, other) } else { (other, one) };
    let message = format!("`{}` and `{}` have the same name", told.id, beside.id);
    Diagnostic::new(Code::EVC1041, told.place_of(property), message)
        .secondary(beside.place_of(property), "the other is here")
        .note("AWS refuses the second, which is there already")
        .help(if beside.resource.is_touched() {
            "give one of them another name, or none, which CloudFormation then gives it".to_owned()
        } else {
            format!("take it out, and change `{}` under `overrides`; or give it another name", beside.id)
        })
}
