//! Steps to states, one scope at a time.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::asl::{Done, End, Pass, State, StateType, States, Succeed, Then, expression};
use super::frame::Frame;
use super::steps;
use super::variables;
use crate::expr::{Expr, Template, variable_name};
use crate::model::{Body, Bus, Engine, Function, Loops, Model, Next, Step, StepId, Workflow};
use crate::plan::value::Value;
use crate::plan::{self, ids};
use crate::spec::scalar::Duration;

/// The longest name of a state. <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-general>
const MAX_STATE_NAME: usize = 80;

/// What all scopes of a machine share.
#[derive(Debug)]
pub(super) struct Builder<'m> {
    /// What is lowered.
    pub(super) model: &'m Model,
    /// What will run it.
    pub(super) engine: Engine,
    /// How long an execution may take.
    pub(super) timeout: Duration,
    /// Names in the definition that only the deployed stack knows, with their values.
    pub(super) substitutions: IndexMap<String, Value>,
    /// The variables of all steps, and those of the spec.
    pub(super) variables: BTreeSet<String>,
    /// The names of states that exist. Step Functions wants them to be unique in the whole machine.
    names: BTreeSet<String>,
}

/// One scope that is being built.
#[derive(Debug)]
pub(super) struct Scoped<'b, 'm> {
    /// What it shares with the others.
    pub(super) builder: &'b mut Builder<'m>,
    /// The steps.
    pub(super) body: &'m Body,
    /// Which of them are in loops.
    loops: Loops,
    /// Where it keeps what it knows.
    pub(super) frame: Frame,
    /// Its states so far.
    states: IndexMap<String, State>,
    /// The ends that the state at hand needs, to stand after it.
    ends: Vec<String>,
}

impl<'m> Builder<'m> {
    /// A builder for the machine of `workflow`.
    pub(super) fn new(model: &'m Model, workflow: &Workflow) -> Self {
        let mut names = BTreeSet::new();
        workflow.body.walk(&mut |step| {
            names.insert(step.name.clone());
        });
        let mut variables: BTreeSet<String> = names.iter().map(|name| variable_name(name)).collect();
        workflow.body.bodies(&mut |body| {
            variables.extend(body.variables.iter().map(|variable| variable_name(&variable.name)));
        });
        let (engine, timeout) = (workflow.engine, workflow.timeout);
        Self { model, engine, timeout, substitutions: IndexMap::new(), variables, names }
    }

    /// What a task calls a function: its ARN, or on Redis its name in the spec.
    pub(super) fn function(&mut self, function: &Function) -> Json {
        match self.engine {
            Engine::Redis(_) => Json::from(function.head.name.as_str()),
            Engine::StepFunctions => {
                let id = ids::function(function);
                self.substitute(&format!("{id}Arn"), Value::arn(&id))
            }
        }
    }

    /// What a task calls a bus: its name in the account, or on Redis that in the spec.
    pub(super) fn bus(&mut self, bus: &Bus) -> Json {
        match (self.engine, plan::bus::name(bus)) {
            (Engine::Redis(_), _) => Json::from(bus.head.name.as_str()),
            (Engine::StepFunctions, Value::String(name)) => Json::from(name),
            (Engine::StepFunctions, name) => self.substitute(&format!("{}Name", ids::bus(bus)), name),
        }
    }

    /// The JSON that stands for a value of the deployed stack.
    fn substitute(&mut self, name: &str, value: Value) -> Json {
        self.substitutions.entry(name.to_owned()).or_insert(value);
        Json::String(format!("${{{name}}}"))
    }

    /// A new name for a state that belongs to a step: `give-back: refund-payment`. Cut to the length that Step Functions takes.
    pub(super) fn name(&mut self, step: &str, does: &str) -> String {
        let full = format!("{step}: {does}");
        let mut name: String = full.chars().take(MAX_STATE_NAME).collect();
        let mut count = 2;
        while !self.names.insert(name.clone()) {
            let suffix = format!(" {count}");
            name = full.chars().take(MAX_STATE_NAME - suffix.len()).chain(suffix.chars()).collect();
            count += 1;
        }
        name
    }

    /// The states of a body. `first` names the state that assigns `known` and the first values of variables before the first step;
    /// without anything to assign there is none. `places` is where that state has what it binds as `known`.
    pub(super) fn states(
        &mut self,
        body: &'m Body,
        frame: Frame,
        first: impl FnOnce(&mut Self) -> String,
        mut known: IndexMap<String, Json>,
        places: &[(&str, &str)],
    ) -> States {
        if body.compensates() {
            known.insert(frame.undo.clone(), json!([]));
        }
        known.extend(variables::first_values(body, &frame, places, &self.model.types));
        let loops = body.loops();
        let mut scoped = Scoped { builder: self, body, loops, frame, states: IndexMap::new(), ends: Vec::new() };
        let start = body.steps.first().map(|step| step.name.clone());
        let begin = if known.is_empty() { None } else { Some(first(scoped.builder)) };
        if let Some(name) = &begin {
            let then = start.clone().map_or(Then::End(End), Then::Next);
            let done = Done { assign: known, output: None };
            scoped.states.insert(name.clone(), State::new(StateType::Pass(Pass { done, then })));
        }
        for (id, step) in body.iter() {
            // A check has refused steps that nothing leads to, and Step Functions refuses such states.
            if !step.unreachable {
                steps::lower(id, step, &mut scoped);
            }
        }
        States { start_at: begin.or(start).unwrap_or_default(), states: scoped.states }
    }
}

impl Scoped<'_, '_> {
    /// Adds a state.
    pub(super) fn add(&mut self, name: impl Into<String>, kind: StateType) {
        self.states.insert(name.into(), State::new(kind));
    }

    /// The name of the state that a transition leads to; the end gets a state of its own, for what can only name one.
    pub(super) fn target(&mut self, next: Next, from: &Step) -> String {
        match next {
            Next::Step(id) => self.body.step(id).name.clone(),
            Next::End => {
                let name = self.builder.name(&from.name, "end");
                self.ends.push(name.clone());
                name
            }
        }
    }

    /// Adds the state that carries the step's own name.
    pub(super) fn add_step(&mut self, step: &Step, kind: StateType) {
        self.states.insert(step.name.clone(), State { comment: step.description.clone(), kind });
        for end in std::mem::take(&mut self.ends) {
            self.add(end, StateType::Succeed(Succeed { output: json!({}) }));
        }
    }

    /// How a state says where it goes.
    pub(super) fn then(&self, next: Next) -> Then {
        match next {
            Next::Step(id) => Then::Next(self.body.step(id).name.clone()),
            Next::End => Then::End(End),
        }
    }

    /// Whether a step may run again in the same execution, in the same item of every list.
    pub(super) fn repeats(&self, id: StepId) -> bool {
        self.frame.repeats || self.loops.has(id)
    }

    /// An expression of a step, as a state has it.
    pub(super) fn expression(&self, step: &Step, expr: &Expr) -> Json {
        expression(&expr.to_asl(&self.frame.place(&step.scope)))
    }

    /// A value with expressions in it, as a state has it.
    pub(super) fn template(&self, step: &Step, template: &Template) -> Json {
        template.to_asl(&self.frame.place(&step.scope), &self.builder.model.types)
    }
}
