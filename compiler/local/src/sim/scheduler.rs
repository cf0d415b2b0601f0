//! Schedules: those of EventBridge Scheduler, and rules of EventBridge that have one. What their expressions mean is in `expression.rs`.
//!
//! <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html>
//!
//! A rule has no time zone: it runs by UTC.

mod expression;
mod zone;

use std::sync::Arc;

use evc_values::Timestamp;
use serde_json::{Value, json};

use self::expression::When;
use self::zone::Zone;
use crate::Refusal;
use crate::iam::Principal;
use crate::stack::{Resource, Stack};
use crate::system::{System, timestamp};
use crate::trace::{HopId, Kind, New, Outcome};

/// How often and for how long a target is tried unless the schedule says otherwise.
/// <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html>
const ATTEMPTS: u64 = 185;
/// See [`ATTEMPTS`].
const AGE_SECONDS: u64 = 86_400;

/// The first pause before a target is tried again, and the longest, milliseconds: AWS backs off exponentially and does not say more.
const RETRY_MS: u64 = 1_000;
/// See [`RETRY_MS`].
const MOST_RETRY_MS: u64 = 900_000;

/// What policies call the service.
const SERVICE: &str = "scheduler.amazonaws.com";

const SCHEDULE: &str = "AWS::Scheduler::Schedule";
const RULE: &str = "AWS::Events::Rule";

/// A schedule, or a rule that has one.
#[derive(Debug)]
struct Schedule {
    resource: Resource,
    when: When,
    zone: Zone,
    /// How long after its time it may come, milliseconds.
    window_ms: u64,
    /// When its rate begins to count, and when the schedule ends.
    since_ms: u64,
    until_ms: u64,
}

impl System {
    /// Starts the schedules of the stacks.
    pub(crate) fn start_schedules(&mut self) {
        self.start_schedules_beside(&[]);
    }

    /// Starts the schedules that other stacks did not have, or had in another way. Those that are no longer there stop by themselves.
    pub(crate) fn start_schedules_beside(&mut self, before: &[Arc<Stack>]) {
        for stack in self.stacks.clone() {
            for (_, resource) in stack.of_type(&[SCHEDULE, RULE]) {
                if !before.iter().any(|stack| has(stack, resource)) {
                    self.start_schedule(resource);
                }
            }
        }
    }

    fn start_schedule(&mut self, resource: &Resource) {
        let Some(text) = resource.text("/ScheduleExpression") else { return };
        if resource.text("/State") == Some("DISABLED") {
            return;
        }
        let zone = resource.text("/ScheduleExpressionTimezone").filter(|_| resource.type_ == SCHEDULE);
        let zone = zone.map_or_else(|| Ok(Zone::utc()), Zone::named);
        let (when, zone) = match expression::parse(text).and_then(|when| Ok((when, zone?))) {
            Ok(read) => read,
            Err(why) => {
                let failed = Outcome::Failed(why);
                let hop =
                    New::done(None, Kind::Schedule, &resource.address, format!("{text} is no schedule"), Value::Null);
                self.note(hop.with(failed));
                return;
            }
        };
        let date = |name: &str| {
            let date = resource.text(name).and_then(|text| text.parse::<Timestamp>().ok());
            date.and_then(|date| u64::try_from(date.millis()).ok())
        };
        let since_ms = date("/StartDate").unwrap_or_else(|| self.now_ms());
        let until_ms = date("/EndDate").unwrap_or(u64::MAX);
        let flexible = resource.text("/FlexibleTimeWindow/Mode") == Some("FLEXIBLE");
        let window = resource.number("/FlexibleTimeWindow/MaximumWindowInMinutes").filter(|_| flexible);
        let window_ms = window.unwrap_or(0) * 60_000;
        let schedule = Schedule { resource: resource.clone(), when, zone, window_ms, since_ms, until_ms };
        self.wait_for(Arc::new(schedule), self.now_ms());
    }

    /// Waits for the first time of a schedule after a time, and then for when within its window it comes: chance says that.
    /// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-flexible-time-windows.html>
    fn wait_for(&mut self, schedule: Arc<Schedule>, after_ms: u64) {
        let next = schedule.when.next(after_ms, schedule.since_ms, &schedule.zone);
        if let Some(at_ms) = next.filter(|at_ms| *at_ms <= schedule.until_ms) {
            let late_ms = if schedule.window_ms == 0 { 0 } else { self.draw() % schedule.window_ms };
            self.idle_until(at_ms + late_ms, move |system| system.come(schedule, at_ms));
        }
    }

    /// A schedule's time has come.
    fn come(&mut self, schedule: Arc<Schedule>, at_ms: u64) {
        let resource = &schedule.resource;
        if !self.stacks.iter().any(|stack| has(stack, resource)) {
            return;
        }
        let mut text = resource.text("/ScheduleExpression").unwrap_or_default().to_owned();
        if let Some(zone) = resource.text("/ScheduleExpressionTimezone").filter(|zone| *zone != "UTC") {
            text = format!("{text}, {zone}");
        }
        let late_seconds = (self.now_ms() - at_ms) / 1_000;
        if late_seconds > 0 {
            text = format!("{text}, {late_seconds} s into its window");
        }
        let hop = self.note(New::done(None, Kind::Schedule, &resource.address, text, Value::Null));
        let event = self.scheduled_event(resource, at_ms);
        if resource.type_ == RULE {
            self.run_rule(&resource.arn, event, hop);
        } else {
            if let Some(again_ms) = self.again(&resource.address, Some(hop)) {
                let (schedule, event) = (schedule.clone(), event.clone());
                self.after(again_ms, move |system| system.try_target(schedule, &event, hop, at_ms, 0));
            }
            self.try_target(schedule.clone(), &event, hop, at_ms, 0);
        }
        self.wait_for(schedule, at_ms);
    }

    /// What targets are given that are given nothing else.
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html>
    fn scheduled_event(&mut self, resource: &Resource, at_ms: u64) -> Value {
        let (id, names, now) = (self.new_id().to_string(), self.names(), timestamp(at_ms));
        // Scheduler writes its empty detail as text, a rule as a map.
        let (source, detail) =
            if resource.type_ == RULE { ("aws.events", json!({})) } else { ("aws.scheduler", json!("{}")) };
        json!({
            "version": "0",
            "id": id,
            "detail-type": "Scheduled Event",
            "source": source,
            "account": names.account,
            "time": format!("{}Z", now.split('.').next().unwrap_or_default()),
            "region": names.region,
            "resources": [resource.arn],
            "detail": detail,
        })
    }

    /// Gives a schedule's target what it is given; again later if that fails, and to the dead-letter queue in the end.
    fn try_target(&mut self, schedule: Arc<Schedule>, event: &Value, hop: HopId, came_ms: u64, tried: u64) {
        let target = &schedule.resource;
        let input = target
            .text("/Target/Input")
            .map_or_else(|| event.to_string(), |input| filled(input, target, event, came_ms, tried));
        let Err(refusal) = self.give_target(target, input.clone(), hop) else { return };
        let attempts = target.number("/Target/RetryPolicy/MaximumRetryAttempts").unwrap_or(ATTEMPTS);
        let age_ms = target.number("/Target/RetryPolicy/MaximumEventAgeInSeconds").unwrap_or(AGE_SECONDS) * 1_000;
        let delay_ms = RETRY_MS.checked_mul(1 << tried.min(20)).unwrap_or(MOST_RETRY_MS).min(MOST_RETRY_MS);
        let late = self.now_ms() + delay_ms > came_ms + age_ms;
        if tried < attempts && !late {
            let event = event.clone();
            self.after(delay_ms, move |system| system.try_target(schedule, &event, hop, came_ms, tried + 1));
            return;
        }
        self.note_end(hop, Outcome::Failed(refusal.to_string()));
        let Some(queue) = target.text("/Target/DeadLetterConfig/Arn") else { return };
        // <https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html>
        let retries = tried.to_string();
        let exhausted = if tried >= attempts { "MaximumRetryAttempts" } else { "MaximumEventAgeInSeconds" };
        let attributes = [
            ("SCHEDULE_ARN", target.arn.as_str()),
            ("TARGET_ARN", target.text("/Target/Arn").unwrap_or_default()),
            ("ERROR_CODE", refusal.code.as_str()),
            ("ERROR_MESSAGE", refusal.message.as_str()),
            ("RETRY_ATTEMPTS", retries.as_str()),
            ("EXHAUSTED_RETRY_CONDITION", exhausted),
        ];
        let why = format!("{}: {refusal}", target.address);
        self.keep_dead_letter(&self.who_schedules(target), queue, &input, &attributes, Some(hop), &why);
    }

    /// A bus is given an event of the source and the kind that the target says, a FIFO queue a message of its group.
    /// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html>
    fn give_target(&mut self, target: &Resource, input: String, hop: HopId) -> Result<(), Refusal> {
        let (arn, who) = (target.text("/Target/Arn").unwrap_or_default(), self.who_schedules(target));
        if arn.split(':').nth(2) == Some("events") {
            let said = |name: &str| target.text(&format!("/Target/EventBridgeParameters/{name}")).unwrap_or_default();
            let entry = json!({ "EventBusName": arn, "Source": said("Source"), "DetailType": said("DetailType"), "Detail": input });
            return self.put_event_as(&who, &entry, Some(hop)).map(|_| ());
        }
        let group = target.text("/Target/SqsParameters/MessageGroupId").map(str::to_owned);
        self.deliver_to(&who, arn, input, group, Some(hop))
    }

    /// Scheduler takes a role on for the group of the schedule, which is the default one.
    /// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html>
    fn who_schedules(&self, target: &Resource) -> Principal {
        let names = self.names();
        let group = target.text("/GroupName").unwrap_or("default");
        let source = format!("arn:aws:scheduler:{}:{}:schedule-group/{group}", names.region, names.account);
        Principal::of(SERVICE, Some(target.text("/Target/RoleArn").unwrap_or_default()), &source)
    }
}

/// Whether a stack has a resource as it is.
fn has(stack: &Stack, resource: &Resource) -> bool {
    stack
        .resources
        .values()
        .any(|it| it.arn == resource.arn && it.type_ == resource.type_ && it.properties == resource.properties)
}

/// An input with what stands for the words of Scheduler in it.
/// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html>
fn filled(input: &str, schedule: &Resource, event: &Value, came_ms: u64, tried: u64) -> String {
    let id = event.get("id").and_then(Value::as_str).unwrap_or_default();
    input
        .replace("<aws.scheduler.schedule-arn>", &schedule.arn)
        .replace("<aws.scheduler.scheduled-time>", &timestamp(came_ms).replace(".000Z", "Z"))
        .replace("<aws.scheduler.execution-id>", id)
        .replace("<aws.scheduler.attempt-number>", &(tried + 1).to_string())
}

#[cfg(test)]
mod tests;
