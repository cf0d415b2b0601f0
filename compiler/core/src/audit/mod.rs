//! What can be wrong with a template as it is deployed: one file for each check, over the final resources, whoever wrote them.
//!
//! A check looks at a [`View`]: a [`Template`] with what several checks want to know of it. It knows nothing of the spec, the model and the
//! plan, so that the same checks are for templates that evc did not make.

mod calls;
mod circles;
mod names;
mod references;
mod sam;
mod shapes;
pub mod template;

use template::{Reference, Template};

use crate::diagnostics::Diagnostic;
use crate::plan::Plan;

/// A check: looks at the template and adds what it finds.
type Check = fn(&View<'_>, &mut Vec<Diagnostic>);

/// Every check. The order does not matter: reports sort by place.
const CHECKS: &[Check] = &[calls::check, circles::check, names::check, references::check, shapes::check];

/// A template, and what several checks want to know of it.
pub struct View<'t> {
    /// The template.
    pub template: &'t Template<'t>,
    /// Every reference in it, in its order.
    pub references: Vec<Reference<'t>>,
}

/// Looks at a template.
pub fn run(template: &Template<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let view = View { template, references: template.references() };
    for check in CHECKS {
        check(&view, diagnostics);
    }
}

/// Looks at the template that a plan is.
pub fn plan(plan: &Plan<'_>, diagnostics: &mut Vec<Diagnostic>) {
    run(&template::of_plan(plan), diagnostics);
}
