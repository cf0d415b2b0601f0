//! Scenarios against the model: names, values, references, and what mocks may do.

mod actions;
mod expectations;
mod fit;
mod mocks;
mod route;

use std::collections::BTreeSet;

use indexmap::IndexSet;

use self::fit::Extent;
use super::payload::{Payload, Reference};
use super::{Action, File, Scenario};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Arena, Head, Id, Model};
use crate::source::Spanned;
use crate::spec::scalar::Name;
use crate::types::Type;

pub use route::find as find_route;

/// Everything that is wrong with scenarios of a system.
pub fn check(file: &File, model: &Model) -> Vec<Diagnostic> {
    let mut checker = Checker { model, known: BTreeSet::new(), diagnostics: Vec::new() };
    if let Some(environment) = &file.environment {
        let names: Vec<&str> = model.environments.iter().map(|environment| environment.name.as_str()).collect();
        checker.named("environment", environment, &names);
    }
    mocks::check(&file.mocks, &BTreeSet::new(), &mut checker);
    for scenario in file.scenarios.values() {
        checker.scenario(scenario);
    }
    checker.diagnostics
}

/// What is checked against what.
struct Checker<'m> {
    model: &'m Model,
    /// The names that references may have by now.
    known: BTreeSet<String>,
    diagnostics: Vec<Diagnostic>,
}

impl<'m> Checker<'m> {
    fn scenario(&mut self, scenario: &Scenario) {
        self.known.clear();
        for action in &scenario.send.value {
            actions::check(action, self);
            self.known.extend(captures(action));
        }
        for expectation in &scenario.expect {
            expectations::check(expectation, self);
        }
        let captured = std::mem::take(&mut self.known);
        mocks::check(&scenario.mocks, &captured, self);
    }

    /// Whether there is a thing of this name among the known ones. One that is not is reported.
    fn named(&mut self, what: &str, name: &Name, known: &[&str]) -> bool {
        if known.contains(&name.as_str()) {
            return true;
        }
        let message = format!("there is no {what} `{}`", name.value);
        self.diagnostics.push(Diagnostic::new(Code::EVC0101, name.span, message).suggest(name, known.iter().copied()));
        false
    }

    /// The thing of this name. One that is not there is reported.
    fn find<T>(&mut self, what: &str, name: &Name, arena: &'m Arena<T>, head: fn(&T) -> &Head) -> Option<Id<T>> {
        let known: Vec<&str> = arena.values().map(|thing| head(thing).name.as_str()).collect();
        self.named(what, name, &known).then(|| find(arena, name, head))?
    }

    /// A value of this type.
    fn fits(&mut self, payload: &Payload, ty: &Type, extent: Extent) {
        let found = fit::fit(&payload.0, ty, &self.model.types, extent);
        self.diagnostics.extend(found);
        self.refers(payload);
    }

    /// References name what is known by now.
    fn refers(&mut self, payload: &Payload) {
        for reference in payload.references() {
            self.refers_to(&reference);
        }
    }

    fn refers_to(&mut self, reference: &Spanned<Reference>) {
        if !self.known.contains(&reference.name) {
            let message = format!("`${}` is not known here", reference.name);
            let known = self.known.iter().map(String::as_str);
            let diagnostic = Diagnostic::new(Code::EVC1303, reference.span, message);
            self.diagnostics.push(if self.known.is_empty() {
                diagnostic.help("name a part of an answer under `capture` of what is sent before; a text that begins with `$` is written `$$`")
            } else {
                let known: Vec<String> = known.map(|name| format!("${name}")).collect();
                let whole = format!("${}", reference.name);
                diagnostic.suggest(&whole, known.iter().map(String::as_str))
            });
        }
    }
}

/// The thing of this name.
pub(super) fn find<T>(arena: &Arena<T>, name: &str, head: fn(&T) -> &Head) -> Option<Id<T>> {
    arena.iter().find(|(_, thing)| head(thing).name == name).map(|(id, _)| id)
}

/// The names that an action gives to parts of its answer.
fn captures(action: &Action) -> IndexSet<String> {
    let captured = match action {
        Action::Request(request) => &request.capture,
        Action::Call(call) => &call.capture,
        Action::Event(_)
        | Action::Start(_)
        | Action::Signal(_)
        | Action::Message(_)
        | Action::Put(_)
        | Action::Wait(_) => return IndexSet::new(),
    };
    captured.keys().map(|name| name.value.clone()).collect()
}
