//! Policies and permissions for anybody: `Principal: "*"` without a condition that says who.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-anonymous>

use crate::audit::iam::{Of, Statement, statements};
use crate::audit::view::{Named, View};
use crate::diagnostics::{Code, Diagnostic};

/// Condition keys that say how, when or where something is asked for, and not by whom. Others are taken to limit who it is.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
const NOT_WHO: [&str; 6] = [
    "aws:securetransport",
    "aws:currenttime",
    "aws:epochtime",
    "aws:requestedregion",
    "aws:useragent",
    "s3:tlsversion",
];

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for statement in statements(view) {
        if statement.of != Of::Identity && statement.allows() && !view.is_settled(&[statement.resource]) {
            diagnostics.extend(of_statement(view, &statement));
        }
    }
    for permission in view.of_type("AWS::Lambda::Permission").filter(|it| !view.is_settled(&[*it])) {
        diagnostics.extend(of_permission(view, permission));
    }
}

fn of_statement(view: &View<'_>, statement: &Statement<'_>) -> Option<Diagnostic> {
    let all = statement.principals().into_iter().find(|(_, node)| node.as_text() == Some("*")).map(|(_, node)| node);
    let others = statement.node.get("NotPrincipal");
    let node = all.or(others)?;
    if statement.condition_keys()?.iter().any(|key| !NOT_WHO.contains(&key.as_str())) || is_website(view, statement) {
        return None;
    }
    let place = node.place.unwrap_or_else(|| statement.place(node));
    let id = statement.resource.id;
    let message = match (statement.of, others.is_some()) {
        (Of::Trust, _) => format!("anybody may take on role `{id}`"),
        (Of::Resource | Of::Identity, false) => format!("`{id}` lets anybody in"),
        (Of::Resource | Of::Identity, true) => format!("`{id}` lets everybody in but a few"),
    };
    let diagnostic = Diagnostic::new(Code::EVC1072, place, message);
    Some(
        diagnostic
            .note("`*` is everybody: every account of AWS, and callers without one")
            .help("name who may: `Principal: { Service: events.amazonaws.com }`, `{ AWS: <an ARN> }`; or limit it by a condition on `aws:SourceArn`, `aws:SourceAccount` or `aws:PrincipalOrgID`"),
    )
}

/// Whether a bucket is there to be read by anybody: it is a website, or says that it is public.
fn is_website(view: &View<'_>, statement: &Statement<'_>) -> bool {
    let bucket = statement.resource.resource.property("Bucket").and_then(|bucket| view.resource_of(bucket));
    let reads = statement.actions().iter().all(|action| action.text.to_ascii_lowercase().starts_with("s3:getobject"));
    reads
        && bucket.is_some_and(|bucket| {
            let blocked = bucket.resource.property("PublicAccessBlockConfiguration");
            bucket.resource.property("WebsiteConfiguration").is_some()
                || blocked
                    .and_then(|it| it.get("BlockPublicPolicy"))
                    .is_some_and(|blocks| blocks.as_bool() == Some(false))
        })
}

fn of_permission(view: &View<'_>, permission: Named<'_>) -> Option<Diagnostic> {
    let principal = permission.resource.property("Principal")?;
    let limits = ["SourceArn", "SourceAccount", "PrincipalOrgID", "EventSourceToken"];
    // A function URL without authorization is for anybody, and says so.
    let url =
        permission.resource.property("FunctionUrlAuthType").or(permission.resource.property("InvokedViaFunctionUrl"));
    if principal.as_text() != Some("*")
        || url.is_some()
        || limits.iter().any(|limit| permission.resource.property(limit).is_some())
    {
        return None;
    }
    let function = permission.resource.property("FunctionName").and_then(|function| view.resource_of(function));
    let message = match function {
        Some(function) => format!("anybody may call function `{}`", function.id),
        None => format!("`{}` lets anybody call a function", permission.id),
    };
    let place = principal.place.unwrap_or_else(|| permission.place_of("Principal"));
    Some(
        Diagnostic::new(Code::EVC1072, place, message)
            .note("`*` is everybody: every account of AWS")
            .help("name who may, such as `events.amazonaws.com` with a `SourceArn`, or an account; a function URL says `FunctionUrlAuthType: NONE`"),
    )
}
