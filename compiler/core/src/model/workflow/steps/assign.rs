//! `assign`: sets variables, and does nothing else.

use super::{Argument, Binds, Nested, Onward, StepFacts};
use crate::model::Model;
use crate::model::workflow::RetryError;
use crate::source::Span;

/// There is nothing more to say: what is set is [`Step::assign`](crate::model::Step::assign).
#[derive(Debug, Clone, Copy)]
pub struct Assign;

impl StepFacts for Assign {
    /// What variables are set to is asked of the step, whatever its kind.
    fn arguments(&self, _: Span) -> Vec<Argument<'_>> {
        Vec::new()
    }

    fn nested(&self) -> Vec<Nested<'_>> {
        Vec::new()
    }

    fn onward(&self) -> Onward<'_> {
        Onward::Next
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
