//! Asynchronous invocations of idempotent functions, as they are after overrides: one that a crash interrupts is tried again. What evc
//! makes is so; what an override changes may not be.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::Function;
use crate::plan::LogicalId;
use crate::plan::builder::Builder;
use crate::plan::ids;
use crate::plan::value::Value;
use crate::source::Span;

/// How long Lambda waits before it tries an invocation that failed for the first time.
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
const FIRST_WAIT_SECONDS: i64 = 60;

/// Looks at the retries of each idempotent function that rules or schedules invoke.
pub(super) fn finish(b: &mut Builder<'_>) {
    let idempotent = b.model.functions.iter().filter(|(_, function)| function.idempotent.is_some());
    let mut found = Vec::new();
    for (_, function) in idempotent.filter(|(id, _)| b.model.is_asynchronous(*id)) {
        let id = ids::of(&ids::function(function), "async");
        if let Some(at) = b.plan.resources.get(&id).and_then(|it| it.overridden) {
            found.extend(check(b, function, &id, at));
        }
    }
    b.diagnostics.extend(found);
}

fn check(b: &Builder<'_>, function: &Function, id: &LogicalId, at: Span) -> Option<Diagnostic> {
    let properties = &b.plan.resources.get(id)?.properties;
    let number = |name| match properties.get(name) {
        Some(Value::Integer(number)) => Some(*number),
        _ => None,
    };
    let timeout = function.timeout.greatest().and_then(|timeout| i64::try_from(timeout.seconds).ok()).unwrap_or(0);
    let needed = timeout.saturating_add(FIRST_WAIT_SECONDS);
    let (why, help) = match (number("MaximumRetryAttempts"), number("MaximumEventAgeInSeconds")) {
        (Some(0), _) => (
            "`MaximumRetryAttempts` is 0, and a handler that dies has failed like any other".to_owned(),
            "say `MaximumRetryAttempts: 1` at least: Lambda waits a minute, which is longer than the claim of a handler that died"
                .to_owned(),
        ),
        (_, Some(age)) if age <= needed => (
            format!(
                "an event may become {age} seconds old; an invocation may take {timeout}, and Lambda waits {FIRST_WAIT_SECONDS} before it tries again"
            ),
            format!("say `MaximumEventAgeInSeconds` of more than {needed}"),
        ),
        _ => return None,
    };
    let message = format!("an invocation in which `{}` was interrupted is not tried again", function.head.name);
    Some(
        Diagnostic::new(Code::EVC0635, at, message)
            .secondary(function.idempotent_span, "the function may do its work again")
            .note(why)
            .help(help),
    )
}
