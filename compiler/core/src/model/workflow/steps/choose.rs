//! `choose`: goes one of several ways.

use super::{Argument, Binds, Given, Nested, Onward, StepFacts, Wanted};
use crate::expr::Expr;
use crate::model::Model;
use crate::model::workflow::resolve::{Place, Resolver};
use crate::model::workflow::{Next, RetryError};
use crate::source::Span;
use crate::spec::workflow::steps as spec;

/// Ways to go.
#[derive(Debug, Clone)]
pub struct Choose {
    /// Conditions in order.
    pub choices: Vec<Choice>,
    /// Where to go when none holds.
    pub otherwise: Next,
    /// Whether the spec says so. If not, it goes to the step that is written next.
    pub said: bool,
}

/// One way out of a `choose`.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The condition.
    pub when: Option<Expr>,
    /// Where to go.
    pub then: Next,
    /// The place of the choice.
    pub span: Span,
}

impl Choose {
    pub(super) fn resolve(choose: &spec::Choose, place: Place<'_>, cx: &mut Resolver<'_>) -> Self {
        let choices = choose.choices.iter().filter_map(|choice| {
            let when = cx.expression(&choice.when);
            Some(Choice { when, then: cx.target(place, &choice.then)?, span: choice.span })
        });
        let choices: Vec<Choice> = choices.collect();
        let otherwise = choose.otherwise.as_ref().and_then(|otherwise| match otherwise {
            spec::Otherwise::Step(name) => cx.target(place, name),
            spec::Otherwise::End(_) => Some(Next::End),
        });
        let said = choose.said || choices.len() < choose.choices.len();
        Self { choices, otherwise: otherwise.unwrap_or_else(|| place.following()), said }
    }
}

impl StepFacts for Choose {
    fn arguments(&self, at: Span) -> Vec<Argument<'_>> {
        self.choices
            .iter()
            .map(|choice| Argument { given: Given::Expr(choice.when.as_ref()), wanted: Wanted::Boolean, at })
            .collect()
    }

    fn nested(&self) -> Vec<Nested<'_>> {
        Vec::new()
    }

    fn onward(&self) -> Onward<'_> {
        Onward::Ways(self.choices.iter().map(|choice| choice.then).chain([self.otherwise]).collect())
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

    fn unsaid(&self) -> Option<Vec<&Expr>> {
        if self.said {
            return None;
        }
        self.choices.iter().map(|choice| choice.when.as_ref()).collect()
    }
}
