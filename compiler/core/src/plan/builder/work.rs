//! What takes part in workflows on Redis: it works off a queue, and hands on what comes next.

use evc_interface::workflow::SOURCE;

use super::{Builder, Role, Why};
use crate::model::{Id, Transport, Workflow};
use crate::plan::value::Value;
use crate::plan::{LogicalId, ids};
use crate::source::Span;

impl Builder<'_> {
    /// Lets a function that takes part in these workflows hand on their work.
    pub(crate) fn hand_on_work(&mut self, role: &Role, workflows: &[Id<Workflow>]) {
        let model = self.model;
        let Some((transport, first)) = model.work_transport().zip(workflows.first()) else { return };
        let names: Vec<String> = workflows.iter().map(|id| format!("`{}`", model.workflows[*id].head.name)).collect();
        let why = Why::new(format!("hands on the work of {}", names.join(", ")), model.workflows[*first].engine_span);
        match transport {
            Transport::Sqs => {
                let queues = model.called_by(workflows).into_iter().map(|id| ids::task_queue(&model.functions[id]));
                let queues: Vec<Value> = queues.chain([ids::engine_queue()]).map(|queue| Value::arn(&queue)).collect();
                self.grant(role, &["sqs:SendMessage"], queues, why);
            }
            Transport::EventBridge(bus) => {
                self.publish_from(role, &model.buses[bus], [SOURCE], why.clone());
                // A bus keeps nothing back; the engine's queue does, for what has to wait.
                self.grant(role, &["sqs:SendMessage"], [Value::arn(&ids::engine_queue())], why);
            }
        }
    }

    /// Lets a function work off the queue of its work.
    pub(crate) fn consume_work(&mut self, role: &Role, queue: &LogicalId, span: Span) {
        self.consume(role, queue, Why::new("works off its queue of workflows' work", span));
    }
}
