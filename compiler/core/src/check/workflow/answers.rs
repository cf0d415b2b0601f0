//! Waits for an answer one after another: the `timeout` of a later one may come only when the workflow's own time is over.

use std::collections::{BTreeMap, BTreeSet};

use super::{item, laps};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Body, Model, Step, StepId, Workflow};
use crate::spec::scalar::Duration;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    // What is to be undone in time has a check of its own.
    for workflow in model.workflows.values().filter(|workflow| !workflow.body.compensates()) {
        diagnostics.extend(too_late(model, workflow));
    }
}

/// The first wait for an answer that may begin so late that its timeout does not come.
fn too_late(model: &Model, workflow: &Workflow) -> Option<Diagnostic> {
    let (body, limit) = (&workflow.body, workflow.timeout.seconds);
    if body.partial || body.steps.is_empty() {
        return None;
    }
    let begins = begins(model, body);
    body.iter().find_map(|(id, step)| {
        let timeout = step.timeout.as_ref().filter(|_| step.waits_for_signal())?;
        let begins = *begins.get(&id)?;
        let ends = begins.saturating_add(timeout.value.seconds);
        // One that is too long by itself, and what begins too late whatever happens, is told as that.
        if ends < limit || timeout.value.seconds >= limit || begins == 0 {
            return None;
        }
        let message = format!(
            "`{}` may wait until {} after the start, its workflow may take {} in all",
            step.name,
            Duration::seconds(ends),
            workflow.timeout
        );
        Some(
            Diagnostic::new(Code::EVC0563, timeout.span, message)
                .label("this may never come")
                .on(item(workflow))
                .secondary(workflow.timeout_span, format!("ends after {}", workflow.timeout))
                .note("the waits before it may take as long as they say, and a workflow that has used up its time runs no `catch`")
                .help(format!("give the workflow a `timeout` above {}, or the waits shorter ones", Duration::seconds(ends))),
        )
    })
}

/// When each step begins at the latest if waits take as long as they say and all else no time, on ways that come to no step twice.
fn begins(model: &Model, body: &Body) -> BTreeMap<StepId, u64> {
    let order = forward(body);
    let place: BTreeMap<StepId, usize> = order.iter().enumerate().map(|(place, id)| (*id, place)).collect();
    let mut begins: BTreeMap<StepId, u64> = body.first().map(|first| (first, 0)).into_iter().collect();
    for id in &order {
        let start = begins.get(id).copied().unwrap_or(0);
        let end = start.saturating_add(waits(model, body.step(*id)));
        for to in body.edges(*id).filter(|to| place.get(to) > place.get(id)) {
            let known = begins.entry(to).or_insert(end);
            *known = end.max(*known);
        }
    }
    begins
}

/// How long a step waits, or may wait for an answer.
fn waits(model: &Model, step: &Step) -> u64 {
    let answer = step.timeout.as_ref().filter(|_| step.waits_for_signal()).map(|timeout| timeout.value.seconds);
    answer.or_else(|| laps::waits_for(model, step)).unwrap_or(0)
}

/// The steps of a body from the first one on, each after those that lead to it, loops aside.
pub(super) fn forward(body: &Body) -> Vec<StepId> {
    fn visit(body: &Body, id: StepId, seen: &mut BTreeSet<StepId>, order: &mut Vec<StepId>) {
        if seen.insert(id) {
            for to in body.edges(id) {
                visit(body, to, seen, order);
            }
            order.push(id);
        }
    }
    let mut order = Vec::new();
    if let Some(first) = body.first() {
        visit(body, first, &mut BTreeSet::new(), &mut order);
    }
    order.reverse();
    order
}
