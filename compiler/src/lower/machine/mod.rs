//! Workflows to state machines in Amazon States Language, with JSONata and variables.
//!
//! One machine carries a workflow: `$input` is what it was started with, and every step's result is in the variable of its name, so
//! that nothing is ever lost on the way from state to state. A workflow that rules start gets a second, small one, which starts it
//! once for each event ([`starter`]).
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>

mod asl;
mod body;
mod errors;
mod frame;
mod starter;
mod task;
#[cfg(test)]
mod tests;
mod undo;

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use asl::{StateMachine, expression};
use body::Builder;
use frame::Frame;

use super::ids;
use super::plan::Machine;
use super::value::Value;
use crate::model::{Destination, Id, Model, Workflow};

/// The state machines of a system: one a workflow, each followed by its starter if a rule or a schedule starts it.
pub fn machines(model: &Model) -> Vec<Machine> {
    let mut machines = Vec::new();
    for (id, workflow) in model.workflows.iter() {
        machines.push(machine(model, workflow));
        if starts_by_event(model, id) {
            machines.push(starter::machine(workflow));
        }
    }
    machines
}

/// Whether a rule or a schedule starts the workflow: both deliver at least once.
pub fn starts_by_event(model: &Model, workflow: Id<Workflow>) -> bool {
    let by_rule = model.rules.values().flat_map(|rule| &rule.targets);
    let by_schedule = model.schedules.values().filter_map(|schedule| schedule.target.as_ref());
    by_rule.chain(by_schedule).any(|target| target.to == Destination::Workflow(workflow))
}

fn machine(model: &Model, workflow: &Workflow) -> Machine {
    let mut builder = Builder::new(model, workflow);
    let mut known = IndexMap::from([("input".to_owned(), expression("$states.input"))]);
    if workflow.body.refers_to("execution") {
        known.insert("execution".to_owned(), execution());
    }
    let frame = Frame::outermost(&builder.variables);
    let states = builder.states(&workflow.body, frame, |_| "Start".to_owned(), known);
    let definition = StateMachine {
        comment: workflow.head.description.clone(),
        query_language: "JSONata",
        timeout_seconds: workflow.timeout.seconds,
        states,
    };
    finished(workflow.head.name.clone(), ids::workflow(workflow), &definition, builder.substitutions)
}

/// What an expression knows as `execution`.
fn execution() -> Json {
    json!({
        "id": expression("$states.context.Execution.Id"),
        "name": expression("$states.context.Execution.Name"),
        "startTime": expression("$states.context.Execution.StartTime"),
    })
}

#[expect(
    clippy::expect_used,
    reason = "no spec can make it fail: the keys of every map are texts, and numbers are finite"
)]
fn finished(
    file: String,
    id: super::plan::LogicalId,
    definition: &StateMachine,
    substitutions: IndexMap<String, Value>,
) -> Machine {
    let definition = serde_json::to_value(definition).expect("states are maps with text keys");
    Machine { file, id, definition, substitutions }
}
