//! ARNs of what CloudFormation has no attribute for.

use super::LogicalId;
use super::names::of_stack;
use super::value::{Part, Value, text};
use crate::model::Workflow;
use crate::spec::given::Given;

/// The ARN of something of a service in this account and Region: `arn:aws:events:eu-west-1:123456789012:RESOURCE`. What a literal
/// cannot say of the resource follows it in `rest`.
pub(crate) fn of(service: &str, resource: &str, rest: impl IntoIterator<Item = Part>) -> Value {
    let own = [":".into(), Part::Parameter("AWS::AccountId"), Part::Literal(format!(":{resource}"))];
    text(regional(service).into_iter().chain(own).chain(rest))
}

/// The ARN of something of a service in this Region that is AWS's own, and in no account.
pub(crate) fn of_public(service: &str, resource: &str) -> Value {
    text(regional(service).into_iter().chain([Part::Literal(format!("::{resource}"))]))
}

/// Whether a text that the spec gives is an ARN, where it may be a name as well.
pub(crate) fn is_arn(text: &str) -> bool {
    text.starts_with("arn:")
}

/// The ARN of a workflow's state machine, made of its name instead of a reference to it.
pub(crate) fn of_workflow(workflow: &Workflow) -> Value {
    of("states", "stateMachine:", of_stack().into_iter().chain([Part::Literal(format!("-{}", workflow.head.name))]))
}

/// The ARNs of all its executions, made in the same way.
pub(crate) fn of_executions(workflow: &Workflow) -> Value {
    let named = [Part::Literal(format!("-{}:*", workflow.head.name))];
    of("states", "execution:", of_stack().into_iter().chain(named))
}

/// The parameter with the permissions boundary that the spec leaves to each deployment.
pub(crate) const BOUNDARY: &str = "PermissionsBoundary";

/// The ARN of the managed policy that bounds roles, which the spec gives by its name, by its ARN or not at all.
pub(crate) fn of_boundary(given: &Given<String>) -> Value {
    match given {
        Given::Parameter => Value::pseudo(BOUNDARY),
        Given::Here(arn) if is_arn(arn) => arn.as_str().into(),
        Given::Here(name) => text([
            "arn:".into(),
            Part::Parameter("AWS::Partition"),
            ":iam::".into(),
            Part::Parameter("AWS::AccountId"),
            Part::Literal(format!(":policy/{name}")),
        ]),
    }
}

/// A managed policy of AWS's.
pub(crate) fn of_managed(name: &str) -> Value {
    text(["arn:".into(), Part::Parameter("AWS::Partition"), Part::Literal(format!(":iam::aws:policy/{name}"))])
}

/// The parameter with the KMS key that the spec leaves to each deployment.
pub(crate) const KEY: &str = "EncryptionKey";

/// The ARN of a KMS key, which the spec gives or not.
pub(crate) fn of_key(given: &Given<String>) -> Value {
    match given {
        Given::Parameter => Value::pseudo(KEY),
        Given::Here(arn) => arn.as_str().into(),
    }
}

/// What `kms:ViaService` says of a call that a service of this Region makes for somebody.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service>
pub(crate) fn via(service: &str) -> Value {
    text([
        Part::Literal(format!("{service}.")),
        Part::Parameter("AWS::Region"),
        ".".into(),
        Part::Parameter("AWS::URLSuffix"),
    ])
}

/// What an integration of a REST API calls, such as `dynamodb:action/PutItem`. It is in no account.
/// <https://docs.aws.amazon.com/apigateway/latest/api/API_Integration.html#apigw-Type-Integration-uri>
pub(crate) fn of_integration(action: &str, rest: impl IntoIterator<Item = Part>) -> Value {
    text(regional("apigateway").into_iter().chain([Part::Literal(format!(":{action}"))]).chain(rest))
}

/// The stage of a REST API, which is in no account. <https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html>
pub(crate) fn of_stage(api: &LogicalId, stage: &LogicalId) -> Value {
    let path = ["::/restapis/".into(), Part::Ref(api.clone()), "/stages/".into(), Part::Ref(stage.clone())];
    text(regional("apigateway").into_iter().chain(path))
}

/// The account itself, so that IAM policies decide who may do something.
pub(crate) fn of_account() -> Value {
    text([
        "arn:".into(),
        Part::Parameter("AWS::Partition"),
        ":iam::".into(),
        Part::Parameter("AWS::AccountId"),
        ":root".into(),
    ])
}

fn regional(service: &str) -> [Part; 4] {
    [
        "arn:".into(),
        Part::Parameter("AWS::Partition"),
        Part::Literal(format!(":{service}:")),
        Part::Parameter("AWS::Region"),
    ]
}
