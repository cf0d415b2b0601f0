//! Time that does not fit: functions that work on after the API that called them has answered, and batches that are gathered for longer
//! than their messages are hidden.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>

use crate::audit::template::{Node, Resource};
use crate::audit::view::{Named, View};
use crate::diagnostics::{Code, Diagnostic};

/// Seconds that a REST API and an HTTP API wait, unless a quota was raised for the first.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>,
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
const REST: f64 = 29.0;
const HTTP: f64 = 30.0;

/// Seconds that a function runs, and that a queue hides a message, unless they say so.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html>,
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html>
const TIMEOUT: f64 = 3.0;
const VISIBILITY: f64 = 30.0;

/// How many times a function's timeout is enough for the visibility, which another check looks at.
const ENOUGH: f64 = 6.0;

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut told: Vec<String> = Vec::new();
    for (id, resource) in view.template.of_type("AWS::Serverless::Function") {
        let events = resource.property("Events").and_then(Node::as_map);
        for event in events.into_iter().flat_map(|events| &events.entries) {
            let streams = event.value.at(&["Properties", "ResponseTransferMode"]).is_some();
            let limit = match event.value.get("Type").and_then(Node::as_text) {
                Some("Api") => REST,
                Some("HttpApi") => HTTP,
                _ => continue,
            };
            if streams {
                continue;
            }
            if let Some(function) = view.resource(id) {
                let place = event.key.place.unwrap_or(resource.place);
                called(view, function, limit, place, &mut told, diagnostics);
            }
        }
    }
    for integration in view.of_type("AWS::ApiGatewayV2::Integration") {
        // With parameters, a call may be one that is not waited for.
        let plain = integration.resource.property("RequestParameters").is_none() && !is_of_sockets(view, integration);
        if let Some(uri) = integration.resource.property("IntegrationUri").filter(|_| plain) {
            for function in View::named_in(uri).into_iter().filter_map(|id| view.resource(id)) {
                let place = integration.place_of("IntegrationUri");
                called(view, function, HTTP, place, &mut told, diagnostics);
            }
        }
    }
    for method in view.of_type("AWS::ApiGateway::Method") {
        let Some(integration) = method.resource.property("Integration") else { continue };
        if integration.get("RequestParameters").is_some() || integration.get("ResponseTransferMode").is_some() {
            continue;
        }
        for id in integration.get("Uri").map(View::named_in).unwrap_or_default() {
            if let Some(function) = view.resource(id) {
                called(view, function, REST, method.place_of("Integration"), &mut told, diagnostics);
            }
        }
    }
    for mapping in view.of_type("AWS::Lambda::EventSourceMapping") {
        gathered(view, mapping, diagnostics);
    }
}

/// Whether an integration is of a WebSocket API, whose functions answer by themselves when they have something to say.
fn is_of_sockets(view: &View<'_>, integration: Named<'_>) -> bool {
    let api = integration.resource.property("ApiId").and_then(|api| view.resource_of(api));
    api.is_none_or(|api| api.resource.property("ProtocolType").and_then(Node::as_text) != Some("HTTP"))
}

/// Whether a function answers bit by bit, which an API can pass on for longer.
fn streams(function: &Resource<'_>) -> bool {
    let is_stream = |node: &Node<'_>| node.as_text().is_some_and(|text| text.eq_ignore_ascii_case("RESPONSE_STREAM"));
    let url = function.property("FunctionUrlConfig").and_then(|url| url.get("InvokeMode"));
    let variables = function.property("Environment").and_then(|it| it.get("Variables")).and_then(Node::as_map);
    url.is_some_and(is_stream)
        || variables.is_some_and(|variables| variables.entries.iter().any(|entry| is_stream(&entry.value)))
}

fn called(
    view: &View<'_>,
    function: Named<'_>,
    limit: f64,
    place: crate::source::Span,
    told: &mut Vec<String>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if &*function.resource.type_.text != "AWS::Lambda::Function" || view.is_settled(&[function]) {
        return;
    }
    // A second more than the API waits is how a limit of 29 s is mostly written, and no mistake to speak of.
    if view.template.resources.get(function.id).is_some_and(streams) {
        return;
    }
    let Some(timeout) = function.number("Timeout", TIMEOUT).filter(|timeout| *timeout > limit.max(HTTP)) else {
        return;
    };
    if told.iter().any(|id| id == function.id) {
        return;
    }
    told.push(function.id.to_owned());
    let message =
        format!("function `{}` may take {timeout} s, and the API that calls it answers after {limit} s", function.id);
    diagnostics.push(
        Diagnostic::new(Code::EVC1099, function.place_of("Timeout"), message)
            .secondary(place, "the API calls it here")
            .note("the caller gets a 504, and the function works on")
            .help(format!("`Timeout: {}`, or answer at once and do the work from a queue", limit - 1.0)),
    );
}

/// A batch that is gathered, and then worked on, for longer than its messages are hidden.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>
fn gathered(view: &View<'_>, mapping: Named<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let source = mapping.resource.property("EventSourceArn").and_then(|source| view.resource_of(source));
    let function = mapping.resource.property("FunctionName").and_then(|function| view.function_of(function));
    let (Some(queue), Some(function)) = (source, function) else { return };
    if &*queue.resource.type_.text != "AWS::SQS::Queue" || view.is_settled(&[mapping, queue, function]) {
        return;
    }
    let numbers = (
        mapping.number("MaximumBatchingWindowInSeconds", 0.0),
        function.number("Timeout", TIMEOUT),
        queue.number("VisibilityTimeout", VISIBILITY),
    );
    let (Some(window), Some(timeout), Some(visibility)) = numbers else { return };
    // Less than that is told where the timeout alone is looked at.
    if visibility < ENOUGH * timeout || visibility >= window + timeout {
        return;
    }
    let message = format!(
        "queue `{}` shows a message again after {visibility} s, and it may be gathered for {window} s and worked on for {timeout} s",
        queue.id
    );
    diagnostics.push(
        Diagnostic::new(Code::EVC1099, mapping.place_of("MaximumBatchingWindowInSeconds"), message)
            .secondary(queue.place_of("VisibilityTimeout"), "this long it is hidden")
            .help(format!(
                "`VisibilityTimeout: {}`, six times the function's timeout and the window",
                ENOUGH * timeout + window
            )),
    );
}
