use serde_json::json;

use super::*;
use crate::sim::lambda::Order;
use crate::testing::{START_MS, anybody, hops, system};

const MINUTE_MS: u64 = 60_000;

fn body(system: &mut System, queue: &str) -> Vec<String> {
    let url = format!("http://127.0.0.1:4566/000000000000/{queue}");
    let answer = system
        .sqs(&anybody(), "ReceiveMessage", &json!({ "QueueUrl": url, "MaxNumberOfMessages": 10 }))
        .expect("an answer");
    answer["Messages"].as_array().into_iter().flatten().map(|it| it["Body"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_function_runs_every_minute_with_the_input_of_the_schedule() {
    let function = json!({ "FunctionName": "sweep", "Role": "role" });
    let target = json!({ "Arn": "arn:aws:lambda:us-east-1:000000000000:function:sweep", "Input": r#"{"at":"<aws.scheduler.scheduled-time>"}"# });
    let schedule = json!({ "Name": "sweep", "ScheduleExpression": "rate(1 minute)", "Target": target });
    let off = json!({ "ScheduleExpression": "rate(1 minute)", "State": "DISABLED", "Target": {} });
    let mut system =
        system(&[("Sweep", "AWS::Lambda::Function", function), ("Every", SCHEDULE, schedule), ("Off", SCHEDULE, off)]);
    assert_eq!(system.next_ms(), Some(START_MS + MINUTE_MS));
    system.advance(START_MS + 2 * MINUTE_MS);
    let payloads: Vec<String> = system
        .take_orders()
        .into_iter()
        .filter_map(|order| match order {
            Order::Invoke { payload, .. } => Some(payload),
            _ => None,
        })
        .collect();
    assert_eq!(payloads, [r#"{"at":"2026-01-01T00:01:00Z"}"#, r#"{"at":"2026-01-01T00:02:00Z"}"#]);
    let came = hops(&system, Kind::Schedule);
    assert_eq!((came.len(), came[0].thing.as_str(), came[0].text.as_str()), (2, "resources.Every", "rate(1 minute)"));
    assert!(hops(&system, Kind::Invocation).iter().all(|hop| hop.root != hop.id));
}

#[test]
fn a_queue_is_given_a_message_at_the_time_of_the_schedules_zone() {
    let target = json!({ "Arn": "arn:aws:sqs:us-east-1:000000000000:jobs" });
    let schedule = json!({
        "Name": "daily", "ScheduleExpression": "cron(0 6 * * ? *)", "ScheduleExpressionTimezone": "Europe/Berlin", "Target": target,
        "EndDate": "2026-01-01T12:00:00Z",
    });
    let mut system =
        system(&[("Jobs", "AWS::SQS::Queue", json!({ "QueueName": "jobs" })), ("Daily", SCHEDULE, schedule)]);
    system.advance(START_MS + 5 * 60 * MINUTE_MS);
    let given = body(&mut system, "jobs");
    let event: Value = serde_json::from_str(&given[0]).expect("an event");
    assert_eq!(
        (&event["detail-type"], &event["source"], &event["time"]),
        (&json!("Scheduled Event"), &json!("aws.scheduler"), &json!("2026-01-01T05:00:00Z"))
    );
    assert_eq!(hops(&system, Kind::Schedule)[0].text, "cron(0 6 * * ? *), Europe/Berlin");
    // It has ended before the next day.
    assert_eq!(system.next_ms(), None);
}

#[test]
fn what_cannot_be_given_is_kept_when_its_tries_are_over() {
    let target = json!({
        "Arn": "arn:aws:sqs:us-east-1:000000000000:gone",
        "Input": "x",
        "RetryPolicy": { "MaximumRetryAttempts": 2 },
        "DeadLetterConfig": { "Arn": "arn:aws:sqs:us-east-1:000000000000:dead" },
    });
    let schedule = json!({ "Name": "once", "ScheduleExpression": "at(2026-01-01T00:01:00)", "Target": target });
    let mut system =
        system(&[("Dead", "AWS::SQS::Queue", json!({ "QueueName": "dead" })), ("Once", SCHEDULE, schedule)]);
    system.advance(START_MS + MINUTE_MS);
    assert!(body(&mut system, "dead").is_empty());
    system.advance(START_MS + 2 * MINUTE_MS);
    assert_eq!(body(&mut system, "dead"), ["x"]);
    assert!(matches!(hops(&system, Kind::Schedule)[0].outcome, Outcome::Failed(_)));
    assert_eq!(hops(&system, Kind::DeadLetter).len(), 1);
}

#[test]
fn a_rule_with_a_schedule_gives_its_targets_the_event_of_the_time() {
    let target = json!({ "Id": "queue", "Arn": "arn:aws:sqs:us-east-1:000000000000:jobs", "InputPath": "$.source" });
    let rule = json!({ "Name": "hourly", "ScheduleExpression": "rate(1 hour)", "Targets": [target] });
    let statement = json!({
        "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" }, "Action": "sqs:SendMessage", "Resource": "*",
        "Condition": { "ArnEquals": { "aws:SourceArn": "arn:aws:events:us-east-1:000000000000:rule/hourly" } },
    });
    let queues = ["http://127.0.0.1:4566/000000000000/jobs"];
    let mut system = system(&[
        ("Jobs", "AWS::SQS::Queue", json!({ "QueueName": "jobs" })),
        (
            "Policy",
            "AWS::SQS::QueuePolicy",
            json!({ "Queues": queues, "PolicyDocument": { "Statement": [statement] } }),
        ),
        ("Hourly", RULE, rule),
    ]);
    system.advance(START_MS + 60 * MINUTE_MS);
    assert_eq!(body(&mut system, "jobs"), [r#""aws.events""#]);
}

#[test]
fn schedules_change_with_the_stack() {
    let queue = || ("Jobs", "AWS::SQS::Queue", json!({ "QueueName": "jobs" }));
    let every = |rate: &str| {
        let target = json!({ "Arn": "arn:aws:sqs:us-east-1:000000000000:jobs", "Input": rate });
        ("Every", SCHEDULE, json!({ "Name": "every", "ScheduleExpression": rate, "Target": target }))
    };
    let mut system = system(&[queue(), every("rate(1 hour)")]);
    system.reconfigure(vec![crate::testing::stack(&[queue(), every("rate(1 hour)")])]).expect("the same");
    system.advance(START_MS + 60 * MINUTE_MS);
    assert_eq!(body(&mut system, "jobs"), ["rate(1 hour)"]);
    system.reconfigure(vec![crate::testing::stack(&[queue(), every("rate(2 hours)")])]).expect("another rate");
    system.advance(START_MS + 170 * MINUTE_MS);
    assert!(!body(&mut system, "jobs").contains(&"rate(2 hours)".to_owned()));
    system.advance(START_MS + 180 * MINUTE_MS);
    assert!(body(&mut system, "jobs").contains(&"rate(2 hours)".to_owned()));
}

/// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-flexible-time-windows.html>
#[test]
fn a_schedule_with_a_window_comes_once_within_it() {
    let target = json!({ "Arn": "arn:aws:sqs:us-east-1:000000000000:jobs", "Input": "<aws.scheduler.scheduled-time>" });
    let schedule = json!({
        "Name": "hourly", "ScheduleExpression": "cron(0 * * * ? *)", "Target": target,
        "FlexibleTimeWindow": { "Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15 },
    });
    let mut system =
        system(&[("Jobs", "AWS::SQS::Queue", json!({ "QueueName": "jobs" })), ("Hourly", SCHEDULE, schedule)]);
    system.advance(START_MS + 24 * 60 * MINUTE_MS - 1);
    let came: Vec<u64> = hops(&system, Kind::Schedule).iter().map(|hop| hop.at_ms - START_MS).collect();
    assert_eq!(came.len(), 23);
    for (hour, at_ms) in (1_u64..).zip(&came) {
        let within = hour * 60 * MINUTE_MS..(hour * 60 + 15) * MINUTE_MS;
        assert!(within.contains(at_ms), "{hour}: {at_ms}");
    }
    assert!(came.iter().any(|at_ms| at_ms % (60 * MINUTE_MS) > MINUTE_MS), "not all at the beginning: {came:?}");
    assert_eq!(body(&mut system, "jobs")[0], "2026-01-01T01:00:00Z", "the time of the schedule, not that of the call");
}

#[test]
fn a_zone_that_is_none_is_told() {
    let schedule =
        json!({ "ScheduleExpression": "rate(1 hour)", "ScheduleExpressionTimezone": "Europe/Nowhere", "Target": {} });
    let mut system = system(&[("Never", SCHEDULE, schedule)]);
    assert_eq!(system.next_ms(), None);
    let told = hops(&system, Kind::Schedule);
    assert_eq!(told[0].outcome, Outcome::Failed("there is no time zone `Europe/Nowhere`".to_owned()));
}
