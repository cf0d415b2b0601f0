//! `call`: calls a function. The same struct is the call of an `undo`, and the one with which a `wait` asks for an answer.

use std::borrow::Cow;

use super::{Argument, Binds, Given, Lasts, Nested, Onward, StepFacts, Wanted};
use crate::expr::Template;
use crate::model::names::find;
use crate::model::workflow::resolve::Resolver;
use crate::model::workflow::{CALL_MARGIN, RetryError, runtime_errors};
use crate::model::{Function, Id, Model};
use crate::source::Span;
use crate::spec::scalar::Duration;
use crate::spec::workflow::steps as spec;
use crate::types::Type;

/// A call of a function.
#[derive(Debug, Clone)]
pub struct Call {
    /// The function.
    pub function: Option<Id<Function>>,
    /// The place of its name.
    pub span: Span,
    /// What it is given.
    pub with: Option<Template>,
}

impl Call {
    pub(in crate::model::workflow) fn resolve(call: &spec::Call, cx: &mut Resolver<'_>) -> Self {
        Self {
            function: find(cx.sections, &call.function, cx.diagnostics),
            span: call.function.span,
            with: call.with.as_ref().and_then(|with| cx.template(with)),
        }
    }

    /// What the function is given.
    pub fn argument(&self) -> Argument<'_> {
        let given = Given::Template(self.with.as_ref());
        Argument { given, scope: None, wanted: Wanted::Input(self.function), at: self.span }
    }

    /// What it fails with: the errors of the function, and those of the runtime.
    pub(super) fn raises(&self, model: &Model) -> Vec<RetryError> {
        let own = self.function.into_iter().flat_map(|function| &model.functions[function].errors);
        let own = own.map(|error| RetryError::Named(error.name.value.clone()));
        let runtime = runtime_errors().map(|name| RetryError::Named(name.to_owned()));
        own.chain(runtime).chain([RetryError::Transient, RetryError::Timeout]).collect()
    }
}

impl StepFacts for Call {
    fn arguments(&self, _: Span) -> Vec<Argument<'_>> {
        vec![self.argument()]
    }

    fn nested(&self) -> Vec<Nested<'_>> {
        Vec::new()
    }

    fn onward(&self) -> Onward<'_> {
        Onward::Next
    }

    fn binds<'m>(&'m self, model: &'m Model, at: Span) -> Binds<'m> {
        match self.function.map(|function| &model.functions[function].output) {
            Some(Some(output)) => Binds::Known(Cow::Borrowed(output)),
            // A handler without an `output` returns nothing that could be read.
            Some(None) => Binds::Nothing,
            // Which function it is has been reported.
            None => Binds::Known(Cow::Owned(Type::any(at))),
        }
    }

    fn raises(&self, model: &Model) -> Vec<RetryError> {
        self.raises(model)
    }

    fn is_work(&self) -> bool {
        true
    }

    fn lasts(&self, model: &Model) -> Option<Lasts> {
        let own = model.functions[self.function?].timeout.greatest()?;
        Some(Lasts::AtMost(Duration::seconds(own.seconds + CALL_MARGIN.seconds)))
    }

    fn call(&self) -> Option<&Call> {
        Some(self)
    }
}
