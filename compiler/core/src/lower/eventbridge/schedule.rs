//! Schedules of `EventBridge` Scheduler.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of anything that is forgotten here must not compile")]

use crate::model::{DeadLetterSource, Destination, Id, Schedule, When};
use crate::plan::builder::{Builder, Scheduled, Why};
use crate::plan::dead_letters::DeadLetters;
use crate::plan::value::{Value, description};
use crate::plan::{ids, policy, work};
use crate::spec::scalar::Duration;

/// The longest description that Scheduler takes.
const MAX_DESCRIPTION: usize = 512;

/// Adds each schedule with its role.
pub(crate) fn lower(b: &mut Builder<'_>) {
    for (id, schedule) in b.model.schedules.iter() {
        add(b, id, schedule);
    }
}

fn add(b: &mut Builder<'_>, id: Id<Schedule>, schedule: &Schedule) {
    let model = b.model;
    let dead = b.dead_letter(DeadLetters::of(model, DeadLetterSource::Schedule(id)));
    let Some(target) = &schedule.target else { return };
    let span = schedule.head.name_span;
    let logical = ids::schedule(schedule);
    let principal = format!("schedule `{}`", schedule.head.name);
    let role = b.role(&logical, &principal, span, "scheduler.amazonaws.com", Some(policy::own_schedules()));
    let given = schedule.input.as_ref().and_then(|json| Value::from_node(&json.value.0));
    let given = given.unwrap_or_else(|| Value::map::<&str>([]));
    let (arn, input) = match target.to {
        Destination::Function(function) => {
            let function = &model.functions[function];
            let arn = Value::arn(&ids::function(function));
            let why = Why::new(format!("`to: {{ function: {} }}`", function.head.name), target.span);
            b.grant(&role, &["lambda:InvokeFunction"], [arn.clone()], why);
            (arn, given)
        }
        Destination::Workflow(workflow) if model.workflows[workflow].redis().is_some() => {
            let workflow = &model.workflows[workflow];
            let queue = Value::arn(&ids::engine_queue());
            let why = Why::new(format!("`to: {{ workflow: {} }}`", workflow.head.name), target.span);
            b.grant(&role, &["sqs:SendMessage"], [queue.clone()], why);
            (queue, work::start(workflow, once(given)))
        }
        Destination::Workflow(workflow) => {
            let workflow = &model.workflows[workflow];
            let starter = Value::Ref(ids::starter(workflow));
            let why = Why::new(format!("`to: {{ workflow: {} }}`", workflow.head.name), target.span);
            b.grant(&role, &["states:StartExecution"], [starter.clone()], why);
            (starter, once(given))
        }
        Destination::Queue(_) | Destination::Bus(_) => return,
    };
    let why = Why::new("keeps what could not be started", span);
    b.grant(&role, &["sqs:SendMessage"], [Value::arn(&dead)], why);
    let (expression, zone) = match &schedule.when {
        When::Every(time) => (rate(*time), None),
        When::Cron(cron, zone) => (format!("cron({cron})"), Some(Value::string(zone))),
    };
    let state = b.state(&logical, &schedule.enabled);
    let made = Scheduled {
        description: description(schedule.head.description.as_ref(), MAX_DESCRIPTION),
        expression,
        zone,
        state,
        arn,
        role: &role,
        input,
        tries: (target.attempts, target.max_age.seconds),
        dead: Some(dead),
    };
    b.schedule(&logical, made, &principal, span);
}

/// What starts a workflow is an event; Scheduler delivers at least once, and the event's id, one for each time that the schedule is
/// due, names the execution.
/// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html>
fn once(given: Value) -> Value {
    Value::map([("id", "<aws.scheduler.execution-id>".into()), ("detail", given)])
}

/// `rate(5 minutes)`: in the largest unit that divides the time, in the singular if there is one of it.
fn rate(time: Duration) -> String {
    let minutes = time.seconds / 60;
    let (number, unit) = match minutes {
        _ if minutes.is_multiple_of(1440) => (minutes / 1440, "day"),
        _ if minutes.is_multiple_of(60) => (minutes / 60, "hour"),
        _ => (minutes, "minute"),
    };
    format!("rate({number} {unit}{})", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_the_largest_unit_and_the_right_number() {
        for (seconds, expected) in [
            (60, "rate(1 minute)"),
            (300, "rate(5 minutes)"),
            (3600, "rate(1 hour)"),
            (5400, "rate(90 minutes)"),
            (172_800, "rate(2 days)"),
        ] {
            assert_eq!(rate(Duration::seconds(seconds)), expected);
        }
    }
}
