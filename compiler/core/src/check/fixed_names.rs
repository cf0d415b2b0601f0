//! Names that the spec says itself, and several environments: each is a stack of its own, and the second finds the name taken.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::Model;
use crate::source::Span;
use crate::spec::given::Given;
use crate::spec::raw::Attributes;
use crate::yaml::{Node, NodeKind};

/// Properties that are the name of a resource in an account and a Region.
const NAMES: [&str; 12] = [
    "AlarmName",
    "DeliveryStreamName",
    "FunctionName",
    "LogGroupName",
    "ManagedPolicyName",
    "ParameterName",
    "QueueName",
    "RoleName",
    "SecretName",
    "StateMachineName",
    "TableName",
    "TopicName",
];

/// The name of a bucket, which no other in the world has.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
const BUCKET: &str = "BucketName";

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let [first, second, ..] = model.environments.as_slice() else { return };
    let both = format!("`{}` and `{}`", first.name, second.name);
    for api in model.apis.values() {
        let Some(domain) = &api.domain else { continue };
        let Given::Here(name) = &domain.name.value else { continue };
        let message = format!("each environment has the domain name `{name}`: {both}");
        diagnostics.push(
            Diagnostic::new(Code::EVC0716, domain.name.span, message)
                .on(format!("apis.{}", api.head.name))
                .note("a domain name is one of API Gateway in a Region, whatever the account, and its record leads to one")
                .help("say `parameter`, and let each deployment give it"),
        );
    }
    for resource in model.resources.values() {
        let item = format!("resources.{}", resource.head.name);
        diagnostics.extend(of_attributes(&resource.attributes, &both, &item));
    }
    for (name, change) in &model.overrides {
        diagnostics.extend(of_attributes(&change.attributes, &both, &format!("overrides.{}", name.value)));
    }
}

/// What is made under a condition may be so in one environment.
fn of_attributes(attributes: &Attributes, both: &str, item: &str) -> Option<Diagnostic> {
    if attributes.condition.is_some() {
        return None;
    }
    let NodeKind::Mapping(properties) = &attributes.properties.as_ref()?.value.0.kind else { return None };
    let literal = |node: &Node| match &node.kind {
        NodeKind::Scalar(scalar) if !scalar.text.contains("${") => Some((scalar.text.clone(), node.span)),
        NodeKind::Scalar(_) | NodeKind::Mapping(_) | NodeKind::Sequence(_) | NodeKind::Null | NodeKind::Error => None,
    };
    let said = |wanted: &dyn Fn(&str) -> bool| {
        let entry = properties.entries.iter().find(|entry| wanted(&entry.key.text))?;
        literal(&entry.value)
    };
    if let Some((name, at)) = said(&|key| key == BUCKET) {
        return Some(
            report(Code::EVC0715, at, &name, both)
                .note("a bucket has a name that no other in the world has: whichever is deployed second fails")
                .help("leave `BucketName` out, and CloudFormation gives each a name; or put the environment into it: `{ \"Fn::Sub\": \"shop-${Environment}\" }`"),
        );
    }
    let (name, at) = said(&|key| NAMES.contains(&key))?;
    Some(
        report(Code::EVC0717, at, &name, both)
            .on(item)
            .note("in one account and Region, whichever is deployed second fails")
            .help(
                "leave the name out, put the environment into it, or deploy each environment to an account of its own",
            ),
    )
}

fn report(code: Code, at: Span, name: &str, both: &str) -> Diagnostic {
    Diagnostic::new(code, at, format!("each environment has the name `{name}`: {both}"))
}
