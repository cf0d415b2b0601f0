//! Waits until a time that is over when they begin, or that comes after the workflow's own time.

use super::item;
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::{Expr, Plain, Until};
use crate::model::{Given, Model, Step, Wanted, Workflow};
use crate::spec::scalar::Duration;
use crate::types::{Kind, Type};

/// The first day of the year in which evc was made.
const NOW: &str = "2025";

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        workflow.body.walk(&mut |step| {
            let until = step.arguments().into_iter().find_map(|argument| match (argument.wanted, argument.given) {
                (Wanted::Timestamp, Given::Expr(expr)) => expr,
                _ => None,
            });
            // Of what is no time it is said by itself.
            let is_time = |until: &&Expr| {
                let timestamp = Type { kind: Kind::Timestamp, span: until.span };
                until.check_as(&timestamp, &step.scope, &model.types).is_empty()
            };
            diagnostics.extend(until.filter(is_time).and_then(|until| look(workflow, step, until)));
        });
    }
}

fn look(workflow: &Workflow, step: &Step, until: &Expr) -> Option<Diagnostic> {
    if let Some(Plain::Path(path)) = until.plain() {
        if path == ["execution", "startTime"] {
            return Some(over(workflow, step, until, "an execution has begun by then"));
        }
        // A day was not chosen; what was said is.
        let is_unsaid = workflow.timeout_span == workflow.head.name_span;
        let of_data = format!(
            "`{}` waits until `{}`, and a workflow that says no `timeout` ends after",
            step.name,
            until.text().trim()
        );
        return is_unsaid.then(|| {
            unknown(
                workflow,
                until,
                &of_data,
                "say `timeout` on the workflow: how far away such a time may be, and more",
            )
        });
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
        Until::At(text) => {
            let until_then = format!("`{}` waits until {text}, and its workflow ends after", step.name);
            Some(unknown(workflow, until, &until_then, "name the time in the data, or count it from now on"))
        }
    }
}

/// A wait of which nobody knows here how long it is.
fn unknown(workflow: &Workflow, until: &Expr, message: &str, help: &str) -> Diagnostic {
    Diagnostic::new(Code::EVC0547, until.span, format!("{message} {}", workflow.timeout))
        .on(item(workflow))
        .note("an execution that still waits then fails with `States.Timeout`")
        .help(help)
}

fn over(workflow: &Workflow, step: &Step, until: &Expr, why: &str) -> Diagnostic {
    Diagnostic::new(Code::EVC0542, until.span, format!("`{}` never waits: {why}", step.name))
        .on(item(workflow))
        .help("name a time to come, or leave the step out")
}
