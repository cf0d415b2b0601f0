//! Methods that call a service straight, as they are after overrides: a failure is never answered with a success, and no body goes
//! to the service but through its template. What evc makes is so; what an override changes or adds may not be.

use crate::diagnostics::{Code, Diagnostic};
use crate::plan::builder::Builder;
use crate::plan::value::Value;

/// Looks at each method with an integration of type `AWS`.
pub(super) fn check(b: &mut Builder<'_>) {
    let mut found = Vec::new();
    let methods = b.plan.resources.iter().filter(|(_, it)| it.type_ == "AWS::ApiGateway::Method");
    for (id, method) in methods {
        let Some(Value::Map(integration)) = method.properties.get("Integration") else { continue };
        if integration.get("Type") != Some(&"AWS".into()) {
            continue;
        }
        let at = method.place();
        if answers_all_with_success(integration.get("IntegrationResponses")) {
            found.push(
                Diagnostic::new(Code::EVC0653, at, format!("`{id}` may answer a failure with a success"))
                    .on(method.item())
                    .note("a response without a `SelectionPattern` is for whatever no other one is for")
                    .help("let it be a 500, and give the success the pattern `2\\d{2}`"),
            );
        }
        if integration.get("PassthroughBehavior") != Some(&"NEVER".into()) {
            found.push(
                Diagnostic::new(Code::EVC0653, at, format!("`{id}` passes bodies of other types on as they are"))
                    .on(method.item())
                    .note("a caller could then send the service a request of its own making")
                    .help("say `PassthroughBehavior: NEVER`"),
            );
        }
    }
    b.diagnostics.extend(found);
}

/// Whether the response for whatever no other one is for is a success.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-method-settings-console.html>
fn answers_all_with_success(responses: Option<&Value>) -> bool {
    let Some(Value::List(responses)) = responses else { return false };
    responses.iter().any(|response| {
        let Value::Map(response) = response else { return false };
        let success = matches!(response.get("StatusCode"), Some(Value::String(status)) if status.starts_with('2'));
        success && !response.contains_key("SelectionPattern")
    })
}
