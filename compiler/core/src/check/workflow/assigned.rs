//! What an execution of Step Functions keeps in variables: what one state assigns at once, the calls that wait to be undone, and all of it.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html#variables-limits>: 256 KiB for a variable and for all that a
//! state assigns, 10 MiB for an execution. The result of a step is assigned to its name, and calls to undo are one variable of their body.

use std::collections::{BTreeMap, BTreeSet};

use super::answers::forward;
use super::{item, rounds};
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::Template;
use crate::model::{Body, Model, Step, StepId, Workflow};
use crate::types::json_bytes;

/// The most bytes of a variable, and of all that one state assigns.
const AT_ONCE: u64 = 262_144;

/// The most bytes of all variables of an execution.
const IN_ALL: u64 = 10_485_760;

/// What an entry of the calls to undo has beside the name of the step and the arguments: `{"step":,"with":},`.
const ENTRY: u64 = 18;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values().filter(|workflow| workflow.redis().is_none()) {
        let mut found = Vec::new();
        workflow.body.bodies(&mut |body| {
            if !body.partial && !body.steps.is_empty() {
                undone(model, workflow, body, &mut found);
                found.extend(body.steps.iter().filter_map(|step| at_once(model, workflow, step)));
            }
        });
        if found.is_empty() {
            found.extend(in_all(model, workflow));
        }
        diagnostics.append(&mut found);
    }
}

/// The most bytes of the result of a step, which its name is bound to.
fn result(model: &Model, step: &Step) -> Option<u64> {
    match step.values() {
        Some(values) => values.max_json_bytes(&step.scope, &model.types),
        None => model.types.max_json_bytes(step.result.as_ref()?),
    }
}

/// What a state assigns: its result and its variables. What is too large by itself is told as that.
fn at_once(model: &Model, workflow: &Workflow, step: &Step) -> Option<Diagnostic> {
    if step.assign.is_empty() {
        return None;
    }
    let of = |value: &Template| value.max_json_bytes(&step.assign_scope, &model.types);
    let assigned = step.assign.iter().filter_map(|set| of(set.value.as_ref()?));
    let parts: Vec<u64> = result(model, step).into_iter().chain(assigned).collect();
    let bytes = parts.iter().copied().fold(0, u64::saturating_add);
    if bytes <= AT_ONCE || parts.iter().any(|part| *part > AT_ONCE) {
        return None;
    }
    let set = step.assign.first()?;
    let message = format!(
        "what `{}` assigns may have {bytes} bytes together, its result among it, and one state of Step Functions has at most {AT_ONCE}",
        step.name
    );
    Some(
        Diagnostic::new(Code::EVC0706, set.name.span, message)
            .on(item(workflow))
            .note(WORST)
            .help("set some of the variables in a step of its own after it, or keep less of the result"),
    )
}

/// The calls that wait to be undone, on the way on which they take most.
fn undone(model: &Model, workflow: &Workflow, body: &Body, found: &mut Vec<Diagnostic>) {
    if !body.compensates() {
        return;
    }
    let loops = body.loops();
    let mut times = rounds::times(body);
    // What is undone in each round does not wait for the next.
    let is_undone = |round: &BTreeSet<StepId>| round.iter().any(|id| body.step(*id).compensates());
    times.retain(|id, _| !loops.around(*id).is_some_and(is_undone));
    let each = |id: StepId| -> u64 {
        let step = body.step(id);
        let Some(undo) = step.undo.as_ref().filter(|_| !step.unreachable) else { return 0 };
        let with = undo.with.as_ref().map_or(Some(0), |with| with.max_json_bytes(&step.undo_scope, &model.types));
        with.map_or(0, |with| with + json_bytes(&step.name) + ENTRY)
            .saturating_mul(times.get(&id).copied().unwrap_or(1))
    };
    let order = forward(body);
    let place: BTreeMap<StepId, usize> = order.iter().enumerate().map(|(place, id)| (*id, place)).collect();
    let mut waiting: BTreeMap<StepId, u64> = body.first().map(|first| (first, 0)).into_iter().collect();
    let mut told = BTreeSet::new();
    for id in &order {
        let step = body.step(*id);
        let before = waiting.get(id).copied().unwrap_or(0);
        let own = each(*id);
        let after = if step.compensates() { 0 } else { before.saturating_add(own) };
        if after > AT_ONCE && before <= AT_ONCE && told.insert(*id) {
            found.extend(too_much(workflow, body, *id, after, own, times.get(id).copied()));
        }
        for to in body.edges(*id).filter(|to| place.get(to) > place.get(id)) {
            let known = waiting.entry(to).or_insert(after);
            *known = after.max(*known);
        }
    }
}

fn too_much(
    workflow: &Workflow,
    body: &Body,
    id: StepId,
    bytes: u64,
    own: u64,
    rounds: Option<u64>,
) -> Option<Diagnostic> {
    let step = body.step(id);
    let undo = step.undo.as_ref()?;
    let message = format!(
        "the calls that wait to be undone may have {bytes} bytes after `{}`, and a variable of Step Functions has at most {AT_ONCE}",
        step.name
    );
    let diagnostic = Diagnostic::new(Code::EVC0706, undo.span, message).on(item(workflow)).note(WORST);
    let diagnostic = match rounds {
        Some(rounds) if rounds > 1 => diagnostic.note(format!(
            "the loop goes round up to {rounds} times, and each round adds a call of up to {} bytes",
            own / rounds
        )),
        Some(_) | None => diagnostic.note(format!("this call takes up to {own} of them")),
    };
    Some(diagnostic.help("give `undo` no more than a key by which what was done can be found again"))
}

/// All results and variables together.
fn in_all(model: &Model, workflow: &Workflow) -> Option<Diagnostic> {
    let mut bytes = model.types.max_json_bytes(&workflow.input).unwrap_or(0);
    for step in &workflow.body.steps {
        bytes = bytes.saturating_add(result(model, step).unwrap_or(0));
    }
    for variable in &workflow.body.variables {
        bytes = bytes.saturating_add(model.types.max_json_bytes(&variable.ty).unwrap_or(0).min(AT_ONCE));
    }
    (bytes > IN_ALL).then(|| {
        let message = format!(
            "the results and variables of workflow `{}` may have {bytes} bytes, and an execution of Step Functions has at most {IN_ALL}",
            workflow.head.name
        );
        Diagnostic::new(Code::EVC0706, workflow.head.name_span, message)
            .on(item(workflow))
            .note(WORST)
            .help("keep large values in a bucket, and pass on where they are; or let an event start a second workflow half-way")
    })
}

/// What the numbers of bytes are.
const WORST: &str = "this is the most that the bounds of the types allow, at four bytes a character";
