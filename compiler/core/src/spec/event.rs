//! `events:` what happens in the system, and what each event carries.

use evc_macros::Word;
use schemars::JsonSchema;

use super::allow::Allows;
use super::decode::{Decode, Decoder};
use super::scalar::{Name, TypeExpr};
use crate::source::Spanned;
use crate::yaml::Node;

/// Something that happened, as it travels on a bus.
///
/// The pair of `source` and `detail-type` tells one event from every other.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Event {
    /// What it means, for people.
    pub description: Option<String>,
    /// Who says so: the `source` of the EventBridge event, such as `order.service`. AWS reserves `aws.`.
    #[schemars(length(min = 1, max = 256))]
    pub source: Spanned<String>,
    /// What happened: the `detail-type` of the EventBridge event, such as `Order Created`.
    #[schemars(length(min = 1, max = 128))]
    pub detail_type: Spanned<String>,
    /// What it carries: a record. The field `metadata` is kept for the event id that consumers drop duplicates by.
    pub detail: Spanned<TypeExpr>,
    /// The bus it travels on; required if the spec has several. Without it: the only bus of the spec, or, if that has none, the
    /// account's default bus.
    pub bus: Option<Name>,
    /// `external`: something outside this spec publishes it.
    pub publisher: Option<Spanned<Outside>>,
    /// `external`: something outside this spec reads it.
    pub consumer: Option<Spanned<Outside>>,
    /// Warnings that are fine here, each with the reason.
    #[schemars(default)]
    pub allow: Allows,
}

/// Somebody outside this spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Word)]
#[word(what = "somebody outside the spec")]
pub enum Outside {
    /// Another service, another account, or AWS itself.
    External,
}

impl Decode for Event {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "an event")?;
        let description = fields.optional("description", cx);
        let source = fields.required("source", cx);
        let detail_type = fields.required("detail-type", cx);
        let detail = fields.required("detail", cx);
        let bus = fields.optional("bus", cx);
        let publisher = fields.optional("publisher", cx);
        let consumer = fields.optional("consumer", cx);
        let allow = fields.or_default("allow", cx);
        fields.finish(cx);
        bounded(source.as_ref(), "a source", 256, cx);
        bounded(detail_type.as_ref(), "a detail type", 128, cx);
        Some(Self {
            description,
            source: source?,
            detail_type: detail_type?,
            detail: detail?,
            bus,
            publisher,
            consumer,
            allow,
        })
    }
}

/// `PutEvents` takes a source of 1 to 256 and a detail type of 1 to 128 characters.
fn bounded(text: Option<&Spanned<String>>, what: &str, max: usize, cx: &mut Decoder) {
    let Some(text) = text else { return };
    let length = text.chars().count();
    if length == 0 || length > max {
        cx.bad_value(text.span, format!("{what} has 1 to {max} characters, this one has {length}"));
    }
}
