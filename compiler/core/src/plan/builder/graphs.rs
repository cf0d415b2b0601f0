//! Lines of the dashboard, from whoever has something to be seen.

use super::Builder;
use crate::plan::LogicalId;
use crate::plan::graph::{Graph, Line};
use crate::plan::value::Value;

impl Builder<'_> {
    /// Asks for a line in a graph.
    pub(crate) fn show(&mut self, graph: Graph, line: Line) {
        if let Some((_, lines)) = self.graphs.iter_mut().find(|(known, _)| *known == graph) {
            lines.insert(lines.partition_point(|known| known.place <= line.place), line);
            return;
        }
        let at = self.graphs.partition_point(|(known, _)| *known < graph);
        self.graphs.insert(at, (graph, vec![line]));
    }

    /// Asks for the lines of a Lambda function.
    pub(crate) fn show_function(&mut self, label: &str, function: &LogicalId, place: usize) {
        for (graph, metric) in [
            (Graph::FunctionInvocations, "Invocations"),
            (Graph::FunctionErrors, "Errors"),
            (Graph::FunctionThrottles, "Throttles"),
            (Graph::FunctionDuration, "Duration"),
        ] {
            let name = [("FunctionName", Value::Ref(function.clone()))];
            self.show(graph, Line::new(label, "AWS/Lambda", metric, name).at(place));
        }
    }

    /// Asks for the lines of a queue.
    pub(crate) fn show_queue(&mut self, label: &str, queue: &LogicalId) {
        for (graph, metric) in [
            (Graph::QueueMessages, "ApproximateNumberOfMessagesVisible"),
            (Graph::QueueDelay, "ApproximateAgeOfOldestMessage"),
        ] {
            let name = [("QueueName", Value::Attribute(queue.clone(), "QueueName"))];
            self.show(graph, Line::new(label, "AWS/SQS", metric, name));
        }
    }
}
