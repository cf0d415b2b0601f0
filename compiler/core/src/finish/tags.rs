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
    ("AWS::ApiGateway::DomainName", Shape::List),
    ("AWS::ApiGateway::RestApi", Shape::List),
    ("AWS::ApiGateway::Stage", Shape::List),
    ("AWS::ApiGateway::UsagePlan", Shape::List),
    ("AWS::ApiGatewayV2::Api", Shape::Map),
    ("AWS::ApiGatewayV2::DomainName", Shape::Map),
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
    ("AWS::SSM::Parameter", Shape::Map),
    ("AWS::SecretsManager::Secret", Shape::List),
    ("AWS::Serverless::Function", Shape::Map),
    ("AWS::Serverless::StateMachine", Shape::Map),
    ("AWS::StepFunctions::StateMachine", Shape::List),
];

/// The types of SAM that give their tags to what it makes of them, where that takes tags.
/// <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html#sam-function-propagatetags>
const PROPAGATES: [&str; 2] = ["AWS::Serverless::Function", "AWS::Serverless::StateMachine"];

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
        if PROPAGATES.contains(&resource.type_.as_str()) {
            resource.properties.insert("PropagateTags", true.into());
        }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Shape, TAGGABLE};
    use crate::aws::{self, Kind};
    use crate::plan::value::Value;
    use crate::session::{analyze_text, plan};

    /// What takes tags in the schemas and has none here, with the reason.
    const WITHOUT: [(&str, &str); 1] = [("AWS::CloudWatch::Dashboard", "takes tags in some Regions only")];

    #[test]
    fn every_type_that_takes_tags_has_them_as_its_schema_says() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/lower/fixtures");
        let (mut seen, mut wrong) = (BTreeSet::new(), Vec::new());
        for entry in std::fs::read_dir(folder).expect("the fixtures are there") {
            let spec = std::fs::read_to_string(entry.expect("a readable folder").path()).expect("a readable fixture");
            let analysis = analyze_text("spec.yaml", &spec);
            let model = analysis.model.as_ref().expect("the spec names its service");
            let own = |id: &str| model.resources.values().any(|it| it.head.name == id);
            for (_, resource) in plan(model).plan.resources.iter().filter(|(id, _)| !own(id.as_str())) {
                let type_ = resource.type_.as_str();
                let known = aws::resource_type(type_).expect("a type of the schemas");
                // One that the schemas know tags of, by the property that they stand in.
                let takes = known.shape.property("Tags").map(|tags| tags.kinds.has(Kind::Array));
                let has = match resource.properties.get("Tags") {
                    Some(Value::List(_)) => Some(true),
                    Some(_) => Some(false),
                    None => None,
                };
                seen.insert(type_.to_owned());
                if takes != has && !WITHOUT.iter().any(|(without, _)| *without == type_) {
                    wrong.push(format!("{type_}: a list by the schema {takes:?}, here {has:?}"));
                }
            }
        }
        wrong.sort();
        wrong.dedup();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        let listed: Vec<&str> =
            TAGGABLE.iter().map(|(type_, _)| *type_).filter(|type_| !seen.contains(*type_)).collect();
        assert!(listed.is_empty(), "no fixture has: {listed:?}");
        assert!(TAGGABLE.iter().any(|(_, shape)| matches!(shape, Shape::Map)));
    }
}
