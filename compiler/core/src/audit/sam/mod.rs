//! What SAM makes of its resources when it is transformed: names that a template may refer to and does not have, and the template that
//! comes of it.

mod events;
mod expand;
mod nodes;
mod policies;
pub(super) mod together;

pub(super) use expand::expand;

use super::template::{Resource, Template};
pub(super) use crate::aws::attributes_are_those_of;

/// What SAM calls what it makes for functions without an API of their own.
/// <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html>
const IMPLICIT: [&str; 4] =
    ["ServerlessRestApi", "ServerlessHttpApi", "ServerlessDeploymentApplication", "CodeDeployServiceRole"];

/// Whether this is the name of something that SAM makes, or may make.
pub(super) fn makes(template: &Template<'_>, name: &str) -> bool {
    if !template.transforms.iter().any(|transform| transform.starts_with("AWS::Serverless-")) {
        return false;
    }
    IMPLICIT.iter().any(|implicit| name.starts_with(implicit))
        || template.resources.iter().any(|(id, resource)| {
            let rest = name.strip_prefix(&**id).filter(|rest| !rest.is_empty());
            rest.is_some_and(|rest| makes_for(resource, rest))
        })
}

/// Whether SAM may make something for a resource that has the resource's name and then this.
fn makes_for(resource: &Resource<'_>, rest: &str) -> bool {
    let starts = |words: &[&str]| words.iter().any(|word| rest.starts_with(word));
    let of_events = || {
        let events = resource.property("Events").and_then(|events| events.as_map());
        events.is_some_and(|events| events.entries.iter().any(|event| rest.starts_with(&*event.key.text)))
    };
    match &*resource.type_.text {
        "AWS::Serverless::Function" => {
            (rest == "Role" && resource.property("Role").is_none())
                || resource.property("AutoPublishAlias").is_some_and(|alias| {
                    let is_alias = match (rest.strip_prefix("Alias"), alias.as_text()) {
                        (Some(name), Some(own)) => name.is_empty() || name == own,
                        (Some(_), None) => true,
                        (None, _) => false,
                    };
                    is_alias || starts(&["Version", ".Alias", ".Version"])
                })
                || (starts(&["Url"]) && resource.property("FunctionUrlConfig").is_some())
                || (starts(&["EventInvokeConfig", "DestinationTopic", "DestinationQueue", "EventInvoke"])
                    && resource.property("EventInvokeConfig").is_some())
                || of_events()
        }
        "AWS::Serverless::StateMachine" => {
            (rest == "Role" && resource.property("Role").is_none()) || starts(&["Alias", "Version"]) || of_events()
        }
        "AWS::Serverless::Api" | "AWS::Serverless::HttpApi" | "AWS::Serverless::WebSocketApi" => {
            rest.ends_with("Stage") || starts(&["Deployment", ".Deployment", ".Stage"])
        }
        "AWS::Serverless::GraphQLApi" | "AWS::Serverless::Connector" | "AWS::Serverless::LayerVersion" => true,
        _ => false,
    }
}

/// Whether SAM replaces this attribute of one of its resources: `!GetAtt Function.Alias`.
pub(super) fn has_attribute(type_: &str, attribute: &str) -> bool {
    match type_ {
        "AWS::Serverless::Function" => matches!(attribute, "Alias" | "Version" | "RoleArn"),
        "AWS::Serverless::Api" => matches!(attribute, "Stage" | "Deployment"),
        "AWS::Serverless::HttpApi" => attribute == "Stage",
        _ => false,
    }
}
