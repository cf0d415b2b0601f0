//! Services that may act for anybody: policies and permissions that name a service, and not whose.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>

use crate::audit::iam::{Of, Statement, statements};
use crate::audit::view::{Named, View};
use crate::diagnostics::{Code, Diagnostic};

/// Services that call what a resource policy or a permission lets them, for which AWS recommends to say from where.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html>,
/// <https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-services.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html>
const CALLERS: [&str; 9] = [
    "apigateway.amazonaws.com",
    "cognito-idp.amazonaws.com",
    "config.amazonaws.com",
    "events.amazonaws.com",
    "iot.amazonaws.com",
    "logs.amazonaws.com",
    "s3.amazonaws.com",
    "ses.amazonaws.com",
    "sns.amazonaws.com",
];

/// Services that take on roles, for which AWS recommends the same.
/// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html>,
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html>,
/// <https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html#prevent-cross-service-confused-deputy-issue>
const TAKERS: [&str; 4] =
    ["scheduler.amazonaws.com", "events.amazonaws.com", "pipes.amazonaws.com", "states.amazonaws.com"];

/// Keys that say whose.
const WHOSE: [&str; 6] = [
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceowner",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:principalorgid",
];

/// Policies of what services call.
const POLICIES: [&str; 4] =
    ["AWS::SQS::QueuePolicy", "AWS::SQS::QueueInlinePolicy", "AWS::SNS::TopicPolicy", "AWS::SNS::TopicInlinePolicy"];

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for statement in statements(view) {
        if statement.allows() && !view.is_settled(&[statement.resource]) {
            diagnostics.extend(of_statement(&statement));
        }
    }
    for permission in view.of_type("AWS::Lambda::Permission") {
        // SAM's have what they need.
        if view.template.resources.contains_key(permission.id) && !view.is_settled(&[permission]) {
            diagnostics.extend(of_permission(permission));
        }
    }
}

fn of_statement(statement: &Statement<'_>) -> Option<Diagnostic> {
    let id = statement.resource.id;
    let type_ = &*statement.resource.resource.type_.text;
    let services: &[&str] = match statement.of {
        Of::Resource if POLICIES.contains(&type_) => &CALLERS,
        Of::Trust => &TAKERS,
        Of::Resource | Of::Identity => return None,
    };
    let named = |(kind, node): (&str, &crate::audit::template::Node<'_>)| {
        let text = node.as_text().filter(|_| kind == "Service" && statement.is_written(node))?;
        services.iter().find(|service| **service == text).map(|service| (*service, statement.place(node)))
    };
    let (service, place) = statement.principals().into_iter().find_map(named)?;
    if statement.condition_keys()?.iter().any(|key| WHOSE.contains(&key.as_str())) {
        return None;
    }
    let message = if statement.of == Of::Trust {
        format!("`{service}` may take on role `{id}` for any account")
    } else {
        format!("`{id}` lets `{service}` in for any account")
    };
    Some(report(place, message).help("`Condition: { StringEquals: { aws:SourceAccount: { Ref: AWS::AccountId } } }`, or `ArnLike` with `aws:SourceArn`"))
}

fn of_permission(permission: Named<'_>) -> Option<Diagnostic> {
    let principal = permission.resource.property("Principal")?;
    let service = principal.as_text().filter(|text| CALLERS.contains(text))?;
    let whose = ["SourceArn", "SourceAccount", "PrincipalOrgID", "EventSourceToken"];
    if whose.iter().any(|property| permission.resource.property(property).is_some()) {
        return None;
    }
    let place = principal.place.unwrap_or_else(|| permission.place_of("Principal"));
    let message = format!("`{}` lets `{service}` call the function for any account", permission.id);
    Some(
        report(place, message)
            .help("`SourceArn` with what it is called from, or `SourceAccount: { Ref: AWS::AccountId }`"),
    )
}

fn report(place: crate::source::Span, message: String) -> Diagnostic {
    Diagnostic::new(Code::EVC1075, place, message)
        .note("a service acts for all of its customers: somebody else's rule, bucket or schedule can name yours")
}
