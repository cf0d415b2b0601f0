//! Moves one scope: enters states until it has to wait, and goes on where something happened.

use evc_interface::error::states;
use serde_json::Value;

use super::Planner;
use super::errors::Failure;
use super::scope::Frames;
use crate::Timestamp;
use crate::definition::{Machine, State, Work};
use crate::expression::Template;
use crate::protocol::{History, Status};
use crate::state::{Branch, Scope, Wait};
use crate::store::MAX_STATES;

/// What came of a state, or of a scope.
pub(super) enum Flow {
    /// This state is next.
    Next(usize),
    /// It waits.
    Blocked,
    /// The scope ended, with this output.
    Done(Value),
    /// The scope failed.
    Failed(Failure),
    /// The whole execution is ended from outside.
    Ended(Status, Failure),
}

impl Planner<'_> {
    /// Enters the state that the scope is at, and those that follow, until the scope waits or ends.
    pub(super) fn run(&mut self, machine: &Machine, scope: &mut Scope, outer: Option<&Frames<'_>>, path: &str) -> Flow {
        let flow = self.enter_checked(machine, scope, outer, path);
        self.go_on(machine, scope, outer, path, flow)
    }

    /// Follows a flow from state to state.
    pub(super) fn go_on(
        &mut self,
        machine: &Machine,
        scope: &mut Scope,
        outer: Option<&Frames<'_>>,
        path: &str,
        mut flow: Flow,
    ) -> Flow {
        while let Flow::Next(next) = flow {
            scope.state = next;
            scope.attempts.clear();
            scope.wait = Wait::Nothing;
            flow = self.enter_checked(machine, scope, outer, path);
        }
        flow
    }

    fn enter_checked(&mut self, machine: &Machine, scope: &mut Scope, outer: Option<&Frames<'_>>, path: &str) -> Flow {
        let Some(state) = machine.states.get(scope.state) else {
            return Flow::Failed(Failure::new(states::RUNTIME, Some("there is no such state".to_owned())));
        };
        self.entered.push(state.name.clone());
        if self.entered.len() > MAX_STATES {
            let cause = format!("`{}`: {MAX_STATES} states were entered without any work between them", state.name);
            return Flow::Failed(Failure::new(states::RUNTIME, Some(cause)));
        }
        self.state.entered_ms = self.now_ms.max(self.state.entered_ms + 1);
        scope.entered_ms = self.state.entered_ms;
        self.enter(machine, state, scope, outer, path)
    }

    pub(super) fn enter(
        &mut self,
        machine: &Machine,
        state: &State,
        scope: &mut Scope,
        outer: Option<&Frames<'_>>,
        path: &str,
    ) -> Flow {
        match &state.work {
            Work::Pass | Work::Succeed => self.complete(machine, state, scope, outer, None),
            Work::Fail { error, cause } => {
                let cause = match cause.as_ref().map(|cause| self.evaluate(state, scope, outer, cause)).transpose() {
                    Ok(cause) => cause.map(text),
                    Err(failure) => return Flow::Failed(failure),
                };
                Flow::Failed(Failure::new(error.clone(), cause))
            }
            Work::Choice { rules, default } => {
                for (condition, next) in rules {
                    match self.evaluate(state, scope, outer, condition) {
                        Ok(Value::Bool(true)) => return Flow::Next(*next),
                        Ok(Value::Bool(false)) => {}
                        Ok(_) => {
                            let cause = "a condition gives neither true nor false".to_owned();
                            return Flow::Failed(Failure::new(states::QUERY, Some(cause)));
                        }
                        Err(failure) => return Flow::Failed(failure),
                    }
                }
                default.map_or_else(|| Flow::Failed(Failure::new(states::NO_CHOICE, None)), Flow::Next)
            }
            Work::WaitSeconds(seconds) => {
                self.arm(state, scope, path, seconds.saturating_mul(1000), None);
                Flow::Blocked
            }
            Work::WaitUntil(until) => {
                let until = match self.evaluate(state, scope, outer, until) {
                    Ok(until) => until,
                    Err(failure) => return Flow::Failed(failure),
                };
                let at = until.as_str().and_then(|text| text.parse::<Timestamp>().ok());
                let Some(at) = at.and_then(|at| u64::try_from(at.millis()).ok()) else {
                    let cause = "the time to wait until is not a timestamp".to_owned();
                    return Flow::Failed(Failure::new(states::QUERY, Some(cause)));
                };
                self.arm(state, scope, path, at.saturating_sub(self.now_ms), Some(at));
                Flow::Blocked
            }
            Work::Task(task) => {
                let flow = self.dispatch(state, task, scope, outer, path, 0);
                self.caught(machine, state, scope, outer, path, flow)
            }
            Work::Parallel(branches) => {
                let input = scope.input.clone();
                scope.wait = Wait::Branches(
                    branches.iter().map(|branch| Branch::Running(Scope::new(branch.start, input.clone()))).collect(),
                );
                self.run_branches(machine, state, branches, scope, outer, path)
            }
            Work::Map { items, .. } => {
                let flow = match self.evaluate(state, scope, outer, items) {
                    Ok(Value::Array(items)) => {
                        let results = vec![None; items.len()];
                        scope.wait = Wait::Items { items, next: 0, running: Vec::new(), results };
                        return self.run_items(machine, state, scope, outer, path);
                    }
                    Ok(_) => Flow::Failed(Failure::new(states::QUERY, Some("the items are not a list".to_owned()))),
                    Err(failure) => Flow::Failed(failure),
                };
                self.caught(machine, state, scope, outer, path, flow)
            }
        }
    }

    /// A state is done: assigns its variables, and gives its output to what follows.
    pub(super) fn complete(
        &mut self,
        machine: &Machine,
        state: &State,
        scope: &mut Scope,
        outer: Option<&Frames<'_>>,
        result: Option<Value>,
    ) -> Flow {
        let has_result = result.is_some();
        let place = self.place_when_done(state, scope, outer, result.map(|result| ("result", result)));
        let evaluated = (|| {
            let output = state.output.as_ref().map(|output| output.evaluate(&place)).transpose()?;
            let assigned = state.assign.iter().map(|(name, value)| Ok((name.clone(), value.evaluate(&place)?)));
            Ok::<_, Failure>((output, assigned.collect::<Result<Vec<_>, Failure>>()?))
        })();
        let Value::Object(mut states) = place.states else { return Flow::Blocked };
        let input = states.remove("input").unwrap_or_default();
        let (output, assigned) = match evaluated {
            Ok(evaluated) => evaluated,
            Err(failure) => {
                scope.input = input;
                return Flow::Failed(failure);
            }
        };
        let output = match output {
            Some(output) => output,
            None if has_result => states.remove("result").unwrap_or_default(),
            None => input,
        };
        scope.variables.extend(assigned);
        match state.next {
            Some(next) => {
                let needed = machine.states.get(next).is_some_and(|next| next.needs_input);
                scope.input = if needed { output } else { Value::Null };
                Flow::Next(next)
            }
            None => Flow::Done(output),
        }
    }

    /// Looks after a state whose work failed: tries it again, goes where it is caught, or lets the scope fail.
    pub(super) fn caught(
        &mut self,
        machine: &Machine,
        state: &State,
        scope: &mut Scope,
        outer: Option<&Frames<'_>>,
        path: &str,
        flow: Flow,
    ) -> Flow {
        let Flow::Failed(mut failure) = flow else { return flow };
        scope.wait = Wait::Nothing;
        while let Some(delay_ms) = self.retry(state, scope, &failure) {
            let Work::Task(task) = &state.work else {
                self.arm(state, scope, path, delay_ms, None);
                return Flow::Blocked;
            };
            match self.dispatch(state, task, scope, outer, path, delay_ms) {
                // What it would be given cannot be evaluated: that is another failure of it.
                Flow::Failed(again) => failure = again,
                flow => return flow,
            }
        }
        let Some(catcher) = state.catch.iter().find(|catcher| failure.matches(&catcher.error_equals)) else {
            return Flow::Failed(failure);
        };
        let output = failure.output();
        let place = self.place(state, scope, outer, [("errorOutput", output.clone())], None);
        let evaluated = (|| {
            let output = catcher.output.as_ref().map(|output| output.evaluate(&place)).transpose()?;
            let assigned = catcher.assign.iter().map(|(name, value)| Ok((name.clone(), value.evaluate(&place)?)));
            Ok::<_, Failure>((output, assigned.collect::<Result<Vec<_>, Failure>>()?))
        })();
        scope.input = place.into_input();
        match evaluated {
            Ok((given, assigned)) => {
                scope.variables.extend(assigned);
                let needed = machine.states.get(catcher.next).is_some_and(|next| next.needs_input);
                scope.input = if needed { given.unwrap_or(output) } else { Value::Null };
                let next = machine.states.get(catcher.next).map(|next| next.name.clone()).unwrap_or_default();
                self.history.push(History::Caught { state: state.name.clone(), error: failure.error, next });
                Flow::Next(catcher.next)
            }
            Err(failure) => Flow::Failed(failure),
        }
    }

    /// One field of a state.
    pub(super) fn evaluate(
        &self,
        state: &State,
        scope: &mut Scope,
        outer: Option<&Frames<'_>>,
        template: &Template,
    ) -> Result<Value, Failure> {
        let place = self.place(state, scope, outer, None, None);
        let value = template.evaluate(&place);
        scope.input = place.into_input();
        Ok(value?)
    }
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
