//! A workflow with every kind of work, its functions, and what must come of it: for the tests of workers.
//!
//! A payment, which some cards decline; a fan-out with a join: packing and labelling beside counting; a mail an item, two at a time; a
//! pause; an event.

#![allow(dead_code, reason = "each test uses a part")]

use evc_workflow::{ExecutionId, History, Job, Status, TaskError};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// Calls a macro with the calls of a store, all but one.
#[allow(unused_macros, reason = "each test uses a part")]
macro_rules! each_call_but_claim {
    ($macro:ident) => {
        $macro! {
            time() -> u64;
            start(start: &'a Start) -> Started;
            commit(execution: &'a ExecutionId, transition: &'a Transition) -> Committed;
            ack(tasks: &'a [TaskRef]) -> ();
            due(partition: u16, limit: usize) -> Vec<Due>;
            load(execution: &'a ExecutionId) -> Option<Snapshot>;
            inspect(execution: &'a ExecutionId) -> Option<(View, Vec<Moment>)>;
            list(filter: &'a Filter, after: Option<&'a Cursor>, limit: usize) -> Page;
            put_definition(id: &'a str, text: &'a str) -> ();
            definition(id: &'a str) -> Option<String>;
            keep_definitions(kept: &'a [(&'a str, u64)]) -> Vec<String>;
            adopt_definition(id: &'a str, for_ms: u64) -> ();
            ended(partition: u16, limit: usize) -> Vec<Summary>;
            finished(partition: u16, retention_ms: u64, limit: usize) -> Vec<Finished>;
            archive(finished: &'a Finished) -> bool;
            offer(tasks: &'a [TaskRef]) -> ();
            take(partition: u16, function: &'a str, limit: usize) -> Vec<TaskRef>;
        }
    };
}

/// Chance that is made of a seed: splitmix64.
#[derive(Debug, Clone)]
pub(crate) struct Chance(Arc<Mutex<u64>>);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(seed)))
    }

    pub(crate) fn below(&self, bound: u64) -> u64 {
        let mut state = self.0.lock().expect("chance");
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    pub(crate) fn once_in(&self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// Takes one of these.
    pub(crate) fn pick<T>(&self, from: &mut Vec<T>) -> Option<T> {
        let count = u64::try_from(from.len()).expect("few");
        (count > 0).then(|| from.swap_remove(usize::try_from(self.below(count)).expect("few")))
    }
}

/// A number in the environment.
pub(crate) fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// The functions of the workflow.
pub(crate) const FUNCTIONS: [&str; 5] = ["charge", "pack", "label", "count", "mail"];

/// How long a worker has for one of them, seconds.
pub(crate) const LEASE: u64 = 5;

/// The definition, with a pause of so many seconds.
pub(crate) fn definition(lease: u64, pause: u64) -> String {
    let leases: Value = FUNCTIONS.iter().map(|function| ((*function).to_owned(), json!(lease))).collect();
    let retry = json!([{ "ErrorEquals": ["Transient", "CircuitOpen", "Lambda.Unknown"],
                         "IntervalSeconds": 1, "MaxAttempts": 60, "BackoffRate": 1.0, "JitterStrategy": "FULL" }]);
    let call = |function: &str, input: Value, more: Value| {
        let mut state = json!({
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": { "FunctionName": function, "Payload": {
                "evc": { "execution": "{% $states.context.Execution.Id %}",
                         "started": "{% $states.context.Execution.StartTime %}", "step": function,
                         "attempt": "{% $states.context.State.RetryCount %}" },
                "input": input,
            } },
            "Assign": { function: "{% $states.result.Payload %}" },
            "Output": "{% $states.result.Payload %}",
            "Retry": retry,
        });
        let (Some(state), Some(more)) = (state.as_object_mut(), more.as_object()) else { return json!(null) };
        state.extend(more.clone());
        json!(state)
    };
    let order = json!({ "order": "{% $input.order %}" });
    let declined = json!([{ "ErrorEquals": ["Declined"], "Next": "declined" }]);
    let mut mail = call("mail", json!({ "to": "{% $item %}" }), json!({ "End": true }));
    mail["Arguments"]["Payload"]["evc"]["item"] = json!("{% $index %}");
    let machine = json!({
        "QueryLanguage": "JSONata", "TimeoutSeconds": 86400, "StartAt": "Start",
        "States": {
            "Start": { "Type": "Pass", "Assign": { "input": "{% $states.input %}" }, "Next": "charge" },
            "charge": call("charge", order.clone(), json!({ "Catch": declined, "Next": "ship" })),
            "declined": { "Type": "Fail", "Error": "Declined", "Cause": "the card was declined" },
            "ship": {
                "Type": "Parallel", "Next": "mails", "Assign": { "ship": "{% $states.result %}" },
                "Branches": [
                    { "StartAt": "pack", "States": {
                        "pack": call("pack", order.clone(), json!({ "Next": "label" })),
                        "label": call("label", json!({ "box": "{% $pack.box %}" }), json!({ "End": true })),
                    } },
                    { "StartAt": "count", "States": { "count": call("count", order, json!({ "End": true })) } },
                ],
            },
            "mails": {
                "Type": "Map", "Items": "{% $input.to %}", "MaxConcurrency": 2, "Next": "pause",
                "ItemSelector": { "item": "{% $states.context.Map.Item.Value %}",
                                  "index": "{% $states.context.Map.Item.Index %}" },
                "ItemProcessor": {
                    "ProcessorConfig": { "Mode": "INLINE" }, "StartAt": "item",
                    "States": {
                        "item": { "Type": "Pass", "Next": "mail",
                                  "Assign": { "item": "{% $states.input.item %}",
                                              "index": "{% $states.input.index %}" } },
                        "mail": mail,
                    },
                },
                "Assign": { "mails": "{% $states.result %}" },
            },
            "pause": { "Type": "Wait", "Seconds": pause, "Next": "told" },
            "told": {
                "Type": "Task", "Resource": "arn:aws:states:::events:putEvents",
                "Arguments": { "Entries": [{ "EventBusName": "shop", "Source": "shop", "DetailType": "Shipped", "Detail": {
                    "order": "{% $input.order %}",
                    "metadata": { "eventId": "{% $states.context.Execution.Id & '/told' %}" },
                } }] },
                "Retry": retry, "Next": "done",
            },
            "done": { "Type": "Succeed", "Output": { "charge": "{% $charge %}", "ship": "{% $ship %}", "mails": "{% $mails %}" } },
        },
    });
    json!({ "evc": 1, "workflow": "shop", "leases": leases, "machine": machine }).to_string()
}

/// The input of the order with this number.
pub(crate) fn input(order: u64) -> Value {
    let to: Vec<String> = (0..order % 4).map(|number| format!("{order}-{number}@example.com")).collect();
    json!({ "order": order, "to": to })
}

fn is_declined(order: u64) -> bool {
    order % 7 == 3
}

/// How the order must end.
pub(crate) fn status(order: u64) -> Status {
    if is_declined(order) { Status::Failed } else { Status::Succeeded }
}

/// What must come of it.
pub(crate) fn output(order: u64) -> Option<Value> {
    let mails: Vec<Value> =
        (0..order % 4).map(|number| json!({ "sent": format!("{order}-{number}@example.com") })).collect();
    let ship = json!([{ "label": format!("box-{order}!") }, { "counted": order }]);
    (!is_declined(order)).then(|| json!({ "charge": { "paid": order }, "ship": ship, "mails": mails }))
}

/// What each step must have succeeded as often: states by name.
pub(crate) fn successes(order: u64) -> Vec<(&'static str, usize)> {
    if is_declined(order) {
        return Vec::new();
    }
    let mails = usize::try_from(order % 4).expect("small");
    vec![("charge", 1), ("pack", 1), ("label", 1), ("count", 1), ("mail", mails), ("pause", 1), ("told", 1)]
}

/// Holds a history against what must be in it: each piece of work ended once, each step as often as it should.
pub(crate) fn check_history(order: u64, history: &[History]) {
    let mut ended = std::collections::BTreeMap::<u64, usize>::new();
    for entry in history {
        if let History::Succeeded { seq, .. } | History::Failed { seq, .. } = entry {
            *ended.entry(*seq).or_default() += 1;
        }
    }
    assert!(ended.values().all(|times| *times == 1), "work that ended twice in order {order}: {history:#?}");
    let ends = history.iter().filter(|entry| matches!(entry, History::Ended { .. })).count();
    assert_eq!(ends, 1, "order {order}: {history:#?}");
    let successes = successes(order);
    for step in ["charge", "pack", "label", "count", "mail", "pause", "told"] {
        let expected = successes.iter().find(|(name, _)| *name == step).map_or(0, |(_, times)| *times);
        let times =
            history.iter().filter(|entry| matches!(entry, History::Succeeded { state, .. } if state == step)).count();
        assert_eq!(times, expected, "successes of `{step}` in order {order}: {history:#?}");
    }
}

/// The order of an execution.
pub(crate) fn order_of(execution: &ExecutionId) -> u64 {
    execution.name().parse().expect("a number")
}

/// What the functions do, without the counter: `trouble` says whether a call fails with a hiccup first.
pub(crate) fn handle(job: &Job<'_>, trouble: bool) -> Result<String, TaskError> {
    let error = |name: &str, message: &str| {
        Err(TaskError { name: name.to_owned(), message: message.to_owned(), of_function: true })
    };
    if trouble {
        return error("Transient", "a hiccup");
    }
    let payload: Value = serde_json::from_str(job.payload).expect("JSON");
    let input = &payload["input"];
    let order = order_of(&job.task.execution);
    let output = match job.task.function.as_str() {
        "charge" if is_declined(order) => return error("Declined", "the card was declined"),
        "charge" => json!({ "paid": input["order"] }),
        "pack" => json!({ "box": format!("box-{}", input["order"]) }),
        "label" => json!({ "label": format!("{}!", input["box"].as_str().unwrap_or_default()) }),
        "count" => json!({ "counted": input["order"] }),
        "mail" => json!({ "sent": input["to"] }),
        "" => {
            assert_eq!(payload["Detail"]["metadata"]["eventId"], format!("{}/told", job.task.execution.0));
            json!({ "Entries": [{ "EventId": "e" }], "FailedEntryCount": 0 })
        }
        other => panic!("no function `{other}`"),
    };
    Ok(output.to_string())
}
