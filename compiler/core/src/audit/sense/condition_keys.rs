//! Keys of conditions that no request has, and values that no key can have: a condition on one does not limit what it was meant to.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::net::IpAddr;

use crate::audit::iam::{Of, Statement, statements};
use crate::audit::template::{Entry, Kind, Node};
use crate::audit::view::View;
use crate::aws::iam::{self, Service};
use crate::diagnostics::{Code, Diagnostic, list, nearest};
use crate::source::Span;

/// The keys that requests to any service may have. Those with `/` at the end go on with the key of a tag.
const GLOBAL: [&str; 48] = [
    "aws:AssumedRoot",
    "aws:CalledVia",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:ChatbotSourceArn",
    "aws:CurrentTime",
    "aws:Ec2InstanceSourcePrivateIPv4",
    "aws:Ec2InstanceSourceVpc",
    "aws:EpochTime",
    "aws:FederatedProvider",
    "aws:MultiFactorAuthAge",
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalServiceName",
    "aws:PrincipalServiceNamesList",
    "aws:PrincipalTag/",
    "aws:PrincipalType",
    "aws:RequestTag/",
    "aws:RequestedRegion",
    "aws:ResourceAccount",
    "aws:ResourceOrgID",
    "aws:ResourceOrgPaths",
    "aws:ResourceTag/",
    "aws:SecureTransport",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceIdentity",
    "aws:SourceIp",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:SourceVpc",
    "aws:SourceVpcArn",
    "aws:SourceVpce",
    "aws:TagKeys",
    "aws:TokenIssueTime",
    "aws:UserAgent",
    "aws:ViaAWSService",
    "aws:VpcSourceIp",
    "aws:VpceAccount",
    "aws:VpceOrgID",
    "aws:VpceOrgPaths",
    "aws:referer",
    "aws:userid",
    "aws:username",
];

/// Keys with the prefix of a service that a session brings to requests to any other.
const OF_SESSIONS: [&str; 7] = [
    "ec2:RoleDelivery",
    "ec2:SourceInstanceArn",
    "glue:CredentialIssuingService",
    "glue:RoleAssumedBy",
    "identitystore:UserId",
    "lambda:SourceFunctionArn",
    "ssm:SourceInstanceArn",
];

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for statement in statements(view).iter().filter(|it| !view.is_settled(&[it.resource])) {
        let operators = statement.node.get("Condition").and_then(Node::as_map).into_iter().flat_map(|map| &map.entries);
        for operator in operators {
            for entry in operator.value.as_map().into_iter().flat_map(|map| &map.entries) {
                let place = entry.key.place.unwrap_or_else(|| statement.place(&entry.value));
                let found =
                    of_key(statement, &entry.key.text, place).or_else(|| of_values(&operator.key.text, entry, place));
                diagnostics.extend(found);
            }
        }
    }
}

fn report(place: Span, message: String) -> Diagnostic {
    Diagnostic::new(Code::EVC1100, place, message)
}

/// A key that no request of the statement's actions has, or that no request has at all.
fn of_key(statement: &Statement<'_>, key: &str, place: Span) -> Option<Diagnostic> {
    let (prefix, _) = key.split_once(':')?;
    if key.contains(['$', '{']) {
        return None;
    }
    let unknown = |known: &[&str]| {
        let near = nearest(key, known)?;
        Some(report(place, format!("no request has a key `{key}`")).note(MEANS).help(format!("did you mean `{near}`?")))
    };
    if prefix.eq_ignore_ascii_case("aws") {
        return of_global(key, place).or_else(|| if is_global(key) { None } else { unknown(&GLOBAL) });
    }
    let of_session = OF_SESSIONS.iter().any(|known| known.eq_ignore_ascii_case(key));
    let service = iam::service(prefix).filter(|_| statement.of != Of::Trust && !of_session)?;
    if !service.has_key(key) {
        let known: Vec<&str> = service.keys.iter().map(String::as_str).collect();
        return unknown(&known);
    }
    let services = services(statement)?;
    if services.is_empty() || services.iter().any(|service| service.has_key(key)) {
        return None;
    }
    let names: Vec<&str> = services.iter().map(|service| service.prefix).collect();
    let message = format!("requests to {} have no key `{key}`, which is one of {}", list(&names), service.prefix);
    Some(report(place, message).note(MEANS))
}

/// What becomes of a condition on a key that is not there.
const MEANS: &str = "a condition on what is not there does not hold, and one with `Not` or `IfExists` always does";

fn is_global(key: &str) -> bool {
    GLOBAL.iter().any(|known| match known.strip_suffix('/') {
        Some(_) => {
            key.len() > known.len() && key.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known))
        }
        None => known.eq_ignore_ascii_case(key),
    })
}

/// A key of tags that names no tag.
fn of_global(key: &str, place: Span) -> Option<Diagnostic> {
    let bare = key.trim_end_matches('/');
    let of_tags =
        GLOBAL.iter().find(|known| known.strip_suffix('/').is_some_and(|known| known.eq_ignore_ascii_case(bare)))?;
    let message = format!("`{key}` names no tag");
    Some(report(place, message).note(MEANS).help(format!("the key of the tag stands after it: `{of_tags}team`")))
}

/// The services of a statement's actions. `None` if they are not all known.
fn services(statement: &Statement<'_>) -> Option<Vec<&'static Service>> {
    let actions = statement.node.get("Action")?.one_or_many();
    let mut found: Vec<&Service> = Vec::new();
    for action in actions {
        let (prefix, _) = action.as_text()?.split_once(':')?;
        let service = iam::service(prefix)?;
        if !found.iter().any(|known| known.prefix == service.prefix) {
            found.push(service);
        }
    }
    Some(found)
}

/// A value that its operator compares with nothing.
fn of_values(operator: &str, entry: &Entry<'_>, place: Span) -> Option<Diagnostic> {
    let bare = operator.split_once(':').map_or(operator, |(_, bare)| bare).trim_end_matches("IfExists");
    let (wanted, fits): (&str, fn(&str) -> bool) = match bare {
        "IpAddress" | "NotIpAddress" => ("an address, or a range of them such as `10.0.0.0/8`", is_range),
        _ if bare.starts_with("Numeric") => ("a number", |text| text.parse::<f64>().is_ok()),
        "Bool" | "Null" => ("`true` or `false`", |text| matches!(text.to_ascii_lowercase().as_str(), "true" | "false")),
        _ if bare.starts_with("Arn") => ("an ARN", |text| text.starts_with("arn:") || text.contains('*')),
        _ => return None,
    };
    let wrong = entry.value.one_or_many().iter().find_map(|value| match &value.kind {
        Kind::Text(text) if !text.contains("${") && !fits(text) => Some((value.place, text.as_ref())),
        _ => None,
    });
    let (at, text) = wrong?;
    let message = format!("`{bare}` compares `{}` with {wanted}; found `{text}`", entry.key.text);
    Some(report(at.unwrap_or(place), message).note("IAM refuses the policy, or the condition never holds"))
}

/// Whether this is an address, or a range of them.
fn is_range(text: &str) -> bool {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let most = if address.is_ipv4() { 32 } else { 128 };
    bits.is_none_or(|bits| bits.parse::<u8>().is_ok_and(|bits| bits <= most))
}
