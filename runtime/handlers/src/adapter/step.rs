//! A workflow step: the input inside the envelope that the state machine's task writes.

use super::Incoming;
use crate::context::Step;
use crate::{Error, Payload, payload};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Envelope<'a> {
    evc: Step,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
}

pub(super) fn read(text: &str) -> Result<Incoming<'_>, Error> {
    let envelope: Envelope<'_> = payload::decode(text)?;
    let payload = Payload::new(envelope.input.map_or("{}", RawValue::get));
    Ok(Incoming { key: Some(envelope.evc.key()), step: Some(envelope.evc), ..Incoming::bare(payload) })
}
