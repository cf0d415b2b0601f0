//! Rules for events of AWS that never come: from a bus that AWS does not publish on, or from a bucket that tells EventBridge nothing.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html>

use crate::audit::template::Node;
use crate::audit::view::{Named, View};
use crate::diagnostics::{Code, Diagnostic};

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for rule in view.of_type("AWS::Events::Rule") {
        let Some(pattern) = rule.resource.property("EventPattern").filter(|_| !view.is_settled(&[rule])) else {
            continue;
        };
        let sources: Option<Vec<&str>> =
            pattern.get("source").and_then(Node::as_list).and_then(|it| it.iter().map(Node::as_text).collect());
        let Some(sources) = sources.filter(|sources| !sources.is_empty()) else { continue };
        if let Some(bus) = rule.resource.property("EventBusName").and_then(|bus| view.resource_of(bus)) {
            if sources.iter().all(|source| source.starts_with("aws.") && !source.starts_with("aws.partner"))
                && is_own(view, bus)
            {
                let message = format!(
                    "rule `{}` waits on bus `{}` for events of AWS, which come on the default bus",
                    rule.id, bus.id
                );
                diagnostics.push(
                    Diagnostic::new(Code::EVC0910, rule.place_of("EventBusName"), message)
                        .secondary(bus.resource.place, "nothing in the template brings them here")
                        .help("leave `EventBusName` out, or let a rule of the default bus have this bus as its target"),
                );
            }
        } else if sources == ["aws.s3"] {
            buckets(view, rule, pattern, diagnostics);
        }
    }
}

/// Whether nothing from elsewhere comes on a bus, as far as the template says: no rule, no partner, no other account.
fn is_own(view: &View<'_>, bus: Named<'_>) -> bool {
    let names = |node: &Node<'_>| View::named_in(node).contains(&bus.id);
    &*bus.resource.type_.text == "AWS::Events::EventBus"
        && bus.resource.property("EventSourceName").is_none()
        && bus.resource.property("Policy").is_none()
        && !view
            .of_type("AWS::Events::EventBusPolicy")
            .any(|policy| policy.resource.property("EventBusName").is_none_or(|it| it.as_text().is_some() || names(it)))
        && !view.of_type("AWS::Events::Rule").any(|rule| rule.resource.property("Targets").is_some_and(names))
}

fn buckets(view: &View<'_>, rule: Named<'_>, pattern: &Node<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let named = pattern.at(&["detail", "bucket", "name"]).and_then(Node::as_list).unwrap_or_default();
    for name in named {
        let Some(bucket) = view.resource_of(name).filter(|it| &*it.resource.type_.text == "AWS::S3::Bucket") else {
            continue;
        };
        let tells = match bucket.resource.property("NotificationConfiguration") {
            None => false,
            Some(node) => node.as_map().is_none_or(|map| {
                let told = map.get("EventBridgeConfiguration");
                told.is_some_and(|it| it.get("EventBridgeEnabled").is_none_or(|it| it.as_bool() != Some(false)))
            }),
        };
        if !tells {
            let message = format!(
                "rule `{}` waits for events of bucket `{}`, which tells EventBridge nothing",
                rule.id, bucket.id
            );
            diagnostics.push(
                Diagnostic::new(Code::EVC0915, name.place.unwrap_or_else(|| rule.place_of("EventPattern")), message)
                    .secondary(bucket.place_of("NotificationConfiguration"), "this bucket")
                    .help("`NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } }`"),
            );
        }
    }
}
