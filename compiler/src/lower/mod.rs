//! Model to plan: which AWS resources there are, who may do what, which handlers and state machines are made.
//!
//! One file a kind of thing. Each adds resources, grants and handlers to the plan; none reads what another added.

pub mod ids;
pub mod machine;
pub mod plan;
pub mod value;

use crate::diagnostics::Diagnostic;
use crate::model::Model;

/// Plans a system.
pub fn lower(model: &Model) -> (plan::Plan<'_>, Vec<Diagnostic>) {
    let plan = plan::Plan {
        model,
        parameters: indexmap::IndexMap::new(),
        mappings: indexmap::IndexMap::new(),
        resources: indexmap::IndexMap::new(),
        outputs: indexmap::IndexMap::new(),
        machines: machine::machines(model),
        handlers: Vec::new(),
        grants: Vec::new(),
    };
    (plan, Vec::new())
}
