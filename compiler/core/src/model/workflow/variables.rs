//! Variables of a workflow: what they hold, and what steps set them to.

use indexmap::IndexMap;

use super::resolve::Resolver;
use super::{Body, Step};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::expr::{Expr, Scope, Template};
use crate::model::names::unresolved;
use crate::source::{Span, Spanned};
use crate::spec::scalar::Name;
use crate::spec::workflow as spec;
use crate::types::Type;

/// A variable of the steps of one body.
#[derive(Debug, Clone)]
pub struct Variable {
    /// Its name, which nothing else in the workflow has.
    pub name: String,
    /// The place of its name.
    pub name_span: Span,
    /// What it holds.
    pub ty: Type,
    /// Whether it may have no value.
    pub optional: bool,
    /// What it holds when the body starts. `None` is not said, or could not be read.
    pub value: Option<Template>,
    /// Whether what was to set it could not be resolved, which has been reported: nobody is told that it has no value.
    pub assumed: bool,
    /// What the first value may refer to.
    pub scope: Scope,
}

/// What a step sets a variable to when it has succeeded. All values of a step are made of what the variables held before it.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The variable.
    pub name: Spanned<String>,
    /// What it holds.
    pub ty: Type,
    /// Whether it may have no value.
    pub optional: bool,
    /// What it is set to. `None` could not be read.
    pub value: Option<Template>,
}

impl Variable {
    /// Whether it can be read as soon as the body has started.
    pub fn starts_with_value(&self) -> bool {
        self.optional || self.value.is_some() || self.assumed
    }
}

impl Resolver<'_> {
    /// The variables of a body.
    pub(super) fn declared(&mut self, variables: &spec::Variables) -> Vec<Variable> {
        let mut resolved = Vec::new();
        for (name, variable) in &variables.items {
            self.diagnostics.extend(self.model.types.check_type(&variable.ty.0));
            resolved.push(Variable {
                name: name.clone(),
                name_span: variable.name_span,
                ty: variable.ty.0.clone(),
                optional: variable.optional,
                value: variable.value.as_ref().and_then(|value| self.template(value)),
                assumed: false,
                // `routes` says what is known where the body starts.
                scope: Scope::default(),
            });
        }
        resolved
    }

    /// What a step sets. Only variables of its own body can be set.
    pub(super) fn assignments(&mut self, assign: &spec::Assign) -> Vec<Assignment> {
        let mut resolved = Vec::new();
        for (name, value) in assign {
            let value = self.template(value);
            if let Some(variable) = self.assignable(name) {
                let (ty, optional) = (variable.ty.0.clone(), variable.optional);
                resolved.push(Assignment { name: name.clone(), ty, optional, value });
            }
        }
        resolved
    }

    /// The variable that `name` sets; none after saying why not.
    fn assignable(&mut self, name: &Name) -> Option<spec::Variable> {
        let (own, outer) = self.variables.split_last()?;
        if let Some(variable) = own.items.get(name.as_str()) {
            return Some(variable.clone());
        }
        if own.declares(name) || outer.iter().any(|outer| outer.broken.contains(&name.value)) {
            return None;
        }
        let known: Vec<&str> = own.items.keys().map(String::as_str).collect();
        let meant = nearest(name, &known).unwrap_or(name).to_owned();
        self.diagnostics.push(match outer.iter().find_map(|outer| outer.items.get(name.as_str())) {
            Some(declared) => outside(name, declared.name_span),
            None => unknown(name, &known),
        });
        self.assumed.insert(meant);
        None
    }
}

/// A variable of the steps around a branch or a round.
fn outside(name: &Name, declared: Span) -> Diagnostic {
    let message = format!("`{}` cannot be set inside of a branch or a round", name.value);
    Diagnostic::new(Code::EVC0530, name.span, message)
        .label("it is a variable of the steps around")
        .secondary(declared, "declared here")
        .note("branches and rounds run at the same time, and nobody could say which of them would be the last to set it")
        .help("let the branch, or each round, end with the value, and set the variable in the step that they are in: `assign:` there knows its results")
}

fn unknown(name: &Name, known: &[&str]) -> Diagnostic {
    let diagnostic = unresolved("variable", name, known.iter().copied());
    if diagnostic.help.is_empty() {
        let place = "beside the `steps` of the workflow, the branch or the `for-each`";
        return diagnostic.help(format!("declare it {place}: `variables: {{ {}: TYPE }}`", name.value));
    }
    diagnostic
}

impl Body {
    /// The expressions of the first values of its variables.
    pub fn first_values(&self) -> impl Iterator<Item = &Expr> {
        self.variables.iter().flat_map(|variable| &variable.value).flat_map(Template::expressions)
    }

    /// Every variable of this body and of those inside of it, by name.
    pub(super) fn all_variables(&self) -> IndexMap<String, Variable> {
        let mut found = IndexMap::new();
        self.bodies(&mut |body| {
            found.extend(body.variables.iter().map(|variable| (variable.name.clone(), variable.clone())));
        });
        found
    }
}

impl Step {
    /// The names of the variables that it sets.
    pub fn assigns(&self) -> impl Iterator<Item = &str> {
        self.assign.iter().map(|assignment| assignment.name.value.as_str())
    }
}
