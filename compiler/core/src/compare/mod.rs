//! Two specs of one service: what a deploy of the new one does to executions that the old one started.
//!
//! A running execution goes on with the definition that it was started with, on Step Functions as on Redis. What breaks it is
//! therefore never a change of its steps, but of what these refer to outside of the definition: functions and what they take and
//! give ([`calls`], [`contracts`]), events and their buses ([`publishes`]), the workflow itself. Changes of the steps are told as
//! notes ([`steps`]). What carries the workflow matters too: where its state is ([`engine`]), who answers its waits ([`signals`]).
//!
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_UpdateStateMachine.html>: "Running executions will continue to
//! use the previous definition and roleArn". The role is the same one with new permissions, so what the new definition does not do, the
//! old one may no longer do either.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of anything that is forgotten here must not compile")]

mod calls;
mod contracts;
mod engine;
mod publishes;
mod removed;
mod signals;
mod steps;

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Body, Call, Function, Id, Model, Step, Workflow};
use crate::source::Span;
use crate::spec::File;

/// What is deployed: the spec as it was read and what it resolved to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Before<'a> {
    /// The sections, from which the old workflows can be resolved again among new contracts.
    pub file: &'a File,
    /// The system.
    pub model: &'a Model,
}

/// A workflow that is in both specs.
#[derive(Debug, Clone, Copy)]
struct Pair<'a> {
    before: &'a Model,
    now: &'a Model,
    old: &'a Workflow,
    new: &'a Workflow,
}

/// Compares the workflows of two specs by name. Those in `drained` have no execution in flight, and are not looked at.
pub(crate) fn compare(before: Before<'_>, now: &Model, drained: &[String]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if before.model.service.value != now.service.value {
        found.push(another_service(before.model, now));
        return found;
    }
    let in_flight = |workflow: &&Workflow| !drained.contains(&workflow.head.name);
    let mut pairs = Vec::new();
    for old in before.model.workflows.values().filter(in_flight) {
        match now.workflows.values().find(|new| new.head.name == old.head.name) {
            Some(new) => pairs.push(Pair { before: before.model, now, old, new }),
            None => removed::report(before.model, old, now, &mut found),
        }
    }
    // Those that another engine would carry, or that would start without their state, do not get as far as a step.
    pairs.retain(|pair| engine::carries_on(pair, &mut found));
    let (old_definitions, new_definitions) = (steps::of_all(before.model), steps::of_all(now));
    for pair in &pairs {
        calls::check(pair, &mut found);
        publishes::check(pair, &mut found);
        signals::check(pair, &mut found);
        steps::note(pair, &old_definitions, &new_definitions, &mut found);
    }
    contracts::check(before, now, &pairs, &mut found);
    found
}

/// Names in `drained` that are no workflow of the old spec, for the caller to refuse.
pub(crate) fn unknown<'d>(before: &Model, drained: &'d [String]) -> Vec<&'d str> {
    let known = |name: &str| before.workflows.values().any(|workflow| workflow.head.name == name);
    drained.iter().map(String::as_str).filter(|name| !known(name)).collect()
}

fn another_service(before: &Model, now: &Model) -> Diagnostic {
    let message =
        format!("this is the service `{}`, and the old spec is of `{}`", now.service.value, before.service.value);
    Diagnostic::new(Code::EVC1004, now.service.span, message)
        .secondary(before.service.span, "the old spec is of this service")
        .note("another service is another stack: nothing of the old one is replaced, and its executions go on")
}

/// How to change a thing that executions in flight need.
fn ways_out(workflow: &str) -> String {
    format!(
        "leave it as it was until no execution of `{workflow}` is in flight that started before; or put the change into a \
         workflow of another name, and remove this one later"
    )
}

impl Pair<'_> {
    /// Whether executions are carried by the functions themselves, with their state in a cache.
    fn on_redis(&self) -> bool {
        self.old.redis().is_some()
    }
}

/// A call that executions in flight may make.
#[derive(Debug, Clone)]
struct OldCall<'a> {
    step: &'a Step,
    /// The steps that the step is inside of, which catch what it does not.
    around: Vec<&'a Step>,
    call: &'a Call,
    function: Id<Function>,
    /// Whether it is the step's `undo`.
    undo: bool,
}

/// The calls of a workflow, undoing ones included.
fn calls_of(workflow: &Workflow) -> Vec<OldCall<'_>> {
    let mut calls = Vec::new();
    calls_in(&workflow.body, &[], &mut calls);
    calls
}

fn calls_in<'a>(body: &'a Body, around: &[&'a Step], calls: &mut Vec<OldCall<'a>>) {
    for step in &body.steps {
        let all = step.call().into_iter().map(|call| (call, false)).chain(step.undo.iter().map(|undo| (undo, true)));
        for (call, undo) in all {
            if let Some(function) = call.function {
                calls.push(OldCall { step, around: around.to_vec(), call, function, undo });
            }
        }
        let around: Vec<&Step> = around.iter().copied().chain([step]).collect();
        for body in step.bodies() {
            calls_in(body, &around, calls);
        }
    }
}

/// The function of this name.
fn function_named<'m>(model: &'m Model, name: &str) -> Option<&'m Function> {
    id_of(model, name).map(|id| &model.functions[id])
}

/// The id of the function of this name.
fn id_of(model: &Model, name: &str) -> Option<Id<Function>> {
    model.functions.iter().find(|(_, function)| function.head.name == name).map(|(id, _)| id)
}

/// Where a function says what it takes or gives: that place, or its name.
fn place_of(function: &Function, ty: Option<Span>) -> Span {
    ty.unwrap_or(function.head.name_span)
}
