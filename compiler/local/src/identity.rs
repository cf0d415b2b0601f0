//! What resources are called once they are deployed: physical names, ARNs and what `Ref` gives.
//!
//! What a type's `Ref` and `Fn::GetAtt` give is in the "Return values" of its page in the CloudFormation template reference:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html>

use serde_json::Value;

use crate::stack::Place;

/// What names a resource of a type.
struct Kind {
    type_: &'static str,
    /// The property that has its name, where the spec gives one.
    name: &'static str,
    /// Its ARN behind `arn:aws:`, with `{region}`, `{account}` and `{name}` in it; empty for a resource without one.
    arn: &'static str,
    /// Whether `Ref` gives the ARN.
    ref_is_arn: bool,
}

const fn kind(type_: &'static str, name: &'static str, arn: &'static str) -> Kind {
    Kind { type_, name, arn, ref_is_arn: false }
}

const fn arn_kind(type_: &'static str, name: &'static str, arn: &'static str) -> Kind {
    Kind { type_, name, arn, ref_is_arn: true }
}

const KINDS: &[Kind] = &[
    kind("AWS::ApiGateway::Stage", "StageName", ""),
    kind("AWS::DynamoDB::Table", "TableName", "dynamodb:{region}:{account}:table/{name}"),
    kind("AWS::Events::EventBus", "Name", "events:{region}:{account}:event-bus/{name}"),
    kind("AWS::Events::Archive", "ArchiveName", "events:{region}:{account}:archive/{name}"),
    kind("AWS::Events::Rule", "Name", "events:{region}:{account}:rule/{name}"),
    kind("AWS::IAM::Role", "RoleName", "iam::{account}:role/{name}"),
    kind("AWS::Lambda::Function", "FunctionName", "lambda:{region}:{account}:function:{name}"),
    kind("AWS::Serverless::Function", "FunctionName", "lambda:{region}:{account}:function:{name}"),
    kind("AWS::Logs::LogGroup", "LogGroupName", "logs:{region}:{account}:log-group:{name}:*"),
    kind("AWS::Pipes::Pipe", "Name", "pipes:{region}:{account}:pipe/{name}"),
    kind("AWS::Scheduler::Schedule", "Name", "scheduler:{region}:{account}:schedule/default/{name}"),
    kind("AWS::SQS::Queue", "QueueName", "sqs:{region}:{account}:{name}"),
    kind("AWS::SSM::Parameter", "Name", "ssm:{region}:{account}:parameter/{name}"),
    kind("AWS::KMS::Key", "", "kms:{region}:{account}:key/{name}"),
    arn_kind("AWS::SecretsManager::Secret", "Name", "secretsmanager:{region}:{account}:secret:{name}-AbCdEf"),
    arn_kind("AWS::Serverless::StateMachine", "Name", "states:{region}:{account}:stateMachine:{name}"),
    arn_kind("AWS::SNS::Topic", "TopicName", "sns:{region}:{account}:{name}"),
    arn_kind("AWS::StepFunctions::StateMachine", "StateMachineName", "states:{region}:{account}:stateMachine:{name}"),
];

/// A resource's own name, and what others call it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Its name in the account.
    pub(crate) name: String,
    /// What `Ref` gives.
    pub(crate) reference: String,
    /// Its ARN; empty if it has none.
    pub(crate) arn: String,
}

/// The property that has the name of a resource of this type; none if it has no such property.
pub(crate) fn name_property(type_: &str) -> Option<&'static str> {
    KINDS.iter().find(|kind| kind.type_ == type_).map(|kind| kind.name).filter(|name| !name.is_empty())
}

/// What a resource is called. `given` is the value of its [`name_property`]; without one, CloudFormation makes a name of the stack's
/// and the logical id.
pub(crate) fn identity(type_: &str, id: &str, given: Option<&str>, place: &Place) -> Identity {
    let made = || match type_ {
        "AWS::ApiGatewayV2::Api" | "AWS::ApiGateway::RestApi" => api_id(id),
        _ => format!("{}-{id}", place.stack),
    };
    let mut name = given.map_or_else(made, str::to_owned);
    if given.is_none() && type_ == "AWS::SQS::Queue" {
        name.truncate(80);
    }
    let Some(kind) = KINDS.iter().find(|kind| kind.type_ == type_) else {
        return Identity { reference: name.clone(), name, arn: String::new() };
    };
    // The name of a parameter begins with the slash that stands in its ARN.
    let in_arn = if type_ == "AWS::SSM::Parameter" { name.trim_start_matches('/') } else { name.as_str() };
    let arn =
        kind.arn.replace("{region}", &place.region).replace("{account}", &place.account).replace("{name}", in_arn);
    let arn = if arn.is_empty() { arn } else { format!("arn:aws:{arn}") };
    let reference = match type_ {
        "AWS::SQS::Queue" => format!("{}/{}/{name}", place.endpoint, place.account),
        _ if kind.ref_is_arn => arn.clone(),
        _ => name.clone(),
    };
    Identity { name, reference, arn }
}

/// The id of an API: ten letters and digits, made of the logical id so that it stays.
fn api_id(id: &str) -> String {
    let hash = evc_values::hash::fnv128(&["api", id]);
    format!("{hash:032x}").chars().take(10).collect()
}

/// The ARN of a rule on another bus than the default one has the bus's name before its own.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html>
pub(crate) fn rule_arn(arn: &str, bus: Option<&Value>) -> String {
    match bus.and_then(Value::as_str).map(|bus| bus.rsplit('/').next().unwrap_or(bus)) {
        Some(bus) if bus != "default" => arn.replace(":rule/", &format!(":rule/{bus}/")),
        _ => arn.to_owned(),
    }
}
