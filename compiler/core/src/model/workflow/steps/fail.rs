//! `fail`: ends the execution with an error.

use super::{Argument, Binds, Given, Nested, Onward, StepFacts, Wanted};
use crate::expr::Expr;
use crate::model::Model;
use crate::model::workflow::RetryError;
use crate::model::workflow::resolve::Resolver;
use crate::source::Span;
use crate::spec::scalar::Name;
use crate::spec::workflow::steps as spec;

/// An error to end with.
#[derive(Debug, Clone)]
pub struct Fail {
    /// The error's name.
    pub error: Name,
    /// Why.
    pub cause: Option<Expr>,
}

impl Fail {
    pub(super) fn resolve(fail: &spec::Fail, cx: &mut Resolver<'_>) -> Self {
        Self { error: fail.error.clone(), cause: fail.cause.as_ref().and_then(|cause| cx.expression(cause)) }
    }
}

impl StepFacts for Fail {
    fn arguments(&self, at: Span) -> Vec<Argument<'_>> {
        vec![Argument { given: Given::Expr(self.cause.as_ref()), scope: None, wanted: Wanted::Text, at }]
    }

    fn nested(&self) -> Vec<Nested<'_>> {
        Vec::new()
    }

    fn onward(&self) -> Onward<'_> {
        Onward::Fails(&self.error)
    }

    fn binds<'m>(&'m self, _: &'m Model, _: Span) -> Binds<'m> {
        Binds::Nothing
    }

    fn raises(&self, _: &Model) -> Vec<RetryError> {
        vec![RetryError::Named(self.error.value.clone())]
    }

    fn is_work(&self) -> bool {
        false
    }
}
