//! Workflows to state machines in Amazon States Language, with JSONata and variables.
//!
//! One machine carries a workflow: `$input` is what it was started with, and every step's result is in the variable of its name, so
//! that nothing is ever lost on the way from state to state. A workflow that rules start gets a second, small one, which starts it
//! once for each event ([`starter`]).
//!
//! On Redis the same machine runs in the functions themselves: one lowering, one meaning. It differs in what only a deployed stack
//! knows, ARNs and names of buses, for which it has the names of the spec, and in the time limits that nobody asked for ([`redis`]).
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of anything that is forgotten here must not compile")]

mod asl;
mod body;
mod errors;
mod frame;
mod redis;
mod starter;
mod steps;
mod task;
#[cfg(test)]
#[allow(clippy::wildcard_enum_match_arm, reason = "tests look at JSON")]
mod tests;
mod variables;

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use asl::{StateMachine, expression};
use body::Builder;
use frame::Frame;

use crate::model::{Destination, Id, Model, Workflow};
use crate::plan::ids;
use crate::plan::value::Value;
use crate::plan::{Definition, Machine};

/// The state machines of a system: one a workflow on Step Functions, each followed by its starter if a rule or a schedule starts it.
pub(crate) fn machines(model: &Model) -> Vec<Machine> {
    let mut machines = Vec::new();
    for (id, workflow) in model.workflows.iter().filter(|(_, workflow)| workflow.redis().is_none()) {
        machines.push(machine(model, workflow));
        if starts_by_event(model, id) {
            machines.push(starter::machine(workflow));
        }
    }
    machines
}

/// The definitions of the workflows on Redis: the machine that Step Functions would run, with the names of the spec in it.
pub(crate) fn definitions(model: &Model) -> Vec<Definition> {
    model.on_redis().map(|(_, workflow, _)| redis::definition(model, workflow)).collect()
}

/// Whether a rule or a schedule starts the workflow on Step Functions: both deliver at least once.
pub(crate) fn starts_by_event(model: &Model, workflow: Id<Workflow>) -> bool {
    if model.workflows[workflow].redis().is_some() {
        return false;
    }
    let by_rule = model.rules.values().flat_map(|rule| &rule.targets);
    let by_schedule = model.schedules.values().filter_map(|schedule| schedule.target.as_ref());
    by_rule.chain(by_schedule).any(|target| target.to == Destination::Workflow(workflow))
}

fn machine(model: &Model, workflow: &Workflow) -> Machine {
    let (definition, substitutions) = definition(model, workflow);
    finished(workflow.head.name.clone(), ids::workflow(workflow), &definition, substitutions)
}

/// The machine of a workflow, for the engine that it runs on.
fn definition(model: &Model, workflow: &Workflow) -> (StateMachine, IndexMap<String, Value>) {
    let mut builder = Builder::new(model, workflow);
    let mut known = IndexMap::from([("input".to_owned(), expression("$states.input"))]);
    if workflow.body.refers_to("execution") {
        known.insert("execution".to_owned(), execution());
    }
    let frame = Frame::outermost(&builder.variables);
    // The first state binds these, so that they are there for the next.
    let execution = place_of_execution();
    let places = [("input", "$states.input"), ("execution", execution.as_str())];
    let states = builder.states(&workflow.body, frame, |_| "Start".to_owned(), known, &places);
    let definition = StateMachine {
        comment: workflow.head.description.clone(),
        query_language: "JSONata",
        timeout_seconds: workflow.timeout.seconds,
        states,
    };
    (definition, builder.substitutions)
}

/// What an expression knows as `execution`.
fn execution() -> Json {
    json!({
        "id": expression("$states.context.Execution.Id"),
        "name": expression("$states.context.Execution.Name"),
        "startTime": expression("$states.context.Execution.StartTime"),
    })
}

/// The same as JSONata, where it is not bound yet.
fn place_of_execution() -> String {
    let context = "$states.context.Execution";
    format!("{{'id': {context}.Id, 'name': {context}.Name, 'startTime': {context}.StartTime}}")
}

fn finished(
    file: String,
    id: crate::plan::LogicalId,
    definition: &StateMachine,
    substitutions: IndexMap<String, Value>,
) -> Machine {
    Machine { file, id, definition: as_json(definition), substitutions }
}

#[expect(
    clippy::expect_used,
    reason = "no spec can make it fail: the keys of every map are texts, and numbers are finite"
)]
fn as_json(definition: &StateMachine) -> Json {
    serde_json::to_value(definition).expect("states are maps with text keys")
}
