//! Answers that executions in flight wait for: that somebody still gives them. Whether what is given fits is for [`super::contracts`].

use super::Pair;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Model, Step, Workflow};
use crate::types::Type;

/// Reports waits that no function answers any more, where one did.
pub(super) fn check(pair: &Pair<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let Some((step, _)) = waits(pair.old).into_iter().next() else { return };
    let answers = |model: &Model, workflow: &Workflow| {
        let name = &workflow.head.name;
        let gives = |id: &crate::source::Spanned<_>| model.workflows[id.value].head.name == *name;
        model.functions.values().find_map(|function| function.signals.iter().find(|id| gives(id)).map(|id| id.span))
    };
    let Some(span) = answers(pair.before, pair.old).filter(|_| answers(pair.now, pair.new).is_none()) else { return };
    let name = &pair.old.head.name;
    let message = format!("executions in flight of `{name}` wait for an answer that no function may give any more");
    let diagnostic = Diagnostic::new(Code::EVC1002, pair.new.head.name_span, message)
        .secondary(step.name_span, "a step of the old spec waits")
        .secondary(span, "a function of the old spec answers");
    let others = if pair.on_redis() {
        "`evc workflow signal` can answer too"
    } else {
        "whoever has the token and `states:SendTaskSuccess` can answer too"
    };
    diagnostics.push(diagnostic.note(others));
}

/// The steps of a workflow that wait for an answer, with what that carries.
pub(super) fn waits(workflow: &Workflow) -> Vec<(&Step, &Type)> {
    let mut found = Vec::new();
    workflow.body.walk(&mut |step| found.extend(step.answer().map(|answer| (step, answer))));
    found
}
