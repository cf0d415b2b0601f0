//! `for-each`: runs steps once for each item of a list.

use super::{Argument, Binds, Given, Nested, Onward, Rounds, StepFacts, Wanted};
use crate::expr::{Expr, Scope};
use crate::model::Model;
use crate::model::workflow::resolve::Resolver;
use crate::model::workflow::results;
use crate::model::workflow::{Body, RetryError};
use crate::source::{Span, Spanned};
use crate::spec::workflow::steps as spec;
use crate::types::{Kind, Range, Type, Types};

/// Steps that run once for each item of a list.
#[derive(Debug, Clone)]
pub struct ForEach {
    /// The list.
    pub items: Option<Expr>,
    /// The most items at once.
    pub concurrency: Option<Spanned<u64>>,
    /// The steps.
    pub body: Body,
}

impl ForEach {
    pub(super) fn resolve(each: &spec::ForEach, cx: &mut Resolver<'_>) -> Self {
        Self {
            items: cx.expression(&each.items),
            concurrency: each.concurrency,
            body: cx.body(&each.steps, &each.variables),
        }
    }
}

impl StepFacts for ForEach {
    fn arguments(&self, at: Span) -> Vec<Argument<'_>> {
        vec![Argument { given: Given::Expr(self.items.as_ref()), wanted: Wanted::List, at }]
    }

    fn nested(&self) -> Vec<Nested<'_>> {
        vec![Nested { body: &self.body, rounds: Rounds::EachItem { concurrency: self.concurrency } }]
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

    fn made(&self, _: &Scope, at: Span, types: &Types) -> Option<Type> {
        Some(results::list(results::of_body(&self.body, at, types), at))
    }

    /// The item and its position.
    fn scope_inside(&self, scope: &Scope, at: Span, types: &Types) -> Scope {
        let at = self.items.as_ref().map_or(at, |items| items.span);
        let item = self.items.as_ref().map_or(Type::any(at), |items| results::item(items, scope, types));
        let index = Type { kind: Kind::Integer(Range { min: Some(0), max: None }), span: at };
        scope.clone().with("item", item).with("index", index)
    }
}
