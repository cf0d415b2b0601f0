//! Every call of an idempotent function waits for as long as an attempt that was interrupted may hold its claim, in every machine.

use std::path::Path;

use serde_json::Value as Json;

use super::{definitions, machines, model_of};
use crate::model::{Function, Model, longest_claim};
use crate::plan::ids;
use crate::spec::scalar::Duration;

/// Visits the task states of a machine that call a function, at any depth.
fn calls<'j>(states: &'j Json, visit: &mut impl FnMut(&'j str, &'j Json)) {
    for (name, state) in states["States"].as_object().into_iter().flatten() {
        if state["Arguments"]["FunctionName"].is_string() {
            visit(name, state);
        }
        calls(&state["ItemProcessor"], visit);
        for branch in state["Branches"].as_array().into_iter().flatten() {
            calls(branch, visit);
        }
    }
}

/// The function that a task calls: its substitution, or on Redis its name in the spec.
fn called<'m>(model: &'m Model, task: &Json) -> &'m Function {
    let name = task["Arguments"]["FunctionName"].as_str().expect("a name");
    let is =
        |function: &&Function| function.head.name == name || format!("${{{}Arn}}", ids::function(function)) == name;
    model.functions.values().find(is).expect("a function of the spec")
}

/// How long a task that fails with `InProgress` each time is tried again, in seconds: at the least, on average if that is random.
fn waits(task: &Json) -> f64 {
    let names =
        |retrier: &Json, name: &str| retrier["ErrorEquals"].as_array().is_some_and(|all| all.contains(&name.into()));
    let mut retriers = task["Retry"].as_array().into_iter().flatten();
    let retrier = retriers.find(|retrier| names(retrier, "InProgress") || names(retrier, "States.ALL"));
    let Some(retrier) = retrier else { return 0.0 };
    let (interval, backoff) = (retrier["IntervalSeconds"].as_f64(), retrier["BackoffRate"].as_f64());
    let (mut interval, backoff) = (interval.expect("a number"), backoff.expect("a number"));
    let mut seconds = 0.0;
    for _ in 0..retrier["MaxAttempts"].as_u64().expect("a number") {
        seconds += interval.min(retrier["MaxDelaySeconds"].as_f64().unwrap_or(f64::MAX));
        interval *= backoff;
    }
    let part = if retrier["JitterStrategy"] == "FULL" { 2.0 } else { 1.0 };
    seconds / part
}

#[test]
fn every_call_of_idempotent_work_waits_for_longer_than_a_claim_may_hold() {
    let (mut idempotent, mut others) = (0, 0);
    for folder in ["src/lower/stepfunctions/machine/tests/fixtures", "../../specs"] {
        for entry in Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).read_dir().expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_none_or(|extension| extension != "yaml") || crate::session::is_scenarios(&path) {
                continue;
            }
            let model = model_of(&path);
            let machines = machines(&model).into_iter().map(|machine| machine.definition);
            let definitions = definitions(&model).into_iter().map(|definition| definition.json["machine"].clone());
            for machine in machines.chain(definitions) {
                calls(&machine, &mut |name, task| {
                    let function = called(&model, task);
                    if function.idempotent.is_none() {
                        others += 1;
                        for retrier in task["Retry"].as_array().into_iter().flatten() {
                            assert_ne!(retrier["ErrorEquals"], serde_json::json!(["InProgress"]), "{name}: {path:?}");
                        }
                        return;
                    }
                    idempotent += 1;
                    let waited = task["TimeoutSeconds"].as_u64().map(Duration::seconds);
                    let claim = longest_claim(function, waited).seconds;
                    let waits = waits(task);
                    assert!(
                        waits > f64::from(u32::try_from(claim).expect("no ages")),
                        "{name} waits {waits} s, a claim may hold for {claim} s: {path:?}"
                    );
                });
            }
        }
    }
    assert!(idempotent > 15 && others > 15, "{idempotent} and {others} calls");
}
