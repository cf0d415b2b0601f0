//! What looks at the whole plan, once the rooms of `lower/` have added to it: outputs, roles, parameters, tags, overrides; and what is
//! wrong with all of it together.

mod addresses;
mod aliases;
mod asynchronous;
mod attributes;
mod boundary;
mod bytes;
mod conditions;
mod deployments;
mod encryption;
mod limits;
mod log_class;
mod methods;
mod outputs;
mod overrides;
mod own_keys;
mod parameters;
mod permissions;
mod policies;
mod raw;
mod references;
mod resources;
mod roles;
mod stopped;
mod streams;
mod tags;
#[cfg(test)]
mod tests;
mod variables;

use crate::diagnostics::Diagnostic;
use crate::plan::Plan;
use crate::plan::builder::Builder;

/// Looks at the whole plan.
type Step = fn(&mut Builder<'_>);

/// In this order: what overrides change is looked at after them, and what is added by then has its tags. What is encrypted gives permissions to
/// roles, which are written after it.
const STEPS: &[Step] = &[
    encryption::finish,
    roles::finish,
    policies::merge,
    parameters::finish,
    tags::finish,
    addresses::finish,
    conditions::finish,
    resources::finish,
    permissions::finish,
    boundary::finish,
    variables::finish,
    overrides::finish,
    outputs::finish,
    aliases::finish,
    policies::check,
    variables::check,
    streams::finish,
    log_class::finish,
    asynchronous::finish,
    stopped::finish,
    methods::check,
    deployments::name_by_content,
    limits::finish,
];

/// Finishes a plan: everything that backends write, and what is wrong with it as a whole.
pub(crate) fn finish(mut builder: Builder<'_>) -> (Plan<'_>, Vec<Diagnostic>) {
    for step in STEPS {
        step(&mut builder);
    }
    (builder.plan, builder.diagnostics)
}
