//! The template that SAM makes of one: resources of SAM as those of CloudFormation, with roles, event sources and permissions.
//!
//! It is for checks of sense and of what waits for what. Code, layers, deployments and the implicit APIs are left out, since nothing is
//! checked about them.

use std::borrow::Cow;

use super::events::{self, Target};
use super::nodes::{allow, arn, document, list, map, properties, reference, text};
use super::policies;
use crate::audit::template::{Entry, Kind, Map, Name, Node, Resource, Template};

/// A template that SAM is making.
pub(super) struct Expansion<'a> {
    resources: indexmap::IndexMap<Cow<'a, str>, Resource<'a>>,
}

/// Makes the template. One without SAM's transform is what it is already.
pub(in crate::audit) fn expand<'t, 'a>(template: &'t Template<'a>) -> Cow<'t, Template<'a>> {
    if !template.transforms.iter().any(|transform| transform.starts_with("AWS::Serverless-")) {
        return Cow::Borrowed(template);
    }
    let mut into = Expansion { resources: indexmap::IndexMap::new() };
    for (id, resource) in &template.resources {
        let globals =
            |kind: &str| template.globals.as_ref().and_then(|globals| globals.get(kind)).and_then(Node::as_map);
        match &*resource.type_.text {
            "AWS::Serverless::Function" => into.function(id, resource, globals("Function")),
            "AWS::Serverless::StateMachine" => into.machine(id, resource, globals("StateMachine")),
            "AWS::Serverless::SimpleTable" => into.table(id, resource),
            "AWS::Serverless::Api" => into.renamed(id, resource, "AWS::ApiGateway::RestApi"),
            "AWS::Serverless::HttpApi" => into.renamed(id, resource, "AWS::ApiGatewayV2::Api"),
            // Of what SAM makes many things, nothing is known.
            "AWS::Serverless::GraphQLApi" | "AWS::Serverless::Application" | "AWS::Serverless::Connector" => {
                into.add(id.clone(), Resource { properties: Map::default(), ..resource.clone() });
            }
            _ => into.add(id.clone(), resource.clone()),
        }
    }
    Cow::Owned(Template { resources: into.resources, ..template.clone() })
}

impl<'a> Expansion<'a> {
    /// Adds a resource, unless the template has one of that name itself.
    pub(super) fn add(&mut self, id: impl Into<Cow<'a, str>>, resource: Resource<'a>) {
        self.resources.entry(id.into()).or_insert(resource);
    }

    fn function(&mut self, id: &str, resource: &Resource<'a>, globals: Option<&Map<'a>>) {
        let all = merged(globals, &resource.properties);
        let mut made = Map::default();
        for entry in &all.entries {
            let renamed = match &*entry.key.text {
                "Events"
                | "Policies"
                | "CodeUri"
                | "ImageUri"
                | "InlineCode"
                | "Tags"
                | "EventInvokeConfig"
                | "AutoPublishAlias"
                | "AutoPublishAliasAllProperties"
                | "DeploymentPreference"
                | "PropagateTags"
                | "ProvisionedConcurrencyConfig"
                | "FunctionUrlConfig" => continue,
                "DeadLetterQueue" => {
                    let Some(target) = entry.value.get("TargetArn") else { continue };
                    let value = map([("TargetArn", target.clone())]);
                    Entry { key: Name { text: "DeadLetterConfig".into(), place: entry.key.place }, value }
                }
                "Tracing" => {
                    let value = map([("Mode", entry.value.clone())]);
                    Entry { key: Name { text: "TracingConfig".into(), place: entry.key.place }, value }
                }
                _ => entry.clone(),
            };
            made.entries.push(renamed);
        }
        if all.get("Role").is_none() {
            let role = format!("{id}Role");
            made.entries.push(Entry { key: Name::derived("Role"), value: arn(&role) });
            let managed = managed_of_function(&all);
            let mut role_of = policies::role(resource, &all, "lambda.amazonaws.com", managed);
            connected(resource, &mut role_of);
            self.add(role, role_of);
        }
        if let Some(config) = all.entry("EventInvokeConfig") {
            let mut invoke = properties([("FunctionName", reference(id)), ("Qualifier", text("$LATEST"))]);
            invoke.entries.extend(config.value.as_map().into_iter().flat_map(|map| map.entries.clone()));
            let place = config.key.place.unwrap_or(resource.place);
            let resource = Resource { place, ..with(resource, "AWS::Lambda::EventInvokeConfig", invoke) };
            self.add(format!("{id}EventInvokeConfig"), resource);
        }
        self.add(id.to_owned(), with(resource, "AWS::Lambda::Function", made));
        events::expand(self, Target::Function(id), resource, &all);
    }

    fn machine(&mut self, id: &str, resource: &Resource<'a>, globals: Option<&Map<'a>>) {
        let all = merged(globals, &resource.properties);
        let mut made = Map::default();
        for entry in &all.entries {
            let key = match &*entry.key.text {
                "Events" | "Policies" | "PropagateTags" | "Tags" => continue,
                "Type" => "StateMachineType",
                "Name" => "StateMachineName",
                "Role" => "RoleArn",
                "Logging" => "LoggingConfiguration",
                "Tracing" => "TracingConfiguration",
                _ => {
                    made.entries.push(entry.clone());
                    continue;
                }
            };
            made.entries
                .push(Entry { key: Name { text: key.into(), place: entry.key.place }, value: entry.value.clone() });
        }
        if all.get("Role").is_none() {
            let role = format!("{id}Role");
            made.entries.push(Entry { key: Name::derived("RoleArn"), value: arn(&role) });
            let mut role_of = policies::role(resource, &all, "states.amazonaws.com", Vec::new());
            connected(resource, &mut role_of);
            self.add(role, role_of);
        }
        self.add(id.to_owned(), with(resource, "AWS::StepFunctions::StateMachine", made));
        events::expand(self, Target::Machine(id), resource, &all);
    }

    /// `PrimaryKey` is a hash key, a text called `id` if nothing is said.
    fn table(&mut self, id: &str, resource: &Resource<'a>) {
        let mut made = resource.properties.clone();
        let key = made.get("PrimaryKey").and_then(|key| key.get("Name")).cloned().unwrap_or_else(|| text("id"));
        made.entries.retain(|entry| entry.key.text != "PrimaryKey");
        let key = map([("AttributeName", key), ("KeyType", text("HASH"))]);
        made.entries.push(Entry { key: Name::derived("KeySchema"), value: list(vec![key]) });
        self.add(id.to_owned(), with(resource, "AWS::DynamoDB::Table", made));
    }

    fn renamed(&mut self, id: &str, resource: &Resource<'a>, type_: &'static str) {
        self.add(id.to_owned(), with(resource, type_, resource.properties.clone()));
    }

    /// The role with which a rule starts a state machine.
    pub(super) fn starter(&mut self, id: String, machine: &str, of: &Resource<'a>) {
        let assume = map([
            ("Effect", text("Allow")),
            ("Principal", map([("Service", text("events.amazonaws.com"))])),
            ("Action", text("sts:AssumeRole")),
        ]);
        let policy = map([
            ("PolicyName", text("start")),
            ("PolicyDocument", document(vec![allow(&["states:StartExecution"], vec![reference(machine)])])),
        ]);
        let made = properties([("AssumeRolePolicyDocument", document(vec![assume])), ("Policies", list(vec![policy]))]);
        self.add(id, with(of, "AWS::IAM::Role", made));
    }
}

/// A resource that SAM makes of another.
fn with<'a>(of: &Resource<'a>, type_: &'static str, properties: Map<'a>) -> Resource<'a> {
    Resource { type_: Name { text: type_.into(), place: of.type_.place }, properties, ..of.clone() }
}

/// The policies of AWS that SAM adds to a function's role: for its logs, and for what it polls.
fn managed_of_function<'a>(all: &Map<'a>) -> Vec<Node<'a>> {
    let mut managed = vec![text("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")];
    for event in all.get("Events").and_then(Node::as_map).into_iter().flat_map(|events| &events.entries) {
        let name = match event.value.get("Type").and_then(Node::as_text) {
            Some("SQS") => "AWSLambdaSQSQueueExecutionRole",
            Some("DynamoDB") => "AWSLambdaDynamoDBExecutionRole",
            Some("Kinesis") => "AWSLambdaKinesisExecutionRole",
            Some("MSK") => "AWSLambdaMSKExecutionRole",
            _ => continue,
        };
        managed.push(text(format!("arn:aws:iam::aws:policy/service-role/{name}")));
    }
    if all.get("VpcConfig").is_some() {
        managed.push(text("arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"));
    }
    managed
}

/// Connectors give a role rights that are not known here.
fn connected(of: &Resource<'_>, role: &mut Resource<'_>) {
    if of.others.iter().any(|entry| entry.key.text == "Connectors")
        && let Some(attached) = role.properties.entries.iter_mut().find(|it| it.key.text == "ManagedPolicyArns")
        && let Kind::List(items) = &mut attached.value.kind
    {
        items.push(text("AWS::Serverless::Connector"));
    }
}

/// The properties of a resource over those of `Globals`: maps are merged, lists are joined, anything else replaces.
/// <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html>
fn merged<'a>(globals: Option<&Map<'a>>, own: &Map<'a>) -> Map<'a> {
    let Some(globals) = globals else { return own.clone() };
    let mut all = globals.clone();
    for entry in &own.entries {
        let Some(global) = all.entries.iter_mut().find(|global| global.key.text == entry.key.text) else {
            all.entries.push(entry.clone());
            continue;
        };
        global.key = entry.key.clone();
        match (&mut global.value.kind, &entry.value.kind) {
            (Kind::Map(global), Kind::Map(own)) => *global = merged(Some(global), own),
            (Kind::List(global), Kind::List(own)) => global.extend(own.iter().cloned()),
            (value, own) => {
                *value = own.clone();
                global.value.place = entry.value.place;
            }
        }
    }
    all
}
