//! Tags on everything that can have them: the project, the environment, and those of the spec.

use crate::plan::builder::Builder;
use crate::plan::value::Map;
use crate::plan::value::Value;

/// How a resource type takes tags.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// `{key: value}`.
    Map,
    /// `[{Key: key, Value: value}]`.
    List,
}

/// The types that take tags, of those that evc makes. Dashboards do so in some Regions only; the rest have no such property in
/// the CloudFormation registry.
const TAGGABLE: &[(&str, Shape)] = &[
    ("AWS::ApiGateway::ApiKey", Shape::List),
    ("AWS::ApiGateway::RestApi", Shape::List),
    ("AWS::ApiGateway::Stage", Shape::List),
    ("AWS::ApiGateway::UsagePlan", Shape::List),
    ("AWS::ApiGatewayV2::Api", Shape::Map),
    ("AWS::ApiGatewayV2::Stage", Shape::Map),
    ("AWS::CloudWatch::Alarm", Shape::List),
    ("AWS::CloudWatch::CompositeAlarm", Shape::List),
    ("AWS::DynamoDB::Table", Shape::List),
    ("AWS::EC2::EIP", Shape::List),
    ("AWS::EC2::InternetGateway", Shape::List),
    ("AWS::EC2::NatGateway", Shape::List),
    ("AWS::EC2::RouteTable", Shape::List),
    ("AWS::EC2::SecurityGroup", Shape::List),
    ("AWS::EC2::Subnet", Shape::List),
    ("AWS::EC2::VPC", Shape::List),
    ("AWS::EC2::VPCEndpoint", Shape::List),
    ("AWS::ElastiCache::ParameterGroup", Shape::List),
    ("AWS::ElastiCache::ReplicationGroup", Shape::List),
    ("AWS::ElastiCache::ServerlessCache", Shape::List),
    ("AWS::ElastiCache::SubnetGroup", Shape::List),
    ("AWS::ElastiCache::User", Shape::List),
    ("AWS::ElastiCache::UserGroup", Shape::List),
    ("AWS::Events::EventBus", Shape::List),
    ("AWS::Events::Rule", Shape::List),
    ("AWS::IAM::Role", Shape::List),
    ("AWS::KMS::Key", Shape::List),
    ("AWS::Lambda::EventSourceMapping", Shape::List),
    ("AWS::Logs::LogGroup", Shape::List),
    ("AWS::Pipes::Pipe", Shape::Map),
    ("AWS::SNS::Topic", Shape::List),
    ("AWS::SQS::Queue", Shape::List),
    ("AWS::SecretsManager::Secret", Shape::List),
    ("AWS::Serverless::Function", Shape::Map),
    ("AWS::Serverless::StateMachine", Shape::Map),
    ("AWS::StepFunctions::StateMachine", Shape::List),
];

/// Tags every resource there is so far.
pub(super) fn finish(b: &mut Builder<'_>) {
    let tags = tags(b);
    for resource in b.plan.resources.values_mut() {
        let shape = TAGGABLE.iter().find(|(type_, _)| *type_ == resource.type_);
        let value = match shape {
            Some((_, Shape::Map)) => Value::Map(tags.clone()),
            Some((_, Shape::List)) => {
                let one = |(key, value): (&str, &Value)| Value::map([("Key", key.into()), ("Value", value.clone())]);
                // A VPC has a name, which is a tag.
                let own = match resource.properties.get("Tags") {
                    Some(Value::List(own)) => own.clone(),
                    _ => Vec::new(),
                };
                Value::list(own.into_iter().chain(tags.iter().map(one)))
            }
            None => continue,
        };
        resource.properties.insert("Tags".to_owned(), value);
    }
}

/// The spec's tags win. Some services take no two keys that differ in case only.
fn tags(b: &Builder<'_>) -> Map {
    let given = &b.model.tags;
    let own = [("project", Value::pseudo("ProjectName")), ("environment", Value::pseudo("Environment"))];
    let mut tags: Map = own
        .into_iter()
        .filter(|(key, _)| given.keys().all(|given| !given.eq_ignore_ascii_case(key)))
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    tags.extend(given.iter().map(|(key, value)| (key.clone(), value.as_str().into())));
    tags
}
