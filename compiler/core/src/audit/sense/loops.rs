//! What comes back to where it was sent from, as far as the template says. Queues that are each other's dead-letter queue wait for each
//! other as resources, and are told as that.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html>

use crate::audit::template::Node;
use crate::audit::view::{Named, View};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for rule in view.of_type("AWS::Events::Rule") {
        forwarded(view, rule, diagnostics);
    }
    for invoke in view.of_type("AWS::Lambda::EventInvokeConfig") {
        destinations(view, invoke, diagnostics);
    }
    for bucket in view.of_type("AWS::S3::Bucket") {
        let all = bucket.resource.property("NotificationConfiguration").and_then(|it| it.get("LambdaConfigurations"));
        for one in all.and_then(Node::as_list).into_iter().flatten() {
            let (Some(function), None) = (one.get("Function").and_then(|it| view.resource_of(it)), one.get("Filter"))
            else {
                continue;
            };
            let place = one.place.unwrap_or_else(|| bucket.place_of("NotificationConfiguration"));
            objects(view, bucket, function, one.get("Event"), place, diagnostics);
        }
    }
    // SAM adds the notification to the bucket when it deploys.
    for (id, of) in view.template.of_type("AWS::Serverless::Function") {
        let events = of.property("Events").and_then(Node::as_map);
        for event in events.into_iter().flat_map(|events| &events.entries) {
            let given = event.value.get("Properties").filter(|given| given.get("Filter").is_none());
            let (Some(given), Some("S3"), Some(function)) =
                (given, event.value.get("Type").and_then(Node::as_text), view.resource(id))
            else {
                continue;
            };
            if let Some(bucket) = given.get("Bucket").and_then(|bucket| view.resource_of(bucket)) {
                let place = event.key.place.unwrap_or(of.place);
                objects(view, bucket, function, given.get("Events"), place, diagnostics);
            }
        }
    }
}

/// A rule whose target is the bus that it is a rule of: what matches it once matches it again.
fn forwarded(view: &View<'_>, rule: Named<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let Some(bus) = rule.resource.property("EventBusName").and_then(|bus| view.resource_of(bus)) else { return };
    for target in rule.resource.property("Targets").and_then(Node::as_list).into_iter().flatten() {
        let Some(arn) = target.get("Arn").filter(|arn| arn.referent() == Some(bus.id)) else { continue };
        if &*bus.resource.type_.text == "AWS::Events::EventBus" && !view.is_settled(&[rule]) {
            let message =
                format!("rule `{}` sends what it matches to the bus `{}` that it comes from", rule.id, bus.id);
            let place = arn.place.unwrap_or_else(|| rule.place_of("Targets"));
            diagnostics.push(Diagnostic::new(Code::EVC1096, place, message).note("there it matches again"));
        }
    }
}

/// A function whose result, or failure, is what it is called with again.
fn destinations(view: &View<'_>, invoke: Named<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let Some(function) = invoke.resource.property("FunctionName").and_then(|it| view.function_of(it)) else { return };
    for end in ["OnSuccess", "OnFailure"] {
        let to = invoke.resource.property("DestinationConfig").and_then(|it| it.at(&[end, "Destination"]));
        let Some((to, target)) = to.and_then(|to| Some((to, view.resource_of(to)?))) else { continue };
        let is_own = |node| view.function_of(node).is_some_and(|it| it.id == function.id);
        let comes_back = match &*target.resource.type_.text {
            "AWS::SNS::Topic" => view.of_type("AWS::SNS::Subscription").any(|it| {
                it.resource.property("TopicArn").and_then(Node::referent) == Some(target.id)
                    && it.resource.property("Endpoint").is_some_and(is_own)
                    && it.resource.property("FilterPolicy").is_none()
            }),
            _ => is_own(to),
        };
        if comes_back && !view.is_settled(&[invoke, function]) {
            let message =
                format!("`{end}` of function `{}` leads to `{}`, and so to the function again", function.id, target.id);
            diagnostics.push(Diagnostic::new(Code::EVC1096, to.place.unwrap_or(invoke.resource.place), message));
        }
    }
}

/// A function that is told of each new object of a bucket, and may write objects to that bucket.
fn objects(
    view: &View<'_>,
    bucket: Named<'_>,
    function: Named<'_>,
    events: Option<&Node<'_>>,
    place: Span,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let created = events.is_some_and(|events| {
        events.one_or_many().iter().any(|it| it.as_text().is_some_and(|text| text.starts_with("s3:ObjectCreated:")))
    });
    if !created || view.is_settled(&[bucket, function]) {
        return;
    }
    let role = function.resource.property("Role").and_then(|role| view.resource_of(role));
    let Some(writes) = role.and_then(|role| writer(role, bucket)) else { return };
    let message = format!(
        "function `{}` is told of each new object of bucket `{}`, and may write objects to it",
        function.id, bucket.id
    );
    let diagnostic = Diagnostic::new(Code::EVC1096, place, message)
        .secondary(writes, "here it may write")
        .note("an object that it writes calls it again")
        .help("a `Filter` with a prefix or suffix that what it writes has not, or another bucket to write to");
    diagnostics.push(diagnostic);
}

/// Where a role has a statement that lets it write objects to a bucket, if it has one.
fn writer(role: Named<'_>, bucket: Named<'_>) -> Option<Span> {
    let policies = role.resource.property("Policies").and_then(Node::as_list).unwrap_or_default();
    policies
        .iter()
        .filter_map(|policy| policy.at(&["PolicyDocument", "Statement"]))
        .flat_map(Node::one_or_many)
        .find(|statement| {
            let allows = statement.get("Effect").and_then(Node::as_text) == Some("Allow");
            let writes = |action: &Node<'_>| {
                matches!(action.as_text(), Some("s3:PutObject" | "s3:PutObject*" | "s3:Put*" | "s3:*" | "*"))
            };
            let acts = statement.get("Action").is_some_and(|it| it.one_or_many().iter().any(writes));
            // A part of the bucket alone may be another part than the one that is read.
            let name = bucket.resource.property("BucketName").and_then(Node::as_text);
            let on = |resource: &Node<'_>| {
                let text = resource.as_text();
                let objects = text.and_then(|text| text.strip_suffix("/*")).map(|text| text.rsplit(':').next());
                resource.referent() == Some(bucket.id)
                    || name.is_some() && (text == name || objects == Some(name))
                    || crate::audit::text::Text::of(resource).is_some_and(|text| {
                        let names = [format!("${{{}}}/*", bucket.id), format!("${{{}.Arn}}/*", bucket.id)];
                        names.iter().any(|name| text.text.ends_with(name))
                    })
            };
            let is_on = statement.get("Resource").is_some_and(|it| it.one_or_many().iter().any(on));
            allows && acts && is_on && statement.get("Condition").is_none()
        })
        .map(|statement| {
            let place = statement.place.or_else(|| statement.get("Action").and_then(|it| it.place));
            place.unwrap_or(role.resource.place)
        })
}
