//! Conditions that no call of a function meets: what they are to allow is refused each time.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>,
//! <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service>

use std::net::IpAddr;

use crate::audit::iam::{Of, Statement, statements};
use crate::audit::template::{Entry, Node};
use crate::audit::view::{Named, View};
use crate::aws::regions::no_region;
use crate::diagnostics::{Code, Diagnostic};

/// Keys that each request has, in lower case.
const ALWAYS: [&str; 8] = [
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principaltype",
    "aws:userid",
    "aws:currenttime",
    "aws:epochtime",
    "aws:securetransport",
    "aws:requestedregion",
];

/// Keys that no request of a function with its role has: those of users, and those of services that act for somebody.
const NEVER: [&str; 7] = [
    "aws:multifactorauthage",
    "aws:username",
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:principalservicename",
];

/// Keys of requests that come from a network.
const OF_NETWORKS: [&str; 5] =
    ["aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn", "aws:vpcsourceip", "aws:vpceaccount"];

/// The first day of the year in which evc was made: what was allowed until then is not any more.
const NOW: &str = "2025";

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for statement in statements(view).iter().filter(|it| !view.is_settled(&[it.resource])) {
        if statement.of != Of::Identity || !statement.allows() {
            continue;
        }
        let functions = functions_of(view, statement.resource);
        if functions.is_empty() {
            continue;
        }
        let has_network = functions.iter().any(|it| it.resource.property("VpcConfig").is_some());
        let all = conditions(statement);
        let found = all.iter().find_map(|(operator, entry)| {
            let why = of_one(operator, entry, has_network).or_else(|| of_two(operator, entry, &all))?;
            Some((*entry, why))
        });
        if let Some((entry, (why, help))) = found {
            let message =
                format!("no call of `{}` meets the condition on `{}`: {why}", functions[0].id, entry.key.text);
            let place = entry.key.place.unwrap_or_else(|| statement.place(&entry.value));
            let diagnostic = Diagnostic::new(Code::EVC1044, place, message).note("the statement allows nothing");
            diagnostics.push(match help {
                Some(help) => diagnostic.help(help),
                None => diagnostic,
            });
        }
    }
}

/// The functions that have a role.
fn functions_of<'v>(view: &'v View<'_>, role: Named<'_>) -> Vec<Named<'v>> {
    let has = |function: &Named<'_>| {
        let own = function.resource.property("Role").and_then(|role| view.resource_of(role));
        own.is_some_and(|own| own.id == role.id)
    };
    view.of_type("AWS::Lambda::Function").filter(has).collect()
}

/// Each key with its operator, but for those that hold where the key is not there.
fn conditions<'v>(statement: &Statement<'v>) -> Vec<(&'v str, &'v Entry<'v>)> {
    let operators = statement.node.get("Condition").and_then(Node::as_map).into_iter().flat_map(|map| &map.entries);
    operators
        .filter(|operator| !operator.key.text.ends_with("IfExists") && !operator.key.text.starts_with("ForAllValues:"))
        .flat_map(|operator| {
            let keys = operator.value.as_map().into_iter().flat_map(|map| &map.entries);
            keys.map(|entry| (&*operator.key.text, entry))
        })
        .collect()
}

/// The values, if all of them are known.
fn values<'v>(entry: &'v Entry<'_>) -> Option<Vec<&'v str>> {
    let all: Option<Vec<&str>> = entry.value.one_or_many().iter().map(Node::as_literal).collect();
    all.filter(|all| !all.is_empty() && !all.iter().any(|text| text.contains("${")))
}

type Why = (String, Option<String>);

fn of_one(operator: &str, entry: &Entry<'_>, has_network: bool) -> Option<Why> {
    let key = entry.key.text.to_ascii_lowercase();
    let operator = operator.strip_prefix("ForAnyValue:").unwrap_or(operator);
    let said = |why: &str| Some((why.to_owned(), None));
    if operator == "Null" {
        let is = values(entry)?;
        return match is.as_slice() {
            ["true"] if ALWAYS.contains(&key.as_str()) => said("each request has it"),
            ["false"] if NEVER.contains(&key.as_str()) || key == "aws:multifactorauthpresent" => {
                said("a function has no such key")
            }
            ["false"] if OF_NETWORKS.contains(&key.as_str()) && !has_network => said("the function is in no network"),
            _ => None,
        };
    }
    // One that holds where the key is not there.
    if operator.contains("Not") {
        return None;
    }
    if NEVER.contains(&key.as_str()) {
        return said("the requests of a function with its role have no such key");
    }
    if OF_NETWORKS.contains(&key.as_str()) && !has_network {
        return Some((
            "the function is in no network".to_owned(),
            Some("declare a network under `networks`, and say it of the function".to_owned()),
        ));
    }
    let values = values(entry)?;
    let all = |wrong: &dyn Fn(&str) -> bool| values.iter().all(|value| wrong(value));
    match (operator, key.as_str()) {
        ("Bool", "aws:securetransport") if all(&|value| value == "false") => said("it is called over TLS alone"),
        ("Bool", "aws:multifactorauthpresent" | "aws:principalisawsservice") if all(&|value| value == "true") => {
            said("a function is neither a user nor a service of AWS")
        }
        ("IpAddress", "aws:sourceip") if all(&is_private) => Some((
            "a private address is never the source".to_owned(),
            Some("`aws:VpcSourceIp` is the address in a network, of calls through an endpoint of it".to_owned()),
        )),
        ("DateLessThan" | "DateLessThanEquals" | "DateEquals", "aws:currenttime") if all(&|value| value < NOW) => {
            said("that time is over")
        }
        ("StringEquals" | "StringEqualsIgnoreCase" | "StringLike", "aws:requestedregion") => {
            let wrong = values.iter().map(|value| no_region(value)).collect::<Option<Vec<_>>>()?;
            let first = wrong.into_iter().next()?;
            Some((format!("there is no Region `{}`", first.text), first.help))
        }
        ("StringEquals" | "StringEqualsIgnoreCase", "kms:viaservice") if all(&|value| !is_of_a_region(value)) => {
            Some((
                format!("a service is named with its Region, and `{}` is not", values[0]),
                Some(format!("`{}.${{AWS::Region}}.amazonaws.com`", values[0].split('.').next().unwrap_or_default())),
            ))
        }
        ("StringEquals" | "StringEqualsIgnoreCase", _) if all(&|value| value.contains(['*', '?'])) => Some((
            format!("`{operator}` knows no wildcards, and nothing is called `{}`", values[0]),
            Some("`StringLike`".to_owned()),
        )),
        _ => None,
    }
}

/// Two conditions on one key of which each leaves out what the other wants.
fn of_two(operator: &str, entry: &Entry<'_>, all: &[(&str, &Entry<'_>)]) -> Option<Why> {
    if operator != "StringEquals" {
        return None;
    }
    let wanted = values(entry)?;
    let (_, other) = all.iter().find(|(other, it)| {
        *other == "StringNotEquals"
            && it.key.text.eq_ignore_ascii_case(&entry.key.text)
            && values(it).is_some_and(|not| wanted.iter().all(|value| not.contains(value)))
    })?;
    Some((format!("`StringNotEquals` on `{}` leaves it out", other.key.text), None))
}

fn is_private(range: &str) -> bool {
    let address = range.split_once('/').map_or(range, |(address, _)| address);
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_private() || address.is_loopback() || address.is_link_local(),
        Ok(IpAddr::V6(address)) => address.is_loopback() || address.is_unique_local(),
        Err(_) => false,
    }
}

/// Whether this is `SERVICE.REGION.amazonaws.com`.
fn is_of_a_region(service: &str) -> bool {
    let rest = service.split_once('.').map(|(_, rest)| rest);
    rest.and_then(|rest| rest.split_once(".amazonaws.com")).is_some_and(|(region, _)| no_region(region).is_none())
}
