//! What a thing has one of, and gets two: policies, mappings, settings. Either AWS refuses the second, or the one that is made last takes the
//! place of the other.

use indexmap::IndexMap;

use crate::audit::same::written;
use crate::audit::template::Node;
use crate::audit::view::{Named, View};
use crate::diagnostics::{Code, Diagnostic};

/// A type of which something has one.
struct One {
    type_: &'static str,
    /// The properties that say of what; one with a `?` may be absent.
    of: &'static [&'static str],
    /// What it is called in messages, which is the same for types that take each other's place.
    what: &'static str,
    /// Whether the second is refused. Else the one that is made last is what there is.
    refused: bool,
}

const fn replaced(type_: &'static str, of: &'static [&'static str], what: &'static str) -> One {
    One { type_, of, what, refused: false }
}

const fn refused(type_: &'static str, of: &'static [&'static str], what: &'static str) -> One {
    One { type_, of, what, refused: true }
}

/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html>,
/// <https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html>,
/// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html>,
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutResourcePolicy.html>,
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html>,
/// <https://docs.aws.amazon.com/waf/latest/APIReference/API_AssociateWebACL.html>,
/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>,
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventinvokeconfig.html>,
/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html>,
/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunctionUrlConfig.html>
const ONLY: [One; 13] = [
    replaced("AWS::SQS::QueuePolicy", &["Queues"], "policy"),
    replaced("AWS::SQS::QueueInlinePolicy", &["Queue"], "policy"),
    replaced("AWS::SNS::TopicPolicy", &["Topics"], "policy"),
    replaced("AWS::SNS::TopicInlinePolicy", &["TopicArn"], "policy"),
    replaced("AWS::S3::BucketPolicy", &["Bucket"], "policy"),
    replaced("AWS::SecretsManager::ResourcePolicy", &["SecretId"], "policy"),
    replaced("AWS::Kinesis::ResourcePolicy", &["ResourceArn"], "policy"),
    replaced("AWS::Events::EventBusPolicy", &["StatementId", "EventBusName?"], "statement of that id"),
    replaced("AWS::WAFv2::WebACLAssociation", &["ResourceArn"], "web ACL"),
    refused(MAPPING, &["EventSourceArn", "FunctionName"], "mapping to the same function"),
    refused("AWS::Lambda::EventInvokeConfig", &["FunctionName", "Qualifier"], "setting of asynchronous invocations"),
    refused("AWS::Lambda::Alias", &["FunctionName", "Name"], "alias of that name"),
    refused("AWS::Lambda::Url", &["TargetFunctionArn", "Qualifier?"], "URL"),
];

const MAPPING: &str = "AWS::Lambda::EventSourceMapping";

/// Sources that Lambda reads once for a function. Of brokers it reads several topics and queues.
const SOURCES: [(&str, &str); 3] =
    [("AWS::SQS::Queue", ":sqs:"), ("AWS::DynamoDB::Table", ":dynamodb:"), ("AWS::Kinesis::Stream", ":kinesis:")];

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut first: IndexMap<String, Named<'_>> = IndexMap::new();
    for only in &ONLY {
        for resource in view.of_type(only.type_).filter(|it| only.type_ != MAPPING || is_read_once(view, *it)) {
            for (of, key) in owners(view, resource, only) {
                match first.get(&key) {
                    None => {
                        first.insert(key, resource);
                    }
                    Some(other) if other.id == resource.id || view.is_settled(&[*other, resource]) => {}
                    Some(other) => diagnostics.push(report(only, of, *other, resource)),
                }
            }
        }
    }
}

fn is_read_once(view: &View<'_>, mapping: Named<'_>) -> bool {
    let Some(source) = mapping.resource.property("EventSourceArn") else { return false };
    let type_ = view.resource_of(source).map(|source| &*source.resource.type_.text);
    let is_of = |arn: &str| written(source).is_some_and(|source| source.contains(arn));
    SOURCES.iter().any(|(known, arn)| type_ == Some(*known) || (type_.is_none() && is_of(arn)))
}

/// Each thing that has it, by what it is called and by what it is together with the rest of what must differ.
fn owners<'v>(view: &'v View<'_>, resource: Named<'v>, only: &One) -> Vec<(&'v Node<'v>, String)> {
    let service = only.type_.rsplit_once("::").map_or("", |(service, _)| service);
    let Some((of, rest)) = only.of.split_first() else { return Vec::new() };
    let mut key = format!("{service} {}", only.what);
    for property in rest {
        match resource.resource.property(property.trim_end_matches('?')).map(|node| said(view, node)) {
            Some(Some(said)) => key.extend([" ", &said]),
            None if property.ends_with('?') => key.push_str(" -"),
            Some(None) | None => return Vec::new(),
        }
    }
    let of = resource.resource.property(of).map(Node::one_or_many).unwrap_or_default();
    of.iter().filter_map(|of| Some((of, format!("{key} {}", said(view, of)?)))).collect()
}

/// A resource, however it is referred to, or what is written.
fn said(view: &View<'_>, node: &Node<'_>) -> Option<String> {
    view.resource_of(node).map(|resource| format!("resource {}", resource.id)).or_else(|| written(node))
}

fn report(only: &One, of: &Node<'_>, one: Named<'_>, other: Named<'_>) -> Diagnostic {
    // The one that somebody wrote is the one that can be changed.
    let is_made = |it: Named<'_>| !it.resource.is_touched();
    let (told, beside) = if is_made(other) && !is_made(one) { (one, other) } else { (other, one) };
    let named = of.referent().or_else(|| of.as_literal());
    let named = named.map_or_else(|| "what they are of".to_owned(), |name| format!("`{name}`"));
    let message = format!("{named} has one {}, and gets two: `{}` and `{}`", only.what, one.id, other.id);
    let place = told.resource.type_.place.unwrap_or(told.resource.place);
    let diagnostic = Diagnostic::new(Code::EVC1040, place, message)
        .secondary(beside.resource.type_.place.unwrap_or(beside.resource.place), "the other is here");
    let help = match only.what {
        "policy" if is_made(beside) => {
            format!("take it out, and add its statements to `{}` under `overrides`", beside.id)
        }
        "policy" => "put the statements of both into one".to_owned(),
        _ if is_made(beside) => format!("take it out, and change `{}` under `overrides`", beside.id),
        _ => "make one of them".to_owned(),
    };
    diagnostic
        .note(if only.refused {
            "AWS refuses the second, which is there already"
        } else {
            "the one that is made last takes the place of the other, of which nothing is left"
        })
        .help(help)
}
