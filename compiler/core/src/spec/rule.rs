//! `rules:` which events go where.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::allow::Allows;
use super::decode::{Decode, Decoder};
use super::scalar::{Name, PatternNode, one_or_many};
use super::target::Target;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Spanned;
use crate::yaml::Node;

/// A rule of a bus: events that match go to its targets. Every target has a retry policy and a dead-letter queue.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(extend("oneOf" = [{"required": ["event"]}, {"required": ["events"]}, {"required": ["pattern"]}]))]
pub struct Rule {
    /// What it is for, for people.
    pub description: Option<String>,
    /// The event it matches.
    pub event: Option<Name>,
    /// The events it matches, all on one bus.
    #[schemars(default, schema_with = "one_or_many::<String>")]
    pub events: Vec<Name>,
    /// A whole event pattern, instead of `event` or `events`.
    pub pattern: Option<Spanned<PatternNode>>,
    /// The bus of a rule with a `pattern`; required if the spec has several. Without it: the only bus of the spec, or, if that
    /// has none, the account's default bus. A rule with events is on theirs.
    pub bus: Option<Name>,
    /// What the detail of the events must be: a pattern over it, checked against its type.
    #[schemars(rename = "where")]
    pub where_: Option<Spanned<PatternNode>>,
    /// What receives the events: one target, or a list of up to five.
    #[schemars(schema_with = "targets_schema")]
    pub to: Spanned<Vec<Spanned<Target>>>,
    /// `false` makes the rule without letting it run.
    pub enabled: Option<bool>,
    /// Warnings that are fine here, each with the reason.
    #[schemars(default)]
    pub allow: Allows,
}

impl Decode for Rule {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "a rule")?;
        let description = fields.optional("description", cx);
        let event = fields.optional("event", cx);
        let events = fields.or_default("events", cx);
        let pattern = fields.optional("pattern", cx);
        let bus = fields.optional("bus", cx);
        let where_ = fields.optional("where", cx);
        let to = match fields.entry("to") {
            Some(entry) => cx.under(Some(entry.key.span), |cx| targets(&entry.value, cx)),
            None => fields.required("to", cx),
        };
        let enabled = fields.optional("enabled", cx);
        let allow = fields.or_default("allow", cx);
        let sources = fields.present(&["event", "events", "pattern"]);
        let place = fields.place();
        fields.finish(cx);
        match sources.as_slice() {
            [] => {
                cx.report(Diagnostic::new(Code::EVC0104, place, "a rule needs one of `event`, `events` and `pattern`"));
            }
            [_] => {}
            [first, second, ..] => cx.report(
                Diagnostic::new(Code::EVC0105, second.span, "a rule has one of `event`, `events` and `pattern`")
                    .secondary(first.span, "the first is here"),
            ),
        }
        Some(Self { description, event, events, pattern, bus, where_, to: to?, enabled, allow })
    }
}

/// `EventBridge` takes at most five targets a rule.
const MAX_TARGETS: usize = 5;

fn targets_schema(generator: &mut SchemaGenerator) -> Schema {
    let target = generator.subschema_for::<Target>();
    json_schema!({"anyOf": [target, {"type": "array", "items": target, "minItems": 1, "maxItems": MAX_TARGETS}]})
}

fn targets(node: &Node, cx: &mut Decoder) -> Option<Spanned<Vec<Spanned<Target>>>> {
    let targets = match &node.kind {
        crate::yaml::NodeKind::Sequence(_) => Vec::decode(node, cx)?,
        _ => vec![Spanned::decode(node, cx)?],
    };
    if targets.is_empty() || targets.len() > MAX_TARGETS {
        cx.bad_value(node.span, format!("a rule has 1 to {MAX_TARGETS} targets, found {}", targets.len()));
    }
    Some(Spanned::new(targets, node.span))
}
