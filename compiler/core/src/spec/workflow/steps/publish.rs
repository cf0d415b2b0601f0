//! `publish`: puts an event on its bus.

use super::{Onward, Shared, StepKind, Syntax};
use crate::source::Spanned;
use crate::spec::scalar::{Arguments, Name};
use crate::spec::workflow::schema::{Form, described, name};

/// An event to put on its bus.
#[derive(Debug, Clone)]
pub struct Publish {
    /// The event.
    pub event: Name,
    /// Its detail.
    pub detail: Option<Spanned<Arguments>>,
}

const SHARES: &[Shared] = &[Shared::Assign, Shared::Retry, Shared::Catch];

pub(super) const SYNTAX: Syntax = Syntax {
    key: "publish",
    onward: Onward::Then,
    shares: |_| SHARES,
    decode: |fields, cx| {
        let (event, detail) = (fields.required("publish", cx)?, fields.optional("with", cx));
        Some(StepKind::Publish(Publish { event, detail }))
    },
    forms: |generator| {
        let arguments = generator.subschema_for::<Arguments>();
        let detail = described(&arguments, "The detail of the event: for each field an expression.");
        vec![Form {
            what: "Puts an event on its bus.",
            value: name(),
            needs: Vec::new(),
            may: vec![("with", detail)],
            shares: SHARES,
        }]
    },
};
