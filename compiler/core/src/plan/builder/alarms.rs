//! Alarms, from whoever has something to be watched.

use super::Builder;
use crate::model::Setting;
use crate::plan::alarm::{Alarm, Kind, Metric, Watched};
use crate::plan::value::{Part, Value};
use crate::plan::{LogicalId, ids};
use crate::source::Span;
use crate::spec::scalar::Duration;

/// How old a message may be at the least before that is alarming: a quarter of an hour.
const LEAST_AGE: Duration = Duration::minutes(15);

impl Builder<'_> {
    /// Asks for an alarm.
    pub(crate) fn alarm(&mut self, alarm: Alarm) {
        let at = self.alarms.partition_point(|known| known.watched <= alarm.watched);
        self.alarms.insert(at, alarm);
    }

    /// Asks for the alarm on messages that wait in a queue. One that failed once is there again when it is no longer hidden; one that failed
    /// twice is alarming.
    pub(crate) fn watch_queue(
        &mut self,
        queue: &LogicalId,
        what: &str,
        (hidden, kept): (&Setting<Duration>, Duration),
        span: Span,
    ) {
        let name = ("QueueName", Value::Attribute(queue.clone(), "QueueName"));
        let metric = Metric::of("AWS/SQS", "ApproximateAgeOfOldestMessage", name).by("Maximum");
        let look = ["aws sqs get-queue-attributes --attribute-names All --queue-url ".into(), Part::Ref(queue.clone())];
        let happened = format!("Messages wait too long in the {what}");
        // Nothing gets to be older than it is kept.
        let most = Duration::seconds(kept.seconds / 2);
        let age = hidden.map(|hidden| Duration::seconds(hidden.seconds.saturating_mul(2)).max(LEAST_AGE).min(most));
        let of = ids::of(queue, "age");
        let alarm = Alarm::new(Kind::QueueAge, Watched::Queue, of, happened, metric, span).look(look);
        self.alarm(Alarm { age: Some(age), ..alarm });
    }
}
