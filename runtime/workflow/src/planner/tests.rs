//! The planner alone: machines carried by a loop that answers every piece of work at once.

#![expect(clippy::needless_pass_by_value, reason = "json! makes values to give away")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::Token;
use crate::protocol::Task;
use crate::state::outcome;

/// A piece of work that somebody could do now.
#[derive(Debug, Clone)]
struct Open {
    slot: Slot,
    record: Record,
}

impl Open {
    fn payload(&self) -> Value {
        match serde_json::from_slice(&self.record.payload).expect("a task") {
            Task::Call(value) | Task::Publish(value) => value,
        }
    }

    fn input(&self) -> Value {
        self.payload()["input"].clone()
    }
}

/// An execution, and what it waits for.
struct Run {
    definition: Definition,
    execution: ExecutionId,
    snapshot: Snapshot,
    open: BTreeMap<Slot, Record>,
    history: Vec<History>,
}

const CHANCE: Chance = Chance { seed: 7, key: [7; 32] };

fn define(machine: &Value) -> Definition {
    let leases = json!({ "a": 10, "b": 10, "c": 10, "undo-a": 10, "undo-b": 10, "process-payment": 40 });
    let text = json!({ "evc": 1, "workflow": "w", "leases": leases, "machine": machine }).to_string();
    Definition::parse(&text).expect("a definition")
}

impl Run {
    fn start(machine: &Value, input: Value) -> Self {
        Self::start_by(CHANCE, machine, input)
    }

    fn start_by(chance: Chance, machine: &Value, input: Value) -> Self {
        let definition = define(machine);
        let execution = ExecutionId::new("w", "e-1");
        let start = start(&definition, &execution, input, 1_764_331_200_000, chance).expect("a start");
        let snapshot = Snapshot {
            status: Status::Running,
            version: 0,
            revision: 0,
            definition: definition.id().to_owned(),
            state: Vec::new(),
            now_ms: 1_764_331_200_000,
        };
        let mut run = Self { definition, execution, snapshot, open: BTreeMap::new(), history: Vec::new() };
        run.apply(start.transition);
        run
    }

    fn apply(&mut self, transition: Transition) {
        assert_eq!(transition.version, self.snapshot.version);
        assert_eq!(transition.seen, self.snapshot.revision);
        self.snapshot.version += 1;
        self.snapshot.revision = transition.revision;
        self.snapshot.state = transition.state;
        for (slot, record) in transition.records {
            match record {
                Some(record) => drop(self.open.insert(slot, record)),
                None => drop(self.open.remove(&slot)),
            }
        }
        self.history.extend(serde_json::from_slice::<Vec<History>>(&transition.history).expect("history"));
        if let Some(status) = transition.status {
            self.snapshot.status = status;
            // The end lists all that was under way.
            assert!(status == Status::Running || self.open.is_empty(), "{:?}", self.open);
        }
        // Time passes.
        self.snapshot.now_ms += 5;
    }

    fn tell(&mut self, event: Event) {
        let fence = event.slot().map(|slot| (slot, self.open[&slot].seq));
        let planned =
            plan(&self.definition, &self.execution, &self.snapshot, fence, event.clone(), CHANCE).expect("a plan");
        let again = plan(&self.definition, &self.execution, &self.snapshot, fence, event, CHANCE).expect("a plan");
        assert_eq!(planned, again, "a plan is a function of what it is given");
        self.apply(planned.expect("a transition"));
    }

    fn open(&self) -> Vec<Open> {
        self.open.iter().map(|(slot, record)| Open { slot: *slot, record: record.clone() }).collect()
    }

    /// The one piece of work there is.
    #[track_caller]
    fn only(&self, function: &str) -> Open {
        let open = self.open();
        assert_eq!(open.len(), 1, "{open:?}");
        assert_eq!(open[0].record.function, function);
        open[0].clone()
    }

    fn succeed(&mut self, slot: Slot, output: Value) {
        self.tell(Event::Succeeded { slot, output, claimed_ms: 0 });
    }

    fn fail(&mut self, slot: Slot, error: &str) {
        let cause = Some(json!({ "errorType": error, "errorMessage": "no luck" }).to_string());
        self.tell(Event::Failed { slot, error: error.to_owned(), cause, claimed_ms: 0 });
    }

    /// Has the only piece of work done.
    #[track_caller]
    fn step(&mut self, function: &str, output: Value) -> Value {
        let open = self.only(function);
        self.succeed(open.slot, output);
        open.input()
    }

    fn outcome(&self) -> Outcome {
        outcome(&self.snapshot.state).expect("an outcome")
    }
}

use crate::state::Outcome;

/// A call in the form that evc writes.
fn call(function: &str, input: Value, more: Value) -> Value {
    let mut state = json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": { "FunctionName": function, "Payload": {
            "evc": { "execution": "{% $states.context.Execution.Id %}", "step": function,
                     "attempt": "{% $states.context.State.RetryCount %}" },
            "input": input,
        } },
        "Assign": { function: "{% $states.result.Payload %}" },
        "Output": "{% $states.result.Payload %}",
    });
    let (Value::Object(state_fields), Value::Object(more)) = (&mut state, more) else { panic!("objects") };
    state_fields.extend(more);
    state
}

fn machine(states: Value) -> Value {
    json!({ "QueryLanguage": "JSONata", "TimeoutSeconds": 60, "StartAt": "Start", "States": states })
}

fn begin(next: &str) -> Value {
    json!({ "Type": "Pass", "Assign": { "input": "{% $states.input %}", "undo": [] }, "Next": next })
}

fn retry(errors: Value, attempts: u32) -> Value {
    json!([{ "ErrorEquals": errors, "IntervalSeconds": 2, "MaxAttempts": attempts, "BackoffRate": 2.0,
             "MaxDelaySeconds": 5, "JitterStrategy": "NONE" }])
}

/// The state machine of the order system, for Redis.
fn fulfil_order() -> Value {
    let text = include_str!("../../../../generated/orders/workflows/fulfil-order.asl.json");
    let names = [
        ("${ProcessPaymentFunctionArn}", "process-payment"),
        ("${RefundPaymentFunctionArn}", "refund-payment"),
        ("${ReserveInventoryFunctionArn}", "reserve-inventory"),
        ("${CompleteOrderFunctionArn}", "complete-order"),
        ("${NotifyFunctionArn}", "notify"),
    ];
    let text = names.iter().fold(text.to_owned(), |text, (arn, name)| text.replace(arn, name));
    serde_json::from_str(&text).expect("JSON")
}

fn order() -> Value {
    json!({ "orderId": "o-1", "customerId": "c-1", "totalAmount": 19.99, "items": [{ "productId": "p", "quantity": 1 }] })
}

#[test]
fn an_order_is_fulfilled_step_by_step_in_one_slot() {
    let mut run = Run::start(&fulfil_order(), order());
    let paid = run.step("process-payment", json!({ "paymentId": "pay-1" }));
    assert_eq!(paid, json!({ "orderId": "o-1", "customerId": "c-1", "amount": 19.99 }));
    let reserved = run.step("reserve-inventory", json!({ "reservationId": "r-1" }));
    assert_eq!(reserved["items"], json!([{ "productId": "p", "quantity": 1 }]));
    assert_eq!(run.only("complete-order").slot, 0);
    assert_eq!(run.step("complete-order", Value::Null)["status"], "COMPLETED");
    assert_eq!(run.step("notify", json!({ "notificationId": "n-1" }))["message"], "Order o-1 is complete");
    assert_eq!(run.snapshot.status, Status::Succeeded);
    let outcome = run.outcome();
    assert_eq!(outcome.output, Some(json!({ "notificationId": "n-1" })));
    assert_eq!(outcome.input, order());
}

#[test]
fn missing_goods_give_the_payment_back() {
    let mut run = Run::start(&fulfil_order(), order());
    run.step("process-payment", json!({ "paymentId": "pay-1" }));
    let open = run.only("reserve-inventory");
    run.fail(open.slot, "InventoryUnavailable");
    assert_eq!(run.step("refund-payment", json!({})), json!({ "orderId": "o-1", "customerId": "c-1" }));
    assert_eq!(run.step("complete-order", Value::Null)["status"], "INVENTORY_FAILED");
    run.step("notify", json!({ "notificationId": "n-1" }));
    let outcome = run.outcome();
    assert_eq!((outcome.status, outcome.error.as_deref()), (Status::Failed, Some("InventoryUnavailable")));
    assert_eq!(outcome.cause.as_deref(), Some("no luck"));
    assert!(run.history.iter().any(|entry| matches!(entry, History::Caught { next, .. } if next == "give-back")));
}

#[test]
fn retries_wait_longer_each_time_and_then_it_is_caught() {
    let caught = json!([{ "ErrorEquals": ["States.ALL"], "Next": "done", "Assign": { "error": { "name": "{% $states.errorOutput.Error %}" } } }]);
    let mut run = Run::start(
        &machine(json!({
            "Start": begin("a"),
            "a": call("a", json!({ "n": "{% $input.n %}" }), json!({ "Retry": retry(json!(["Transient"]), 3), "Catch": caught, "Next": "done" })),
            "done": { "Type": "Succeed", "Output": "{% $error.name %}" },
        })),
        json!({ "n": 1 }),
    );
    for (attempt, delay_ms) in [(0, 0), (1, 2_000), (2, 4_000), (3, 5_000)] {
        let open = run.only("a");
        assert_eq!(open.record.delay_ms, delay_ms);
        assert_eq!(open.payload()["evc"]["attempt"], attempt);
        run.fail(open.slot, "Transient");
    }
    assert_eq!(run.outcome().output, Some(json!("Transient")));
}

#[test]
fn each_attempt_of_a_publish_evaluates_its_detail_again_and_keeps_its_id() {
    let metadata = json!({ "eventId": "{% $hash($states.context.Execution.Id & '/told', 'SHA-256') %}" });
    let detail = json!({ "id": "{% $uuid() %}", "at": "{% $millis() %}", "set": "{% $id %}", "metadata": metadata });
    let mut run = Run::start(
        &machine(json!({
            "Start": { "Type": "Pass", "Assign": { "id": "{% $uuid() %}" }, "Next": "told" },
            "told": { "Type": "Task", "Resource": "arn:aws:states:::events:putEvents",
                      "Arguments": { "Entries": [{ "Detail": detail }] },
                      "Retry": retry(json!(["States.ALL"]), 3), "End": true },
        })),
        json!({}),
    );
    let mut look = || {
        let detail = run.open()[0].payload()["Detail"].clone();
        run.fail(run.open()[0].slot, "Transient");
        detail
    };
    let (first, second) = (look(), look());
    for (field, same) in [("metadata", true), ("set", true), ("at", false), ("id", false)] {
        assert_eq!(first[field] == second[field], same, "{field}");
    }
}

fn fan_out() -> Value {
    let branch = |function: &str| json!({ "StartAt": function, "States": { function: call(function, json!({ "n": "{% $input.n %}" }), json!({ "End": true })) } });
    machine(json!({
        "Start": begin("both"),
        "both": { "Type": "Parallel", "Branches": [branch("a"), branch("b"), branch("c")],
                  "Assign": { "both": "{% {'a': $states.result[0], 'b': $states.result[1], 'c': $states.result[2]} %}" },
                  "Output": "{% $states.result %}", "Retry": retry(json!(["Lost"]), 1), "Next": "end" },
        "end": { "Type": "Succeed", "Output": "{% $both %}" },
    }))
}

proptest! {
    /// Whatever the order in which branches end, they join once, and the result is the same.
    #[test]
    fn branches_join_once(order in Just(vec![0_usize, 1, 2]).prop_shuffle()) {
        let mut run = Run::start(&fan_out(), json!({ "n": 4 }));
        prop_assert_eq!(run.open().len(), 3);
        let open = run.open();
        for index in order {
            prop_assert_eq!(run.snapshot.status, Status::Running);
            let function = open[index].record.function.clone();
            run.succeed(open[index].slot, json!({ "by": function }));
        }
        prop_assert_eq!(run.outcome().output, Some(json!({ "a": { "by": "a" }, "b": { "by": "b" }, "c": { "by": "c" } })));
    }
}

#[test]
fn a_failed_branch_drops_the_others_and_what_they_do_is_no_longer_wanted() {
    let mut run = Run::start(&fan_out(), json!({ "n": 4 }));
    let before = run.open();
    run.fail(before[1].slot, "Lost");
    let timer = run.only("");
    assert_eq!((timer.record.phase, timer.record.delay_ms), (Phase::Timer, 2_000));
    // The answer of a branch that was dropped comes late: its slot has another fencing token, or none.
    let late = Event::Succeeded { slot: before[0].slot, output: json!({}), claimed_ms: 0 };
    let fence = Some((before[0].slot, before[0].record.seq));
    assert_eq!(plan(&run.definition, &run.execution, &run.snapshot, fence, late, CHANCE).expect("a plan"), None);
    run.tell(Event::TimerDue { slot: timer.slot });
    assert_eq!(run.open().len(), 3);
    let again = run.open();
    run.fail(again[2].slot, "Lost");
    assert_eq!((run.outcome().status, run.outcome().error.as_deref()), (Status::Failed, Some("Lost")));
}

fn each(concurrency: u64) -> Value {
    machine(json!({
        "Start": begin("each"),
        "each": { "Type": "Map", "Items": "{% $input.items %}", "MaxConcurrency": concurrency,
            "ItemSelector": { "item": "{% $states.context.Map.Item.Value %}", "index": "{% $states.context.Map.Item.Index %}" },
            "ItemProcessor": { "ProcessorConfig": { "Mode": "INLINE" }, "StartAt": "item", "States": {
                "item": { "Type": "Pass", "Assign": { "item": "{% $states.input.item %}", "index": "{% $states.input.index %}" }, "Next": "a" },
                "a": call("a", json!({ "id": "{% $item.id & '-' & $string($index) %}" }), json!({ "End": true })),
            } },
            "Assign": { "each": "{% $states.result %}" }, "Output": "{% $states.result %}", "End": true },
    }))
}

#[test]
fn iterations_run_so_many_at_once_and_keep_their_order() {
    let mut run = Run::start(&each(2), json!({ "items": [{ "id": "x" }, { "id": "y" }, { "id": "z" }] }));
    assert_eq!(run.open().len(), 2);
    let second = run.open()[1].clone();
    assert_eq!(second.input(), json!({ "id": "y-1" }));
    run.succeed(second.slot, json!("second"));
    let open = run.open();
    assert_eq!(open.iter().map(|open| open.input()["id"].clone()).collect::<Vec<_>>(), [json!("x-0"), json!("z-2")]);
    run.succeed(open[1].slot, json!("third"));
    run.succeed(open[0].slot, json!("first"));
    assert_eq!(run.outcome().output, Some(json!(["first", "second", "third"])));
    assert_eq!(Run::start(&each(2), json!({ "items": [] })).outcome().output, Some(json!([])));
}

#[test]
fn a_signal_is_waited_for_after_the_function_has_its_token() {
    let mut ask = call("a", json!({}), json!({ "TimeoutSeconds": 3600, "End": true }));
    ask["Resource"] = json!("arn:aws:states:::lambda:invoke.waitForTaskToken");
    ask["Arguments"]["Payload"]["evc"]["token"] = json!("{% $states.context.Task.Token %}");
    ask["Output"] = json!("{% $states.result %}");
    ask["Assign"] = json!({ "a": "{% $states.result %}" });
    let mut run = Run::start(&machine(json!({ "Start": begin("a"), "a": ask })), json!({}));
    let asked = run.only("a");
    let token = asked.payload()["evc"]["token"].as_str().expect("a token").to_owned();
    let token = Token::read(&token).expect("our token");
    let (slot, seq) = (asked.slot, asked.record.seq);
    assert_eq!((&token.execution, token.slot, token.seq), (&run.execution, slot, seq));
    // Who looks at the execution's state finds the same.
    let waits = waits(&run.definition, &run.snapshot).expect("waits");
    assert_eq!(waits.iter().map(|wait| wait.token(&run.execution)).collect::<Vec<_>>(), [token]);
    assert_eq!(waits[0].step, "a");
    run.succeed(asked.slot, json!("sent"));
    let waiting = run.only("");
    assert_eq!((waiting.record.phase, waiting.record.seq), (Phase::Signal, seq));
    assert_eq!(super::waits(&run.definition, &run.snapshot).expect("waits"), waits);
    assert!(waiting.record.timeout_ms.is_some_and(|left| left < 3_600_000 && left > 3_590_000));
    run.tell(Event::Signalled { slot, output: json!({ "approved": true }) });
    assert_eq!(run.outcome().output, Some(json!({ "approved": true })));
}

#[test]
fn a_token_that_somebody_made_up_ends_nothing() {
    let run = Run::start(&fulfil_order(), order());
    let open = run.only("process-payment");
    let (slot, fence) = (open.slot, Some((open.slot, open.record.seq)));
    let refused = |event| plan(&run.definition, &run.execution, &run.snapshot, fence, event, CHANCE).expect("a plan");
    assert_eq!(refused(Event::Signalled { slot, output: json!({ "paymentId": "mine" }) }), None);
    assert_eq!(refused(Event::SignalFailed { slot, error: "PaymentDeclined".to_owned(), cause: None }), None);
    assert_eq!(refused(Event::TimerDue { slot }), None);
}

#[test]
fn an_expression_that_gives_nothing_fails_by_its_name() {
    let caught = json!([{ "ErrorEquals": ["States.QueryEvaluationError"], "Next": "caught" }]);
    let run = Run::start(
        &machine(json!({
            "Start": begin("a"),
            "a": call("a", json!({ "n": "{% $input.missing %}" }), json!({ "Catch": caught, "Next": "caught" })),
            "caught": { "Type": "Fail", "Error": "Caught", "Cause": "{% 'so' & ' it is' %}" },
        })),
        json!({}),
    );
    let outcome = run.outcome();
    assert_eq!((outcome.error.as_deref(), outcome.cause.as_deref()), (Some("Caught"), Some("so it is")));
}

#[test]
fn an_expression_that_meets_a_bound_fails_by_its_name_and_is_caught() {
    let caught = json!([{ "ErrorEquals": ["States.QueryEvaluationError"], "Next": "caught" }]);
    let cause = json!({ "why": "{% $states.errorOutput.Cause %}" });
    let states = |more: Value| {
        machine(json!({
            "Start": begin("a"),
            "a": call("a", json!({ "name": "{% $pad('', $input.width) %}" }), more),
            "caught": { "Type": "Fail", "Error": "Caught", "Cause": "{% $why %}" },
        }))
    };
    let mut catcher = caught;
    catcher[0]["Assign"] = cause;
    let run = Run::start(&states(json!({ "Catch": catcher, "Next": "caught" })), json!({ "width": 1_000_000_000 }));
    let outcome = run.outcome();
    assert_eq!(outcome.error.as_deref(), Some("Caught"));
    let why = "The JSONata expression '$pad('', $input.width)' failed: it makes a text of more than 1 MiB";
    assert_eq!(outcome.cause.as_deref(), Some(why));
    // Without a catcher, the execution ends in the same transition, so that its message is not delivered again.
    let run = Run::start(&states(json!({ "End": true })), json!({ "width": -1_000_000_000 }));
    assert_eq!(run.outcome().error.as_deref(), Some("States.QueryEvaluationError"));
    let run = Run::start(&states(json!({ "End": true })), json!({ "width": 3 }));
    assert_eq!(run.only("a").input(), json!({ "name": "   " }));
}

#[test]
fn the_expressions_of_a_transition_are_bounded_together() {
    // Each round takes as much as one expression may, and comes to the next one by the catcher.
    let endless = "{% ($f := function($n) { $f($n + 1) }; $f(0)) %}";
    let again = json!([{ "ErrorEquals": ["States.QueryEvaluationError"], "Next": "again" }]);
    let begun = std::time::Instant::now();
    let run = Run::start(
        &machine(json!({
            "Start": begin("again"),
            "again": call("a", json!({ "n": endless }), json!({ "Catch": again, "End": true })),
        })),
        json!({}),
    );
    assert_eq!(run.outcome().error.as_deref(), Some("States.Runtime"));
    assert!(begun.elapsed() < std::time::Duration::from_mins(2), "{:?}", begun.elapsed());
}

#[test]
fn time_cancellation_and_retry() {
    let mut run = Run::start(&fulfil_order(), order());
    run.step("process-payment", json!({ "paymentId": "pay-1" }));
    run.tell(Event::TimedOut);
    assert_eq!((run.snapshot.status, run.outcome().error.as_deref()), (Status::TimedOut, Some("States.Timeout")));
    run.tell(Event::Retried);
    assert_eq!(run.snapshot.status, Status::Running);
    run.step("reserve-inventory", json!({ "reservationId": "r" }));
    run.tell(Event::Cancelled { cause: Some("no longer wanted".to_owned()) });
    assert_eq!((run.snapshot.status, run.outcome().cause.as_deref()), (Status::Aborted, Some("no longer wanted")));
}

#[test]
fn each_start_and_each_retry_is_another_run_that_the_runtime_before_can_read() {
    let mut runs = std::collections::BTreeSet::new();
    let mut look = |run: &Run| {
        // What a runtime before this one has of a state.
        let before: (u64, u64, u64, Vec<bool>, Value, Option<Value>, Option<Value>) =
            rmp_serde::from_slice(&run.snapshot.state[1..]).expect("seven fields");
        let state = State::decode(&run.snapshot.state).expect("a state");
        assert_eq!(before.2, state.seq);
        assert!(state.seq < 1 << 53, "exact in any JSON");
        runs.insert(state.run());
    };
    for seed in 0..100 {
        let mut run = Run::start_by(Chance { seed, ..CHANCE }, &fulfil_order(), order());
        look(&run);
        for _ in 0..3 {
            run.tell(Event::TimedOut);
            look(&run);
            run.tell(Event::Retried);
            look(&run);
        }
    }
    assert_eq!(runs.len(), 400);
}

#[test]
fn too_much_data_fails_by_its_name() {
    let big = "x".repeat(300_000);
    let run = Run::start(
        &machine(json!({
            "Start": begin("a"),
            "a": call("a", json!({ "all": "{% $input %}" }), json!({ "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "end" }], "Next": "end" })),
            "end": { "Type": "Succeed" },
        })),
        json!(big),
    );
    assert_eq!(run.outcome().error.as_deref(), Some("States.DataLimitExceeded"));
    let run = Run::start(
        &machine(json!({ "Start": begin("b"), "b": call("b", json!({}), json!({ "End": true })) })),
        json!(big.repeat(4)),
    );
    assert_eq!(
        (run.snapshot.status, run.outcome().error.as_deref()),
        (Status::Failed, Some("States.DataLimitExceeded"))
    );
}

#[test]
fn a_machine_that_goes_round_without_work_is_ended() {
    let run = Run::start(
        &machine(json!({
            "Start": begin("again"),
            "again": { "Type": "Choice", "Choices": [{ "Condition": "{% false %}", "Next": "end" }], "Default": "again" },
            "end": { "Type": "Succeed" },
        })),
        json!({}),
    );
    assert_eq!(run.outcome().error.as_deref(), Some("States.Runtime"));
}

#[test]
fn events_go_to_the_engine_and_waits_are_timers() {
    let publish = json!({
        "Type": "Task", "Resource": "arn:aws:states:::events:putEvents",
        "Arguments": { "Entries": [{ "EventBusName": "orders", "Source": "s", "DetailType": "d", "Detail": {
            "metadata": { "eventId": "{% $hash($states.context.Execution.Id & '/say', 'SHA-256') %}" } } }] },
        "Assign": { "say": { "eventId": "x" } }, "Next": "wait",
    });
    let mut run = Run::start(
        &machine(json!({
            "Start": begin("say"), "say": publish,
            "wait": { "Type": "Wait", "Seconds": 30, "Next": "until" },
            "until": { "Type": "Wait", "Timestamp": "{% $input.until %}", "Output": {}, "End": true },
        })),
        json!({ "until": "2026-11-28T12:00:00Z" }),
    );
    let open = run.only("");
    assert_eq!(open.payload()["EventBusName"], "orders");
    assert_eq!(open.payload()["Detail"]["metadata"]["eventId"].as_str().map(str::len), Some(64));
    run.succeed(open.slot, json!({ "FailedEntryCount": 0, "Entries": [{ "EventId": "1" }] }));
    let timer = run.only("");
    assert_eq!((timer.record.phase, timer.record.delay_ms, timer.record.at_ms), (Phase::Timer, 30_000, None));
    run.tell(Event::TimerDue { slot: timer.slot });
    let timer = run.only("");
    assert_eq!(timer.record.at_ms, Some(1_795_867_200_000));
    run.tell(Event::TimerDue { slot: timer.slot });
    assert_eq!(run.outcome().output, Some(json!({})));
}

#[test]
fn more_work_at_once_than_may_be_stored_fails_by_its_name() {
    let items = |count: usize| json!({ "items": vec![json!({ "id": "x" }); count] });
    let run = Run::start(&each(2_000), items(1_500));
    assert_eq!(run.outcome().error.as_deref(), Some("States.DataLimitExceeded"));
    // And an execution with much under way can end: its transition empties all slots, and orders nothing.
    let run = Run::start(&each(2_000), items(900));
    let open = run.open()[17].clone();
    let failed = Event::Failed { slot: open.slot, error: "No".to_owned(), cause: None, claimed_ms: 0 };
    let fence = Some((open.slot, open.record.seq));
    let ended =
        plan(&run.definition, &run.execution, &run.snapshot, fence, failed, CHANCE).expect("a plan").expect("an end");
    assert_eq!(ended.status, Some(Status::Failed));
    assert_eq!(ended.records.len(), 900);
    assert!(ended.records.iter().all(|(_, record)| record.is_none()));
}

#[test]
fn an_end_that_does_not_fit_keeps_its_name() {
    let machine = machine(json!({ "Start": begin("b"), "b": call("b", json!({}), json!({ "End": true })) }));
    let mut run = Run::start(&machine, json!("x".repeat(1_040_000)));
    let open = run.only("b");
    let cause = Some("y".repeat(32_000));
    run.tell(Event::Failed { slot: open.slot, error: "Declined".to_owned(), cause, claimed_ms: 0 });
    assert_eq!((run.snapshot.status, run.outcome().error.as_deref()), (Status::Failed, Some("Declined")));
}

/// One step that goes round for ever.
fn round() -> Value {
    machine(json!({
        "Start": begin("b"), "b": call("b", json!({}), json!({ "Next": "again" })),
        "again": { "Type": "Pass", "Next": "b" },
    }))
}

#[test]
fn what_goes_round_for_ever_ends_by_a_name() {
    let mut run = Run::start(&round(), json!({}));
    run.snapshot.version = crate::limits::WORKFLOW_TRANSITIONS - 2;
    run.succeed(run.only("b").slot, json!({}));
    assert_eq!(run.snapshot.status, Status::Running);
    run.succeed(run.only("b").slot, json!({}));
    let outcome = run.outcome();
    assert_eq!((run.snapshot.status, outcome.error.as_deref()), (Status::Failed, Some("States.Runtime")));
    assert!(outcome.cause.expect("a cause").contains("1000000 times"));
}

#[test]
fn no_fencing_token_and_no_revision_is_used_twice_also_not_in_another_history() {
    let mut seen = std::collections::BTreeSet::new();
    // Both go on from the same first transition: what the first one comes to is lost by a failover.
    for history in [1_000, 1_000_000] {
        let mut run = Run::start(&round(), json!({}));
        for seed in history..history + 300 {
            let open = run.only("b");
            let (fence, chance) = (Some((open.slot, open.record.seq)), Chance { seed, ..CHANCE });
            let done = Event::Succeeded { slot: open.slot, output: json!({}), claimed_ms: 0 };
            let planned = plan(&run.definition, &run.execution, &run.snapshot, fence, done, chance);
            run.apply(planned.expect("a plan").expect("a transition"));
            assert!(seen.insert(run.only("b").record.seq), "a fencing token is used again");
            assert!(seen.insert(run.snapshot.revision), "a revision is used again");
        }
    }
}

#[test]
fn a_history_that_is_too_long_keeps_its_beginning_and_its_end() {
    let items = json!({ "items": vec![json!({ "id": "x" }); 900] });
    let mut run = Run::start(&each(2_000), items);
    let omitted =
        |run: &Run| run.history.iter().any(|entry| matches!(entry, History::Omitted { entries } if *entries > 100));
    assert!(omitted(&run), "{} entries", run.history.len());
    assert_eq!(run.history[0], History::Started);
    let slot = run.open()[0].slot;
    run.history.clear();
    run.fail(slot, "No");
    assert!(matches!(run.history.last(), Some(History::Ended { status: Status::Failed, .. })));
}

#[test]
fn each_uuid_is_another_one_and_planning_again_gives_the_same() {
    let ids = json!({ "a": "{% $uuid() %}", "b": "{% $uuid() %}", "c": "{% [$uuid(), $uuid()] %}" });
    let machine = machine(json!({ "Start": { "Type": "Pass", "Output": ids, "End": true } }));
    let ids = |seed| {
        let execution = ExecutionId::new("w", "e-1");
        let chance = Chance { seed, ..CHANCE };
        let start = start(&define(&machine), &execution, json!({}), 1_764_331_200_000, chance).expect("a start");
        let output = outcome(&start.transition.state).expect("an outcome").output.expect("an output");
        [&output["a"], &output["b"], &output["c"][0], &output["c"][1]].map(|id| id.as_str().expect("an id").to_owned())
    };
    assert_eq!(ids(1), ids(1));
    let all: std::collections::BTreeSet<String> = ids(1).into_iter().chain(ids(2)).collect();
    assert_eq!(all.len(), 8, "{all:?}");
}

/// `set: { x: s0, y: s0 }`, again and again: what evc writes of it are plain paths in an object, each of which copies.
#[test]
fn steps_that_only_copy_are_bounded_too() {
    let levels = 40;
    let mut states = json!({ "Start": begin("s0") });
    for level in 0..levels {
        let of = if level == 0 { "input".to_owned() } else { format!("s{}", level - 1) };
        let path = format!("{{% ${of} %}}");
        let assign = json!({ format!("s{level}"): { "x": path, "y": path } });
        states[format!("s{level}")] = json!({ "Type": "Pass", "Assign": assign, "Next": format!("s{}", level + 1) });
    }
    states[format!("s{levels}")] = json!({ "Type": "Succeed" });
    let run = Run::start(&machine(states), json!("abcd"));
    assert_eq!(run.outcome().error.as_deref(), Some("States.QueryEvaluationError"));
}

#[test]
fn a_value_that_nests_deeper_each_time_fails_its_step_while_it_can_be_read() {
    let states = |times: u64| {
        json!({
            "Init": { "Type": "Pass", "Assign": { "n": 0, "x": 1 }, "Next": "Loop" },
            "Loop": { "Type": "Pass", "Assign": { "n": "{% $n + 1 %}", "x": { "a": "{% $x %}" } }, "Next": "Check" },
            "Check": { "Type": "Choice", "Choices": [{ "Condition": format!("{{% $n < {times} %}}"), "Next": "Loop" }],
                       "Default": "A" },
            "A": call("a", json!({}), json!({ "End": true })),
        })
    };
    let run = |times| {
        Run::start(
            &json!({ "QueryLanguage": "JSONata", "TimeoutSeconds": 3600, "StartAt": "Init",
                                          "States": states(times) }),
            json!({}),
        )
    };
    assert_eq!(run(128).outcome().status, Status::Running);
    for times in [129, 1_020, 2_000] {
        let outcome = run(times).outcome();
        assert_eq!(outcome.error.as_deref(), Some("States.QueryEvaluationError"), "{times}: {outcome:?}");
        assert!(outcome.cause.expect("a cause").contains("nests more than 128 deep"), "{times}");
    }
}

#[test]
fn results_that_nest_by_themselves_end_an_execution_that_could_not_be_read() {
    let around = |inner: Value, name: &str| json!({ "StartAt": name, "States": { name: { "Type": "Parallel", "End": true, "Branches": [inner] } } });
    // Each round of the loop puts the input into another list.
    let pass = json!({ "StartAt": "p", "States": { "p": { "Type": "Pass", "End": true } } });
    let mut round = around(pass, "r")["States"]["r"].clone();
    round.as_object_mut().expect("a state").remove("End");
    round["Next"] = json!("Check");
    round["Assign"] = json!({ "n": "{% $n + 1 %}" });
    let run = |times: u64| {
        let choice = json!([{ "Condition": format!("{{% $n < {times} %}}"), "Next": "Round" }]);
        let states = json!({
            "Init": { "Type": "Pass", "Assign": { "n": 0 }, "Next": "Round" }, "Round": round,
            "Check": { "Type": "Choice", "Choices": choice, "Default": "Last" },
            "Last": { "Type": "Wait", "Seconds": 5, "End": true },
        });
        let machine =
            json!({ "QueryLanguage": "JSONata", "TimeoutSeconds": 3600, "StartAt": "Init", "States": states });
        Run::start(&machine, json!({})).outcome()
    };
    assert_eq!(run(250).status, Status::Running);
    for times in [260, 600, 1_500] {
        assert_eq!(run(times).error.as_deref(), Some("States.DataLimitExceeded"), "{times}");
    }
}
