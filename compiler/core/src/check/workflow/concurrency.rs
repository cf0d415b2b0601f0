//! Too much at once: more rounds of a `for-each` than Step Functions runs, more work than may begin at once on Redis.

use super::item;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Body, Model, Next, Step, StepId, StepKind, Workflow};
use std::collections::BTreeSet;

/// The most rounds that a `Map` state in inline mode runs at once; a greater `MaxConcurrency` changes nothing. On Redis as many run as
/// the spec says, and so many unless it says a number.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html>
const MOST_ROUNDS: u64 = 40;

/// The most pieces of work that one transition of an execution on Redis may order: `evc_workflow::store::MAX_RECORDS`.
const MOST_WORK: u64 = 1000;

pub(in crate::check) fn check(model: &Model, out: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        let look = if workflow.redis().is_some() { work_at_once } else { rounds };
        workflow.body.walk(&mut |step| out.extend(look(workflow, step)));
    }
}

fn rounds(workflow: &Workflow, step: &Step) -> Option<Diagnostic> {
    let StepKind::ForEach { concurrency: Some(concurrency), .. } = &step.kind else { return None };
    if concurrency.value <= MOST_ROUNDS {
        return None;
    }
    let message = format!("Step Functions runs at most {MOST_ROUNDS} rounds at once; found {}", concurrency.value);
    let diagnostic = Diagnostic::new(Code::EVC0512, concurrency.span, message).on(item(workflow));
    Some(diagnostic.help(format!("write `{MOST_ROUNDS}`, or leave it out")))
}

fn work_at_once(workflow: &Workflow, step: &Step) -> Option<Diagnostic> {
    // Of steps within each other, the innermost that is too much.
    if begun(step) <= MOST_WORK || step.bodies().into_iter().any(|body| first(body) > MOST_WORK) {
        return None;
    }
    let (span, help) = match &step.kind {
        StepKind::ForEach { concurrency, body, .. } => {
            let rounds = (MOST_WORK / first(body).max(1)).max(1);
            let span = concurrency.as_ref().map_or(step.name_span, |concurrency| concurrency.span);
            (span, format!("write `concurrency: {rounds}` or less"))
        }
        StepKind::Call(_)
        | StepKind::Choose { .. }
        | StepKind::Parallel(_)
        | StepKind::Wait(_)
        | StepKind::Publish { .. }
        | StepKind::Set(_)
        | StepKind::Compensate
        | StepKind::Succeed(_)
        | StepKind::Fail { .. } => (step.name_span, "give the `for-each` in it a lower `concurrency`".to_owned()),
    };
    let message =
        format!("`{}` may begin {} pieces of work at once, and {MOST_WORK} are the most", step.name, begun(step));
    let diagnostic = Diagnostic::new(Code::EVC0529, span, message).on(item(workflow));
    Some(diagnostic.note(format!("a `for-each` without `concurrency` runs {MOST_ROUNDS} rounds at once")).help(help))
}

/// How many pieces of work the first step of a body may begin.
fn first(body: &Body) -> u64 {
    from(body, StepId(0), &mut BTreeSet::new())
}

/// How many a step may begin, or what follows at once if it is none itself.
fn from(body: &Body, id: StepId, seen: &mut BTreeSet<StepId>) -> u64 {
    let Some(step) = body.steps.get(id.0).filter(|_| seen.insert(id)) else { return 0 };
    // A list may be empty.
    if !matches!(step.kind, StepKind::Choose { .. } | StepKind::Set(_) | StepKind::ForEach { .. }) {
        return begun(step);
    }
    let next = |next| if let Next::Step(to) = next { from(body, to, seen) } else { 0 };
    step.successors().into_iter().map(next).max().unwrap_or(0).max(begun(step))
}

/// How many a step itself may begin.
fn begun(step: &Step) -> u64 {
    match &step.kind {
        StepKind::Parallel(branches) => branches.iter().map(|branch| first(&branch.body)).fold(0, u64::saturating_add),
        StepKind::ForEach { concurrency, body, .. } => {
            let rounds = concurrency.as_ref().map_or(MOST_ROUNDS, |concurrency| concurrency.value);
            rounds.saturating_mul(first(body))
        }
        StepKind::Choose { .. } | StepKind::Set(_) | StepKind::Succeed(_) | StepKind::Fail { .. } => 0,
        StepKind::Call(_) | StepKind::Wait(_) | StepKind::Publish { .. } | StepKind::Compensate => 1,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_runtime_takes_as_much() {
        assert_eq!(super::MOST_WORK, evc_workflow::store::MAX_RECORDS as u64);
    }
}
