//! Alarms that can never go off: a threshold beyond what the metric reaches.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Id, Model, Queue};
use crate::source::Span;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let mut told: Vec<Span> = Vec::new();
    for (age, place) in model.observability.thresholds.queue_age.said() {
        let (Some(age), Some(place)) = (age, place.or(model.observability.queue_age_span)) else { continue };
        let deaf: Vec<(Id<Queue>, &Queue)> = model.queues.iter().filter(|(_, queue)| queue.retention <= *age).collect();
        let Some((_, first)) = deaf.first() else { continue };
        if told.contains(&place) {
            continue;
        }
        told.push(place);
        let names: Vec<String> = deaf.iter().map(|(_, queue)| format!("`{}`", queue.head.name)).collect();
        let message = format!("the alarm on the age of messages of {} never goes off", names.join(", "));
        diagnostics.push(
            Diagnostic::new(Code::EVC0692, place, message)
                .on(format!("queues.{}", first.head.name))
                .secondary(first.head.name_span, format!("messages are gone after `{}`", first.retention))
                .note(format!("no message gets to be older than `{age}`"))
                .help("lower `queue-age`, or raise `retention`"),
        );
    }
}
