//! `events:` what happens in the system, and what each event carries.

use evc_macros::{Section, Word};

use super::allow::Allows;
use super::scalar::{Name, TypeExpr};
use crate::source::Spanned;

/// Something that happened, as it travels on a bus.
///
/// The pair of `source` and `detail-type` tells one event from every other.
#[derive(Debug, Clone, Section)]
#[section(what = "an event")]
pub struct Event {
    /// What it means, for people.
    pub description: Option<String>,
    /// Who says so: the `source` of the EventBridge event, such as `order.service`. AWS reserves `aws.`.
    // What `PutEvents` takes.
    #[key(length = 1..=256, what = "a source")]
    pub source: Spanned<String>,
    /// What happened: the `detail-type` of the EventBridge event, such as `Order Created`.
    #[key(length = 1..=128, what = "a detail type")]
    pub detail_type: Spanned<String>,
    /// What it carries: a record. The field `metadata` is kept for the event id that consumers drop duplicates by.
    pub detail: Spanned<TypeExpr>,
    /// The bus it travels on; required if the spec has several. Without it: the only bus of the spec, or, if that has none, the
    /// account's default bus.
    #[key(decode = super::bus::named)]
    pub bus: Option<Name>,
    /// `external`: something outside this spec publishes it. `forwarded`: a rule outside this spec, of this account or another, brings it to
    /// the bus.
    pub publisher: Option<Spanned<Publisher>>,
    /// `external`: something outside this spec reads it.
    pub consumer: Option<Spanned<Outside>>,
    /// Warnings that are fine here, each with the reason.
    #[key(default)]
    pub allow: Allows,
}

/// Whoever publishes an event, if that is nothing in this spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Word)]
#[word(what = "a publisher outside the spec")]
pub enum Publisher {
    /// Another service, another account, or AWS itself.
    External,
    /// A rule of another bus, outside this spec: also one in another account.
    Forwarded,
}

/// Somebody outside this spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Word)]
#[word(what = "a consumer outside the spec")]
pub enum Outside {
    /// Another service, another account, or AWS itself.
    External,
}
