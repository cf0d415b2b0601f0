//! How much the steps of a workflow gather: the results of branches and rounds, which are passed on together.

use super::workflow::items;
use crate::model::{Body, Model, Next, Onward, Rounds, Step};
use crate::types::{Kind, json_bytes};

/// The most bytes that the result of a step may have, if the types bound it.
pub(super) fn result(model: &Model, step: &Step) -> Option<u64> {
    if !gathers(step) {
        return if let Some(Onward::Ends(Some(output))) = Some(step.onward()) {
            output.max_json_bytes(&step.scope, &model.types)
        } else {
            model.types.max_json_bytes(step.result.as_ref()?)
        };
    }
    let names = match step.result.as_ref().map(|result| &result.kind) {
        Some(Kind::Record(record)) => record.fields.keys().map(|name| json_bytes(name) + 1).sum(),
        Some(_) | None => 0,
    };
    let mut total: u64 = 2 + names;
    for nested in step.nested() {
        let rounds = match nested.rounds {
            Rounds::One => 1,
            Rounds::EachItem { .. } => items(model, step).most?,
        };
        // A comma after each.
        let each = if rounds == 0 { 0 } else { of_body(model, nested.body)?.checked_add(1)? };
        total = total.checked_add(each.checked_mul(rounds)?)?;
    }
    Some(total)
}

/// Whether its result is made of those of bodies inside.
pub(super) fn gathers(step: &Step) -> bool {
    !step.nested().is_empty()
}

/// What a body gives: the most of what its ends give.
fn of_body(model: &Model, body: &Body) -> Option<u64> {
    if body.partial {
        return None;
    }
    let ends = body.steps.iter().filter(|step| !step.unreachable).filter(|step| match step.onward() {
        Onward::Ends(_) => true,
        Onward::Fails(_) => false,
        Onward::Next | Onward::Ways(_) => step.successors().contains(&Next::End),
    });
    ends.map(|step| result(model, step)).try_fold(0, |most: u64, bytes| Some(most.max(bytes?)))
}
