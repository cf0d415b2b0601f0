//! `for-each`: a `Map` in inline mode.

use indexmap::IndexMap;
use serde_json::json;

use crate::lower::stepfunctions::machine::asl::{Done, ItemProcessor, Map, ProcessorConfig, StateType, expression};
use crate::lower::stepfunctions::machine::body::{Builder, Scoped};
use crate::lower::stepfunctions::machine::errors;
use crate::model::workflow::steps::ForEach;
use crate::model::{Step, StepId};

/// What all rounds gave.
const RESULT: &str = "$states.result";

pub(super) fn lower<'m>(each: &'m ForEach, id: StepId, step: &Step, scoped: &mut Scoped<'_, 'm>) {
    let taken = &scoped.builder.variables;
    let frame = scoped.frame.inside(step, &each.body, scoped.repeats(id), taken).with_item(step, taken);
    let index = frame.indexes.last().cloned().unwrap_or_default();
    let known = IndexMap::from([
        (frame.item.clone(), expression("$states.input.item")),
        (index, expression("$states.input.index")),
    ]);
    let places = [("item", "$states.input.item"), ("index", "$states.input.index")];
    let first = |builder: &mut Builder<'_>| builder.name(&step.name, "item");
    let states = scoped.builder.states(&each.body, frame, first, known, &places);
    let map = Map {
        items: each.items.as_ref().map_or_else(|| json!([]), |items| scoped.expression(step, items)),
        item_selector: json!({
            "item": expression("$states.context.Map.Item.Value"),
            "index": expression("$states.context.Map.Item.Index"),
        }),
        max_concurrency: each.concurrency.as_ref().map(|most| most.value),
        item_processor: ItemProcessor { processor_config: ProcessorConfig { mode: "INLINE" }, states },
        done: Done { assign: scoped.bound(step, expression(RESULT), RESULT), output: Some(expression(RESULT)) },
        errors: errors::of_step(step, scoped),
        then: scoped.then(step.next),
    };
    scoped.add_step(step, StateType::Map(map));
}
