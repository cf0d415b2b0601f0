//! `choose`: goes one of several ways.

use super::{Argument, Binds, Given, Nested, Onward, StepFacts, Unsaid, Wanted};
use crate::expr::{Expr, Facts, Scope};
use crate::model::Model;
use crate::model::workflow::resolve::{Place, Resolver};
use crate::model::workflow::{Next, RetryError};
use crate::source::Span;
use crate::spec::workflow::steps as spec;
use crate::types::Types;
use crate::yaml::Room;

/// Ways to go.
#[derive(Debug, Clone)]
pub struct Choose {
    /// Conditions in order.
    pub choices: Vec<Choice>,
    /// Where to go when none holds.
    pub otherwise: Next,
    /// Whether the spec says so. If not, it goes to the step that is written next.
    pub said: bool,
    /// Conditions of ways to steps that there are not. They are looked at as well, and nothing else is made of them.
    astray: Vec<Choice>,
    /// Where the spec could say so.
    pub room: Option<Room>,
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
    /// What the condition may refer to: it is looked at where those before it did not hold.
    pub scope: Scope,
}

impl Choose {
    pub(super) fn resolve(choose: &spec::Choose, place: Place<'_>, cx: &mut Resolver<'_>) -> Self {
        let (mut choices, mut astray) = (Vec::new(), Vec::new());
        for choice in &choose.choices {
            let when = cx.expression(&choice.when);
            let then = cx.target(place, &choice.then);
            let of = if then.is_some() { &mut choices } else { &mut astray };
            of.push(Choice { when, then: then.unwrap_or(Next::End), span: choice.span, scope: Scope::default() });
        }
        let otherwise = choose.otherwise.as_ref().and_then(|otherwise| match otherwise {
            spec::Otherwise::Step(name) => cx.target(place, name),
            spec::Otherwise::End(_) => Some(Next::End),
        });
        let said = choose.said || choices.len() < choose.choices.len();
        Self { choices, otherwise: otherwise.unwrap_or_else(|| place.following()), said, astray, room: choose.room }
    }

    /// Gives each condition what is known where those before it did not hold.
    pub(super) fn know(&mut self, scope: &Scope, types: &Types) {
        let mut failed = Facts::default();
        for choice in &mut self.choices {
            choice.scope = scope.knowing(&failed, types);
            if let Some(when) = &choice.when {
                failed = failed.and(&when.facts(false, scope));
            }
        }
        for choice in &mut self.astray {
            choice.scope = scope.clone();
        }
    }
}

impl StepFacts for Choose {
    fn arguments(&self, at: Span) -> Vec<Argument<'_>> {
        self.choices
            .iter()
            .chain(&self.astray)
            .map(|choice| {
                let given = Given::Expr(choice.when.as_ref());
                Argument { given, scope: Some(&choice.scope), wanted: Wanted::Boolean, at }
            })
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

    /// On each way that its condition held and those before it did not, and on the last that none did.
    fn established(&self, names: &Scope) -> Vec<Facts> {
        let mut failed = Facts::default();
        let mut ways = Vec::new();
        for choice in &self.choices {
            let Some(when) = &choice.when else {
                ways.push(failed.clone());
                continue;
            };
            ways.push(failed.clone().and(&when.facts(true, names)));
            failed = failed.and(&when.facts(false, names));
        }
        ways.push(failed);
        ways
    }

    fn is_work(&self) -> bool {
        false
    }

    fn unsaid(&self) -> Option<Unsaid<'_>> {
        if self.said {
            return None;
        }
        let conditions = self.choices.iter().map(|choice| choice.when.as_ref()).collect::<Option<_>>()?;
        Some(Unsaid { conditions, room: self.room })
    }

    fn otherwise(&self) -> Option<(Vec<&Expr>, Next)> {
        let conditions = self.choices.iter().map(|choice| choice.when.as_ref()).collect::<Option<_>>()?;
        self.said.then_some((conditions, self.otherwise))
    }
}
