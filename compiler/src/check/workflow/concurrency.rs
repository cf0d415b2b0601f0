//! More rounds of a `for-each` at once than Step Functions runs. On Redis as many run as the spec says.

use super::item;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Model, StepKind};

/// The most rounds that a `Map` state in inline mode runs at once; a greater `MaxConcurrency` changes nothing.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html>
const MOST_ROUNDS: u64 = 40;

pub(in crate::check) fn check(model: &Model, out: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values().filter(|workflow| workflow.redis().is_none()) {
        workflow.body.walk(&mut |step| {
            let StepKind::ForEach { concurrency: Some(concurrency), .. } = &step.kind else { return };
            if concurrency.value > MOST_ROUNDS {
                let message =
                    format!("Step Functions runs at most {MOST_ROUNDS} rounds at once; found {}", concurrency.value);
                out.push(
                    Diagnostic::new(Code::EVC0512, concurrency.span, message)
                        .on(item(workflow))
                        .help(format!("write `{MOST_ROUNDS}`, or leave it out")),
                );
            }
        });
    }
}
