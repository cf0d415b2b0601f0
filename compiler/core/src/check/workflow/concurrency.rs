//! Too much at once: more rounds of a `for-each` than Step Functions runs, more work than may begin at once on Redis.

use super::item;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Body, Model, Next, Rounds, Step, StepId, Workflow};
use std::collections::BTreeSet;

/// The most rounds that a `Map` state in inline mode runs at once; a greater `MaxConcurrency` changes nothing. On Redis as many run as
/// the spec says, and so many unless it says a number.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html>
pub(super) const MOST_ROUNDS: u64 = 40;

/// The most pieces of work that one transition of an execution on Redis may order: `evc_workflow::store::MAX_RECORDS`.
const MOST_WORK: u64 = 1000;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        let look = if workflow.redis().is_some() { work_at_once } else { rounds };
        workflow.body.walk(&mut |step| diagnostics.extend(look(workflow, step)));
    }
}

fn rounds(workflow: &Workflow, step: &Step) -> Option<Diagnostic> {
    let too_many = |rounds| match rounds {
        Rounds::EachItem { concurrency } => concurrency.filter(|most| most.value > MOST_ROUNDS),
        Rounds::One => None,
    };
    let concurrency = step.nested().into_iter().find_map(|nested| too_many(nested.rounds))?;
    let message = format!("Step Functions runs at most {MOST_ROUNDS} rounds at once; found {}", concurrency.value);
    let diagnostic = Diagnostic::new(Code::EVC0512, concurrency.span, message).on(item(workflow));
    Some(diagnostic.help(format!("write `{MOST_ROUNDS}`, or leave it out")))
}

fn work_at_once(workflow: &Workflow, step: &Step) -> Option<Diagnostic> {
    // Of steps within each other, the innermost that is too much.
    if begun(step) <= MOST_WORK || step.bodies().any(|body| first(body) > MOST_WORK) {
        return None;
    }
    let of_rounds = step.nested().into_iter().find_map(|nested| match nested.rounds {
        Rounds::EachItem { concurrency } => {
            let rounds = (MOST_WORK / first(nested.body).max(1)).max(1);
            let span = concurrency.map_or(step.name_span, |concurrency| concurrency.span);
            Some((span, format!("write `concurrency: {rounds}` or less")))
        }
        Rounds::One => None,
    });
    let (span, help) =
        of_rounds.unwrap_or_else(|| (step.name_span, "give the `for-each` in it a lower `concurrency`".to_owned()));
    let message =
        format!("`{}` may begin {} pieces of work at once, and {MOST_WORK} are the most", step.name, begun(step));
    let diagnostic = Diagnostic::new(Code::EVC0529, span, message).on(item(workflow));
    Some(diagnostic.note(format!("a `for-each` without `concurrency` runs {MOST_ROUNDS} rounds at once")).help(help))
}

/// How many pieces of work the first step of a body may begin.
fn first(body: &Body) -> u64 {
    body.first().map_or(0, |first| from(body, first, &mut BTreeSet::new()))
}

/// How many a step may begin, or what follows at once if it is none itself.
fn from(body: &Body, id: StepId, seen: &mut BTreeSet<StepId>) -> u64 {
    let Some(step) = body.steps.get(id.0).filter(|_| seen.insert(id)) else { return 0 };
    if !may_begin_nothing(step) {
        return begun(step);
    }
    let next = |next| if let Next::Step(to) = next { from(body, to, seen) } else { 0 };
    step.successors().into_iter().map(next).max().unwrap_or(0).max(begun(step))
}

/// Whether what follows the step may begin together with it: it is no work itself, and there is none inside of it if its lists are empty.
fn may_begin_nothing(step: &Step) -> bool {
    let may_be_empty = |rounds| match rounds {
        Rounds::EachItem { .. } => true,
        Rounds::One => false,
    };
    !step.is_work() && step.nested().into_iter().all(|nested| may_be_empty(nested.rounds))
}

/// How many a step itself may begin.
fn begun(step: &Step) -> u64 {
    let inside = step.nested().into_iter().map(|nested| {
        let rounds = match nested.rounds {
            Rounds::One => 1,
            Rounds::EachItem { concurrency } => concurrency.map_or(MOST_ROUNDS, |concurrency| concurrency.value),
        };
        rounds.saturating_mul(first(nested.body))
    });
    inside.fold(u64::from(step.is_work()), u64::saturating_add)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_runtime_takes_as_much() {
        assert_eq!(super::MOST_WORK, evc_workflow::store::MAX_RECORDS as u64);
    }
}
