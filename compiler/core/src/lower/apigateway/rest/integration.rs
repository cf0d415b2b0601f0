//! What a route's method calls: a function, a table or a workflow.
//!
//! A function answers for itself. What a table or a workflow is sent, and what becomes of its answer, say templates; an answer that
//! is neither a success nor a known refusal is a 500, never a success.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of anything that is forgotten here must not compile")]

use super::answers::{header, method_response};
use super::api::Rest;
use super::cors;
use crate::lower::apigateway::mapping;
use crate::lower::apigateway::mapping::Problem;
use crate::lower::apigateway::shared;
use crate::model::{Id, Integration, Request, Route, TableRoute, Workflow};
use crate::plan::builder::{Builder, Why};
use crate::plan::value::{Part, Value, text};
use crate::plan::{arn, ids};

/// An integration, and the responses of the method that has it.
pub(super) struct Integrated {
    pub(super) value: Value,
    pub(super) responses: Vec<Value>,
}

/// Makes a route's integration, with the permission to call what it leads to.
pub(super) fn of(
    b: &mut Builder<'_>,
    rest: &Rest<'_>,
    route: &Route,
    request: &Request<'_>,
    origin: &str,
) -> Integrated {
    match &route.integration {
        Integration::Function(id) => {
            let function = &b.model.functions[*id];
            shared::permit(b, &rest.of_route(route, "permission"), rest.api, function, route, origin);
            let entries = [
                ("Type", "AWS_PROXY".into()),
                ("IntegrationHttpMethod", "POST".into()),
                (
                    "Uri",
                    arn::of_integration(
                        "lambda:path/2015-03-31/functions/",
                        [Part::Attribute(ids::function(function), "Arn"), "/invocations".into()],
                    ),
                ),
            ];
            Integrated { value: Value::map(entries), responses: Vec::new() }
        }
        Integration::Table(to) => of_table(b, rest, route, to),
        Integration::Workflow(id) => of_workflow(b, rest, route, *id, request),
    }
}

fn of_table(b: &mut Builder<'_>, rest: &Rest<'_>, route: &Route, to: &TableRoute) -> Integrated {
    let model = b.model;
    let table = &model.tables[to.table];
    let action = mapping::action(to);
    let arn = ids::table(table);
    let resource = match to.index() {
        Some(index) => {
            let index = format!("/index/{}", table.indexes[index].name);
            text([Part::Attribute(arn, "Arn"), index.as_str().into()])
        }
        None => Value::arn(&arn),
    };
    let word = match action {
        "PutItem" => "put",
        "UpdateItem" => "update",
        "GetItem" => "get",
        _ => "query",
    };
    if let Some(role) = &rest.role {
        let why = Why::new(format!("`{}: {{ table: {}, {word}: … }}`", route.key(), table.head.name), route.span);
        b.grant(role, &[&format!("dynamodb:{action}")], [resource], why);
    }
    let templates = Templates {
        uri: arn::of_integration(&format!("dynamodb:action/{action}"), []),
        request: mapping::request(model, to),
        success: mapping::answer(model, to),
        refused: mapping::of_table(&to.operation),
    };
    with_templates(rest, route, templates)
}

fn of_workflow(
    b: &mut Builder<'_>,
    rest: &Rest<'_>,
    route: &Route,
    id: Id<Workflow>,
    request: &Request<'_>,
) -> Integrated {
    let model = b.model;
    let workflow = &model.workflows[id];
    if let Some(role) = &rest.role {
        let why = Why::new(format!("`{}: {{ workflow: {} }}`", route.key(), workflow.head.name), route.span);
        b.grant(role, &["states:StartExecution"], [Value::Ref(ids::workflow(workflow))], why);
    }
    let templates = Templates {
        uri: arn::of_integration("states:action/StartExecution", []),
        request: mapping::start(model, workflow, route, request),
        success: mapping::started(),
        refused: mapping::of_workflow(),
    };
    with_templates(rest, route, templates)
}

/// An integration with a service of AWS.
struct Templates {
    uri: Value,
    request: Value,
    success: String,
    refused: String,
}

/// The response of a refusal before its template has looked at what it is. None of the templates leaves it at that.
const REFUSED: u16 = 400;

/// Responses are chosen by the status that the service answers with: one for success, one for refusals, and one for all else.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-integration-settings-integration-response.html>
fn with_templates(rest: &Rest<'_>, route: &Route, templates: Templates) -> Integrated {
    let internal = Problem::INTERNAL;
    let responses = [
        (route.status, Some(r"2\d{2}"), templates.success),
        (REFUSED, Some(r"4\d{2}"), templates.refused),
        (internal.status, None, internal.body(None)),
    ];
    let (mut integrated, mut declared) = (Vec::new(), Vec::new());
    for (status, pattern, template) in responses {
        let kind = (status >= 400).then_some(("Content-Type".to_owned(), "'application/problem+json'".to_owned()));
        let headers: Vec<(String, String)> = kind.into_iter().chain(cors::of_answer(rest.api)).collect();
        let template = cors::preamble(rest.api) + &template;
        let entries = [("StatusCode", Value::from(status.to_string()))];
        let pattern = pattern.map(|pattern| ("SelectionPattern", pattern.into()));
        let mapped = headers.iter().map(|(name, value)| (header(name), value.as_str().into()));
        let parameters = (!headers.is_empty()).then(|| ("ResponseParameters", Value::map(mapped)));
        let template = [("ResponseTemplates", Value::map([("application/json", template.into())]))];
        integrated.push(Value::map(entries.into_iter().chain(pattern).chain(parameters).chain(template)));
        declared.push(method_response(status, headers.iter().map(|(name, _)| name.as_str())));
    }
    let role = rest.role.as_ref().map(|role| ("Credentials", Value::arn(&role.id)));
    let entries = [("Type", "AWS".into()), ("IntegrationHttpMethod", "POST".into()), ("Uri", templates.uri)];
    let rest_of_it = [
        // A body of another content type would go to the service as it is. It is refused with 415.
        ("PassthroughBehavior", "NEVER".into()),
        ("RequestTemplates", Value::map([("application/json", templates.request)])),
        ("IntegrationResponses", integrated.into()),
    ];
    let value = Value::map(entries.into_iter().chain(role).chain(rest_of_it));
    Integrated { value, responses: declared }
}
