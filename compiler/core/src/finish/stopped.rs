//! What an override stops: a function that may never run, a rule, a schedule or a mapping that is disabled, a queue that drops messages before
//! they have failed often enough. The spec has words for each of these, which are held against the rest of it; what an override says is not.

use crate::diagnostics::{Code, Diagnostic};
use crate::plan::Resource;
use crate::plan::builder::Builder;
use crate::plan::value::{Map, Value};
use crate::source::Span;

/// Looks at each resource that an override changes.
pub(super) fn finish(b: &mut Builder<'_>) {
    let overridden = b.plan.resources.values().filter_map(|it| Some((it, it.overridden?)));
    let found: Vec<Diagnostic> =
        overridden.filter_map(|(it, at)| stopped(it, at).or_else(|| dropped(it, at))).collect();
    b.diagnostics.extend(found);
}

fn stopped(it: &Resource, at: Span) -> Option<Diagnostic> {
    let properties = &it.properties;
    let is = |name: &str, value: &Value| plain(properties, name) == Some(value);
    let disabled = Value::String("DISABLED".to_owned());
    let (what, instead) = match it.type_.as_str() {
        "AWS::Serverless::Function" | "AWS::Lambda::Function"
            if is("ReservedConcurrentExecutions", &Value::Integer(0)) =>
        {
            (
                "`ReservedConcurrentExecutions` of 0 lets no invocation begin",
                "say `concurrency` on the function with one at least",
            )
        }
        "AWS::Events::Rule" if is("State", &disabled) => (
            "a rule that is disabled matches nothing",
            "say `enabled: false` on the rule, where evc tells what then never happens",
        ),
        "AWS::Scheduler::Schedule" if is("State", &disabled) => (
            "a schedule that is disabled starts nothing",
            "say `enabled: false` on the schedule, where evc tells what then never happens",
        ),
        "AWS::Lambda::EventSourceMapping" if is("Enabled", &Value::Bool(false)) => {
            ("Lambda reads nothing by a mapping that is disabled", "leave it out of the override")
        }
        _ => return None,
    };
    let message = format!("`{}` is stopped by this override", it.address);
    Some(Diagnostic::new(Code::EVC0923, at, message).on(it.address.clone()).note(what).help(instead))
}

/// A queue whose messages are gone before they have been received as often as its redrive policy counts.
fn dropped(it: &Resource, at: Span) -> Option<Diagnostic> {
    let number = |properties: &Map, name: &str| match plain(properties, name) {
        Some(Value::Integer(number)) => u64::try_from(*number).ok(),
        _ => None,
    };
    let Some(Value::Map(redrive)) = plain(&it.properties, "RedrivePolicy") else { return None };
    let (receives, hidden) = (number(redrive, "maxReceiveCount")?, number(&it.properties, "VisibilityTimeout")?);
    let kept = number(&it.properties, "MessageRetentionPeriod")?;
    let needed = hidden.saturating_mul(receives);
    if it.type_ != "AWS::SQS::Queue" || needed <= kept {
        return None;
    }
    let message = format!("a message of `{}` may be gone before it has failed {receives} times", it.address);
    Some(
        Diagnostic::new(Code::EVC0619, at, message)
            .on(it.address.clone())
            .note(format!("the queue keeps it for {kept} seconds, and hides it for {hidden} after each of them; what it drops is in no dead-letter queue"))
            .help("say `retention`, `receives` and `visibility` on the queue, or let these fit"),
    )
}

/// A property without the reason that is noted with it.
fn plain<'p>(properties: &'p Map, name: &str) -> Option<&'p Value> {
    match properties.get(name)? {
        Value::Because(_, inner) => Some(inner),
        value => Some(value),
    }
}
