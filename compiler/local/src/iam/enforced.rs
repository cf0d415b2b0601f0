//! Services do what policies allow: topics, queues, schedules, pipes, routes, and what reads for functions.

use serde_json::{Value, json};

use crate::sim::apigateway::{Request, Response};
use crate::system::System;
use crate::testing::{anybody, hops, system};
use crate::trace::{Kind, Outcome};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:work";
const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:jobs";
const LETTERS: &str = "arn:aws:sqs:us-east-1:000000000000:letters";
const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:news";

/// A role that a service may assume, with these statements.
fn role(service: &str, statements: &Value) -> Value {
    let trust = json!({ "Statement": [{ "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" }] });
    let policy = json!({ "PolicyName": "it", "PolicyDocument": { "Statement": statements } });
    json!({ "RoleName": "role", "AssumeRolePolicyDocument": trust, "Policies": [policy] })
}

const ROLE: &str = "arn:aws:iam::000000000000:role/role";

fn allow(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

/// A policy of a queue that lets a service in for a source.
fn lets_in(queue: &str, service: &str, source: &str) -> Value {
    let name = queue.rsplit(':').next().expect("a name");
    json!({
        "Queues": [format!("http://127.0.0.1:4566/000000000000/{name}")],
        "PolicyDocument": { "Statement": [{
            "Effect": "Allow", "Principal": { "Service": service }, "Action": "sqs:SendMessage", "Resource": queue,
            "Condition": { "ArnEquals": { "aws:SourceArn": source } },
        }] },
    })
}

fn depth(system: &mut System, queue: &str) -> String {
    let name = queue.rsplit(':').next().expect("a name");
    let asked = json!({ "QueueUrl": format!("http://127.0.0.1:4566/000000000000/{name}"), "AttributeNames": ["All"] });
    let told = system.call(&anybody(), "AmazonSQS.GetQueueAttributes", asked).expect("a queue");
    told["Attributes"]["ApproximateNumberOfMessages"].as_str().expect("a number").to_owned()
}

fn denied(system: &System) -> Vec<String> {
    let why = |outcome: &Outcome| if let Outcome::Denied(why) = outcome { Some(why.clone()) } else { None };
    system.trace.all().filter_map(|hop| why(&hop.outcome)).collect()
}

#[test]
fn a_topic_reaches_the_queues_that_let_it_in() {
    let subscription = |redrive: Value| json!({ "TopicArn": TOPIC, "Protocol": "sqs", "Endpoint": QUEUE, "RawMessageDelivery": true, "RedrivePolicy": redrive });
    for (source, arrives) in [(TOPIC, true), ("arn:aws:sns:us-east-1:000000000000:other", false)] {
        let mut system = system(&[
            ("News", "AWS::SNS::Topic", json!({ "TopicName": "news" })),
            ("Jobs", "AWS::SQS::Queue", json!({ "QueueName": "jobs" })),
            ("Letters", "AWS::SQS::Queue", json!({ "QueueName": "letters" })),
            ("P", "AWS::SQS::QueuePolicy", lets_in(QUEUE, "sns.amazonaws.com", source)),
            ("L", "AWS::SQS::QueuePolicy", lets_in(LETTERS, "sns.amazonaws.com", TOPIC)),
            ("S", "AWS::SNS::Subscription", subscription(json!({ "deadLetterTargetArn": LETTERS }))),
        ]);
        system.call(&anybody(), "SNS.Publish", json!({ "TopicArn": TOPIC, "Message": "m" })).expect("published");
        system.advance(system.now_ms());
        let depths = [depth(&mut system, QUEUE), depth(&mut system, LETTERS)];
        assert_eq!(depths, if arrives { ["1", "0"] } else { ["0", "1"] }, "{:?}", denied(&system));
        assert_eq!(denied(&system).len(), usize::from(!arrives));
        let why = denied(&system).pop().unwrap_or_default();
        assert!(
            arrives
                || why.contains("`resources.P` (spec.yaml:1) allows it, if not for its condition: aws:SourceArn is"),
            "{why}"
        );
    }
}

/// A schedule for the queue, whose role says this, at each minute.
fn scheduled(statements: &Value, service: &str) -> System {
    let target = json!({
        "Arn": QUEUE, "RoleArn": ROLE, "Input": "{}", "DeadLetterConfig": { "Arn": LETTERS },
        "RetryPolicy": { "MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 600 },
    });
    system(&[
        ("Jobs", "AWS::SQS::Queue", json!({ "QueueName": "jobs" })),
        ("Letters", "AWS::SQS::Queue", json!({ "QueueName": "letters" })),
        ("R", "AWS::IAM::Role", role(service, statements)),
        (
            "S",
            "AWS::Scheduler::Schedule",
            json!({ "Name": "s", "ScheduleExpression": "at(2026-01-01T00:01:00)", "Target": target }),
        ),
    ])
}

#[test]
fn a_schedule_needs_what_its_role_allows_for_its_target_and_its_dead_letters() {
    let scheduler = "scheduler.amazonaws.com";
    let both = json!([allow("sqs:SendMessage", QUEUE), allow("sqs:SendMessage", LETTERS)]);
    let letters = json!([allow("sqs:SendMessage", LETTERS)]);
    for (statements, service, depths) in [
        (&both, scheduler, ["1", "0"]),
        (&letters, scheduler, ["0", "1"]),
        (&json!([]), scheduler, ["0", "0"]),
        (&both, "events.amazonaws.com", ["0", "0"]),
    ] {
        let mut system = scheduled(statements, service);
        system.advance(system.now_ms() + 300_000);
        assert_eq!([depth(&mut system, QUEUE), depth(&mut system, LETTERS)], depths, "{statements} {service}");
        if service != scheduler {
            assert!(
                denied(&system)[0].contains("Allow sts:AssumeRole to scheduler.amazonaws.com"),
                "{:?}",
                denied(&system)
            );
        }
    }
}

/// A pipe from a table to the queue, of which one record is given.
fn piped(statements: &Value) -> System {
    let table = json!({
        "TableName": "items", "StreamSpecification": { "StreamViewType": "NEW_IMAGE" },
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }], "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
    });
    let stream = "arn:aws:dynamodb:us-east-1:000000000000:table/items/stream/2026-01-01T00:00:00.000";
    let reads =
        json!({ "DynamoDBStreamParameters": { "MaximumRetryAttempts": 3, "DeadLetterConfig": { "Arn": LETTERS } } });
    let mut system = system(&[
        ("T", "AWS::DynamoDB::Table", table),
        ("Jobs", "AWS::SQS::Queue", json!({ "QueueName": "jobs" })),
        ("Letters", "AWS::SQS::Queue", json!({ "QueueName": "letters" })),
        ("R", "AWS::IAM::Role", role("pipes.amazonaws.com", statements)),
        (
            "P",
            "AWS::Pipes::Pipe",
            json!({ "Name": "p", "Source": stream, "Target": QUEUE, "RoleArn": ROLE, "SourceParameters": reads }),
        ),
    ]);
    let item = json!({ "TableName": "items", "Item": { "id": { "S": "a" } } });
    system.call(&anybody(), "DynamoDB_20120810.PutItem", item).expect("put");
    system.advance(system.now_ms() + 60_000);
    system
}

#[test]
fn a_pipe_needs_what_its_role_allows_to_read_and_to_send() {
    let read = allow("dynamodb:*", "*");
    let (send, keep) = (allow("sqs:SendMessage", QUEUE), allow("sqs:SendMessage", LETTERS));
    for (statements, depths, refused) in [
        (json!([read, send, keep]), ["1", "0"], 0),
        // Tried once, and three times more.
        (json!([read, keep]), ["0", "1"], 4),
        (json!([send, keep]), ["0", "0"], 1),
    ] {
        let mut system = piped(&statements);
        assert_eq!([depth(&mut system, QUEUE), depth(&mut system, LETTERS)], depths, "{statements}");
        assert_eq!(denied(&system).len(), refused, "{:?}", denied(&system));
    }
    let system = piped(&json!([read, keep]));
    let letters = hops(&system, Kind::DeadLetter);
    assert_eq!(letters[0].data["context"]["condition"], "RetryAttemptsExhausted");
    assert_eq!(letters[0].data["DDBStreamBatchInfo"]["batchSize"], 1);
}

#[test]
fn lambda_reads_a_queue_with_the_role_of_the_function() {
    let reads = json!(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]);
    for (actions, invoked) in [(reads, 1), (json!(["sqs:ReceiveMessage", "sqs:DeleteMessage"]), 0)] {
        let statement = json!([{ "Effect": "Allow", "Action": actions, "Resource": QUEUE }]);
        let mut system = system(&[
            ("Jobs", "AWS::SQS::Queue", json!({ "QueueName": "jobs" })),
            ("R", "AWS::IAM::Role", role("lambda.amazonaws.com", &statement)),
            ("F", "AWS::Lambda::Function", json!({ "FunctionName": "work", "Role": ROLE })),
            ("M", "AWS::Lambda::EventSourceMapping", json!({ "EventSourceArn": QUEUE, "FunctionName": "work" })),
        ]);
        let message = json!({ "QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "MessageBody": "m" });
        system.call(&anybody(), "AmazonSQS.SendMessage", message).expect("sent");
        system.advance(system.now_ms() + 1_000);
        assert_eq!(hops(&system, Kind::Invocation).len(), invoked, "{:?}", denied(&system));
        assert!(invoked > 0 || denied(&system)[0].contains("Allow sqs:GetQueueAttributes on"), "{:?}", denied(&system));
    }
}

#[test]
fn a_route_whose_function_does_not_let_it_in_answers_500() {
    for (method, status) in [("POST", None), ("GET", Some(500))] {
        let api = json!({ "Name": "api" });
        let source = "arn:aws:execute-api:us-east-1:000000000000:*/*/POST/orders/*";
        let permission = json!({ "FunctionName": "work", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com", "SourceArn": source });
        let id =
            crate::identity::identity("AWS::ApiGatewayV2::Api", "A", None, &crate::stack::Place::local("test", ""))
                .name;
        let route = |key: &str| json!({ "ApiId": id, "RouteKey": key, "Target": "integrations/test-I" });
        let mut system = system(&[
            ("A", "AWS::ApiGatewayV2::Api", api),
            ("I", "AWS::ApiGatewayV2::Integration", json!({ "IntegrationUri": FUNCTION })),
            ("G", "AWS::ApiGatewayV2::Route", route("GET /orders/{id}")),
            ("O", "AWS::ApiGatewayV2::Route", route("POST /orders/{id}")),
            ("F", "AWS::Lambda::Function", json!({ "FunctionName": "work" })),
            ("P", "AWS::Lambda::Permission", permission),
        ]);
        let answered: std::sync::Arc<std::sync::Mutex<Option<Response>>> = std::sync::Arc::default();
        let answer = answered.clone();
        let request = Request { method: method.into(), path: "/orders/7".into(), ..Request::default() };
        system.request(&id, request, Box::new(move |response| *answer.lock().expect("a lock") = Some(response)));
        assert_eq!(answered.lock().expect("a lock").as_ref().map(|it| it.status), status, "{method}");
        assert_eq!(denied(&system).len(), usize::from(status.is_some()), "{:?}", denied(&system));
    }
}

#[test]
fn what_a_function_calls_by_itself_is_enforced_too() {
    let statements = json!([allow("lambda:InvokeFunction", FUNCTION), allow("sns:Publish", TOPIC)]);
    let mut system = system(&[
        ("News", "AWS::SNS::Topic", json!({ "TopicName": "news" })),
        ("Other", "AWS::SNS::Topic", json!({ "TopicName": "other" })),
        ("R", "AWS::IAM::Role", role("lambda.amazonaws.com", &statements)),
        ("F", "AWS::Lambda::Function", json!({ "FunctionName": "work", "Role": ROLE })),
        ("G", "AWS::Lambda::Function", json!({ "FunctionName": "rest", "Role": ROLE })),
    ]);
    let caller = crate::system::Caller { role: Some(ROLE.to_owned()), cause: None };
    for (topic, allowed) in [(TOPIC, true), ("arn:aws:sns:us-east-1:000000000000:other", false)] {
        let published = system.call(&caller, "SNS.Publish", json!({ "TopicArn": topic, "Message": "m" }));
        assert_eq!(published.is_ok(), allowed, "{published:?}");
    }
    for (function, status) in [("work", None), ("rest", Some(403)), ("none", Some(404))] {
        let invoked = system.invoke_by_hand(&caller, function, "{}".to_owned(), (true, false), Box::new(|_| {}));
        assert_eq!(invoked.err().map(|refusal| refusal.status), status, "{function}");
    }
}
