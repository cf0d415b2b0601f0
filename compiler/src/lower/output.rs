//! Outputs of the stack.

use super::builder::{Builder, description};
use super::plan::PlannedOutput;
use super::value::Value;
use super::{bus, dead_letters, ids};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Deadly, Output, OutputValue, Thing};

/// The longest description that CloudFormation takes of an output, in bytes; characters of the spec may have several.
const MAX_DESCRIPTION: usize = 1024 / 4;

/// Adds each output.
pub(super) fn lower(b: &mut Builder<'_>) {
    for output in &b.model.outputs {
        if let Some(value) = value(b, output) {
            let description = match description(output.description.as_ref(), MAX_DESCRIPTION) {
                Some(Value::String(text)) => Some(text),
                _ => None,
            };
            b.plan.outputs.insert(output.name.clone(), PlannedOutput { description, value });
        }
    }
}

fn value(b: &mut Builder<'_>, output: &Output) -> Option<Value> {
    let model = b.model;
    Some(match output.value {
        OutputValue::Name(Thing::Bus(id)) => bus::name(&model.buses[id]),
        OutputValue::Arn(Thing::Bus(id)) => bus::arn(&model.buses[id]),
        // What `Ref` gives: a table's and a function's name, but a queue's URL and a state machine's ARN.
        OutputValue::Name(Thing::Queue(id)) => Value::Attribute(ids::queue(&model.queues[id]), "QueueName"),
        OutputValue::Name(Thing::Workflow(id)) => Value::Attribute(ids::workflow(&model.workflows[id]), "Name"),
        OutputValue::Arn(Thing::Workflow(id)) => Value::Ref(ids::workflow(&model.workflows[id])),
        OutputValue::Name(thing) => Value::Ref(ids::thing(model, thing)),
        OutputValue::Arn(thing) => Value::arn(&ids::thing(model, thing)),
        OutputValue::QueueUrl(id) => Value::Ref(ids::queue(&model.queues[id])),
        OutputValue::DeadLetterQueueUrl(of) => return dead_letter_queue(b, output, of),
        OutputValue::ApiUrl => Value::Attribute(ids::api(), "ApiEndpoint"),
    })
}

fn dead_letter_queue(b: &mut Builder<'_>, output: &Output, of: Deadly) -> Option<Value> {
    let id = ids::dead_letters(b.model, of);
    if dead_letters::all(b.model).iter().any(|dead| dead.id == id) {
        return Some(Value::Ref(id));
    }
    let (what, declared) = dead_letters::describe(b.model, of);
    let diagnostic = Diagnostic::new(Code::EVC0105, output.span, format!("{what} has no dead-letter queue"))
        .secondary(declared, "declared here")
        .note("a function has one if a rule or a schedule invokes it, an outbox if it publishes something");
    b.diagnostics.push(diagnostic);
    None
}
