//! What services may not do goes where AWS puts it, and the trace says what would allow it.

#![allow(clippy::expect_used, clippy::panic, reason = "what a test expects")]

mod support;

use evc_local::System;
use evc_local::sim::lambda::Ended;
use evc_local::trace::{Kind, Outcome};
use serde_json::{Value, json};
use support::{call, created, error, event_store, order_placed, orders, pass_mocked, put};

/// The messages of a queue whose name ends so.
fn letters(system: &mut System, ends: &str) -> Vec<Value> {
    let listed = call(system, "AmazonSQS.ListQueues", json!({}));
    let urls = listed["QueueUrls"].as_array().expect("queues");
    let url = urls.iter().find(|url| url.as_str().is_some_and(|url| url.ends_with(ends))).expect("a queue").clone();
    let asked = json!({ "QueueUrl": url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"] });
    call(system, "AmazonSQS.ReceiveMessage", asked)["Messages"].as_array().cloned().unwrap_or_default()
}

/// Takes all policies from the role of a thing.
fn without_policies(system: &mut System, of: &str) {
    let told = system.told();
    let resources = told["stacks"][0]["resources"].as_array().expect("resources").clone();
    let role = resources.iter().find(|it| it["type"] == "AWS::IAM::Role" && it["thing"] == of).expect("a role");
    let names = call(system, "IAM.ListRolePolicies", json!({ "RoleName": role["name"] }))["PolicyNames"].clone();
    for name in names.as_array().expect("policies") {
        call(system, "IAM.DeleteRolePolicy", json!({ "RoleName": role["name"], "PolicyName": name }));
    }
}

/// What was denied: the thing, and why with what would allow it.
fn denied(system: &System) -> Vec<(String, String)> {
    let why = |outcome: &Outcome| if let Outcome::Denied(why) = outcome { Some(why.clone()) } else { None };
    system.trace.all().filter_map(|hop| Some((hop.thing.clone(), why(&hop.outcome)?))).collect()
}

/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>: what lacks a permission is not tried again.
#[test]
fn an_event_whose_rule_may_not_start_the_workflow_is_a_dead_letter_at_once() {
    let mut system = orders();
    without_policies(&mut system, "rules.start-fulfilment.role");
    put(&mut system, "orders-dev-orders", "order.service", "Order Created", &created());
    pass_mocked(&mut system, 10, &mut |function, _| panic!("{function} is not called"));
    let letters = letters(&mut system, "StartFulfilmentRuleDeadLetters");
    assert_eq!(letters.len(), 1, "{letters:?}");
    let attribute = |name: &str| letters[0]["MessageAttributes"][name]["StringValue"].clone();
    assert_eq!((attribute("ERROR_CODE"), attribute("RETRY_ATTEMPTS")), (json!("NO_PERMISSIONS"), json!("0")));
    assert!(attribute("RULE_ARN").as_str().is_some_and(|arn| arn.contains(":rule/orders-dev-orders/")), "{letters:?}");
    assert_eq!(attribute("EXHAUSTED_RETRY_CONDITION"), Value::Null);
    let body: Value = serde_json::from_str(letters[0]["Body"].as_str().expect("a body")).expect("JSON");
    assert_eq!(body["detail"]["orderId"], created()["orderId"]);
    let denied = denied(&system);
    let [(thing, why)] = denied.as_slice() else { panic!("{denied:?}") };
    assert_eq!(thing, "rules.start-fulfilment");
    let help = "`rules.start-fulfilment.role` (orders.yaml:1";
    assert!(why.contains(help) && why.contains("would allow it with: Allow states:StartExecution on arn:"), "{why}");
}

#[test]
fn an_event_whose_function_does_not_let_the_rule_in_is_a_dead_letter_at_once() {
    let mut system = event_store();
    let function =
        system.functions().all().find(|it| it.address == "functions.order-processor").expect("it").name.clone();
    let policy = call(&mut system, "Lambda.GetPolicy", json!({ "FunctionName": function }));
    let policy: Value = serde_json::from_str(policy["Policy"].as_str().expect("a policy")).expect("JSON");
    let id = policy["Statement"][0]["Sid"].clone();
    call(&mut system, "Lambda.RemovePermission", json!({ "FunctionName": function, "StatementId": id }));
    put(&mut system, "default", "custom.myapp", "order_placed", &order_placed("PLACED"));
    pass_mocked(&mut system, 10, &mut |function, _| panic!("{function} is not called"));
    let letters = letters(&mut system, "OrderPlacedRuleDeadLetters");
    assert_eq!(letters[0]["MessageAttributes"]["ERROR_CODE"]["StringValue"], "NO_PERMISSIONS");
    let why = &denied(&system)[0].1;
    assert!(why.contains("`functions.order-processor` (event-store.yaml:"), "{why}");
    assert!(
        why.contains("Allow lambda:InvokeFunction to events.amazonaws.com, where aws:SourceArn is arn:aws:events:"),
        "{why}"
    );

    // Another rule than the one that the permission names is not let in either.
    let elsewhere = "arn:aws:events:us-east-1:000000000000:rule/another";
    let permission = json!({
        "FunctionName": function, "StatementId": "s", "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com", "SourceArn": elsewhere,
    });
    call(&mut system, "Lambda.AddPermission", permission);
    put(&mut system, "default", "custom.myapp", "order_placed", &order_placed("PLACED"));
    pass_mocked(&mut system, 10, &mut |function, _| panic!("{function} is not called"));
    let why = &denied(&system)[1].1;
    assert!(why.contains("if not for its condition: AWS:SourceArn is arn:") && why.contains(elsewhere), "{why}");
}

#[test]
fn a_dead_letter_that_its_queue_does_not_take_is_lost_and_told() {
    let mut system = orders();
    without_policies(&mut system, "rules.start-fulfilment.role");
    let url =
        call(&mut system, "AmazonSQS.GetQueueUrl", json!({ "QueueName": "orders-dev-StartFulfilmentRuleDeadLetters" }));
    let asked = json!({ "QueueUrl": url["QueueUrl"], "Attributes": { "Policy": "" } });
    call(&mut system, "AmazonSQS.SetQueueAttributes", asked);
    put(&mut system, "orders-dev-orders", "order.service", "Order Created", &created());
    pass_mocked(&mut system, 10, &mut |function, _| panic!("{function} is not called"));
    assert!(letters(&mut system, "StartFulfilmentRuleDeadLetters").is_empty());
    let lost = system.trace.all().find(|hop| hop.kind == Kind::DeadLetter).expect("it is told");
    assert!(matches!(&lost.outcome, Outcome::Failed(why) if why.starts_with("it is lost: ")), "{lost:?}");
}

#[test]
fn a_step_whose_machine_may_not_call_its_function_fails_by_the_name_that_aws_gives() {
    let mut system = orders();
    without_policies(&mut system, "workflows.fulfil-order.role");
    put(&mut system, "orders-dev-orders", "order.service", "Order Created", &created());
    let mut called = Vec::new();
    pass_mocked(&mut system, 600_000, &mut |function, _| {
        called.push(function.to_owned());
        error("unexpected")
    });
    assert!(called.is_empty(), "{called:?}");
    let failed = system.trace.all().filter(|hop| hop.kind == Kind::Step).map(|hop| &hop.outcome);
    let by_name = |it: &&Outcome| matches!(it, Outcome::Failed(why) if why == "Lambda.AWSLambdaException");
    assert!(failed.filter(by_name).count() > 0, "{:?}", denied(&system));
}

#[test]
fn what_the_specs_derive_is_enough_for_what_the_systems_do() {
    let mut system = orders();
    put(&mut system, "orders-dev-orders", "order.service", "Order Created", &created());
    pass_mocked(&mut system, 600_000, &mut |function, _| match function {
        "process-payment" => Ended::Answer(json!({ "paymentId": "pay_1" }).to_string()),
        "reserve-inventory" => Ended::Answer(json!({ "reservationId": "res_1" }).to_string()),
        _ => Ended::Answer(json!({ "notificationId": "note_1", "status": "COMPLETED" }).to_string()),
    });
    assert_eq!(denied(&system), []);
    let mut system = event_store();
    put(&mut system, "default", "custom.myapp", "order_placed", &order_placed("PLACED"));
    pass_mocked(&mut system, 600_000, &mut |_, _| error("Runtime.ExitError"));
    assert_eq!(denied(&system), []);
    assert_eq!(letters(&mut system, "OrderProcessorFunctionDeadLetters").len(), 1);
}
