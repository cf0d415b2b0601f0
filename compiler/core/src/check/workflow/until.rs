//! Waits until a time that is over when they begin, or that comes after the workflow's own time.

use super::item;
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::{Expr, Plain, Until};
use crate::model::{Given, Model, Step, Wanted, Workflow};
use crate::spec::scalar::Duration;

/// The first day of the year in which evc was made.
const NOW: &str = "2025";

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        workflow.body.walk(&mut |step| {
            let until = step.arguments().into_iter().find_map(|argument| match (argument.wanted, argument.given) {
                (Wanted::Timestamp, Given::Expr(expr)) => expr,
                _ => None,
            });
            diagnostics.extend(until.and_then(|until| look(workflow, step, until)));
        });
    }
}

fn look(workflow: &Workflow, step: &Step, until: &Expr) -> Option<Diagnostic> {
    if let Some(Plain::Path(path)) = until.plain() {
        return (path == ["execution", "startTime"])
            .then(|| over(workflow, step, until, "an execution has begun by then"));
    }
    match until.until()? {
        Until::At(text) if text < NOW => Some(over(workflow, step, until, "that is past")),
        Until::FromNow(millis) if millis <= 0.0 => Some(over(workflow, step, until, "that is now, or past")),
        Until::FromNow(millis) => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "positive, and no more than a number has"
            )]
            let wait = Duration::seconds((millis / 1_000.0) as u64);
            if wait < workflow.timeout {
                return None;
            }
            let message = format!("`{}` waits {wait}, its workflow {} in all", step.name, workflow.timeout);
            Some(
                Diagnostic::new(Code::EVC0509, until.span, message)
                    .on(item(workflow))
                    .secondary(workflow.timeout_span, format!("ends after {}", workflow.timeout))
                    .help("shorten it, or give the workflow a longer `timeout`"),
            )
        }
        Until::At(_) => None,
    }
}

fn over(workflow: &Workflow, step: &Step, until: &Expr, why: &str) -> Diagnostic {
    Diagnostic::new(Code::EVC0542, until.span, format!("`{}` never waits: {why}", step.name))
        .on(item(workflow))
        .help("name a time to come, or leave the step out")
}
