//! Variables of the spec as variables of the machine: first values where a scope starts, and what states assign.
//!
//! A variable that may have no value is kept as an object, `{ "value": .. }` or `{}`: Step Functions fails a state that assigns
//! nothing. Expressions read its field, which gives nothing where it is not there ([`crate::expr::BOXED`]).
//!
//! All values of a state are made of what the variables held before it:
//! <https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html#variable-assign-evaluation>

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::asl::expression;
use super::body::Scoped;
use super::frame::Frame;
use crate::expr::{BOXED, Scope, Template, variable_name};
use crate::model::{Body, Step};
use crate::types::Types;

/// The assignments of the first values of a body. `places` is where the state that makes them has what it binds itself.
pub(super) fn first_values(
    body: &Body,
    frame: &Frame,
    places: &[(&str, &str)],
    types: &Types,
) -> IndexMap<String, Json> {
    let mut assign = IndexMap::new();
    for variable in &body.variables {
        let mut scope = frame.place(&variable.scope);
        for (root, place) in places {
            scope.place(*root, *place);
        }
        let value = match &variable.value {
            Some(value) => held(value, variable.optional, &scope, types),
            None if variable.optional => json!({}),
            // It has no value until a step sets it.
            None => continue,
        };
        assign.insert(variable_name(&variable.name), value);
    }
    assign
}

/// What a variable is assigned.
fn held(value: &Template, optional: bool, scope: &Scope, types: &Types) -> Json {
    if optional {
        expression(&format!("{{'{BOXED}': {}}}", value.to_jsonata(scope, types)))
    } else {
        value.to_asl(scope, types)
    }
}

impl Scoped<'_, '_> {
    /// What the state of a step assigns to the variables of the spec. `result` is the JSONata that gives the step's own result there.
    pub(super) fn assigned(&self, step: &Step, result: Option<&str>) -> IndexMap<String, Json> {
        let mut scope = self.frame.place(&step.assign_scope);
        if let Some(result) = result {
            // Variables that a state assigns are there for the next one.
            scope.place(step.name.as_str(), result);
        }
        let values = step.assign.iter().filter_map(|assignment| Some((assignment, assignment.value.as_ref()?)));
        let types = &self.builder.model.types;
        values
            .map(|(assignment, value)| {
                let value = held(value, assignment.optional, &scope, types);
                (variable_name(&assignment.name.value), value)
            })
            .collect()
    }

    /// The same beside what the step's own name is bound to, which is `result`.
    pub(super) fn bound(&self, step: &Step, value: Json, result: &str) -> IndexMap<String, Json> {
        let mut assign = IndexMap::from([(variable_name(&step.name), value)]);
        assign.extend(self.assigned(step, Some(result)));
        assign
    }
}
