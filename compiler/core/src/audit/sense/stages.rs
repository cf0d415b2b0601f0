//! Stages of REST APIs: each shows a deployment of the API that it is of.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-stage.html>

use crate::audit::text::UNKNOWN;
use crate::audit::view::{Named, View};
use crate::diagnostics::{Code, Diagnostic};

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for stage in view.of_type("AWS::ApiGateway::Stage") {
        let Some(deployment) = stage.resource.property("DeploymentId").and_then(|it| view.resource_of(it)) else {
            continue;
        };
        if deployment.resource.type_.text != "AWS::ApiGateway::Deployment" || view.is_settled(&[stage, deployment]) {
            continue;
        }
        let (Some(own), Some(its)) = (api(view, stage), api(view, deployment)) else { continue };
        if own != its {
            let message =
                format!("stage `{}` is of API `{own}`, and shows deployment `{}` of `{its}`", stage.id, deployment.id);
            diagnostics.push(
                Diagnostic::new(Code::EVC1038, stage.place_of("RestApiId"), message)
                    .secondary(deployment.place_of("RestApiId"), "the deployment is of this one")
                    .note("API Gateway finds no such deployment")
                    .help("give both the same `RestApiId`"),
            );
        }
    }
}

/// The API that a stage or a deployment is of: the resource, or an id. `None` if that is not known.
fn api(view: &View<'_>, of: Named<'_>) -> Option<String> {
    let node = of.resource.property("RestApiId")?;
    let resource = view.resource_of(node).map(|api| api.id.to_owned());
    resource.or_else(|| node.as_text().filter(|text| !text.contains(UNKNOWN)).map(str::to_owned))
}
