//! What scenarios came by: rules, steps, catches, errors and routes of the spec.

use evc_compiler::model::{Model, RetryError};
use evc_compiler::source::Span;

use super::play::Play;
use crate::trace::Kind;

/// Something of the spec that a scenario can come by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    /// What it is one of: `rules`, `steps`, `catches`, `errors`, `routes`.
    pub kind: &'static str,
    /// What it is called: `fulfil-order.payment`.
    pub name: String,
    /// Where the spec has it.
    pub span: Span,
    /// How often scenarios came by.
    pub hits: u64,
}

/// Everything of a spec that scenarios can come by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage(
    /// In the order of the kinds, and of the spec.
    pub Vec<Covered>,
);

impl Coverage {
    /// What there is, with no hits.
    pub fn of_model(model: &Model) -> Self {
        let mut all = Vec::new();
        let mut add = |kind, name, span| all.push(Covered { kind, name, span, hits: 0 });
        for route in model.apis.values().flat_map(|api| &api.routes) {
            add("routes", route.key(), route.span);
        }
        for rule in model.rules.values() {
            add("rules", rule.head.name.clone(), rule.head.name_span);
        }
        for workflow in model.workflows.values() {
            let name = &workflow.head.name;
            workflow.body.walk(&mut |step| add("steps", format!("{name}.{}", step.name), step.name_span));
        }
        for workflow in model.workflows.values() {
            let name = &workflow.head.name;
            workflow.body.walk(&mut |step| {
                for catch in &step.catch {
                    add("catches", format!("{name}.{} {}", step.name, named(&catch.error.value)), catch.error.span);
                }
            });
        }
        for function in model.functions.values() {
            for error in &function.errors {
                let name = format!("{}.{}", function.head.name, error.name.value);
                add("errors", name, error.name.span);
            }
        }
        Self(all)
    }

    pub(super) fn of(play: &Play<'_>) -> Self {
        let model = play.suite.model;
        let mut coverage = Self::of_model(model);
        for route in &play.routes {
            coverage.hit("routes", route);
        }
        for hop in play.system.trace.all().filter(|hop| hop.kind == Kind::Rule) {
            coverage.hit("rules", hop.thing.trim_start_matches("rules."));
        }
        for workflow in model.workflows.values() {
            let name = &workflow.head.name;
            for seen in play.system.executions(&format!("workflows.{name}")) {
                for state in &seen.entered {
                    coverage.hit("steps", &format!("{name}.{state}"));
                }
                for (state, error) in &seen.caught {
                    let mut catches = Vec::new();
                    workflow.body.walk(&mut |step| {
                        if step.name == *state {
                            catches.extend(step.catch.iter().map(|catch| catch.error.value.clone()));
                        }
                    });
                    // The first that fits took it.
                    if let Some(catch) = catches.iter().find(|catch| takes(catch, error)) {
                        coverage.hit("catches", &format!("{name}.{state} {}", named(catch)));
                    }
                }
            }
        }
        for called in &play.calls {
            if let Some(error) = &called.error {
                coverage.hit("errors", &format!("{}.{error}", called.function));
            }
        }
        coverage
    }

    fn hit(&mut self, kind: &str, name: &str) {
        if let Some(covered) = self.0.iter_mut().find(|it| it.kind == kind && it.name == name) {
            covered.hits += 1;
        }
    }

    /// Adds the hits of another scenario of the same spec.
    pub fn add(&mut self, other: &Self) {
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            own.hits += other.hits;
        }
    }
}

/// How the spec writes an error that is caught.
fn named(error: &RetryError) -> &str {
    match error {
        RetryError::Transient => "Transient",
        RetryError::Timeout => "Timeout",
        RetryError::All => "All",
        RetryError::Named(name) => name,
    }
}

/// Whether a catch is for an error, which Step Functions may name in its own way.
fn takes(catch: &RetryError, error: &str) -> bool {
    let own = match error {
        "States.Timeout" => RetryError::Timeout,
        "Runtime.ExitError" => RetryError::Transient,
        error if error.starts_with("Lambda.") => RetryError::Transient,
        error => RetryError::parse(error),
    };
    catch.covers(&own)
}
