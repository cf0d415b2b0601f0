//! A stack that the compiler of commit 17e0f7d made is taken over: an update by what it makes now replaces nothing that keeps something,
//! and nothing that others know by its name or its ARN.
//!
//! `takeover/stacks.json` has the resources of that commit's `generated/` that are so: their logical ids, types, deletion policies, and
//! those properties by whose change CloudFormation replaces them, or what they keep would be lost or read otherwise. Each must still be
//! there, and equal; what is new may come. `KEPT` says which types and properties these are, with why in the documentation of AWS: "Update
//! requires: Replacement". Not held: whether an update succeeds, what it does to stateless resources, and what overrides of a spec add.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};

/// The commit whose stacks are taken over.
const COMMIT: &str = "17e0f7d";

/// The properties of each type that must stay.
const KEPT: &[(&str, &[&str])] = &[
    // Items, and where what reads them stands.
    (
        "AWS::DynamoDB::Table",
        &[
            "TableName",
            "KeySchema",
            "AttributeDefinitions",
            "GlobalSecondaryIndexes",
            "LocalSecondaryIndexes",
            "StreamSpecification",
            "TimeToLiveSpecification",
        ],
    ),
    ("AWS::Lambda::EventSourceMapping", &["EventSourceArn", "StartingPosition", "FunctionName"]),
    ("AWS::Pipes::Pipe", &["Name", "Source"]),
    // Messages.
    ("AWS::SQS::Queue", &["QueueName", "FifoQueue"]),
    // Values.
    ("AWS::SecretsManager::Secret", &["Name"]),
    ("AWS::SSM::Parameter", &["Name"]),
    // Executions.
    ("AWS::Serverless::StateMachine", &["Name", "Type"]),
    ("AWS::ElastiCache::ServerlessCache", &["ServerlessCacheName", "Engine", "SubnetIds", "SnapshotArnsToRestore"]),
    ("AWS::ElastiCache::User", &["UserId", "UserName", "Engine"]),
    ("AWS::ElastiCache::UserGroup", &["UserGroupId", "Engine"]),
    // Events, and rules by which others' events arrive.
    ("AWS::Events::EventBus", &["Name"]),
    ("AWS::Events::Archive", &["ArchiveName", "SourceArn"]),
    ("AWS::Events::Rule", &["Name", "EventBusName"]),
    ("AWS::Scheduler::Schedule", &["Name", "GroupName"]),
    // Who else has subscribed to alarms, and their key.
    ("AWS::SNS::Topic", &["TopicName", "FifoTopic"]),
    ("AWS::KMS::Key", &["KeySpec", "KeyUsage", "MultiRegion"]),
    // Logs.
    ("AWS::Logs::LogGroup", &["LogGroupName", "LogGroupClass"]),
    // What executions in flight and callers know: ARNs and addresses.
    ("AWS::Serverless::Function", &["FunctionName", "PackageType"]),
    ("AWS::ApiGatewayV2::Api", &["ProtocolType"]),
    ("AWS::ApiGatewayV2::Stage", &["ApiId", "StageName"]),
    ("AWS::ApiGateway::RestApi", &[]),
    ("AWS::ApiGateway::Stage", &["RestApiId", "StageName"]),
];

/// Types that keep nothing, and that nobody else knows: they may be replaced.
const FREE: &[&str] = &[
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::Logs::MetricFilter",
    "AWS::ApiGateway::Authorizer",
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::GatewayResponse",
    "AWS::ApiGateway::Method",
    "AWS::ApiGateway::Model",
    "AWS::ApiGateway::RequestValidator",
    "AWS::ApiGateway::Resource",
    "AWS::ApiGatewayV2::Authorizer",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::IAM::Role",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::Permission",
    "AWS::SNS::Subscription",
    "AWS::Logs::ResourcePolicy",
    "AWS::SQS::QueuePolicy",
];

/// By system and logical id, what must stay of each resource.
type Stacks = BTreeMap<String, BTreeMap<String, Value>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/takeover/stacks.json")
}

/// A template's value as JSON, with `!Ref x` as `{"!Ref": "x"}`.
fn plain(value: serde_yaml::Value) -> Value {
    match value {
        serde_yaml::Value::Tagged(tagged) => json!({ tagged.tag.to_string(): plain(tagged.value) }),
        serde_yaml::Value::Sequence(items) => items.into_iter().map(plain).collect(),
        serde_yaml::Value::Mapping(fields) => {
            let name = |name: serde_yaml::Value| name.as_str().expect("a name").to_owned();
            Value::Object(fields.into_iter().map(|(key, value)| (name(key), plain(value))).collect())
        }
        scalar => serde_json::to_value(scalar).expect("a scalar"),
    }
}

fn resources(template: &str) -> Map<String, Value> {
    let template = plain(serde_yaml::from_str(template).expect("YAML"));
    template["Resources"].as_object().expect("resources").clone()
}

/// What must stay of the resources of a template.
fn reduce(template: &str) -> BTreeMap<String, Value> {
    let kept = |(id, resource): (String, Value)| {
        let (_, properties) = KEPT.iter().find(|(kind, _)| resource["Type"] == *kind)?;
        let said = |of: &Value, names: &[&str]| -> Map<String, Value> {
            names.iter().filter_map(|name| Some(((*name).to_owned(), of.get(*name)?.clone()))).collect()
        };
        let mut stays = said(&resource, &["Type", "DeletionPolicy", "UpdateReplacePolicy"]);
        stays.insert("Properties".to_owned(), said(&resource["Properties"], properties).into());
        Some((id, stays.into()))
    };
    resources(template).into_iter().filter_map(kept).collect()
}

fn systems() -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join("generated")).expect("systems");
    let entries = entries.map(|entry| entry.expect("an entry").path());
    let entries = entries.filter(|path| path.join("template.yaml").exists());
    entries.map(|path| path.file_name().expect("a name").to_string_lossy().into_owned()).collect()
}

fn template(system: &str) -> String {
    std::fs::read_to_string(root().join("generated").join(system).join("template.yaml")).expect("a template")
}

/// A resource without what becomes of it when it leaves the stack.
fn without_policies(resource: &Value) -> Value {
    let mut resource = resource.clone();
    for policy in POLICIES {
        resource.as_object_mut().expect("a resource").remove(policy);
    }
    resource
}

/// Whether it is kept as before, or where it was not.
fn stays(before: &Value, now: &Value) -> bool {
    POLICIES.iter().all(|policy| before[policy] == now[policy] || before[policy] == "Delete")
}

/// What becomes of a resource that leaves the stack, or is replaced.
const POLICIES: [&str; 2] = ["DeletionPolicy", "UpdateReplacePolicy"];

#[test]
fn what_keeps_something_is_not_replaced() {
    let before: Stacks = serde_json::from_str(&std::fs::read_to_string(fixture()).expect("a fixture")).expect("JSON");
    let mut problems = Vec::new();
    for (system, before) in &before {
        let now = reduce(&template(system));
        for (id, resource) in before {
            match now.get(id) {
                Some(same) if without_policies(same) == without_policies(resource) && stays(resource, same) => {}
                Some(other) => problems.push(format!("{system}: `{id}` was\n{resource:#}\nand is\n{other:#}")),
                None => problems.push(format!("{system}: `{id}` is gone, a {}", resource["Type"])),
            }
        }
    }
    assert!(!before.is_empty() && before.values().all(|stack| !stack.is_empty()));
    assert!(problems.is_empty(), "stacks of {COMMIT} lose or replace\n{}", problems.join("\n"));
}

#[test]
fn each_type_is_kept_or_may_be_replaced() {
    for system in systems() {
        for (id, resource) in resources(&template(&system)) {
            let kind = resource["Type"].as_str().expect("a type");
            let known = KEPT.iter().any(|(kept, _)| *kept == kind) != FREE.contains(&kind);
            assert!(known, "{system}: say whether a {kind}, such as `{id}`, may be replaced");
        }
    }
}

/// `cargo test -p evc --test takeover -- --ignored`.
#[test]
#[ignore = "writes the fixture from the history of the repository"]
fn write() {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).current_dir(root()).output().expect("git");
        assert!(output.status.success(), "git {arguments:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    let templates = git(&["ls-tree", "-r", "--name-only", COMMIT, "generated/"]);
    let templates = templates.lines().filter(|path| path.ends_with("/template.yaml"));
    let stacks: Stacks = templates
        .map(|path| {
            let system = path.split('/').nth(1).expect("a system").to_owned();
            (system, reduce(&git(&["show", &format!("{COMMIT}:{path}")])))
        })
        .collect();
    let text = serde_json::to_string_pretty(&stacks).expect("JSON");
    std::fs::write(fixture(), text + "\n").expect("written");
}
