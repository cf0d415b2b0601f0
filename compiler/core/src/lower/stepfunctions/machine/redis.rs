//! The definition of a workflow on Redis, as `evc_workflow::Definition` reads it.

use std::collections::BTreeMap;

use evc_interface::workflow::{DEFINITION, DEFINITION_VERSION};
use serde_json::json;

use super::{as_json, task};
use crate::model::{Model, Workflow};
use crate::plan::Definition;

/// The definition of `workflow`: its machine, and for each function that it calls how long that may have a piece of work, in seconds.
pub(super) fn definition(model: &Model, workflow: &Workflow) -> Definition {
    let mut leases = BTreeMap::new();
    workflow.body.walk(&mut |step| {
        let called = step.call().into_iter().chain(&step.undo).filter_map(|call| call.function);
        leases.extend(called.map(|function| {
            let function = &model.functions[function];
            (function.head.name.as_str(), task::lease_seconds(function))
        }));
    });
    let (machine, _) = super::definition(model, workflow);
    let name = &workflow.head.name;
    let mut json =
        json!({ DEFINITION: DEFINITION_VERSION, "workflow": name, "leases": leases, "machine": as_json(&machine) });
    if !workflow.outcomes.is_empty() {
        let outcomes: Vec<&str> = workflow.outcomes.iter().map(|error| error.as_str()).collect();
        json["outcomes"] = outcomes.into();
    }
    Definition { file: name.clone(), json }
}
