//! Scopes inside of a state: the branches of a Parallel, the iterations of a Map.

use evc_interface::error::states;
use serde_json::Value;

use super::Planner;
use super::errors::Failure;
use super::run::Flow;
use super::scope::Frames;
use crate::definition::{Machine, State, Work};
use crate::expression::Template;
use crate::state::{Branch, Scope, Wait};

impl Planner<'_> {
    /// Runs all branches of a Parallel from their starts.
    pub(super) fn run_branches(
        &mut self,
        machine: &Machine,
        state: &State,
        machines: &[Machine],
        scope: &mut Scope,
        outer: Option<&Frames<'_>>,
        path: &str,
    ) -> Flow {
        let Wait::Branches(branches) = &mut scope.wait else { return Flow::Blocked };
        let frames = Frames { variables: &scope.variables, outer };
        let mut failed = None;
        for (index, (branch, machine)) in branches.iter_mut().zip(machines).enumerate() {
            let Branch::Running(inner) = branch else { continue };
            match self.run(machine, inner, Some(&frames), &inside(path, state, index)) {
                Flow::Done(output) => *branch = Branch::Done(output),
                Flow::Failed(failure) => {
                    failed = Some(failure);
                    break;
                }
                _ => {}
            }
        }
        let flow = match failed {
            Some(failure) => {
                self.drop_all(scope);
                Flow::Failed(failure)
            }
            None => self.join_branches(machine, state, scope, outer),
        };
        self.caught(machine, state, scope, outer, path, flow)
    }

    /// Completes a Parallel once all of its branches are done.
    pub(super) fn join_branches(
        &mut self,
        machine: &Machine,
        state: &State,
        scope: &mut Scope,
        outer: Option<&Frames<'_>>,
    ) -> Flow {
        let Wait::Branches(branches) = &mut scope.wait else { return Flow::Blocked };
        if branches.iter().any(|branch| matches!(branch, Branch::Running(_))) {
            return Flow::Blocked;
        }
        let outputs = branches.iter_mut().map(|branch| match branch {
            Branch::Done(output) => output.take(),
            Branch::Running(_) => Value::Null,
        });
        match joined(outputs.collect()) {
            Ok(result) => self.complete(machine, state, scope, outer, Some(result)),
            Err(failure) => Flow::Failed(failure),
        }
    }

    /// Starts as many iterations of a Map as may run, and completes it once all are done.
    pub(super) fn run_items(
        &mut self,
        machine: &Machine,
        state: &State,
        scope: &mut Scope,
        outer: Option<&Frames<'_>>,
        path: &str,
    ) -> Flow {
        let flow = match self.start_items(state, scope, outer, path) {
            Ok(Some(results)) => self.complete(machine, state, scope, outer, Some(results)),
            Ok(None) => Flow::Blocked,
            Err(failure) => {
                self.drop_all(scope);
                Flow::Failed(failure)
            }
        };
        self.caught(machine, state, scope, outer, path, flow)
    }

    /// The results, once all are there.
    fn start_items(
        &mut self,
        state: &State,
        scope: &mut Scope,
        outer: Option<&Frames<'_>>,
        path: &str,
    ) -> Result<Option<Value>, Failure> {
        let Work::Map { selector, concurrency, processor, .. } = &state.work else { return Ok(None) };
        loop {
            let Wait::Items { items, next, running, results } = &mut scope.wait else { return Ok(None) };
            if running.is_empty() && *next == items.len() {
                let results = results.iter_mut().map(|result| result.take().unwrap_or_default());
                return joined(results.collect()).map(Some);
            }
            if running.len() >= *concurrency || *next == items.len() {
                return Ok(None);
            }
            let index = *next;
            *next += 1;
            let item = items[index].take();
            let input = self.item_input(state, selector.as_ref(), scope, outer, index, item)?;
            let mut inner = Scope::new(processor.start, input);
            let frames = Frames { variables: &scope.variables, outer };
            let flow = self.run(processor, &mut inner, Some(&frames), &inside(path, state, index));
            let Wait::Items { running, results, .. } = &mut scope.wait else { return Ok(None) };
            match flow {
                Flow::Done(output) => results[index] = Some(output),
                Flow::Failed(failure) => return Err(failure),
                _ => running.push((index, inner)),
            }
        }
    }

    /// What an iteration is given.
    fn item_input(
        &self,
        state: &State,
        selector: Option<&Template>,
        scope: &mut Scope,
        outer: Option<&Frames<'_>>,
        index: usize,
        item: Value,
    ) -> Result<Value, Failure> {
        let Some(selector) = selector else { return Ok(item) };
        let mut place = self.place(state, scope, outer, None, None);
        place.set_item(index, &item);
        let input = selector.evaluate(&place);
        scope.input = place.into_input();
        Ok(input?)
    }
}

/// How deep the results of branches and iterations may nest: twice what JSON and expressions may. Those are bounded where they are made,
/// JSON by its reader and expressions by [`crate::expression`]; only lists of results put one list around another unseen. A stored execution
/// is read to a depth of 1,024, of which the scopes around a value take far fewer than the rest: a machine is JSON of 128 levels.
/// <https://docs.rs/rmp-serde/latest/rmp_serde/decode/struct.Deserializer.html#method.set_max_depth>
const DEPTH: usize = 256;

/// The results of all branches or iterations as one value. [`states::DATA_LIMIT`] if it nests too deep to be stored and read.
fn joined(results: Vec<Value>) -> Result<Value, Failure> {
    if results.iter().all(|result| fits(result, DEPTH - 1)) {
        return Ok(Value::Array(results));
    }
    Err(Failure::new(states::DATA_LIMIT, Some(format!("the results nest more than {DEPTH} deep"))))
}

/// Whether a value nests no deeper than this.
fn fits(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(items) => depth > 0 && items.iter().all(|item| fits(item, depth - 1)),
        Value::Object(fields) => depth > 0 && fields.values().all(|field| fits(field, depth - 1)),
        _ => true,
    }
}

/// The path of a branch or an iteration.
pub(super) fn inside(path: &str, state: &State, index: usize) -> String {
    let dash = if path.is_empty() { "" } else { "/" };
    format!("{path}{dash}{}/{index}", state.name)
}
