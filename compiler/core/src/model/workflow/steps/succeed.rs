//! `succeed`: ends the execution, or the branch, well.

use super::{Argument, Binds, Given, Nested, Onward, StepFacts, Wanted};
use crate::expr::Template;
use crate::model::Model;
use crate::model::workflow::RetryError;
use crate::model::workflow::resolve::Resolver;
use crate::source::Span;
use crate::spec::workflow::steps as spec;

/// An end.
#[derive(Debug, Clone)]
pub struct Succeed {
    /// What it gives.
    pub output: Option<Template>,
}

impl Succeed {
    pub(super) fn resolve(succeed: &spec::Succeed, cx: &mut Resolver<'_>) -> Self {
        Self { output: succeed.output.as_ref().and_then(|output| cx.template(output)) }
    }
}

impl StepFacts for Succeed {
    fn arguments(&self, at: Span) -> Vec<Argument<'_>> {
        vec![Argument { given: Given::Template(self.output.as_ref()), scope: None, wanted: Wanted::Anything, at }]
    }

    fn nested(&self) -> Vec<Nested<'_>> {
        Vec::new()
    }

    fn onward(&self) -> Onward<'_> {
        Onward::Ends(self.output.as_ref())
    }

    fn binds<'m>(&'m self, _: &'m Model, _: Span) -> Binds<'m> {
        Binds::Nothing
    }

    fn raises(&self, _: &Model) -> Vec<RetryError> {
        Vec::new()
    }

    fn is_work(&self) -> bool {
        false
    }
}
