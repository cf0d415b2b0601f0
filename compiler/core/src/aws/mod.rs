//! What CloudFormation and SAM publish of their resource types: properties with their shapes, attributes, what cannot be changed.
//!
//! The data is that of cfn-lint's schemas (MIT-0), in a file that `cargo xtask schemas` writes ([decision 32]). Nothing of it is read before
//! it is asked for, and then only the part that the type is in.
//!
//! ```
//! use evc_compiler::aws;
//!
//! let queue = aws::resource_type("AWS::SQS::Queue").expect("SQS has queues");
//! assert!(queue.shape.property("VisibilityTimeout").is_some_and(|it| it.kinds.has(aws::Kind::Integer)));
//! assert!(queue.has_attribute("QueueUrl") && !queue.has_attribute("Url"));
//! ```
//!
//! [decision 32]: ../../../../docs/decisions/0032-schemas.md

mod frames;
pub mod iam;
mod read;
pub mod regions;
mod shape;

pub use shape::{Bounds, Condition, Kind, Kinds, More, Shape, ShapeData};

/// A resource type.
#[derive(Debug)]
pub struct ResourceType {
    /// Its name, such as `AWS::SQS::Queue`.
    pub name: &'static str,
    /// What its properties are like.
    pub shape: Shape,
    /// Properties that AWS sets and no template may, as paths: `Arn`, `Endpoint/Address`, `Rules/*/Id`.
    pub read_only: Vec<&'static str>,
    /// What `Fn::GetAtt` may name beside the read-only properties; `*` at the end stands for anything. `None`: nothing but them.
    attributes: Option<Vec<&'static str>>,
    /// Properties whose change replaces the resource, as paths.
    pub create_only: Vec<&'static str>,
    /// Properties whose change replaces the resource in some cases, as paths.
    pub sometimes_create_only: Vec<&'static str>,
    /// The property that its tags stand in, if it takes tags.
    pub tags: Option<&'static str>,
}

impl ResourceType {
    /// What `Fn::GetAtt` may name, in no order: `Arn`, `Endpoint.Address`. `Outputs.*` and `*` stand for any.
    pub fn attributes(&self) -> Vec<String> {
        match &self.attributes {
            Some(attributes) => attributes.iter().map(|&attribute| attribute.to_owned()).collect(),
            None => self.read_only.iter().map(|path| path.replace('/', ".")).collect(),
        }
    }

    /// Whether `Fn::GetAtt` may name this.
    pub fn has_attribute(&self, name: &str) -> bool {
        let is = |known: &str| match known.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => known == name,
        };
        match &self.attributes {
            Some(attributes) => attributes.iter().any(|known| is(known)),
            None => self.read_only.iter().any(|path| is(&path.replace('/', "."))),
        }
    }
}

/// What is known of a resource type of AWS or SAM. `None`: there is none of this name, as far as the data goes.
pub fn resource_type(name: &str) -> Option<&'static ResourceType> {
    let types = frames::of(name)?;
    types.binary_search_by(|type_| type_.name.cmp(name)).ok().map(|at| &types[at])
}

/// The type of which a resource's attributes are: what SAM makes of it, or its own. `None` is not known.
pub fn attributes_are_those_of(type_: &str) -> Option<&str> {
    match type_ {
        "AWS::Serverless::Api" => Some("AWS::ApiGateway::RestApi"),
        "AWS::Serverless::Application" => Some("AWS::CloudFormation::Stack"),
        "AWS::Serverless::Function" => Some("AWS::Lambda::Function"),
        "AWS::Serverless::HttpApi" | "AWS::Serverless::WebSocketApi" => Some("AWS::ApiGatewayV2::Api"),
        "AWS::Serverless::LayerVersion" => Some("AWS::Lambda::LayerVersion"),
        "AWS::Serverless::SimpleTable" => Some("AWS::DynamoDB::Table"),
        "AWS::Serverless::StateMachine" => Some("AWS::StepFunctions::StateMachine"),
        _ if type_.starts_with("AWS::Serverless::") => None,
        _ => Some(type_),
    }
}

/// The names of all resource types, in alphabetical order.
pub fn resource_types() -> impl Iterator<Item = &'static str> {
    frames::names().iter().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_found_by_its_name_alone() {
        let names: Vec<&str> = resource_types().collect();
        assert!(names.len() > 1800 && names.is_sorted(), "{}", names.len());
        for name in names {
            assert_eq!(resource_type(name).map(|type_| type_.name), Some(name));
        }
        for none in ["", "AWS::SQS", "AWS::SQS::Queu", "AWS::SQS::Queues", "ZZZ", "Custom::Seed"] {
            assert!(resource_type(none).is_none(), "{none}");
        }
    }

    #[test]
    fn attributes_are_those_that_getatt_names() {
        let has = |type_: &str, name: &str| resource_type(type_).is_some_and(|it| it.has_attribute(name));
        assert!(has("AWS::SQS::Queue", "Arn") && has("AWS::SQS::Queue", "QueueName"));
        assert!(has("AWS::CloudFormation::Stack", "Outputs.Anything") && !has("AWS::CloudFormation::Stack", "Arn"));
        assert!(has("AWS::RDS::DBInstance", "Endpoint.Address") && !has("AWS::DynamoDB::Table", "Name"));
    }

    #[test]
    fn shapes_may_contain_themselves() {
        let statement = resource_type("AWS::WAFv2::WebACL").and_then(|it| it.shape.property("Rules"));
        let mut shape = statement.and_then(|it| it.items).and_then(|it| it.property("Statement"));
        for _ in 0..3 {
            shape = shape.and_then(|it| it.property("NotStatement")).and_then(|it| it.property("Statement"));
        }
        assert!(shape.is_some_and(|it| it.property("ByteMatchStatement").is_some()));
    }
}
