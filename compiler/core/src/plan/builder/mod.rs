//! The plan while it is made: what each kind of thing adds to, with collisions reported instead of overwritten.

mod alarms;
mod caches;
mod events;
mod graphs;
mod invocations;
mod lambda;
mod log_group;
mod networks;
mod outboxes;
mod queues;
mod schedules;
mod work;

pub(crate) use events::EventRule;
pub(crate) use invocations::Messages;
pub(crate) use lambda::{Lambda, MAX_DESCRIPTION};
pub(crate) use log_group::{Group, INFREQUENT_ACCESS};
pub(crate) use queues::Queue;
pub(crate) use schedules::Scheduled;

use indexmap::IndexMap;
use indexmap::map::Entry;

use super::alarm::Alarm;
use super::dead_letters::DeadLetters;
use super::graph::{Graph, Line};
use super::names::{self, Names};
use super::value::Value;
use super::{Grant, LogicalId, Plan, Resource, ids, policy};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Model, Setting};
use crate::plan::value::Map;
use crate::source::Span;

/// A plan in the making.
pub(crate) struct Builder<'m> {
    /// What it is made of.
    pub(crate) model: &'m Model,
    /// What there is so far.
    pub(crate) plan: Plan<'m>,
    /// Physical names that are taken.
    pub(crate) names: Names,
    /// The dead-letter queues that were asked for, in the order of the template.
    pub(crate) dead_letters: Vec<DeadLetters>,
    /// The alarms that were asked for, in the order of the template.
    pub(crate) alarms: Vec<Alarm>,
    /// The graphs of the dashboard with the lines that were asked for, in its order.
    pub(crate) graphs: Vec<(Graph, Vec<Line>)>,
    /// Conditions that hold where the mapping has `set` for the environment, with the key there.
    pub(crate) switches: IndexMap<String, String>,
    /// What was found wrong.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// The role of something, to be given permissions.
#[derive(Debug, Clone)]
pub(crate) struct Role {
    /// The role's logical id.
    pub(crate) id: LogicalId,
    /// Whose it is: "function `create-order`".
    pub(crate) principal: String,
}

/// Why a role may do something: what the spec says, and where.
#[derive(Debug, Clone)]
pub(crate) struct Why {
    reason: String,
    span: Span,
    conditions: IndexMap<String, Map>,
}

impl Why {
    pub(crate) fn new(reason: impl Into<String>, span: Span) -> Self {
        Self { reason: reason.into(), span, conditions: IndexMap::new() }
    }

    /// Adds a condition: operator, key, value.
    pub(crate) fn only_if(mut self, operator: &str, key: &str, value: Value) -> Self {
        self.conditions.entry(operator.to_owned()).or_default().insert(key.to_owned(), value);
        self
    }
}

impl<'m> Builder<'m> {
    pub(crate) fn new(model: &'m Model) -> Self {
        let plan = Plan {
            model,
            parameters: IndexMap::new(),
            mappings: IndexMap::new(),
            conditions: IndexMap::new(),
            resources: IndexMap::new(),
            outputs: IndexMap::new(),
            machines: Vec::new(),
            definitions: Vec::new(),
            handlers: Vec::new(),
            grants: Vec::new(),
        };
        Self {
            model,
            plan,
            names: Names::default(),
            dead_letters: Vec::new(),
            alarms: Vec::new(),
            graphs: Vec::new(),
            switches: IndexMap::new(),
            diagnostics: Vec::new(),
        }
    }

    /// The name `PREFIX${ProjectName}-${Environment}SUFFIX`. The same name for two things of a kind is reported.
    pub(crate) fn name(&mut self, kind: names::Named, prefix: &str, suffix: &str, span: Span) -> Value {
        self.names.take(kind, prefix, suffix, span, &mut self.diagnostics)
    }

    /// Adds a resource. Two things of the spec whose names give one logical id are reported; the first is kept.
    pub(crate) fn add(&mut self, id: &LogicalId, resource: Resource) {
        match self.plan.resources.entry(id.clone()) {
            Entry::Vacant(place) => {
                place.insert(resource);
            }
            Entry::Occupied(first) => {
                let first = first.get();
                // Two functions collide, and so do their roles and log groups: that is one mistake.
                let is_told = self.diagnostics.iter().any(|told| {
                    told.code == Code::EVC0702
                        && told.primary.span == resource.span
                        && told.secondary.iter().any(|label| label.span == first.span)
                });
                if is_told {
                    return;
                }
                let message = format!("{} and {} would both be the resource `{id}`", first.origin, resource.origin);
                self.diagnostics.push(
                    Diagnostic::new(Code::EVC0702, resource.span, message)
                        .secondary(first.span, "the first is here")
                        .note("a logical id is made of the words of a name and of what the thing is")
                        .help("rename one of them"),
                );
            }
        }
    }

    /// Adds a role that `service` may assume, without any permission so far.
    pub(crate) fn role(
        &mut self,
        of: &LogicalId,
        principal: &str,
        span: Span,
        service: &str,
        conditions: Option<Value>,
    ) -> Role {
        let id = ids::of(of, "role");
        let trust = policy::document([policy::assume(service, conditions)]);
        let resource = Resource::new(
            "AWS::IAM::Role",
            format!("role of {principal}"),
            span,
            [("AssumeRolePolicyDocument", trust)],
        );
        self.add(&id, resource);
        Role { id, principal: principal.to_owned() }
    }

    /// Gives a role permissions.
    pub(crate) fn grant(
        &mut self,
        role: &Role,
        actions: &[&str],
        resources: impl IntoIterator<Item = Value>,
        why: Why,
    ) {
        self.plan.grants.push(Grant {
            principal: role.principal.clone(),
            role: role.id.clone(),
            actions: actions.iter().map(|action| (*action).to_owned()).collect(),
            resources: resources.into_iter().collect(),
            conditions: why.conditions,
            reason: why.reason,
            span: why.span,
        });
    }

    /// A setting of one thing as a value: a literal where it is the same everywhere, else what the mapping has for the
    /// environment. `what` names it there: `Memory` of `NotifyFunction` is `NotifyFunctionMemory`.
    pub(crate) fn setting<T: PartialEq>(
        &mut self,
        of: &LogicalId,
        what: &str,
        setting: &Setting<T>,
        value: impl Fn(&T) -> Value,
    ) -> Value {
        self.by_environment(&format!("{of}{what}"), setting, value)
    }

    /// A setting that many things have in common: those that agree share an entry of the mapping, which has at most 200.
    /// `LogRetention` is the first one's, and `LogRetention2` that of the first thing with another.
    pub(crate) fn shared_setting<T: PartialEq>(
        &mut self,
        what: &str,
        setting: &Setting<T>,
        value: impl Fn(&T) -> Value,
    ) -> Value {
        self.by_environment(what, setting, value)
    }

    /// A setting that some environments have and others have not. `None`: none has it.
    pub(crate) fn optional<T: PartialEq + Clone>(
        &mut self,
        of: &LogicalId,
        what: &str,
        setting: &Setting<Option<T>>,
        value: impl Fn(&T) -> Value,
    ) -> Option<Value> {
        if let Some(same) = setting.same() {
            return same.as_ref().map(value);
        }
        // An entry of the mapping has a value for each environment; where there is none, nobody looks.
        let first = setting.values().iter().flatten().next()?.clone();
        let filled = setting.map(|own| own.clone().unwrap_or_else(|| first.clone()));
        let value = self.setting(of, what, &filled, value);
        if setting.values().iter().all(Option::is_some) {
            return Some(value);
        }
        let (condition, key) = (format!("{of}Has{what}"), format!("{of}{what}Is"));
        let has = setting.map(Option::is_some);
        if let Value::ByEnvironment(key) =
            self.by_environment(&key, &has, |has| Value::from(if *has { "set" } else { "none" }))
        {
            self.switches.insert(condition.clone(), key);
        }
        Some(Value::If(condition, Box::new(value), None))
    }

    fn by_environment<T: PartialEq>(&mut self, key: &str, setting: &Setting<T>, value: impl Fn(&T) -> Value) -> Value {
        if let Some(same) = setting.same() {
            return value(same);
        }
        let values: Vec<Value> = setting.values().iter().map(value).collect();
        let mut candidate = key.to_owned();
        let mut number = 2;
        while !self.claim_mapping(&candidate, &values) {
            candidate = format!("{key}{number}");
            number += 1;
        }
        Value::ByEnvironment(candidate)
    }

    /// Whether the mapping has these values under `key`, or had none and now has them.
    fn claim_mapping(&mut self, key: &str, values: &[Value]) -> bool {
        let environments = &self.model.environments;
        let known: Vec<Option<&Value>> = environments
            .iter()
            .map(|environment| self.plan.mappings.get(&environment.name).and_then(|entries| entries.get(key)))
            .collect();
        if known.iter().all(Option::is_some) {
            return known.into_iter().flatten().eq(values);
        }
        for (environment, value) in environments.iter().zip(values) {
            self.plan.mappings.entry(environment.name.clone()).or_default().insert(key.to_owned(), value.clone());
        }
        true
    }
}
