//! `wait`: waits for time, or for an answer from outside.

use std::borrow::Cow;

use super::{Argument, Binds, Call, Given, Lasts, Nested, Onward, StepFacts, Wanted};
use crate::expr::Expr;
use crate::model::Model;
use crate::model::workflow::RetryError;
use crate::model::workflow::resolve::Resolver;
use crate::source::Span;
use crate::spec::scalar::Duration;
use crate::spec::workflow::steps as spec;
use crate::types::Type;

/// What to wait for.
#[derive(Debug, Clone)]
pub enum Wait {
    /// This long.
    For(Duration),
    /// Until a timestamp.
    Until(Option<Expr>),
    /// For an answer.
    Signal {
        /// What it carries.
        answer: Type,
        /// The call that asks for it.
        call: Call,
    },
}

impl Wait {
    pub(super) fn resolve(wait: &spec::Wait, cx: &mut Resolver<'_>) -> Self {
        match wait {
            spec::Wait::For(duration) => Self::For(duration.value),
            spec::Wait::Until(until) => Self::Until(cx.expression(until)),
            spec::Wait::Signal(signal) => {
                cx.diagnostics.extend(cx.model.types.check_type(&signal.answer.0));
                Self::Signal { answer: signal.answer.0.clone(), call: Call::resolve(&signal.call, cx) }
            }
        }
    }
}

impl StepFacts for Wait {
    fn arguments(&self, at: Span) -> Vec<Argument<'_>> {
        match self {
            Self::For(_) => Vec::new(),
            Self::Until(until) => {
                vec![Argument { given: Given::Expr(until.as_ref()), scope: None, wanted: Wanted::Timestamp, at }]
            }
            Self::Signal { call, .. } => vec![call.argument()],
        }
    }

    fn nested(&self) -> Vec<Nested<'_>> {
        Vec::new()
    }

    fn onward(&self) -> Onward<'_> {
        Onward::Next
    }

    fn binds<'m>(&'m self, _: &'m Model, _: Span) -> Binds<'m> {
        self.answer().map_or(Binds::Nothing, |answer| Binds::Known(Cow::Borrowed(answer)))
    }

    fn raises(&self, model: &Model) -> Vec<RetryError> {
        self.call().map(|call| call.raises(model)).unwrap_or_default()
    }

    fn is_work(&self) -> bool {
        true
    }

    fn lasts(&self, _: &Model) -> Option<Lasts> {
        match self {
            Self::For(time) => Some(Lasts::Exactly(*time)),
            // Until a time that only the execution knows, or until somebody answers.
            Self::Until(_) | Self::Signal { .. } => None,
        }
    }

    fn call(&self) -> Option<&Call> {
        match self {
            Self::Signal { call, .. } => Some(call),
            Self::For(_) | Self::Until(_) => None,
        }
    }

    fn answer(&self) -> Option<&Type> {
        match self {
            Self::Signal { answer, .. } => Some(answer),
            Self::For(_) | Self::Until(_) => None,
        }
    }
}
