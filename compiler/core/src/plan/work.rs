//! Work of workflows on Redis: how it travels, and what makes the engine start a workflow.

use evc_interface::environment::{self, transport};
use evc_interface::workflow::{START, START_EVENT, START_WORKFLOW};

use super::names::of_stack;
use super::value::{Value, text};
use super::variables::Variables;
use super::{bus, ids};
use crate::model::{Id, Model, Transport, Workflow};

/// The message that makes the engine start a workflow for an event.
pub(crate) fn start(workflow: &Workflow, event: Value) -> Value {
    let start = Value::map([(START_WORKFLOW, workflow.head.name.as_str().into())]);
    Value::map([(START, start), (START_EVENT, event)])
}

/// The start of that message as a text, up to the event.
pub(crate) fn start_of(workflow: &Workflow) -> String {
    format!("{{\"{START}\":{{\"{START_WORKFLOW}\":\"{}\"}},\"{START_EVENT}\":", workflow.head.name)
}

/// The variables of a function that takes part in these workflows.
pub(crate) fn variables(model: &Model, workflows: &[Id<Workflow>]) -> Variables {
    let mut variables = Variables::new();
    let Some(transport) = model.work_transport().filter(|_| !workflows.is_empty()) else { return variables };
    let mut add = |name: &str, value: Value, purpose: &str| {
        variables.insert(name.to_owned(), (value, purpose.to_owned()));
    };
    // Whoever ends an execution counts it.
    add(environment::METRICS_NAMESPACE, text(of_stack()), "the namespace of its metrics and of executions");
    match transport {
        Transport::Sqs => {
            add(environment::WORKFLOW_TRANSPORT, transport::SQS.into(), "how work reaches functions");
            let queues = model.called_by(workflows).into_iter().map(|id| {
                let function = &model.functions[id];
                (function.head.name.clone(), Value::Ref(ids::task_queue(function)))
            });
            let queues = queues.chain([(environment::ENGINE_QUEUE.to_owned(), Value::Ref(ids::engine_queue()))]);
            let purpose = "the queues of functions, by name; that of the engine has none";
            add(environment::WORKFLOW_QUEUES, Value::Json(Box::new(Value::map(queues))), purpose);
        }
        Transport::EventBridge(bus) => {
            add(environment::WORKFLOW_TRANSPORT, transport::EVENTBRIDGE.into(), "how work reaches functions");
            add(environment::WORKFLOW_BUS, bus::name(&model.buses[bus]), "the bus that work travels on");
            let queue = Value::map([(environment::ENGINE_QUEUE.to_owned(), Value::Ref(ids::engine_queue()))]);
            add(
                environment::WORKFLOW_QUEUES,
                Value::Json(Box::new(queue)),
                "the queue of the engine, for work that has to wait",
            );
        }
    }
    variables
}
