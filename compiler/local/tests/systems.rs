//! Whole systems on virtual time, with mocks in the place of handlers.

#![allow(clippy::expect_used, clippy::panic, reason = "what a test expects")]

mod support;

use std::sync::{Arc, Mutex};

use evc_local::System;
use evc_local::sim::apigateway::{Request, Response};
use evc_local::sim::lambda::{Ended, Order};
use evc_local::system::Caller;
use evc_local::trace::{Kind, Outcome};
use serde_json::{Value, json};

use support::{Mock, START_MS, created, error, event_store, order_placed, orders, pass_mocked, put};

/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>: a minute, then two.
#[test]
fn an_event_that_a_function_fails_on_is_tried_three_times_and_then_kept() {
    let mut system = event_store();
    let mut tried = Vec::new();
    let begin = system.now_ms();
    put(&mut system, "default", "custom.myapp", "order_placed", &order_placed("PLACED"));
    for _ in 0..4 {
        let now = system.now_ms();
        pass_mocked(&mut system, 60_000, &mut |function, _| {
            tried.push((function.to_owned(), (now - begin) / 60_000));
            error("Runtime.ExitError")
        });
    }
    let processor = |minute| ("order-processor".to_owned(), minute);
    assert_eq!(tried.len(), 3, "{tried:?}");
    assert_eq!(tried[0], processor(0));
    let letters: Vec<&str> =
        system.trace.all().filter(|hop| hop.kind == Kind::DeadLetter).map(|hop| hop.text.as_str()).collect();
    assert_eq!(letters.len(), 1, "{letters:?}");
}

#[test]
fn a_rule_that_does_not_match_is_told_with_the_condition_and_the_value() {
    let mut system = event_store();
    put(&mut system, "default", "custom.myapp", "order_placed", &order_placed("CANCELLED"));
    pass_mocked(&mut system, 1_000, &mut |function, _| panic!("{function} is not called"));
    let miss = system.trace.all().find(|hop| hop.kind == Kind::Miss).expect("a rule that does not match");
    assert_eq!(miss.thing, "rules.order-placed");
    assert_eq!(miss.text, r#"detail.status is ["PLACED"], and was "CANCELLED""#);
}

/// Puts an order on the bus, and lets its workflow run with these answers.
fn fulfilled(mock: Mock<'_>) -> System {
    let mut system = orders();
    put(&mut system, "orders-dev-orders", "order.service", "Order Created", &created());
    pass_mocked(&mut system, 600_000, mock);
    system
}

fn execution(system: &mut System) -> Value {
    let machines = system.call(&Caller::default(), "AWSStepFunctions.ListStateMachines", json!({})).expect("a list");
    let machines = machines["stateMachines"].as_array().expect("machines").clone();
    let machine = machines.iter().find(|it| it["name"] == "orders-dev-fulfil-order").expect("the workflow");
    let asked = json!({ "stateMachineArn": machine["stateMachineArn"] });
    let listed = system.call(&Caller::default(), "AWSStepFunctions.ListExecutions", asked).expect("a list");
    let executions = listed["executions"].as_array().expect("executions").clone();
    assert_eq!(executions.len(), 1, "{executions:?}");
    let asked = json!({ "executionArn": executions[0]["executionArn"] });
    system.call(&Caller::default(), "AWSStepFunctions.DescribeExecution", asked).expect("an execution")
}

#[test]
fn a_step_that_fails_for_a_while_is_tried_again_after_the_pauses_of_its_retry() {
    let (mut calls, mut ids) = (Vec::new(), Vec::new());
    let mut system = fulfilled(&mut |function, payload| {
        calls.push(function.to_owned());
        ids.extend(payload["evc"]["execution"].as_str().map(str::to_owned));
        match function {
            "process-payment" if calls.iter().filter(|it| *it == function).count() < 3 => error("Transient"),
            "process-payment" => Ended::Answer(json!({ "paymentId": "pay_1" }).to_string()),
            "reserve-inventory" => Ended::Answer(json!({ "reservationId": "res_1" }).to_string()),
            _ => Ended::Answer(json!({ "notificationId": "note_1", "status": "COMPLETED" }).to_string()),
        }
    });
    assert_eq!(calls.iter().filter(|it| *it == "process-payment").count(), 3, "{calls:?}");
    let execution = execution(&mut system);
    assert_eq!(execution["status"], "SUCCEEDED");
    // A handler is told the ARN that the API has.
    assert!(ids.len() > 3 && ids.iter().all(|id| execution["executionArn"] == *id), "{ids:?}");
}

#[test]
fn a_declined_payment_reserves_nothing_and_fails_the_execution_by_its_name() {
    let mut calls = Vec::new();
    let mut system = fulfilled(&mut |function, _| {
        calls.push(function.to_owned());
        match function {
            "process-payment" => error("PaymentDeclined"),
            _ => Ended::Answer(json!({ "notificationId": "note_1" }).to_string()),
        }
    });
    assert!(!calls.iter().any(|it| it == "reserve-inventory"), "{calls:?}");
    let execution = execution(&mut system);
    assert_eq!((&execution["status"], &execution["error"]), (&json!("FAILED"), &json!("PaymentDeclined")));
    let failed = system.trace.all().find(|hop| hop.kind == Kind::Execution).expect("the execution");
    assert!(matches!(&failed.outcome, Outcome::Failed(why) if why.starts_with("PaymentDeclined")), "{failed:?}");
}

#[test]
fn the_same_event_twice_starts_one_execution() {
    let mut system = orders();
    let mut mock = |_: &str, _: &Value| error("PaymentDeclined");
    for _ in 0..2 {
        put(&mut system, "orders-dev-orders", "order.service", "Order Created", &created());
        pass_mocked(&mut system, 1_000, &mut mock);
    }
    pass_mocked(&mut system, 600_000, &mut mock);
    assert_eq!(execution(&mut system)["status"], "FAILED");
}

#[test]
fn a_function_that_does_not_answer_is_ended_at_its_timeout() {
    let mut system = orders();
    let api = system.apis().all().next().expect("an API").id.clone();
    let answered: Arc<Mutex<Option<Response>>> = Arc::default();
    let answer = answered.clone();
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let request =
        Request { method: "POST".into(), path: "/orders".into(), body: b"{}".to_vec(), headers, ..Request::default() };
    system.request(&api, request, Box::new(move |response| *answer.lock().expect("a lock") = Some(response)));
    let orders = system.take_orders();
    assert!(matches!(orders.as_slice(), [Order::Invoke { .. }]), "{orders:?}");
    system.advance(START_MS + 28_999);
    assert!(answered.lock().expect("a lock").is_none());
    system.advance(START_MS + 29_000);
    assert_eq!(answered.lock().expect("a lock").as_ref().expect("an answer").status, 500);
    assert!(matches!(system.take_orders().as_slice(), [Order::Kill { .. }]));
}

#[test]
fn what_a_role_does_not_allow_is_refused_and_told() {
    let mut system = orders();
    let function = system.functions().all().find(|it| it.address == "functions.notify").expect("notify").clone();
    let caller = Caller { role: Some(function.role.clone()), cause: None };
    let asked = json!({ "TableName": "orders-dev-orders" });
    let refused = system.call(&caller, "DynamoDB_20120810.Scan", asked).expect_err("no right");
    assert_eq!(refused.code, "AccessDeniedException");
    assert!(refused.message.contains("dynamodb:Scan"), "{refused}");
    let told = system.trace.all().find(|hop| matches!(hop.outcome, Outcome::Denied(_))).expect("it is told");
    assert_eq!(told.thing, "functions.notify");
}

/// The same calls at the same times with the same seed.
#[test]
fn a_run_is_repeated_by_its_seed() {
    let run = || {
        let mut number = 0;
        let system = fulfilled(&mut |function, _| {
            number += 1;
            if function == "process-payment" && number < 3 {
                error("Transient")
            } else {
                Ended::Answer("{}".to_owned())
            }
        });
        serde_json::to_string(&system.trace.all().collect::<Vec<_>>()).expect("JSON")
    };
    assert_eq!(run(), run());
}
