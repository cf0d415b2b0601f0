//! The queues of dead letters that things have asked for, each with an alarm, and a line on the dashboard.

use crate::plan::Resource;
use crate::plan::alarm::{Alarm, Kind, Metric, Watched};
use crate::plan::builder::Builder;
use crate::plan::dead_letters::DeadLetters;
use crate::plan::graph::{Graph, Line};
use crate::plan::value::{Part, Value};

/// How long a message waits for somebody to look at it: the longest that SQS keeps one, 14 days in seconds.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
const RETENTION_SECONDS: i64 = 1_209_600;

/// Adds the queues, and lets rules send to theirs.
pub(crate) fn lower(b: &mut Builder<'_>) {
    for dead in b.dead_letters.clone() {
        let properties =
            [("MessageRetentionPeriod", Value::Integer(RETENTION_SECONDS)), ("SqsManagedSseEnabled", true.into())];
        let origin = format!("dead letters of {}", dead.of);
        let resource = Resource::new("AWS::SQS::Queue", &origin, dead.span, properties);
        b.add(&dead.id, resource.with("FifoQueue", dead.fifo.then(|| Value::from(true))));
        if let Some(rule) = &dead.rule {
            b.admit(&dead.id, [Value::arn(rule)], &format!("who may send to the {origin}"), dead.span);
        }
        let name = [("QueueName", Value::Attribute(dead.id.clone(), "QueueName"))];
        let line = Line::new(&dead.of.replace('`', ""), "AWS/SQS", "ApproximateNumberOfMessagesVisible", name);
        b.show(Graph::DeadLetters, line);
        b.alarm(alarm(dead));
    }
}

fn alarm(dead: DeadLetters) -> Alarm {
    let happened = format!("Something is in the dead-letter queue of {}", dead.of);
    let name = ("QueueName", Value::Attribute(dead.id.clone(), "QueueName"));
    let metric = Metric::of("AWS/SQS", "ApproximateNumberOfMessagesVisible", name).by("Maximum");
    let look = ["aws sqs receive-message --max-number-of-messages 10 --queue-url ".into(), Part::Ref(dead.id.clone())];
    Alarm::new(Kind::DeadLetters, Watched::DeadLetters, dead.id, happened, metric, dead.span).look(look)
}
