use std::collections::BTreeMap;
use std::path::Path;

use evc_compiler::{session, source::World};
use serde_json::{Value, json};

use super::*;
use crate::stack::Place;
use crate::testing::stack;

const ROLE: &str = "arn:aws:iam::000000000000:role/work";
const NAMES: Names<'_> = Names { account: "000000000000", region: "us-east-1" };

/// A role with these statements.
fn role(statements: &Value) -> Roles {
    let policy = json!({ "PolicyName": "it", "PolicyDocument": { "Version": "2012-10-17", "Statement": statements } });
    Roles::of(&[stack(&[("Work", "AWS::IAM::Role", json!({ "RoleName": "work", "Policies": [policy] }))])])
}

fn one(action: &str, resource: &str) -> Asked {
    Asked { action: action.to_owned(), resource: resource.to_owned(), context: BTreeMap::new() }
}

const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:jobs";

#[test]
fn actions_and_resources_are_matched_as_iam_does() {
    for (statement, allowed) in [
        (json!({ "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": QUEUE }), true),
        (json!([{ "Effect": "Allow", "Action": ["sqs:sendMESSAGE"], "Resource": [QUEUE] }]), true),
        (json!({ "Effect": "Allow", "Action": "sqs:Send*", "Resource": "*" }), true),
        (json!({ "Effect": "Allow", "Action": "*", "Resource": "arn:aws:sqs:*:*:j?bs" }), true),
        (
            json!({ "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:000000000000:JOBS" }),
            false,
        ),
        (json!({ "Effect": "Allow", "Action": "sqs:ReceiveMessage", "Resource": QUEUE }), false),
        // A wildcard stays within its part of an ARN.
        (json!({ "Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:*:jobs" }), false),
        (json!({ "Effect": "Allow", "NotAction": "sqs:Delete*", "Resource": QUEUE }), true),
        (json!({ "Effect": "Allow", "NotAction": "sqs:*", "Resource": QUEUE }), false),
        (json!({ "Effect": "Allow", "Action": "sqs:*", "NotResource": "arn:aws:sqs:*:*:others" }), true),
        (json!({ "Effect": "Allow", "Action": "sqs:*", "NotResource": QUEUE }), false),
        (
            json!([{ "Effect": "Allow", "Action": "*", "Resource": "*" }, { "Effect": "Deny", "Action": "sqs:Send*", "Resource": "*" }]),
            false,
        ),
        (json!([]), false),
    ] {
        assert_eq!(role(&statement).allow(ROLE, &one("sqs:SendMessage", QUEUE)), allowed, "{statement}");
    }
}

#[test]
fn conditions_are_asked_as_iam_does() {
    let cases = [
        (json!({ "StringEquals": { "k": "a" } }), [Some(true), Some(false), Some(false)]),
        (json!({ "StringEquals": { "K": ["b", "a"] } }), [Some(true), Some(true), Some(false)]),
        (json!({ "StringNotEquals": { "k": "a" } }), [Some(false), Some(true), Some(true)]),
        (json!({ "StringEqualsIfExists": { "k": "a" } }), [Some(true), Some(false), Some(true)]),
        (json!({ "StringEqualsIgnoreCase": { "k": "A" } }), [Some(true), Some(false), Some(false)]),
        (json!({ "StringLike": { "k": "?*" } }), [Some(true), Some(true), Some(false)]),
        (json!({ "StringNotLike": { "k": "a*" } }), [Some(false), Some(true), Some(true)]),
        (json!({ "ForAllValues:StringEquals": { "k": ["a"] } }), [Some(true), Some(false), Some(true)]),
        (json!({ "ForAnyValue:StringEquals": { "k": ["a"] } }), [Some(true), Some(false), Some(false)]),
        (json!({ "Null": { "k": "true" } }), [Some(false), Some(false), Some(true)]),
        (json!({ "Null": { "k": false } }), [Some(true), Some(true), Some(false)]),
        (json!({ "DateGreaterThan": { "k": "2026-01-01T00:00:00Z" } }), [None, None, None]),
        (json!({}), [Some(true), Some(true), Some(true)]),
    ];
    for (conditions, expected) in cases {
        let with = |values: &[&str]| {
            let values: Vec<String> = values.iter().map(|it| (*it).to_owned()).collect();
            condition::hold(&conditions, &BTreeMap::from([("k".to_owned(), values)]))
        };
        assert_eq!([with(&["a"]), with(&["b"]), with(&[])], expected, "{conditions}");
    }
    let several = BTreeMap::from([("k".to_owned(), vec!["a".to_owned(), "b".to_owned()])]);
    for (operator, holds) in [
        ("ForAllValues:StringEquals", false),
        ("ForAnyValue:StringEquals", true),
        ("ForAllValues:StringNotEquals", false),
        ("ForAnyValue:StringNotEquals", true),
    ] {
        assert_eq!(condition::hold(&json!({ operator: { "k": "a" } }), &several), Some(holds), "{operator}");
    }
    let arns = BTreeMap::from([("k".to_owned(), vec![QUEUE.to_owned()])]);
    for (pattern, holds) in [("arn:aws:sqs:*:000000000000:*", true), ("arn:*", false), ("arn:aws:sns:*:*:*", false)] {
        assert_eq!(condition::hold(&json!({ "ArnLike": { "k": pattern } }), &arns), Some(holds), "{pattern}");
    }
}

#[test]
fn what_is_not_understood_allows_nothing_and_denies_all_the_same() {
    let unknown = json!({ "DateGreaterThan": { "aws:CurrentTime": "2026-01-01T00:00:00Z" } });
    let allow = json!({ "Effect": "Allow", "Action": "sqs:*", "Resource": "*", "Condition": unknown });
    assert!(!role(&json!([allow])).allow(ROLE, &one("sqs:SendMessage", QUEUE)));
    let deny = json!({ "Effect": "Deny", "Action": "sqs:*", "Resource": "*", "Condition": unknown });
    let all = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
    assert!(!role(&json!([all, deny])).allow(ROLE, &one("sqs:SendMessage", QUEUE)));
}

#[test]
fn policies_of_their_own_count_and_a_boundary_limits() {
    let document = |action: &str| json!({ "Statement": { "Effect": "Allow", "Action": action, "Resource": "*" } });
    let roles = Roles::of(&[stack(&[
        ("Work", "AWS::IAM::Role", json!({ "RoleName": "work", "PermissionsBoundary": "test-Limit" })),
        ("More", "AWS::IAM::Policy", json!({ "Roles": ["work"], "PolicyDocument": document("sqs:*") })),
        ("Limit", "AWS::IAM::ManagedPolicy", json!({ "PolicyDocument": document("sqs:Send*") })),
    ])]);
    assert!(roles.allow(ROLE, &one("sqs:SendMessage", QUEUE)));
    assert!(!roles.allow(ROLE, &one("sqs:ReceiveMessage", QUEUE)));
    // Of a role that is elsewhere nothing is known.
    assert!(roles.allow("arn:aws:iam::111111111111:role/other", &one("sqs:ReceiveMessage", QUEUE)));
}

#[test]
fn partition_keys_are_those_of_the_table() {
    let condition = json!({ "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": ["mine"] }, "Null": { "dynamodb:LeadingKeys": "false" } });
    let statement = json!({ "Effect": "Allow", "Action": "dynamodb:*", "Resource": "*", "Condition": condition });
    let policy = json!({ "PolicyName": "it", "PolicyDocument": { "Statement": [statement] } });
    let keys = json!([{ "AttributeName": "sort", "KeyType": "RANGE" }, { "AttributeName": "user", "KeyType": "HASH" }]);
    let roles = Roles::of(&[stack(&[
        ("Work", "AWS::IAM::Role", json!({ "RoleName": "work", "Policies": [policy] })),
        ("Carts", "AWS::DynamoDB::Table", json!({ "TableName": "carts", "KeySchema": keys })),
    ])]);
    let allowed = |operation: &str, body: Value| {
        asked("DynamoDB_20120810", operation, &body, &NAMES).iter().all(|it| roles.allow(ROLE, it))
    };
    let key = |user: &str, sort: &str| json!({ "user": { "S": user }, "sort": { "S": sort } });
    assert!(allowed("GetItem", json!({ "TableName": "carts", "Key": key("mine", "x") })));
    assert!(!allowed("GetItem", json!({ "TableName": "carts", "Key": key("x", "mine") })));
    let query = |user: &str| {
        json!({
            "TableName": "carts", "KeyConditionExpression": "(#u=:u) AND sort <= :s", "ExpressionAttributeNames": { "#u": "user" },
            "ExpressionAttributeValues": { ":u": { "S": user }, ":s": { "S": "z" } },
        })
    };
    assert!(allowed("Query", query("mine")) && !allowed("Query", query("theirs")));
    assert!(!allowed("Scan", json!({ "TableName": "carts" })));
    let batch = |users: [&str; 2]| json!({ "RequestItems": { "carts": { "Keys": users.map(|user| key(user, "s")) } } });
    assert!(allowed("BatchGetItem", batch(["mine", "mine"])) && !allowed("BatchGetItem", batch(["mine", "theirs"])));
}

#[test]
fn each_call_asks_for_what_the_service_authorization_reference_says() {
    let table = "arn:aws:dynamodb:us-east-1:000000000000:table";
    let states = "arn:aws:states:us-east-1:000000000000";
    for (service, operation, body, expected) in [
        (
            "DynamoDB_20120810",
            "Scan",
            json!({ "TableName": "t", "IndexName": "i" }),
            vec![format!("dynamodb:Scan {table}/t/index/i")],
        ),
        (
            "DynamoDB_20120810",
            "PutItem",
            json!({ "TableName": format!("{table}/t") }),
            vec![format!("dynamodb:PutItem {table}/t")],
        ),
        (
            "DynamoDB_20120810",
            "TransactWriteItems",
            json!({ "TransactItems": [{ "Put": { "TableName": "a" } }, { "ConditionCheck": { "TableName": "b" } }, { "Update": { "TableName": "a" } }] }),
            vec![
                format!("dynamodb:PutItem {table}/a"),
                format!("dynamodb:ConditionCheckItem {table}/b"),
                format!("dynamodb:UpdateItem {table}/a"),
            ],
        ),
        (
            "DynamoDB_20120810",
            "TransactGetItems",
            json!({ "TransactItems": [{ "Get": { "TableName": "a" } }] }),
            vec![format!("dynamodb:GetItem {table}/a")],
        ),
        (
            "DynamoDB_20120810",
            "BatchWriteItem",
            json!({ "RequestItems": { "a": [], "b": [] } }),
            vec![format!("dynamodb:BatchWriteItem {table}/a"), format!("dynamodb:BatchWriteItem {table}/b")],
        ),
        (
            "DynamoDB_20120810",
            "ExecuteStatement",
            json!({ "Statement": "SELECT * FROM \"t\".\"i\" WHERE a = 1" }),
            vec![format!("dynamodb:PartiQLSelect {table}/t/index/i")],
        ),
        ("DynamoDB_20120810", "ListTables", json!({}), vec!["dynamodb:ListTables *".to_owned()]),
        (
            "AmazonSQS",
            "SendMessageBatch",
            json!({ "QueueUrl": "http://host:1/111111111111/q" }),
            vec!["sqs:SendMessage arn:aws:sqs:us-east-1:111111111111:q".to_owned()],
        ),
        (
            "AWSEvents",
            "PutEvents",
            json!({ "Entries": [{}, { "EventBusName": "b" }] }),
            vec![
                "events:PutEvents arn:aws:events:us-east-1:000000000000:event-bus/default".to_owned(),
                "events:PutEvents arn:aws:events:us-east-1:000000000000:event-bus/b".to_owned(),
            ],
        ),
        (
            "AWSStepFunctions",
            "DescribeExecution",
            json!({ "executionArn": format!("{states}:execution:m:e") }),
            vec![format!("states:DescribeExecution {states}:execution:m:e")],
        ),
        (
            "secretsmanager",
            "GetSecretValue",
            json!({ "SecretId": "s" }),
            vec![
                "secretsmanager:GetSecretValue arn:aws:secretsmanager:us-east-1:000000000000:secret:s-AbCdEf"
                    .to_owned(),
            ],
        ),
        (
            "AmazonSSM",
            "GetParameters",
            json!({ "Names": ["/a/b:2", "c"] }),
            vec![
                "ssm:GetParameters arn:aws:ssm:us-east-1:000000000000:parameter/a/b".to_owned(),
                "ssm:GetParameters arn:aws:ssm:us-east-1:000000000000:parameter/c".to_owned(),
            ],
        ),
        ("Unknown", "Do", json!({}), vec![]),
    ] {
        let found: Vec<String> = asked(service, operation, &body, &NAMES)
            .iter()
            .map(|it| format!("{} {}", it.action, it.resource))
            .collect();
        assert_eq!(found, expected, "{service} {operation}");
    }
}

#[test]
fn a_token_may_be_answered_by_who_may_do_it_for_a_machine() {
    let machine = "arn:aws:states:us-east-1:000000000000:stateMachine:build";
    let token = asked("AWSStepFunctions", "SendTaskSuccess", &json!({ "taskToken": "t" }), &NAMES);
    let may = |effect: &str| json!({ "Effect": effect, "Action": "states:SendTask*", "Resource": machine });
    assert!(role(&json!([may("Allow")])).allow(ROLE, &token[0]));
    assert!(!role(&json!([{ "Effect": "Allow", "Action": "states:*", "Resource": "arn:aws:states:us-east-1:000000000000:execution:build:*" }])).allow(ROLE, &token[0]));
}

#[test]
fn an_action_without_a_resource_of_its_own_needs_a_star() {
    let list = asked("AmazonSQS", "ListQueues", &json!({}), &NAMES);
    let may = |resource: &str| {
        role(&json!({ "Effect": "Allow", "Action": "sqs:*", "Resource": resource })).allow(ROLE, &list[0])
    };
    assert!(may("*") && !may(QUEUE));
}

struct Disk;

impl World for Disk {
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        std::fs::read(path)
    }
}

#[test]
fn a_function_of_a_real_stack_may_do_what_its_spec_says_and_no_more() {
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs/orders.yaml");
    let analysis = session::analyze(&Disk, &spec).expect("a readable spec");
    let planned = session::plan(analysis.model.as_ref().expect("a model"));
    let place = Place::local("orders-dev", "http://127.0.0.1:4566");
    let stack = Stack::resolve(&planned.plan, "dev", place, &BTreeMap::new(), &|_| String::new()).expect("a stack");
    let function = stack.resources.values().find(|it| it.address == "functions.process-payment").expect("the function");
    let role = function.text("/Role").expect("a role").to_owned();
    let table = |key: &str| function.text(&format!("/Environment/Variables/{key}")).map(str::to_owned);
    let ledger = table("IDEMPOTENCY_TABLE").expect("it is idempotent");
    let other = stack
        .resources
        .values()
        .find(|it| it.type_ == "AWS::DynamoDB::Table" && it.address == "tables.orders")
        .map(|it| it.name.clone());
    let roles = Roles::of(&[std::sync::Arc::new(stack)]);
    assert_eq!(roles.owner(&role), "functions.process-payment");
    let may = |service: &str, operation: &str, body: Value| {
        asked(service, operation, &body, &NAMES).iter().all(|it| roles.allow(&role, it))
    };
    let orders = other.expect("the table of orders");
    assert!(may("DynamoDB_20120810", "PutItem", json!({ "TableName": ledger })));
    assert!(may("DynamoDB_20120810", "UpdateItem", json!({ "TableName": orders })));
    assert!(!may("DynamoDB_20120810", "DeleteTable", json!({ "TableName": ledger })));
    assert!(!may("DynamoDB_20120810", "PutItem", json!({ "TableName": orders })));
    assert!(!may("DynamoDB_20120810", "PutItem", json!({ "TableName": "elsewhere" })));
    assert!(!may("AmazonSQS", "PurgeQueue", json!({ "QueueUrl": "http://127.0.0.1:4566/000000000000/jobs" })));
}
