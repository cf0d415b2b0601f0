//! How many bytes a value of the template has as JSON in the account. What things are called depends on the stack's name and its Region:
//! an estimate, for a stack that is called after the service and its environment.

use crate::plan::builder::Builder;
use crate::plan::value::{Part, Value};
use crate::plan::{LogicalId, Resource};

/// The stack that sizes are estimated for.
pub(super) struct Estimate {
    stack: usize,
    environment: usize,
    project: usize,
    region: usize,
}

/// `us-east-1`.
const SHORT_REGION: usize = 9;

/// `ap-southeast-1`.
const LONG_REGION: usize = 14;

/// The digits of an account's id.
const ACCOUNT: usize = 12;

/// What CloudFormation puts around a logical id in a name that it makes: hyphens, and twelve random characters.
const AROUND: usize = 14;

/// What Lambda names a statement that CloudFormation adds after the stack and the resource; and the statement around its parts.
const PERMISSION: usize = r#"{"Sid":"","Effect":"Allow","Principal":{"Service":""},"Action":"","Resource":"","Condition":{"ArnLike":{"AWS:SourceArn":""}}},"#.len();

impl Estimate {
    /// With the shortest of the environments' names, in a Region with a short one.
    pub(super) fn shortest(b: &Builder<'_>) -> Self {
        let environments = b.model.environments.iter().map(|environment| environment.name.len());
        Self::new(b, environments.min().unwrap_or(0), SHORT_REGION)
    }

    /// With the longest of the environments' names, in a Region with a long one.
    pub(super) fn longest(b: &Builder<'_>) -> Self {
        let environments = b.model.environments.iter().map(|environment| environment.name.len());
        Self::new(b, environments.max().unwrap_or(0), LONG_REGION)
    }

    fn new(b: &Builder<'_>, environment: usize, region: usize) -> Self {
        let project = b.model.service.value.len();
        Self { stack: project + 1 + environment, environment, project, region }
    }

    /// The bytes of a property of a resource.
    pub(super) fn of(&self, b: &Builder<'_>, resource: &Resource, property: &str) -> usize {
        resource.properties.get(property).map_or(0, |value| self.value(b, value))
    }

    /// The bytes of what a permission adds to the policy of its function.
    pub(super) fn permission(&self, b: &Builder<'_>, id: &LogicalId, permission: &Resource) -> usize {
        let text = |name| permission.properties.get(name).map_or(0, |value| self.text(b, value));
        let function = match permission.properties.get("FunctionName") {
            Some(Value::Ref(function)) => self.arn(b, function),
            Some(_) | None => 0,
        };
        PERMISSION
            + self.stack
            + id.as_str().len()
            + AROUND
            + function
            + text("Principal")
            + text("Action")
            + text("SourceArn")
    }

    /// The bytes of a value as compact JSON.
    pub(super) fn value(&self, b: &Builder<'_>, value: &Value) -> usize {
        match value {
            Value::Bool(_) => 5,
            Value::Integer(number) => number.to_string().len(),
            Value::Number(number) => number.len(),
            Value::List(items) => 2 + items.iter().map(|item| self.value(b, item) + 1).sum::<usize>().saturating_sub(1),
            Value::Map(entries) => {
                let entry = |(key, value): (&str, &Value)| key.len() + 4 + self.value(b, value);
                2 + entries.iter().map(entry).sum::<usize>().saturating_sub(1)
            }
            Value::Because(_, inner) => self.value(b, inner),
            Value::If(_, then, otherwise) => {
                let otherwise = otherwise.as_ref().map_or(0, |otherwise| self.value(b, otherwise));
                self.value(b, then).max(otherwise)
            }
            Value::String(_)
            | Value::Ref(_)
            | Value::Parameter(_)
            | Value::Attribute(..)
            | Value::Text(_)
            | Value::ByEnvironment(_)
            | Value::Json(_)
            | Value::Piece(..)
            | Value::Join(..)
            | Value::Split(..)
            | Value::Zone(_) => self.text(b, value) + 2,
        }
    }

    /// The bytes of a text.
    pub(super) fn text(&self, b: &Builder<'_>, value: &Value) -> usize {
        match value {
            Value::String(text) => text.len(),
            Value::Ref(id) => self.reference(b, id),
            Value::Parameter(name) => self.parameter(name),
            Value::Attribute(id, "Arn") => self.arn(b, id),
            Value::Attribute(id, _) => self.arn(b, id) + AROUND,
            Value::Text(parts) => parts.iter().map(|part| self.part(b, part)).sum(),
            Value::Because(_, inner) | Value::Join(_, inner) | Value::Json(inner) => self.value(b, inner),
            Value::ByEnvironment(_) | Value::Piece(..) | Value::Split(..) | Value::Zone(_) => AROUND,
            Value::Bool(_) | Value::Integer(_) | Value::Number(_) | Value::List(_) | Value::Map(_) | Value::If(..) => {
                self.value(b, value)
            }
        }
    }

    fn part(&self, b: &Builder<'_>, part: &Part) -> usize {
        match part {
            Part::Literal(text) => text.len(),
            Part::Ref(id) => self.reference(b, id),
            Part::Parameter(name) => self.parameter(name),
            Part::Attribute(id, _) => self.arn(b, id),
        }
    }

    fn parameter(&self, name: &str) -> usize {
        match name {
            "AWS::Region" => self.region,
            "AWS::AccountId" => ACCOUNT,
            "AWS::Partition" => "aws".len(),
            "AWS::StackName" => self.stack,
            "Environment" => self.environment,
            "ProjectName" => self.project,
            _ => AROUND,
        }
    }

    /// What a resource is called: its own name, or the one that CloudFormation gives it.
    fn name(&self, b: &Builder<'_>, id: &LogicalId) -> usize {
        let given = b.plan.resources.get(id).and_then(|resource| {
            let own = ["FunctionName", "Name", "StateMachineName", "LogGroupName", "ArchiveName"];
            own.iter().find_map(|name| resource.properties.get(name))
        });
        given.map_or(self.stack + id.as_str().len() + AROUND, |name| self.text(b, name))
    }

    /// What `Ref` gives: the name, or the URL of a queue.
    fn reference(&self, b: &Builder<'_>, id: &LogicalId) -> usize {
        let is_queue = b.plan.resources.get(id).is_some_and(|it| it.type_ == "AWS::SQS::Queue");
        let before = if is_queue { "https://sqs..amazonaws.com//".len() + self.region + ACCOUNT } else { 0 };
        before + self.name(b, id)
    }

    /// `arn:aws:SERVICE:REGION:ACCOUNT:KIND/NAME`.
    fn arn(&self, b: &Builder<'_>, id: &LogicalId) -> usize {
        let resource = b.plan.resources.get(id);
        let type_ = resource.map_or("", |resource| resource.type_.as_str());
        let (service, before) = match type_ {
            "AWS::DynamoDB::Table" => ("dynamodb", "table/"),
            "AWS::SQS::Queue" => ("sqs", ""),
            "AWS::Lambda::Function" | "AWS::Serverless::Function" => ("lambda", "function:"),
            "AWS::Events::Rule" => ("events", "rule/"),
            "AWS::Events::EventBus" => ("events", "event-bus/"),
            "AWS::Logs::LogGroup" => ("logs", "log-group::*"),
            "AWS::StepFunctions::StateMachine" | "AWS::Serverless::StateMachine" => ("states", "stateMachine:"),
            "AWS::IAM::Role" => ("iam", "role/"),
            _ => ("service", "resource/"),
        };
        let bus =
            resource.filter(|_| type_ == "AWS::Events::Rule").and_then(|rule| rule.properties.get("EventBusName"));
        let bus = match bus {
            Some(Value::String(name)) if name == "default" => 0,
            Some(name) => self.text(b, name) + 1,
            None => 0,
        };
        "arn:aws::::".len() + service.len() + self.region + ACCOUNT + before.len() + bus + self.name(b, id)
    }
}
