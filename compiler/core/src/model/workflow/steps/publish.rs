//! `publish`: puts an event on its bus.

use std::borrow::Cow;

use evc_interface::event::EVENT_ID;

use super::{Argument, Binds, Given, Nested, Onward, StepFacts, Wanted};
use crate::expr::Template;
use crate::model::names::find;
use crate::model::workflow::RetryError;
use crate::model::workflow::resolve::Resolver;
use crate::model::workflow::results::record;
use crate::model::{Event, Id, Model};
use crate::source::Span;
use crate::spec::workflow::steps as spec;
use crate::types::{Kind, Range};

/// An event to put on its bus.
#[derive(Debug, Clone)]
pub struct Publish {
    /// The event.
    pub event: Option<Id<Event>>,
    /// Its detail.
    pub detail: Option<Template>,
    /// The place of the event's name.
    pub span: Span,
}

impl Publish {
    pub(super) fn resolve(publish: &spec::Publish, cx: &mut Resolver<'_>) -> Self {
        Self {
            event: find(cx.sections, &publish.event, cx.diagnostics),
            detail: publish.detail.as_ref().and_then(|detail| cx.template(detail)),
            span: publish.event.span,
        }
    }
}

impl StepFacts for Publish {
    fn arguments(&self, _: Span) -> Vec<Argument<'_>> {
        let wanted = self.event.map_or(Wanted::Anything, Wanted::Detail);
        vec![Argument { given: Given::Template(self.detail.as_ref()), scope: None, wanted, at: self.span }]
    }

    fn nested(&self) -> Vec<Nested<'_>> {
        Vec::new()
    }

    fn onward(&self) -> Onward<'_> {
        Onward::Next
    }

    fn binds<'m>(&'m self, _: &'m Model, at: Span) -> Binds<'m> {
        Binds::Known(Cow::Owned(record(at, [(EVENT_ID, Kind::String(Range::default()))])))
    }

    fn raises(&self, _: &Model) -> Vec<RetryError> {
        vec![RetryError::Transient, RetryError::Timeout]
    }

    fn is_work(&self) -> bool {
        true
    }

    fn publish(&self) -> Option<&Publish> {
        Some(self)
    }
}
