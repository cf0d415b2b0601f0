//! What expressions see at one place of an execution.

use std::rc::Rc;

use serde_json::{Map, Value, json};
use std::cell::Cell;

use super::{Chance, Planner};
use crate::definition::State;
use crate::expression::{Names, Spent, timestamp};
use crate::state::Scope;

/// The variables of a scope and of those around it.
pub(super) struct Frames<'a> {
    pub(super) variables: &'a Map<String, Value>,
    pub(super) outer: Option<&'a Frames<'a>>,
}

impl Frames<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.variables.get(name).or_else(|| self.outer.and_then(|outer| outer.get(name)))
    }
}

/// The names at one place.
pub(super) struct Place<'a> {
    pub(super) frames: Frames<'a>,
    pub(super) states: Value,
    chance: Chance,
    /// Two states of one transition, and two attempts of one state, are at other places.
    at: [u64; 2],
    /// How many of its expressions have asked for a seed.
    seeds: Cell<u64>,
    pub(super) now_ms: u64,
    pub(super) spent: Rc<Spent>,
}

impl Names for Place<'_> {
    fn variable(&self, name: &str) -> Option<&Value> {
        self.frames.get(name)
    }

    fn states(&self) -> &Value {
        &self.states
    }

    fn seed(&self) -> u64 {
        let nth = self.seeds.get();
        self.seeds.set(nth + 1);
        self.chance.secret_number(&[self.at[0], self.at[1], nth])
    }

    fn now_ms(&self) -> u64 {
        self.now_ms
    }

    fn spent(&self) -> &Spent {
        &self.spent
    }
}

impl Planner<'_> {
    /// The place of a state whose `$states` has these fields besides the input and, where it is looked at, the context. The input
    /// is moved out of the scope; [`Place::into_input`] gives it back.
    pub(super) fn place<'a>(
        &self,
        state: &State,
        scope: &'a mut Scope,
        outer: Option<&'a Frames<'a>>,
        more: impl IntoIterator<Item = (&'static str, Value)>,
        token: Option<&str>,
    ) -> Place<'a> {
        let context = state.needs_context.then(|| self.context(state, scope, token));
        self.place_with(context, scope, outer, more)
    }

    /// The same for what is evaluated when the state is done.
    pub(super) fn place_when_done<'a>(
        &self,
        state: &State,
        scope: &'a mut Scope,
        outer: Option<&'a Frames<'a>>,
        more: impl IntoIterator<Item = (&'static str, Value)>,
    ) -> Place<'a> {
        let context = state.needs_context_when_done.then(|| self.context(state, scope, None));
        self.place_with(context, scope, outer, more)
    }

    fn place_with<'a>(
        &self,
        context: Option<Value>,
        scope: &'a mut Scope,
        outer: Option<&'a Frames<'a>>,
        more: impl IntoIterator<Item = (&'static str, Value)>,
    ) -> Place<'a> {
        let mut states = Map::new();
        states.insert("input".to_owned(), scope.input.take());
        states.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
        states.extend(context.map(|context| ("context".to_owned(), context)));
        let (chance, at) = (self.chance, [self.state.seq, scope.entered_ms]);
        let frames = Frames { variables: &scope.variables, outer };
        let (states, seeds) = (Value::Object(states), Cell::new(0));
        Place { frames, states, chance, at, seeds, now_ms: self.now_ms, spent: self.spent.clone() }
    }

    /// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html>
    fn context(&self, state: &State, scope: &Scope, token: Option<&str>) -> Value {
        let retries: u32 = scope.attempts.iter().sum();
        let (workflow, workflow_name) = self.execution.seen_workflow();
        let mut context = json!({
            "Execution": {
                "Id": self.execution.seen(),
                "Name": self.execution.name(),
                "StartTime": timestamp(self.state.started_ms),
            },
            "State": { "Name": state.name, "EnteredTime": timestamp(scope.entered_ms), "RetryCount": retries },
            "StateMachine": { "Id": workflow, "Name": workflow_name },
        });
        if let Some(token) = token {
            context["Task"] = json!({ "Token": token });
        }
        context
    }
}

impl Place<'_> {
    /// Adds the item of an iteration to the context.
    pub(super) fn set_item(&mut self, index: usize, item: &Value) {
        if let Some(context) = self.states.get_mut("context") {
            context["Map"] = json!({ "Item": { "Index": index, "Value": item } });
        }
    }

    /// What the state was given.
    pub(super) fn into_input(self) -> Value {
        let Value::Object(mut states) = self.states else { return Value::Null };
        states.remove("input").unwrap_or_default()
    }
}
