//! Routes that an HTTP API cannot have: to workflows and to tables; and paths that a REST API cannot have.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{ApiKind, Integration, Model};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    // <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-settings-method-request.html>: letters, digits, `-`,
    // `_`, `.` and `:`.
    for (api, route) in model.routes().filter(|(api, route)| api.kind == ApiKind::Rest && route.path.contains('~')) {
        let message = format!("`{}` is not a path of a REST API, which has no `~` in its paths", route.path);
        let diagnostic = Diagnostic::new(Code::EVC0105, route.span, message);
        diagnostics.push(super::item(api, diagnostic.help("leave the `~` away, or say `kind: http` on the API")));
    }
    for (api, route) in model.routes().filter(|(api, _)| api.kind == ApiKind::Http) {
        let (what, why) = match &route.integration {
            Integration::Function(_) => continue,
            Integration::Workflow(_) => (
                "start a workflow",
                "it would hand over whatever comes, and answer with the ARN of the execution or an error as Step Functions puts it",
            ),
            Integration::Table(_) => ("read and write tables", "it has no templates, and no integration with DynamoDB"),
        };
        let message = format!("API `{}` is an HTTP API, which cannot {what}", api.head.name);
        let diagnostic = Diagnostic::new(Code::EVC0621, route.span, message).note(why);
        diagnostics.push(super::item(api, diagnostic.help("say `kind: rest` on the API, or call a function")));
    }
}
