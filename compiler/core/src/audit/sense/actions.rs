//! Actions that there are not.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

use crate::audit::iam::statements;
use crate::audit::view::View;
use crate::aws::iam;
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::source::Span;

/// Calls of AWS that are no actions, and the actions that allow them.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>, and the pages of each service.
const CALLS: [(&str, &str); 21] = [
    ("s3:HeadObject", "s3:GetObject"),
    ("s3:CopyObject", "s3:GetObject` and `s3:PutObject"),
    ("s3:DeleteObjects", "s3:DeleteObject"),
    ("s3:ListObjects", "s3:ListBucket"),
    ("s3:ListObjectsV2", "s3:ListBucket"),
    ("s3:HeadBucket", "s3:ListBucket"),
    ("s3:ListBuckets", "s3:ListAllMyBuckets"),
    ("s3:UploadPart", "s3:PutObject"),
    ("s3:CreateMultipartUpload", "s3:PutObject"),
    ("s3:CompleteMultipartUpload", "s3:PutObject"),
    ("lambda:Invoke", "lambda:InvokeFunction"),
    ("sqs:SendMessageBatch", "sqs:SendMessage"),
    ("sqs:DeleteMessageBatch", "sqs:DeleteMessage"),
    ("sqs:ChangeMessageVisibilityBatch", "sqs:ChangeMessageVisibility"),
    ("sns:PublishBatch", "sns:Publish"),
    (
        "dynamodb:TransactWriteItems",
        "dynamodb:PutItem`, `dynamodb:UpdateItem`, `dynamodb:DeleteItem` and `dynamodb:ConditionCheckItem",
    ),
    ("dynamodb:TransactGetItems", "dynamodb:GetItem"),
    ("dynamodb:CreateItem", "dynamodb:PutItem"),
    ("firehose:PutRecords", "firehose:PutRecordBatch"),
    ("bedrock:Converse", "bedrock:InvokeModel"),
    ("bedrock:ConverseStream", "bedrock:InvokeModelWithResponseStream"),
];

/// Actions that AWS's own policies name, and its reference does not: the policy that a topic has by default.
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html>
const UNLISTED: [&str; 1] = ["sns:Receive"];

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for statement in statements(view).iter().filter(|it| !view.is_settled(&[it.resource])) {
        for action in statement.actions() {
            diagnostics.extend(of_action(action.text, action.place));
        }
    }
    for permission in view.of_type("AWS::Lambda::Permission").filter(|it| !view.is_settled(&[*it])) {
        let Some(action) = permission.resource.property("Action") else { continue };
        let place = action.place.unwrap_or_else(|| permission.place_of("Action"));
        // What is no name of an action at all is told by the shape of the property.
        let text = action.as_text().filter(|text| text.contains(':'));
        diagnostics.extend(text.and_then(|text| of_action(text, place)));
    }
}

fn of_action(text: &str, place: Span) -> Option<Diagnostic> {
    if text == "*" || UNLISTED.iter().any(|known| known.eq_ignore_ascii_case(text)) {
        return None;
    }
    let Some((prefix, name)) = text.split_once(':') else {
        let message = format!("`{text}` is no action of IAM");
        let help = "an action has its service before it: `sqs:SendMessage`; `*` is every action";
        return Some(Diagnostic::new(Code::EVC1073, place, message).help(help));
    };
    if prefix.contains(['*', '?']) {
        return None;
    }
    let Some(service) = iam::service(prefix) else {
        // A service may be newer than the data. One that is another misspelt has the other's actions.
        let near = nearest(prefix, iam::services())?;
        iam::service(near)?.action(&format!("{near}:{name}"))?;
        let message = format!("there is no service `{prefix}`, and so no action `{text}`");
        return Some(Diagnostic::new(Code::EVC1073, place, message).help(format!("did you mean `{near}:{name}`?")));
    };
    if !service.matching(text).is_empty() {
        return None;
    }
    let is_pattern = name.contains(['*', '?']);
    let message =
        if is_pattern { format!("no action matches `{text}`") } else { format!("there is no action `{text}`") };
    let diagnostic = Diagnostic::new(Code::EVC1073, place, message).note("a policy with it allows nothing by it");
    if let Some((_, action)) = CALLS.iter().find(|(call, _)| call.eq_ignore_ascii_case(text)) {
        return Some(diagnostic.help(format!("the call of this name is allowed by `{action}`")));
    }
    let names: Vec<&str> = service.actions.iter().map(|action| action.name).collect();
    let near = nearest(name.trim_matches('*'), &names);
    Some(match near {
        Some(near) if is_pattern => diagnostic.help(format!("there is `{}:{near}`", service.prefix)),
        Some(near) => diagnostic.help(format!("did you mean `{}:{near}`?", service.prefix)),
        None => diagnostic,
    })
}
