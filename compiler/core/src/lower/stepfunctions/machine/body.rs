//! Steps to states, one scope at a time.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::asl::{
    Choice, Done, End, Fail, ItemProcessor, Kind, Map, Parallel, Pass, ProcessorConfig, Rule, State, States, Succeed,
    Then, Until, Wait, expression, literal,
};
use super::frame::Frame;
use super::task::{self, Work};
use super::{errors, undo};
use crate::expr::{Expr, Template, variable_name};
use crate::model::{
    Body, Branch, Bus, Engine, Function, Model, Next, Step, StepId, StepKind, Wait as WaitStep, Workflow,
};
use crate::plan::ids;
use crate::plan::value::Value;
use crate::spec::bus::BusKind;
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
    /// The variables of all steps.
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
        let variables = names.iter().map(|name| variable_name(name)).collect();
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
        match (self.engine, bus.kind, &bus.imported_name) {
            (Engine::Redis(_), ..) => Json::from(bus.head.name.as_str()),
            (_, BusKind::Default, _) => Json::from("default"),
            (_, BusKind::Imported, Some(name)) => Json::from(name.as_str()),
            (_, BusKind::Custom | BusKind::Imported, _) => {
                let id = ids::bus(bus);
                self.substitute(&format!("{id}Name"), Value::Ref(id))
            }
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

    /// The states of a body. `first` names the state that assigns `known` before the first step; without anything to assign
    /// there is none.
    pub(super) fn states(
        &mut self,
        body: &'m Body,
        frame: Frame,
        first: impl FnOnce(&mut Self) -> String,
        mut known: IndexMap<String, Json>,
    ) -> States {
        if body.compensates() {
            known.insert(frame.undo.clone(), json!([]));
        }
        let mut scoped = Scoped { builder: self, body, frame, states: IndexMap::new(), ends: Vec::new() };
        let start = body.steps.first().map(|step| step.name.clone());
        let begin = if known.is_empty() { None } else { Some(first(scoped.builder)) };
        if let Some(name) = &begin {
            let then = start.clone().map_or(Then::End(End), Then::Next);
            let done = Done { assign: known, output: None };
            scoped.states.insert(name.clone(), State::new(Kind::Pass(Pass { done, then })));
        }
        for (id, step) in body.iter() {
            // A check has refused steps that nothing leads to, and Step Functions refuses such states.
            if !step.unreachable {
                scoped.step(id, step);
            }
        }
        States { start_at: begin.or(start).unwrap_or_default(), states: scoped.states }
    }
}

impl<'m> Scoped<'_, 'm> {
    /// Adds a state.
    pub(super) fn add(&mut self, name: impl Into<String>, kind: Kind) {
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
    pub(super) fn add_step(&mut self, step: &Step, kind: Kind) {
        self.states.insert(step.name.clone(), State { comment: step.description.clone(), kind });
        for end in std::mem::take(&mut self.ends) {
            self.add(end, Kind::Succeed(Succeed { output: json!({}) }));
        }
    }

    pub(super) fn then(&self, next: Next) -> Then {
        match next {
            Next::Step(id) => Then::Next(self.body.step(id).name.clone()),
            Next::End => Then::End(End),
        }
    }

    /// Whether a step may run again in the same execution, in the same item of every list.
    pub(super) fn repeats(&self, id: StepId) -> bool {
        self.frame.repeats || self.body.in_loop(id)
    }

    fn step(&mut self, id: StepId, step: &'m Step) {
        let kind = match &step.kind {
            StepKind::Call(call) => {
                let work = Work { name: &step.name, repeats: self.repeats(id), also: None };
                let scope = self.frame.place(&step.scope);
                let input = task::input(call.with.as_ref(), &scope, self);
                let arguments = task::call(call, input, work, self);
                let timeout = step.timeout.as_ref().map(|timeout| timeout.value);
                let seconds = task::call_seconds(call, timeout, self);
                let mut assign = IndexMap::from([(variable_name(&step.name), expression(RESULT))]);
                assign.extend(undo::remember(step, self));
                let done = Done { assign, output: Some(expression(RESULT)) };
                let errors = errors::of_step(step, self);
                let mut task = task::invoke(arguments, seconds, done, errors, self.then(step.next));
                task.heartbeat_seconds = step.heartbeat.as_ref().map(|heartbeat| heartbeat.value.seconds);
                Kind::Task(task)
            }
            StepKind::Publish { event: Some(event), detail, .. } => {
                let work = Work { name: &step.name, repeats: self.repeats(id), also: None };
                let then = self.then(step.next);
                Kind::Task(task::publish(step, *event, detail.as_ref(), work, then, self))
            }
            StepKind::Choose { choices, otherwise } => {
                let choices = choices.iter().filter_map(|choice| {
                    let condition = self.expression(step, choice.when.as_ref()?);
                    Some(Rule { condition, next: self.target(choice.then, step) })
                });
                let choices = choices.collect();
                Kind::Choice(Choice { choices, default: self.target(*otherwise, step) })
            }
            StepKind::Parallel(branches) => self.parallel(id, step, branches),
            StepKind::ForEach { items, concurrency, body } => {
                self.for_each(id, step, items.as_ref(), concurrency.as_ref().map(|most| most.value), body)
            }
            StepKind::Wait(WaitStep::Signal { call, .. }) => {
                let work = Work { name: &step.name, repeats: self.repeats(id), also: None };
                let errors = errors::of_step(step, self);
                Kind::Task(task::ask(step, call, work, errors, self.then(step.next), self))
            }
            StepKind::Wait(WaitStep::For(duration)) => self.wait(step, Until::Seconds(duration.seconds)),
            StepKind::Wait(WaitStep::Until(until)) => {
                let until = until.as_ref().map_or(Json::Null, |until| self.expression(step, until));
                self.wait(step, Until::Timestamp(until))
            }
            StepKind::Set(values) => {
                let value = values.as_ref().map_or(Json::Null, |values| self.template(step, values));
                // The value again, if it is what the scope gives.
                let output = (step.next == Next::End).then(|| value.clone());
                let done = Done { assign: IndexMap::from([(variable_name(&step.name), value)]), output };
                Kind::Pass(Pass { done, then: self.then(step.next) })
            }
            StepKind::Compensate => {
                undo::compensate(id, step, self);
                return;
            }
            StepKind::Succeed(output) => {
                let output = output.as_ref().map_or_else(|| json!({}), |output| self.template(step, output));
                Kind::Succeed(Succeed { output })
            }
            StepKind::Fail { error, cause } => {
                let cause = cause.as_ref().map(|cause| self.expression(step, cause));
                Kind::Fail(Fail { error: error.value.clone(), cause })
            }
            // Reported when the event's name was resolved.
            StepKind::Publish { event: None, .. } => return,
        };
        self.add_step(step, kind);
    }

    fn wait(&self, step: &Step, until: Until) -> Kind {
        Kind::Wait(Wait { until, done: without_result(step), then: self.then(step.next) })
    }

    fn parallel(&mut self, id: StepId, step: &'m Step, branches: &'m [Branch]) -> Kind {
        let repeats = self.repeats(id);
        let mut states = Vec::new();
        let mut results = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            let frame = self.frame.inside(step, &branch.body, repeats, &self.builder.variables);
            let first = |builder: &mut Builder<'_>| builder.name(&step.name, &branch.name.value);
            states.push(self.builder.states(&branch.body, frame, first, IndexMap::new()));
            results.push(format!("{}: $states.result[{index}]", literal(&branch.name.value)));
        }
        let result = expression(&format!("{{{}}}", results.join(", ")));
        let done = Done { assign: IndexMap::from([(variable_name(&step.name), result.clone())]), output: Some(result) };
        Kind::Parallel(Parallel {
            branches: states,
            done,
            errors: errors::of_step(step, self),
            then: self.then(step.next),
        })
    }

    fn for_each(
        &mut self,
        id: StepId,
        step: &'m Step,
        items: Option<&Expr>,
        max_concurrency: Option<u64>,
        body: &'m Body,
    ) -> Kind {
        let taken = &self.builder.variables;
        let frame = self.frame.inside(step, body, self.repeats(id), taken).with_item(step, taken);
        let index = frame.indexes.last().cloned().unwrap_or_default();
        let known = IndexMap::from([
            (frame.item.clone(), expression("$states.input.item")),
            (index, expression("$states.input.index")),
        ]);
        let first = |builder: &mut Builder<'_>| builder.name(&step.name, "item");
        let states = self.builder.states(body, frame, first, known);
        Kind::Map(Map {
            items: items.map_or_else(|| json!([]), |items| self.expression(step, items)),
            item_selector: json!({
                "item": expression("$states.context.Map.Item.Value"),
                "index": expression("$states.context.Map.Item.Index"),
            }),
            max_concurrency,
            item_processor: ItemProcessor { processor_config: ProcessorConfig { mode: "INLINE" }, states },
            done: Done {
                assign: IndexMap::from([(variable_name(&step.name), expression("$states.result"))]),
                output: Some(expression("$states.result")),
            },
            errors: errors::of_step(step, self),
            then: self.then(step.next),
        })
    }

    fn expression(&self, step: &Step, expr: &Expr) -> Json {
        expression(&expr.to_asl(&self.frame.place(&step.scope)))
    }

    fn template(&self, step: &Step, template: &Template) -> Json {
        template.to_asl(&self.frame.place(&step.scope), &self.builder.model.types)
    }
}

/// What a called function returned.
pub(super) const RESULT: &str = "$states.result.Payload";

/// What a state gives that has no result, if it is the last of its scope.
fn without_result(step: &Step) -> Done {
    Done { assign: IndexMap::new(), output: (step.next == Next::End).then(|| json!({})) }
}
