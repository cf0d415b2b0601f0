//! `set`: binds values to the step's name.

use super::{Argument, Binds, Given, Nested, Onward, StepFacts, Wanted};
use crate::expr::{Scope, Template};
use crate::model::Model;
use crate::model::workflow::RetryError;
use crate::model::workflow::resolve::Resolver;
use crate::model::workflow::results::Made;
use crate::source::Span;
use crate::spec::workflow::steps as spec;
use crate::types::Types;

/// Values to bind.
#[derive(Debug, Clone)]
pub struct Set {
    /// The values.
    pub values: Option<Template>,
}

impl Set {
    pub(super) fn resolve(set: &spec::Set, cx: &mut Resolver<'_>) -> Self {
        Self { values: cx.template(&set.values) }
    }
}

impl StepFacts for Set {
    fn arguments(&self, at: Span) -> Vec<Argument<'_>> {
        vec![Argument { given: Given::Template(self.values.as_ref()), scope: None, wanted: Wanted::Anything, at }]
    }

    fn nested(&self) -> Vec<Nested<'_>> {
        Vec::new()
    }

    fn onward(&self) -> Onward<'_> {
        Onward::Next
    }

    fn binds<'m>(&'m self, _: &'m Model, _: Span) -> Binds<'m> {
        Binds::Made
    }

    fn raises(&self, _: &Model) -> Vec<RetryError> {
        Vec::new()
    }

    fn is_work(&self) -> bool {
        false
    }

    fn values(&self) -> Option<&Template> {
        self.values.as_ref()
    }

    fn made(&self, scope: &Scope, _: Span, types: &Types) -> Option<Made> {
        Some(Made::one(self.values.as_ref()?.ty(scope, types)))
    }
}
