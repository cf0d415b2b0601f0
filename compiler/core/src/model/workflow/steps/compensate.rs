//! `compensate`: runs the `undo` of every completed step of the body, last first.

use super::{Argument, Binds, Nested, Onward, StepFacts};
use crate::model::Model;
use crate::model::workflow::{COMPENSATION_FAILED, RetryError};
use crate::source::Span;

/// There is nothing more to say: what is undone is what the steps before have said.
#[derive(Debug, Clone, Copy)]
pub struct Compensate;

impl StepFacts for Compensate {
    /// The arguments of an `undo` are evaluated by the step that it undoes.
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
        vec![RetryError::Named(COMPENSATION_FAILED.to_owned())]
    }

    fn is_work(&self) -> bool {
        true
    }

    fn compensates(&self) -> bool {
        true
    }
}
