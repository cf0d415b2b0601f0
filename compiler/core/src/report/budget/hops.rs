//! The stages of ways, with the figures of the plan.

use super::{First, Hop};
use crate::model::{
    DeadLetterSource, Destination, Function, Id, Outbox, Queue, Rule, Schedule, Setting, Target, Workflow,
};
use crate::plan::value::Value;
use crate::plan::{LogicalId, Plan, ids, starter, stream};
use crate::spec::scalar::Duration;

/// How long Lambda waits before the first and before the second retry of an asynchronous invocation.
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
const ASYNC_WAITS: [u64; 2] = [60, 120];

/// How long an asynchronous event may become old, and how often it is tried again, where the template says nothing.
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html>
const ASYNC: (u64, u64) = (2, 21_600);

/// How long one call of the forwarder of an outbox may take: `lower/lambda/forwarder.rs`.
const FORWARD: u64 = 60;

/// Makes stages.
pub(super) struct Hops<'p> {
    pub(super) plan: &'p Plan<'p>,
}

impl Hops<'_> {
    /// What brings the events of an outbox to the bus: a stream forgets a record after a day.
    pub(super) fn outbox(&self, id: Id<Outbox>) -> Hop {
        let outbox = &self.plan.model.outboxes[id];
        let (tries, age) = (outbox.attempts + 1, stream::MAX_AGE_SECONDS.unsigned_abs());
        Hop {
            what: format!("outbox `{}`", outbox.head.name),
            tries: Some(tries),
            each: Some(FORWARD),
            age: Some(age),
            first: if tries.saturating_mul(FORWARD) < age { First::Tries } else { First::Age },
            // How long it waits between tries is not said.
            after: if tries == 1 { FORWARD } else { age },
            // https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
            throttled: (tries == 1).then_some(age),
            dead: Some(ids::dead_letters(self.plan.model, DeadLetterSource::Outbox(id))),
            span: outbox.head.name_span,
        }
    }

    /// A rule that brings events to a target. EventBridge says only that it waits ever longer; it makes 185 tries in a day.
    pub(super) fn rule(&self, rule: &Rule, target: &Target) -> Hop {
        let policy = self.retry_policy(&ids::rule(rule), target);
        let source = self.plan.model.rules.iter().find(|(_, other)| other.head.name == rule.head.name);
        let dead = source.map(|(id, _)| ids::dead_letters(self.plan.model, DeadLetterSource::Rule(id)));
        delivery(format!("rule `{}`", rule.head.name), policy, dead, rule.head.name_span)
    }

    pub(super) fn schedule(&self, id: Id<Schedule>, schedule: &Schedule, target: &Target) -> Hop {
        let policy = self
            .properties(&ids::schedule(schedule))
            .and_then(|properties| properties.get("Target"))
            .and_then(retries)
            .unwrap_or((target.attempts, target.max_age.seconds));
        let dead = Some(ids::dead_letters(self.plan.model, DeadLetterSource::Schedule(id)));
        delivery(format!("schedule `{}`", schedule.head.name), policy, dead, schedule.head.name_span)
    }

    /// The stages from a target on.
    pub(super) fn destination(&self, to: Destination) -> Vec<Hop> {
        match to {
            Destination::Function(id) => vec![self.invocation(id)],
            Destination::Queue(id) => vec![self.queue(id)],
            Destination::Workflow(id) => self.workflow(id),
            // What is brought to another bus goes on with the rules there: `ways`.
            Destination::Bus(_) => Vec::new(),
        }
    }

    /// An asynchronous invocation.
    fn invocation(&self, id: Id<Function>) -> Hop {
        let function = &self.plan.model.functions[id];
        let config = ids::of(&ids::function(function), "async");
        let number = |name: &str| self.properties(&config).and_then(|properties| properties.get(name)).and_then(whole);
        let tries = number("MaximumRetryAttempts").unwrap_or(ASYNC.0);
        let age = number("MaximumEventAgeInSeconds").unwrap_or(ASYNC.1);
        let timeout = greatest(&function.timeout);
        let waits: u64 = ASYNC_WAITS.iter().take(usize::try_from(tries).unwrap_or(usize::MAX)).sum();
        let all = (tries + 1).saturating_mul(timeout).saturating_add(waits);
        Hop {
            what: format!("function `{}`", function.head.name),
            tries: Some(tries + 1),
            each: Some(timeout),
            age: Some(age),
            first: if all <= age { First::Tries } else { First::Age },
            after: all.min(age.saturating_add(timeout)),
            // What is throttled is tried again until it is too old.
            throttled: Some(age.saturating_add(timeout)),
            dead: Some(ids::dead_letters(self.plan.model, DeadLetterSource::Function(id))),
            span: function.head.name_span,
        }
    }

    /// A queue, and the function that works it off.
    fn queue(&self, id: Id<Queue>) -> Hop {
        let queue = &self.plan.model.queues[id];
        let dead = ids::dead_letters(self.plan.model, DeadLetterSource::Queue(id));
        let own = Kept {
            receives: queue.receives,
            visibility: greatest(&queue.visibility),
            retention: queue.retention.seconds,
        };
        let mut hop = self.kept(&ids::queue(queue), own, dead);
        hop.what = match &queue.to {
            Some(to) => {
                format!("queue `{}` to function `{}`", queue.head.name, self.plan.model.functions[to.value].head.name)
            }
            None => format!("queue `{}`", queue.head.name),
        };
        hop.span = queue.head.name_span;
        hop
    }

    /// What starts a workflow, and its execution.
    fn workflow(&self, id: Id<Workflow>) -> Vec<Hop> {
        let workflow = &self.plan.model.workflows[id];
        let (name, span) = (&workflow.head.name, workflow.head.name_span);
        let start = if workflow.redis().is_some() {
            let queue = ids::engine_queue();
            let own = Kept { receives: 5, visibility: 360, retention: 345_600 };
            let mut hop = self.kept(&queue, own, ids::of(&queue, "dead-letters"));
            hop.what = format!("start of workflow `{name}`");
            hop
        } else {
            Hop {
                what: format!("start of workflow `{name}`"),
                tries: None,
                each: None,
                age: Some(starter::TIMEOUT_SECONDS),
                first: First::Timeout,
                after: starter::TIMEOUT_SECONDS,
                throttled: None,
                dead: Some(ids::dead_letters(self.plan.model, DeadLetterSource::Workflow(id))),
                span,
            }
        };
        let execution = Hop {
            what: format!("execution of workflow `{name}`"),
            tries: None,
            each: None,
            age: Some(workflow.timeout.seconds),
            first: First::Timeout,
            after: workflow.timeout.seconds,
            throttled: None,
            dead: None,
            span: workflow.timeout_span,
        };
        vec![Hop { span, ..start }, execution]
    }

    /// A queue that gives up what was received so often. Each time it is hidden for a while.
    fn kept(&self, id: &LogicalId, own: Kept, dead: LogicalId) -> Hop {
        let properties = self.properties(id);
        let number = |name: &str| properties.and_then(|properties| properties.get(name)).and_then(whole);
        let receives = properties
            .and_then(|properties| properties.get("RedrivePolicy"))
            .and_then(|policy| member(policy, "maxReceiveCount"))
            .and_then(whole)
            .unwrap_or(own.receives);
        let visibility = number("VisibilityTimeout").unwrap_or(own.visibility);
        let retention = number("MessageRetentionPeriod").unwrap_or(own.retention);
        let all = receives.saturating_mul(visibility);
        let lost = all > retention;
        Hop {
            what: String::new(),
            tries: Some(receives),
            each: Some(visibility),
            age: Some(retention),
            first: if lost { First::Retention } else { First::Tries },
            // What is throttled counts as received.
            after: all.min(retention),
            throttled: None,
            dead: (!lost).then_some(dead),
            span: self.plan.model.service.span,
        }
    }

    /// How often and for how long a rule tries to reach a target.
    fn retry_policy(&self, rule: &LogicalId, target: &Target) -> (u64, u64) {
        let targets = match self.properties(rule).and_then(|properties| properties.get("Targets")) {
            Some(Value::List(targets)) => targets.as_slice(),
            Some(_) | None => &[],
        };
        let name = match target.to {
            Destination::Function(id) => &self.plan.model.functions[id].head.name,
            Destination::Workflow(id) => &self.plan.model.workflows[id].head.name,
            Destination::Queue(id) => &self.plan.model.queues[id].head.name,
            Destination::Bus(id) => &self.plan.model.buses[id].head.name,
        };
        let id = Value::string(format!("{}-{name}", target.to.kind().key()));
        let own = targets.iter().find(|target| member(target, "Id") == Some(&id));
        own.and_then(retries).unwrap_or((target.attempts, target.max_age.seconds))
    }

    fn properties(&self, id: &LogicalId) -> Option<&crate::plan::value::Map> {
        self.plan.resources.get(id).map(|resource| &resource.properties)
    }
}

/// How a queue keeps messages.
#[derive(Clone, Copy)]
struct Kept {
    receives: u64,
    visibility: u64,
    retention: u64,
}

/// What EventBridge or Scheduler delivers: 185 attempts last for a day, so that fewer give out before the day is over.
fn delivery(what: String, (attempts, age): (u64, u64), dead: Option<LogicalId>, span: crate::source::Span) -> Hop {
    const ATTEMPTS_OF_A_DAY: u64 = 185;
    const DAY: u64 = 86_400;
    let by_age = attempts.saturating_mul(DAY) >= age.saturating_mul(ATTEMPTS_OF_A_DAY);
    Hop {
        what,
        tries: Some(attempts + 1),
        each: None,
        age: Some(age),
        first: if by_age { First::Age } else { First::Tries },
        // The first try is made at once.
        after: if attempts == 0 { 0 } else { age },
        throttled: None,
        dead,
        span,
    }
}

/// Attempts and seconds of a `RetryPolicy`.
fn retries(target: &Value) -> Option<(u64, u64)> {
    let policy = member(target, "RetryPolicy")?;
    let number = |name| member(policy, name).and_then(whole);
    Some((number("MaximumRetryAttempts")?, number("MaximumEventAgeInSeconds")?))
}

fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Map(entries) => entries.get(name),
        _ => None,
    }
}

/// A number that is the same in all environments.
fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Integer(number) => u64::try_from(*number).ok(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn greatest(setting: &Setting<Duration>) -> u64 {
    setting.greatest().map_or(0, |time| time.seconds)
}
