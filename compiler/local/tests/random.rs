//! What holds of any run: random calls, answers, faults and pauses, by seed, on virtual time.
//!
//! `EVC_SEEDS` says how many seeds are tried.

#![allow(clippy::expect_used, clippy::panic, reason = "what a test expects")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use evc_local::System;
use evc_local::sim::dynamodb::Kept;
use evc_local::sim::lambda::{Ended, Order};
use evc_local::system::Caller;
use evc_local::trace::{Hop, Kind, Outcome};
use evc_values::hash;
use serde_json::{Value, json};
use support::{START_MS, call, error, stack};

/// A queue that a function works off, beside the order system.
const JOBS: &str = "evc: 1
service: jobs
types: { Job: { id: string } }
queues: { jobs: { message: Job, to: work } }
functions:
  ask: { api: POST /jobs, input: Job, sends: jobs }
  work: { input: Job }
";

/// How long the system may take to come to rest: longer than any execution, any retry and any visibility.
const REST_MS: u64 = 7 * 3_600_000;

struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 += 1;
        hash::mix(self.0) % most
    }
}

/// What a run did, as it saw it from outside.
#[derive(Default)]
struct Run {
    /// The ids of events that were put on the bus.
    events: BTreeSet<String>,
    /// The ids of jobs that were sent, and of those that the function has done.
    sent: BTreeSet<String>,
    done: BTreeSet<String>,
    /// The ids of events in rows of the outbox, and of those that the forwarder has published.
    rows: BTreeSet<String>,
    published: BTreeSet<String>,
}

fn detail(event: &str) -> Value {
    let mut detail = support::created();
    detail["metadata"] = json!({ "eventId": event, "aggregate": "a", "sequence": 1 });
    detail
}

fn put(system: &mut System, caller: &Caller, event: &str) {
    let entry = json!({
        "EventBusName": "orders-dev-orders", "Source": "order.service", "DetailType": "Order Created", "Detail": detail(event).to_string(),
    });
    let answer = system.call(caller, "AWSEvents.PutEvents", json!({ "Entries": [entry] })).expect("put");
    assert_eq!(answer["FailedEntryCount"], 0, "{answer}");
}

/// What a handler answers: mostly what it should, at times an error, at times that it has not answered at all yet.
fn answer(
    system: &mut System,
    run: &mut Run,
    chance: &mut Chance,
    faults: bool,
    function: &str,
    payload: &Value,
    hop: &Caller,
) -> Ended {
    let luck = if faults { chance.below(10) } else { 9 };
    match (function, luck) {
        (_, 0) => error("Runtime.ExitError"),
        ("process-payment", 1) => error("PaymentDeclined"),
        ("reserve-inventory", 1) => error("InventoryUnavailable"),
        ("process-payment", _) => Ended::Answer(json!({ "paymentId": "pay_1" }).to_string()),
        ("reserve-inventory", _) => Ended::Answer(json!({ "reservationId": "res_1" }).to_string()),
        ("work", _) => {
            let (mut failed, records) = (Vec::new(), payload["Records"].as_array().cloned().unwrap_or_default());
            for record in records {
                if faults && chance.below(3) == 0 {
                    failed.push(json!({ "itemIdentifier": record["messageId"] }));
                } else {
                    run.done.insert(record["body"].as_str().expect("a body").to_owned());
                }
            }
            Ended::Answer(json!({ "batchItemFailures": failed }).to_string())
        }
        ("order-events.forwarder", _) => {
            for record in payload["Records"].as_array().cloned().unwrap_or_default() {
                let id = record["dynamodb"]["NewImage"]["eventId"]["S"].as_str().expect("an id").to_owned();
                if luck == 1 {
                    let failed = json!([{ "itemIdentifier": record["dynamodb"]["SequenceNumber"] }]);
                    return Ended::Answer(json!({ "batchItemFailures": failed }).to_string());
                }
                put(system, hop, &id);
                run.published.insert(id);
            }
            Ended::Answer(json!({ "batchItemFailures": [] }).to_string())
        }
        _ => Ended::Answer(json!({ "notificationId": "note_1", "refundId": "r", "status": "COMPLETED" }).to_string()),
    }
}

/// Carries out what is ordered now, until nothing is.
fn settle(system: &mut System, run: &mut Run, chance: &mut Chance, faults: bool) {
    loop {
        system.advance(system.now_ms());
        let orders = system.take_orders();
        if orders.is_empty() {
            return;
        }
        for order in orders {
            let Order::Invoke { invocation, function, payload, .. } = order else { continue };
            let function = system.functions().find(&function).expect("a function").clone();
            let payload = serde_json::from_str(&payload).expect("JSON");
            let caller = Caller { role: Some(function.role.clone()), cause: system.hop_of(invocation) };
            // Some never answer: they are ended at their timeout.
            if faults && chance.below(20) == 0 {
                continue;
            }
            let name = function.address.trim_start_matches("functions.").trim_start_matches("outboxes.").to_owned();
            let ended = answer(system, run, chance, faults, &name, &payload, &caller);
            system.invocation_ended(invocation, ended);
        }
    }
}

fn pass(system: &mut System, ms: u64, run: &mut Run, chance: &mut Chance, faults: bool) {
    let until = system.now_ms() + ms;
    settle(system, run, chance, faults);
    while let Some(next) = system.next_ms().filter(|next| *next <= until) {
        system.advance(next);
        settle(system, run, chance, faults);
    }
    system.advance(until);
}

fn queue_url(system: &mut System, ends: &str) -> Value {
    let listed = call(system, "AmazonSQS.ListQueues", json!({}));
    let urls = listed["QueueUrls"].as_array().expect("queues");
    urls.iter().find(|url| url.as_str().is_some_and(|url| url.ends_with(ends))).expect("a queue").clone()
}

/// The bodies of a queue's messages.
fn bodies(system: &mut System, ends: &str) -> Vec<String> {
    let asked = json!({ "QueueUrl": queue_url(system, ends), "MaxNumberOfMessages": 10, "VisibilityTimeout": 43_200 });
    let mut bodies = Vec::new();
    loop {
        let answer = call(system, "AmazonSQS.ReceiveMessage", asked.clone());
        let Some(messages) = answer["Messages"].as_array() else { return bodies };
        bodies.extend(messages.iter().map(|it| it["Body"].as_str().expect("a body").to_owned()));
    }
}

/// Random things happen; then nothing more is asked for and nothing fails any more, and the system comes to rest.
fn run(seed: u64) -> (System, Run) {
    let orders = stack("orders.yaml", include_str!("../../../specs/orders.yaml"));
    let mut system =
        System::new(vec![orders, stack("jobs.yaml", JOBS)], Kept::Memory, START_MS, seed).expect("a system");
    let (mut run, mut chance) = (Run::default(), Chance(hash::mix(seed)));
    let jobs = queue_url(&mut system, "jobs-dev-JobsQueue");
    for number in 0..40 {
        match chance.below(8) {
            0 | 1 => {
                // The same event at times.
                let id = format!("e-{}", if chance.below(4) == 0 { number / 2 } else { number });
                put(&mut system, &Caller::default(), &id);
                run.events.insert(id);
            }
            2 => {
                let id = format!("r-{number}");
                let row = json!({
                    "aggregate": { "S": format!("a-{}", chance.below(3)) }, "sequence": { "N": number.to_string() },
                    "eventId": { "S": id }, "detailType": { "S": "Order Created" }, "detail": { "S": detail(&id).to_string() },
                });
                call(
                    &mut system,
                    "DynamoDB_20120810.PutItem",
                    json!({ "TableName": "orders-dev-OrderEventsOutbox", "Item": row }),
                );
                run.rows.insert(id);
            }
            3..=5 => {
                let body = format!("j-{number}");
                call(&mut system, "AmazonSQS.SendMessage", json!({ "QueueUrl": jobs, "MessageBody": body }));
                run.sent.insert(body);
            }
            6 => {
                let machine = "arn:aws:states:us-east-1:000000000000:stateMachine:orders-dev-fulfil-order";
                let asked = json!({ "stateMachineArn": machine, "statusFilter": "RUNNING" });
                let running = call(&mut system, "AWSStepFunctions.ListExecutions", asked)["executions"].clone();
                if let Some(execution) = running.as_array().and_then(|it| it.first()) {
                    call(
                        &mut system,
                        "AWSStepFunctions.StopExecution",
                        json!({ "executionArn": execution["executionArn"] }),
                    );
                }
            }
            _ => {
                let crashes = chance.below(2) == 0;
                let name = ["orders-dev-notify", "orders-dev-process-payment"]
                    [usize::try_from(chance.below(2)).expect("small")];
                assert!(system.set_crashing(name, crashes) || system.functions().find(name).is_none());
            }
        }
        let ms = chance.below(90_000);
        pass(&mut system, ms, &mut run, &mut chance, true);
    }
    for name in ["orders-dev-notify", "orders-dev-process-payment"] {
        system.set_crashing(name, false);
    }
    pass(&mut system, REST_MS, &mut run, &mut chance, false);
    (system, run)
}

/// Every hop has a cause that was before it, but for what comes from outside.
fn caused(seed: u64, hops: &[&Hop]) {
    let known: BTreeMap<u64, &&Hop> = hops.iter().map(|hop| (hop.id, hop)).collect();
    for hop in hops {
        let from_outside = matches!(hop.kind, Kind::Request | Kind::Schedule | Kind::Event | Kind::Row | Kind::Message);
        match hop.cause {
            None => assert!(from_outside && hop.root == hop.id, "seed {seed}: no cause: {hop:?}"),
            Some(cause) => {
                let cause = known.get(&cause).unwrap_or_else(|| panic!("seed {seed}: no such cause: {hop:?}"));
                assert!(cause.id < hop.id && cause.at_ms <= hop.at_ms, "seed {seed}: {cause:?} before {hop:?}");
                assert_eq!(cause.root, hop.root, "seed {seed}: {hop:?}");
            }
        }
        assert!(hop.ended_ms.is_none_or(|ended| ended >= hop.at_ms), "seed {seed}: {hop:?}");
        assert!(!matches!(hop.outcome, Outcome::Running | Outcome::Denied(_)), "seed {seed}: {hop:?}");
    }
}

/// Nothing is due any more but what removes expired items once a minute, and that does nothing.
fn at_rest(seed: u64, system: &mut System) {
    let before = system.trace.all().count();
    for _ in 0..3 {
        let next = system.next_ms().expect("the next removal");
        assert!(next - system.now_ms() <= 60_000, "seed {seed}");
        system.advance(next);
        assert!(system.take_orders().is_empty(), "seed {seed}");
    }
    let later = system.next_ms().expect("the next removal");
    assert_eq!(later - system.now_ms(), 60_000, "seed {seed}");
    assert_eq!(system.trace.all().count(), before, "seed {seed}: something happened at rest");
}

/// No message is lost: each was done, or is where messages go that cannot be.
fn nothing_lost(seed: u64, system: &mut System, run: &Run) {
    assert_eq!(bodies(system, "jobs-dev-JobsQueue"), Vec::<String>::new(), "seed {seed}");
    let letters: BTreeSet<String> = bodies(system, "JobsQueueDeadLetters").into_iter().collect();
    let lost: Vec<&String> = run.sent.iter().filter(|id| !run.done.contains(*id) && !letters.contains(*id)).collect();
    assert!(lost.is_empty(), "seed {seed}: lost: {lost:?}");
    let made_up: Vec<&String> = run.done.iter().chain(&letters).filter(|id| !run.sent.contains(*id)).collect();
    assert!(made_up.is_empty(), "seed {seed}: never sent: {made_up:?}");
}

/// Each event that reached the bus has one execution by its id, which has ended; each row was published, or its place was kept.
fn each_event_has_one_execution(seed: u64, system: &mut System, run: &Run) {
    let machine = "arn:aws:states:us-east-1:000000000000:stateMachine:orders-dev-fulfil-order";
    let listed =
        call(system, "AWSStepFunctions.ListExecutions", json!({ "stateMachineArn": machine }))["executions"].clone();
    let listed = listed.as_array().expect("executions");
    let names: Vec<&str> = listed.iter().map(|it| it["name"].as_str().expect("a name")).collect();
    let expected: BTreeSet<&str> = run.events.iter().chain(&run.published).map(String::as_str).collect();
    assert_eq!(names.iter().copied().collect::<BTreeSet<_>>(), expected, "seed {seed}");
    assert_eq!(names.len(), expected.len(), "seed {seed}");
    assert!(listed.iter().all(|it| it["status"] != "RUNNING"), "seed {seed}: {listed:?}");
    let kept = bodies(system, "OrderEventsForwarderDeadLetters");
    assert!(run.rows.is_subset(&run.published) || !kept.is_empty(), "seed {seed}: {:?}", run.rows);
}

#[test]
fn whatever_happens_nothing_is_lost_and_all_comes_to_rest() {
    let seeds = std::env::var("EVC_SEEDS").ok().and_then(|it| it.parse::<u64>().ok()).map_or(8, |seeds| seeds.min(500));
    let mut seen_kinds = Vec::new();
    for seed in 1..=seeds {
        let (mut system, seen) = run(seed);
        let hops: Vec<Hop> = system.trace.all().cloned().collect();
        caused(seed, &hops.iter().collect::<Vec<_>>());
        at_rest(seed, &mut system);
        nothing_lost(seed, &mut system, &seen);
        each_event_has_one_execution(seed, &mut system, &seen);
        seen_kinds
            .extend(hops.iter().map(|hop| hop.kind).filter(|kind| !seen_kinds.contains(kind)).collect::<Vec<_>>());
    }
    // The runs were of something.
    for kind in [
        Kind::Event,
        Kind::Rule,
        Kind::Row,
        Kind::Message,
        Kind::Batch,
        Kind::Execution,
        Kind::Step,
        Kind::DeadLetter,
        Kind::Fault,
    ] {
        assert!(seen_kinds.contains(&kind), "no run had a {kind:?}");
    }
}

#[test]
fn a_seed_gives_one_trace() {
    let trace = |seed: u64| run(seed).0.trace.all().cloned().collect::<Vec<Hop>>();
    for seed in [1, 2] {
        let (one, other) = (trace(seed), trace(seed));
        if let Some((one, other)) = one.iter().zip(&other).find(|(one, other)| one != other) {
            panic!("seed {seed}:\n{one:?}\n{other:?}");
        }
        assert_eq!(one.len(), other.len(), "seed {seed}");
        assert_ne!(one, trace(seed + 1), "seed {seed}");
    }
}
