//! What can be wrong with a template as it is deployed: one file for each check, over the final resources, whoever wrote them.
//!
//! A check looks at a [`View`]: a [`Template`] with what several checks want to know of it. It knows nothing of the spec, the model and the
//! plan, so that the same checks are for templates that evc did not make.

mod calls;
mod circles;
mod comparisons;
mod conditional;
mod deployments;
mod iam;
mod items;
mod json;
pub(crate) mod machines;
mod names;
mod policies;
mod references;
mod sam;
mod same;
mod sense;
mod shapes;
pub mod template;
mod text;
mod view;

use indexmap::IndexMap;

use template::{Node, Template};
use view::View;

use crate::diagnostics::Diagnostic;
use crate::model::{Function, Model};
use crate::plan::Plan;
use crate::source::SourceMap;

/// A check: looks at the template and adds what it finds.
type Check = fn(&View<'_>, &mut Vec<Diagnostic>);

/// Every check. The order does not matter: reports sort by place.
const CHECKS: &[Check] = &[
    calls::check,
    circles::check,
    comparisons::check,
    conditional::check,
    machines::check,
    names::check,
    policies::check,
    references::check,
    sam::together::check,
    shapes::check,
];

/// What is known beside a template.
#[derive(Debug, Default)]
pub struct Beside<'a> {
    /// The files that it was read from, for places within texts.
    pub sources: Option<&'a SourceMap>,
    /// The definitions of state machines that stand in files of their own, by logical id.
    pub documents: IndexMap<&'a str, Node<'a>>,
    /// What a spec says of the events that the template's rules are about, and of what its queues, functions and workflows take; and of
    /// nothing else.
    pub model: Option<&'a Model>,
}

/// Looks at a template that somebody wrote.
pub fn run(template: &Template<'_>, beside: &Beside<'_>, diagnostics: &mut Vec<Diagnostic>) {
    look(template, beside, false, diagnostics);
}

/// Looks at the template that a plan is, if somebody had a hand in it: what evc derives from a spec is right, which tests show by [`run`].
pub fn plan(plan: &Plan<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let model = plan.model;
    let has_raw = !model.overrides.is_empty() || model.resources.values().next().is_some();
    let is_written = |function: &Function| !function.may.is_empty() || function.references().next().is_some();
    if !has_raw && model.conditions.is_empty() && !model.functions.values().any(is_written) {
        return;
    }
    let beside = Beside { model: Some(plan.model), ..Beside::default() };
    let mut found = Vec::new();
    look(&template::of_plan(plan), &beside, true, &mut found);
    items::tell(plan, &mut found);
    diagnostics.append(&mut found);
}

fn look(template: &Template<'_>, beside: &Beside<'_>, only_written: bool, diagnostics: &mut Vec<Diagnostic>) {
    let deployed = sam::expand(template);
    let view = View { template, references: template.references(), deployed: &deployed, beside, only_written };
    for check in CHECKS {
        check(&view, diagnostics);
    }
    let ways = deployments::of(template);
    let sense = |way: &deployments::Deployment<'_, '_>| {
        let deployed = sam::expand(&way.template);
        let view = View { template: &way.template, references: Vec::new(), deployed: &deployed, beside, only_written };
        let mut found = Vec::new();
        for check in &sense::CHECKS {
            check(&view, &mut found);
        }
        found
    };
    let found = ways.iter().map(sense).collect();
    deployments::join(&ways, found, diagnostics);
}
