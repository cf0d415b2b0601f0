//! Where a scope of states keeps what it knows: the variables behind `error`, `item` and `index`, and those of compensation.
//!
//! Inside a `Parallel` or a `Map`, variables of the outer scope can be read, but not assigned, and no variable may have the name
//! of one there: so what an inner scope assigns is named after the step that the scope is in.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html#variable-scope>

use std::collections::BTreeSet;

use crate::expr::{Scope, variable_name};
use crate::model::{Body, Step};

/// The variables of one scope, without their dollars.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// Holds the caught error.
    pub(super) error: String,
    /// Holds the calls that `compensate` will make, the one of the latest step first.
    pub(super) undo: String,
    /// Holds the item of the innermost `for-each`.
    pub(super) item: String,
    /// Hold the indexes of the `for-each` steps around, innermost last.
    pub(super) indexes: Vec<String>,
    /// Whether a loop around the scope may run it again in the same execution.
    pub(super) repeats: bool,
}

impl Frame {
    /// The scope of a workflow's own steps.
    pub(super) fn outermost(taken: &BTreeSet<String>) -> Self {
        Self {
            error: "error".to_owned(),
            undo: free("undo".to_owned(), taken),
            item: "item".to_owned(),
            indexes: Vec::new(),
            repeats: false,
        }
    }

    /// The scope of a body inside of `step`. `taken` are the variables of all steps and of the spec.
    pub(super) fn inside(&self, step: &Step, body: &Body, repeats: bool, taken: &BTreeSet<String>) -> Self {
        let catches = body.steps.iter().any(|step| !step.catch.is_empty());
        Self {
            // A scope that catches nothing knows the error that was caught around it.
            error: if catches { named("error", step, taken) } else { self.error.clone() },
            undo: named("undo", step, taken),
            item: self.item.clone(),
            indexes: self.indexes.clone(),
            repeats: self.repeats || repeats,
        }
    }

    /// The same for each item of the `for-each` that `step` is.
    pub(super) fn with_item(mut self, step: &Step, taken: &BTreeSet<String>) -> Self {
        if self.indexes.is_empty() {
            self.indexes.push("index".to_owned());
        } else {
            self.item = named("item", step, taken);
            self.indexes.push(named("index", step, taken));
        }
        self
    }

    /// Tells the expressions of `scope` where this scope keeps things.
    pub(super) fn place(&self, scope: &Scope) -> Scope {
        let mut scope = scope.clone();
        let index = self.indexes.last().map_or("index", String::as_str);
        for (root, variable) in [("error", self.error.as_str()), ("item", self.item.as_str()), ("index", index)] {
            if root != variable {
                scope.place(root, format!("${variable}"));
            }
        }
        scope
    }
}

/// `error_in_ship`.
fn named(root: &str, step: &Step, taken: &BTreeSet<String>) -> String {
    free(format!("{root}_in_{}", variable_name(&step.name)), taken)
}

/// The name, with a `_` at its end if it is the variable of a step: none of those ends so after such a name.
fn free(mut name: String, taken: &BTreeSet<String>) -> String {
    if taken.contains(&name) {
        name.push('_');
    }
    name
}
