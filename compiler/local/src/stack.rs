//! A plan as it is deployed for one environment: intrinsic functions are resolved, and what has no condition that holds is left out.

use std::collections::BTreeMap;

use evc_compiler::plan::value::{Map, Part, Value};
use evc_compiler::plan::{ENVIRONMENT, HandlerKind, Machine, Plan};
use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use crate::identity::{Identity, identity, name_property, rule_arn};

/// Where a stack stands.
#[derive(Debug, Clone)]
pub struct Place {
    /// The account's number.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The name of the stack.
    pub stack: String,
    /// The address at which the services answer: `http://127.0.0.1:4566`.
    pub endpoint: String,
}

impl Place {
    /// A stack in the local account.
    pub fn local(stack: &str, endpoint: &str) -> Self {
        Self {
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            stack: stack.to_owned(),
            endpoint: endpoint.to_owned(),
        }
    }
}

/// A resource as it is deployed.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Its CloudFormation type.
    pub type_: String,
    /// Its properties, with nothing left to resolve.
    pub properties: Json,
    /// Its name in the account.
    pub name: String,
    /// What `Ref` gives.
    pub reference: String,
    /// Its ARN; empty if it has none.
    pub arn: String,
    /// The binary that it runs, if it is a function.
    pub binary: Option<String>,
    /// What the spec calls it: `functions.pay.role`.
    pub address: String,
    /// Where in the spec that is: `specs/orders.yaml:89`.
    pub place: String,
}

impl Resource {
    /// A property by its way: `/DeadLetterConfig/Arn`.
    pub fn at(&self, pointer: &str) -> Option<&Json> {
        self.properties.pointer(pointer)
    }

    /// The same as text.
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.at(pointer).and_then(Json::as_str)
    }

    /// The same as a whole number, which templates also write as text.
    pub fn number(&self, pointer: &str) -> Option<u64> {
        whole(self.at(pointer)?)
    }

    /// The same as `true` or `false`.
    pub fn flag(&self, pointer: &str) -> bool {
        self.at(pointer).is_some_and(|value| *value == json!(true) || *value == json!("true"))
    }

    /// The items of a list.
    pub fn list(&self, pointer: &str) -> &[Json] {
        self.at(pointer).and_then(Json::as_array).map_or(&[], Vec::as_slice)
    }
}

/// A whole number, also as text.
pub(crate) fn whole(value: &Json) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}

/// A state machine's definition with its substitutions, JSON.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The workflow's name, or that of its starter.
    pub file: String,
    /// The logical id of its resource.
    pub id: String,
    /// In Amazon States Language.
    pub asl: Json,
}

/// The types of resources that are carried out.
const RUN: &[&str] = &[
    "AWS::ApiGateway::ApiKey",
    "AWS::ApiGateway::Authorizer",
    "AWS::ApiGateway::GatewayResponse",
    "AWS::ApiGateway::Method",
    "AWS::ApiGateway::Model",
    "AWS::ApiGateway::RequestValidator",
    "AWS::ApiGateway::Resource",
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",
    "AWS::ApiGateway::UsagePlan",
    "AWS::ApiGateway::UsagePlanKey",
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Authorizer",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGatewayV2::Stage",
    "AWS::DynamoDB::Table",
    "AWS::Events::Archive",
    "AWS::Events::EventBus",
    "AWS::Events::Rule",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Pipes::Pipe",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::SSM::Parameter",
    "AWS::Scheduler::Schedule",
    "AWS::SecretsManager::Secret",
    "AWS::Serverless::Function",
    "AWS::Serverless::StateMachine",
    "AWS::StepFunctions::StateMachine",
];

/// What only allows, watches, keeps or connects: the system runs without.
const PASSIVE: &[&str] = &[
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::BasePathMapping",
    "AWS::ApiGateway::Deployment",
    "AWS::CertificateManager::",
    "AWS::CloudWatch::",
    "AWS::EC2::",
    "AWS::ElastiCache::",
    "AWS::Events::EventBusPolicy",
    "AWS::IAM::",
    "AWS::KMS::",
    "AWS::Lambda::Permission",
    "AWS::Logs::",
    "AWS::Route53::",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::SecretsManager::",
    "AWS::Serverless::LayerVersion",
];

/// A stack as it is deployed.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Where.
    pub place: Place,
    /// The service that the spec names.
    pub service: String,
    /// The environment.
    pub environment: String,
    /// Its resources by logical id, in the order of the template.
    pub resources: IndexMap<String, Resource>,
    /// Its state machines.
    pub machines: Vec<Definition>,
    /// The definitions of its workflows on Redis, by workflow.
    pub on_redis: IndexMap<String, Json>,
    /// What its handlers run, by binary.
    pub handlers: IndexMap<String, HandlerKind>,
    /// Its outputs.
    pub outputs: IndexMap<String, String>,
}

impl Stack {
    /// Resolves a plan. `parameters` are the values of parameters that have no default or are to have others; `place_of` writes a place of
    /// the spec.
    ///
    /// # Errors
    ///
    /// When the environment is none of the spec's, or a parameter has no value.
    pub fn resolve(
        plan: &Plan<'_>,
        environment: &str,
        place: Place,
        parameters: &BTreeMap<String, String>,
        place_of: &dyn Fn(evc_compiler::source::Span) -> String,
    ) -> Result<Self, String> {
        let resolver = Resolver { plan, environment, place: &place, parameters };
        resolver.check()?;
        let mut resources = IndexMap::new();
        for (id, resource) in &plan.resources {
            if resource.condition.as_deref().is_some_and(|condition| !resolver.holds(condition)) {
                continue;
            }
            let properties = resolver.map(&resource.properties);
            let Identity { name, reference, arn } = resolver.identity(id.as_str());
            let resource = Resource {
                type_: resource.type_.clone(),
                properties,
                name,
                reference,
                arn,
                binary: self::binary(&resource.metadata),
                address: resource.address.clone(),
                place: place_of(resource.place()),
            };
            resources.insert(id.as_str().to_owned(), resource);
        }
        let machines = plan.machines.iter().map(|machine| resolver.machine(machine)).collect();
        let on_redis = plan.definitions.iter().map(|it| (it.file.clone(), it.json.clone())).collect();
        let handlers = plan.handlers.iter().map(|it| (it.binary.clone(), it.kind)).collect();
        let outputs = plan.outputs.iter().filter(|(_, it)| it.condition.as_deref().is_none_or(|it| resolver.holds(it)));
        let outputs =
            outputs.filter_map(|(name, it)| Some((name.clone(), text(&resolver.value(&it.value)?)))).collect();
        let (service, environment) = (plan.model.service.value.clone(), environment.to_owned());
        Ok(Self { place, service, environment, resources, machines, on_redis, handlers, outputs })
    }

    /// Whether a function wants a cache.
    pub fn wants_cache(&self) -> bool {
        let variable = format!("/Environment/Variables/{}", evc_interface::environment::CACHE_ENDPOINT);
        self.resources.values().any(|it| it.at(&variable).is_some())
    }

    /// What would do something in the account and does nothing here: what the spec calls it, and its type.
    pub fn not_run(&self) -> impl Iterator<Item = (&str, &str)> {
        let asked = self.resources.values().filter(|it| !RUN.contains(&it.type_.as_str()));
        let active = asked.filter(|it| !PASSIVE.iter().any(|prefix| it.type_.starts_with(prefix)));
        active.map(|it| (it.address.as_str(), it.type_.as_str()))
    }

    /// The ids of its APIs.
    pub fn apis(&self) -> impl Iterator<Item = &str> {
        let is_api = |type_: &str| matches!(type_, "AWS::ApiGatewayV2::Api" | "AWS::ApiGateway::RestApi");
        let apis = self.resources.values().filter(move |it| is_api(&it.type_));
        apis.map(|api| api.reference.as_str())
    }

    /// Says where its APIs answer, by their ids, wherever it says where they would in the account: in outputs and environment variables.
    #[must_use]
    pub fn answering_at(mut self, addresses: &BTreeMap<String, String>) -> Self {
        for (id, address) in addresses {
            let deployed = format!("https://{id}.execute-api.{}.amazonaws.com", self.place.region);
            for resource in self.resources.values_mut() {
                replace(&mut resource.properties, &deployed, address);
            }
            for output in self.outputs.values_mut() {
                *output = output.replace(&deployed, address);
            }
        }
        self
    }

    /// Its resources of these types, with their logical ids.
    pub fn of_type<'s>(&'s self, types: &'s [&'s str]) -> impl Iterator<Item = (&'s str, &'s Resource)> {
        let of_type = self.resources.iter().filter(|(_, it)| types.contains(&it.type_.as_str()));
        of_type.map(|(id, it)| (id.as_str(), it))
    }
}

fn replace(json: &mut Json, from: &str, to: &str) {
    match json {
        Json::String(text) if text.contains(from) => *text = text.replace(from, to),
        Json::Array(items) => items.iter_mut().for_each(|item| replace(item, from, to)),
        Json::Object(entries) => entries.values_mut().for_each(|value| replace(value, from, to)),
        _ => {}
    }
}

/// The binary that `sam build` makes of a function.
fn binary(metadata: &Map) -> Option<String> {
    let Some(Value::Map(properties)) = metadata.get("BuildProperties") else { return None };
    if let Some(Value::String(binary)) = properties.get("Binary") { Some(binary.clone()) } else { None }
}

struct Resolver<'r> {
    plan: &'r Plan<'r>,
    environment: &'r str,
    place: &'r Place,
    parameters: &'r BTreeMap<String, String>,
}

impl Resolver<'_> {
    fn check(&self) -> Result<(), String> {
        if let Some(parameter) = self.plan.parameters.get(ENVIRONMENT)
            && !parameter.allowed_values.is_empty()
            && !parameter.allowed_values.iter().any(|known| known == self.environment)
        {
            let known = parameter.allowed_values.join(", ");
            return Err(format!("there is no environment `{}`; the spec has {known}", self.environment));
        }
        let without = self.plan.parameters.iter().find(|(name, it)| {
            it.default.is_none() && name.as_str() != ENVIRONMENT && !self.parameters.contains_key(*name)
        });
        without.map_or(Ok(()), |(name, it)| Err(format!("the parameter `{name}` has no value: {}", it.description)))
    }

    fn identity(&self, id: &str) -> Identity {
        let Some(resource) = self.plan.resources.get(id) else {
            return Identity { name: id.to_owned(), reference: id.to_owned(), arn: String::new() };
        };
        let given = name_property(&resource.type_).and_then(|property| resource.properties.get(property));
        let given = given.and_then(|name| self.value(name)).map(|name| text(&name));
        let mut own = identity(&resource.type_, id, given.as_deref(), self.place);
        if resource.type_ == "AWS::Events::Rule" {
            let bus = resource.properties.get("EventBusName").and_then(|bus| self.value(bus));
            own.arn = rule_arn(&own.arn, bus.as_ref());
        }
        own
    }

    fn attribute(&self, id: &str, name: &str) -> Json {
        let own = self.identity(id);
        let type_ = self.plan.resources.get(id).map(|it| it.type_.as_str()).unwrap_or_default();
        json!(match (type_, name) {
            (_, "StreamArn") => format!("{}/stream/2026-01-01T00:00:00.000", own.arn),
            (_, "QueueUrl") => own.reference,
            (_, "ApiEndpoint") => format!("https://{}.execute-api.{}.amazonaws.com", own.name, self.place.region),
            (_, "Arn" | "Id" | "TopicArn" | "StateMachineArn" | "AliasArn" | "FunctionArn") if !own.arn.is_empty() =>
                own.arn,
            ("AWS::ApiGateway::RestApi", "RootResourceId") => "root".to_owned(),
            _ => own.name,
        })
    }

    fn parameter(&self, name: &str) -> Json {
        let known = match name {
            "AWS::AccountId" => Some(self.place.account.as_str()),
            "AWS::Region" => Some(self.place.region.as_str()),
            "AWS::Partition" => Some("aws"),
            "AWS::URLSuffix" => Some("amazonaws.com"),
            "AWS::StackName" | "AWS::StackId" => Some(self.place.stack.as_str()),
            ENVIRONMENT => Some(self.environment),
            _ => None,
        };
        let given = || self.parameters.get(name).map(String::as_str);
        let default = || self.plan.parameters.get(name).and_then(|it| it.default.as_deref());
        json!(known.or_else(given).or_else(default).unwrap_or_default())
    }

    fn by_environment(&self, key: &str) -> Option<Json> {
        self.value(self.plan.mappings.get(self.environment)?.get(key)?)
    }

    fn holds(&self, condition: &str) -> bool {
        let value = self.plan.conditions.get(condition).and_then(|value| self.value(value));
        value.is_some_and(|value| value == json!(true))
    }

    fn map(&self, entries: &Map) -> Json {
        let entries = entries.iter().filter_map(|(key, value)| Some((key.to_string(), self.value(value)?)));
        Json::Object(entries.collect())
    }

    /// The value; `None` for `AWS::NoValue`.
    fn value(&self, value: &Value) -> Option<Json> {
        Some(match value {
            Value::Bool(value) => json!(value),
            Value::Integer(value) => json!(value),
            Value::Number(text) => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
            Value::String(text) => json!(text),
            Value::List(items) => Json::Array(items.iter().filter_map(|item| self.value(item)).collect()),
            Value::Map(entries) => return self.function(entries),
            Value::Ref(id) => json!(self.identity(id.as_str()).reference),
            Value::Parameter(name) if name == "AWS::NoValue" => return None,
            Value::Parameter(name) => self.parameter(name),
            Value::Attribute(id, name) => self.attribute(id.as_str(), name),
            Value::Text(parts) => {
                let part = |part: &Part| match part {
                    Part::Literal(text) => text.clone(),
                    Part::Ref(id) => self.identity(id.as_str()).reference,
                    Part::Parameter(name) => text(&self.parameter(name)),
                    Part::Attribute(id, name) => text(&self.attribute(id.as_str(), name)),
                };
                json!(parts.iter().map(part).collect::<String>())
            }
            Value::ByEnvironment(key) => return self.by_environment(key),
            Value::Json(value) => json!(self.value(value)?.to_string()),
            Value::If(condition, then, otherwise) => {
                return if self.holds(condition) {
                    self.value(then)
                } else {
                    otherwise.as_ref().and_then(|value| self.value(value))
                };
            }
            Value::Piece(index, separator, of) => {
                json!(text(&self.value(of)?).split(separator).nth(*index).unwrap_or_default())
            }
            Value::Join(separator, of) => json!(joined(&self.value(of)?, separator)),
            Value::Split(separator, of) => json!(text(&self.value(of)?).split(separator).collect::<Vec<_>>()),
            Value::Zone(number) => json!(format!("{}{}", self.place.region, zone(*number))),
            Value::Because(_, value) => return self.value(value),
        })
    }

    /// A map, which may be an intrinsic function that the spec wrote out.
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>
    fn function(&self, entries: &Map) -> Option<Json> {
        let mut all = entries.iter();
        let (Some((key, argument)), None) = (all.next(), all.next()) else { return Some(self.map(entries)) };
        let items = |value: &Value| match value {
            Value::List(items) => items.clone(),
            other => vec![other.clone()],
        };
        let name = |value: &Value| self.value(value).map(|value| text(&value)).unwrap_or_default();
        match key {
            "Ref" => {
                let name = name(argument);
                match self.plan.resources.contains_key(name.as_str()) {
                    true => Some(json!(self.identity(&name).reference)),
                    false if name == "AWS::NoValue" => None,
                    false => Some(self.parameter(&name)),
                }
            }
            "Fn::GetAtt" => {
                let joined = items(argument).iter().map(name).collect::<Vec<_>>().join(".");
                let (id, attribute) = joined.split_once('.').unwrap_or((&joined, "Arn"));
                Some(self.attribute(id, attribute))
            }
            "Fn::Sub" => Some(json!(self.substituted(argument))),
            "Fn::If" => match items(argument).as_slice() {
                [condition, then, otherwise] => self.value(if self.holds(&name(condition)) { then } else { otherwise }),
                _ => None,
            },
            "Fn::Equals" => match items(argument).as_slice() {
                [a, b] => Some(json!(self.value(a).map(|a| text(&a)) == self.value(b).map(|b| text(&b)))),
                _ => None,
            },
            "Fn::Not" => Some(json!(items(argument).first().is_some_and(|it| !self.is_true(it)))),
            "Fn::And" => Some(json!(items(argument).iter().all(|it| self.is_true(it)))),
            "Fn::Or" => Some(json!(items(argument).iter().any(|it| self.is_true(it)))),
            "Condition" => Some(json!(self.holds(&name(argument)))),
            "Fn::Join" => match items(argument).as_slice() {
                [separator, of] => Some(json!(joined(&self.value(of)?, &name(separator)))),
                _ => None,
            },
            "Fn::Split" => match items(argument).as_slice() {
                [separator, of] => Some(json!(name(of).split(name(separator).as_str()).collect::<Vec<_>>())),
                _ => None,
            },
            "Fn::Select" => match items(argument).as_slice() {
                [index, of] => {
                    let index = usize::try_from(whole(&self.value(index)?)?).ok()?;
                    self.value(of)?.as_array()?.get(index).cloned()
                }
                _ => None,
            },
            "Fn::FindInMap" => match items(argument).as_slice() {
                [map, _, key] if name(map) == "Environments" => self.by_environment(&name(key)),
                _ => None,
            },
            "Fn::ToJsonString" => Some(json!(self.value(argument)?.to_string())),
            "Fn::Base64" => {
                use base64::Engine as _;
                Some(json!(base64::engine::general_purpose::STANDARD.encode(name(argument))))
            }
            _ => Some(self.map(entries)),
        }
    }

    fn is_true(&self, condition: &Value) -> bool {
        self.value(condition).is_some_and(|value| value == json!(true))
    }

    /// `Fn::Sub` as a spec writes it: `${Name}`, `${Name.Attribute}`, `${AWS::Region}`, `${!Literal}`; with values of its own in a second item.
    fn substituted(&self, argument: &Value) -> String {
        let (template, own) = match argument {
            Value::List(items) => match items.as_slice() {
                [template, Value::Map(own)] => (self.value(template), Some(own)),
                [template, ..] => (self.value(template), None),
                [] => (None, None),
            },
            template => (self.value(template), None),
        };
        let template = template.map(|it| text(&it)).unwrap_or_default();
        substitute(&template, |name| {
            if let Some(value) = own.and_then(|own| own.get(name)) {
                return self.value(value).map(|value| text(&value));
            }
            Some(match name.split_once('.') {
                Some((id, attribute)) if self.plan.resources.contains_key(id) => text(&self.attribute(id, attribute)),
                _ if self.plan.resources.contains_key(name) => self.identity(name).reference,
                _ => text(&self.parameter(name)),
            })
        })
    }

    fn machine(&self, machine: &Machine) -> Definition {
        let values: IndexMap<&str, String> = machine
            .substitutions
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), text(&self.value(value)?))))
            .collect();
        let (file, id) = (machine.file.clone(), machine.id.as_str().to_owned());
        Definition { file, id, asl: filled(&machine.definition, &|name| values.get(name).cloned()) }
    }
}

/// Every text of a JSON value with what stands for `${Name}` in it.
fn filled(json: &Json, value_of: &dyn Fn(&str) -> Option<String>) -> Json {
    match json {
        Json::String(text) => json!(substitute(text, value_of)),
        Json::Array(items) => items.iter().map(|item| filled(item, value_of)).collect(),
        Json::Object(entries) => entries
            .iter()
            .map(|(key, value)| (key.clone(), filled(value, value_of)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// A text with what stands for each `${name}` in it. What has no value stays as it is; `${!name}` is `${name}`.
fn substitute(template: &str, value_of: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let Some((name, left)) = after.split_once('}') else {
            out.push_str("${");
            rest = after;
            continue;
        };
        match name.strip_prefix('!') {
            Some(literal) => out.extend(["${", literal, "}"]),
            None => out.push_str(&value_of(name).unwrap_or_else(|| format!("${{{name}}}"))),
        }
        rest = left;
    }
    out.push_str(rest);
    out
}

/// A value as CloudFormation puts it into a text.
fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn joined(list: &Json, separator: &str) -> String {
    list.as_array().map(|items| items.iter().map(text).collect::<Vec<_>>().join(separator)).unwrap_or_default()
}

/// The letter of an availability zone.
fn zone(number: u64) -> char {
    char::from(b'a' + u8::try_from(number.min(25)).unwrap_or(25))
}
