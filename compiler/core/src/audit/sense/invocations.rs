//! Whether who is to call a function, a queue or a topic may: permissions and resource policies.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html>

use crate::audit::iam::ALIAS;
use crate::audit::template::Node;
use crate::audit::view::{Named, View};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

const FUNCTION: &str = "AWS::Lambda::Function";

/// By itself, or of a Region: `logs.eu-west-1.amazonaws.com`.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#LambdaFunctionExample>
const LOGS: &str = "logs.amazonaws.com";

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for rule in view.of_type("AWS::Events::Rule") {
        for target in rule.resource.property("Targets").and_then(Node::as_list).into_iter().flatten() {
            // A role is for what it says, and is looked at as one.
            if target.get("RoleArn").is_some() {
                continue;
            }
            let to = target.get("Arn").map(|arn| (arn, "events.amazonaws.com", "the rule"));
            let letters =
                target.at(&["DeadLetterConfig", "Arn"]).map(|arn| (arn, "events.amazonaws.com", "EventBridge"));
            for (arn, service, who) in to.into_iter().chain(letters) {
                may(view, rule, arn, (service, who), diagnostics);
            }
        }
    }
    for subscription in view.of_type("AWS::SNS::Subscription") {
        if let Some(to) = subscription.resource.property("Endpoint") {
            may(view, subscription, to, ("sns.amazonaws.com", "the topic"), diagnostics);
        }
    }
    for filter in view.of_type("AWS::Logs::SubscriptionFilter") {
        let (to, role) = (filter.resource.property("DestinationArn"), filter.resource.property("RoleArn"));
        if let (Some(to), None) = (to, role) {
            may(view, filter, to, (LOGS, "the subscription filter"), diagnostics);
        }
    }
    for alarm in view.of_type("AWS::CloudWatch::Alarm") {
        let lists = ["AlarmActions", "OKActions", "InsufficientDataActions"];
        let actions = lists.into_iter().filter_map(|list| alarm.resource.property(list)).flat_map(Node::one_or_many);
        // A topic lets the alarms of its account in by itself.
        for to in actions.filter(|to| view.function_of(to).is_some_and(|it| &*it.resource.type_.text == FUNCTION)) {
            may(view, alarm, to, ("lambda.alarms.cloudwatch.amazonaws.com", "the alarm"), diagnostics);
        }
    }
    for integration in view.of_type("AWS::ApiGatewayV2::Integration") {
        let (uri, role) =
            (integration.resource.property("IntegrationUri"), integration.resource.property("CredentialsArn"));
        if let (Some(uri), None) = (uri, role) {
            by_api(view, integration, uri, diagnostics);
        }
    }
    for method in view.of_type("AWS::ApiGateway::Method") {
        let of = |key: &str| method.resource.property("Integration").and_then(|it| it.get(key));
        if let (Some(uri), None) = (of("Uri"), of("Credentials")) {
            by_api(view, method, uri, diagnostics);
        }
    }
    for bucket in view.of_type("AWS::S3::Bucket") {
        let Some(configuration) = bucket.resource.property("NotificationConfiguration") else { continue };
        for (list, key) in
            [("LambdaConfigurations", "Function"), ("QueueConfigurations", "Queue"), ("TopicConfigurations", "Topic")]
        {
            for one in configuration.get(list).and_then(Node::as_list).into_iter().flatten() {
                if let Some(to) = one.get(key) {
                    may(view, bucket, to, ("s3.amazonaws.com", "the bucket"), diagnostics);
                }
            }
        }
    }
}

/// A function that an API calls: by its ARN, or by a path of API Gateway that has it.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-integrations.html>
fn by_api(view: &View<'_>, from: Named<'_>, uri: &Node<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let named = View::named_in(uri);
    let mut functions = named.iter().filter_map(|id| view.resource(id));
    let function = functions.find(|it| [FUNCTION, ALIAS].contains(&&*it.resource.type_.text));
    let Some(function) = function else { return };
    if view.is_settled(&[from, function]) || permitted(view, (function, uri), "apigateway.amazonaws.com", from) {
        return;
    }
    let message = format!("`{}` may not be called by the API of `{}`", function.id, from.id);
    diagnostics.push(
        Diagnostic::new(Code::EVC1064, uri.place.unwrap_or(from.resource.place), message)
            .secondary(function.resource.place, "nothing lets it in")
            .help("add an `AWS::Lambda::Permission` for the principal `apigateway.amazonaws.com`"),
    );
}

/// Reports that nothing lets a service call what a value names.
fn may(
    view: &View<'_>,
    from: Named<'_>,
    to: &Node<'_>,
    (service, who): (&str, &str),
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(target) = view.resource_of(to) else { return };
    let (policy, needs) = match &*target.resource.type_.text {
        FUNCTION | ALIAS => (None, "an `AWS::Lambda::Permission`"),
        "AWS::SQS::Queue" => (Some(("AWS::SQS::QueuePolicy", "Queues")), "an `AWS::SQS::QueuePolicy`"),
        "AWS::SNS::Topic" => (Some(("AWS::SNS::TopicPolicy", "Topics")), "an `AWS::SNS::TopicPolicy`"),
        _ => return,
    };
    if view.is_settled(&[from, target]) && view.template.resources.values().all(|it| !it.is_touched()) {
        return;
    }
    let let_in = match policy {
        None => permitted(view, (target, to), service, from),
        Some((type_, key)) => view.of_type(type_).any(|policy| {
            let names = policy.resource.property(key).map(View::named_in).unwrap_or_default();
            names.contains(&target.id)
                && policy.resource.property("PolicyDocument").is_none_or(|it| admits(view, it, service, from))
        }),
    };
    if let_in {
        return;
    }
    let place: Span = to.place.unwrap_or(from.resource.place);
    let message = format!("`{}` may not be called by {who} `{}`", target.id, from.id);
    let message = if who == "EventBridge" {
        format!("EventBridge may not send dead letters of `{}` to `{}`", from.id, target.id)
    } else {
        message
    };
    diagnostics.push(
        Diagnostic::new(Code::EVC1064, place, message)
            .secondary(target.resource.place, "nothing lets it in")
            .help(format!("add {needs} for the principal `{service}`")),
    );
}

/// Whether a permission lets a service call a function or an alias of one, as a value names it. A permission on a function is none on its aliases,
/// and one on an alias none on the function.
/// <https://docs.aws.amazon.com/lambda/latest/dg/using-aliases.html>
fn permitted(view: &View<'_>, (called, by): (Named<'_>, &Node<'_>), service: &str, from: Named<'_>) -> bool {
    view.of_type("AWS::Lambda::Permission").any(|permission| {
        let Some(on) = permission.resource.property("FunctionName") else { return false };
        let (principal, source) =
            (permission.resource.property("Principal"), permission.resource.property("SourceArn"));
        covers(view, on, called, by)
            && principal.is_none_or(|it| it.as_text().is_none_or(|text| is_principal(text, service)))
            && source.is_none_or(|source| may_be_from(view, &[source], from))
    })
}

/// Whether a principal of a permission or a policy is a service.
fn is_principal(text: &str, service: &str) -> bool {
    let of_region = || service == LOGS && text.starts_with("logs.") && text.ends_with(".amazonaws.com");
    text == service || text == "*" || of_region()
}

/// Whether one of the sources that are let in may be what calls. One that is another resource of its kind is not.
fn may_be_from(view: &View<'_>, sources: &[&Node<'_>], from: Named<'_>) -> bool {
    let is_another = |source: &&Node<'_>| {
        let source = view.resource_of(source);
        source.is_some_and(|it| it.id != from.id && it.resource.type_.text == from.resource.type_.text)
    };
    sources.is_empty() || !sources.iter().all(is_another)
}

/// Whether a permission on one value may be one on what is called by another.
fn covers(view: &View<'_>, on: &Node<'_>, called: Named<'_>, by: &Node<'_>) -> bool {
    let names = View::named_in(on);
    // What is not a resource of the template may be any.
    if names.is_empty() || names.contains(&called.id) || names.iter().any(|name| view.resource(name).is_none()) {
        return true;
    }
    // Where text stands about one of the two, it may be the name of the version or the alias.
    let exact = view.resource_of(on).is_some() && view.resource_of(by).is_some();
    let function = |it: Named<'_>| it.resource.property("FunctionName").and_then(Node::referent).map(str::to_owned);
    let of = function(called).unwrap_or_else(|| called.id.to_owned());
    !exact && names.iter().any(|name| *name == of || view.resource(name).and_then(function) == Some(of.clone()))
}

/// Whether a policy document has a statement that allows something to a service, where it acts for what calls.
fn admits(view: &View<'_>, document: &Node<'_>, service: &str, from: Named<'_>) -> bool {
    let Some(statements) = document.get("Statement") else { return true };
    statements.one_or_many().iter().any(|statement| {
        let allows = statement.get("Effect").is_none_or(|effect| effect.as_text().is_none_or(|it| it == "Allow"));
        let principal = statement.get("Principal");
        allows
            && may_be_from(view, &sources(statement), from)
            && principal.is_some_and(|principal| match principal.as_text() {
                Some(text) => text == "*",
                None => principal.as_map().is_none_or(|map| {
                    map.entries.iter().any(|entry| {
                        let names = entry.value.one_or_many();
                        names.iter().any(|it| it.as_text().is_none_or(|text| is_principal(text, service)))
                    })
                }),
            })
    })
}

/// What a statement holds `aws:SourceArn` to.
fn sources<'n>(statement: &'n Node<'n>) -> Vec<&'n Node<'n>> {
    let operators = statement.get("Condition").and_then(Node::as_map).into_iter().flat_map(|map| &map.entries);
    let holding = operators.filter(|operator| ["ArnEquals", "ArnLike", "StringEquals"].contains(&&*operator.key.text));
    let keys = holding.filter_map(|operator| operator.value.as_map()).flat_map(|keys| &keys.entries);
    keys.filter(|key| key.key.text.eq_ignore_ascii_case("aws:SourceArn"))
        .flat_map(|key| key.value.one_or_many())
        .collect()
}
