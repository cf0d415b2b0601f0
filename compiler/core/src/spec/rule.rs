//! `rules:` which events go where.

use evc_macros::Section;
use schemars::{Schema, SchemaGenerator, json_schema};

use super::allow::Allows;
use super::decode::{Decode, Decoder};
use super::scalar::{Name, PatternNode};
use super::target::Target;
use crate::source::Spanned;
use crate::yaml::{Node, NodeKind};

/// A rule of a bus: events that match go to its targets. Every target has a retry policy and a dead-letter queue.
#[derive(Debug, Clone, Section)]
#[section(what = "a rule", one_of("event", "events", "pattern"))]
pub struct Rule {
    /// What it is for, for people.
    pub description: Option<String>,
    /// The event it matches.
    pub event: Option<Name>,
    /// The events it matches, all on one bus.
    #[key(not_empty = "an event")]
    pub events: Option<Spanned<Vec<Name>>>,
    /// A whole event pattern, instead of `event` or `events`.
    pub pattern: Option<Spanned<PatternNode>>,
    /// The bus of a rule with a `pattern`; required if the spec has several. Without it: the only bus of the spec, or, if that
    /// has none, the account's default bus. A rule with events is on theirs.
    #[key(decode = super::bus::named)]
    pub bus: Option<Name>,
    /// What the detail of the events must be: a pattern over it, checked against its type.
    pub where_: Option<Spanned<PatternNode>>,
    /// What receives the events: one target, or a list of up to five.
    #[key(decode = targets, schema = targets_schema)]
    pub to: Spanned<Vec<Spanned<Target>>>,
    /// `false` makes the rule without letting it run.
    pub enabled: Option<bool>,
    /// Warnings that are fine here, each with the reason.
    #[key(default)]
    pub allow: Allows,
}

/// `EventBridge` takes at most five targets a rule.
const MAX_TARGETS: usize = 5;

fn targets_schema(generator: &mut SchemaGenerator) -> Schema {
    let target = generator.subschema_for::<Target>();
    json_schema!({"anyOf": [target, {"type": "array", "items": target, "minItems": 1, "maxItems": MAX_TARGETS}]})
}

fn targets(node: &Node, cx: &mut Decoder) -> Option<Spanned<Vec<Spanned<Target>>>> {
    // Of a target that cannot be read nothing is left; what the rule matches is looked at all the same.
    let (written, targets) = match &node.kind {
        NodeKind::Sequence(items) => (items.len(), Vec::decode(node, cx)?),
        _ => (1, Spanned::decode(node, cx).into_iter().collect()),
    };
    if written == 0 || written > MAX_TARGETS {
        cx.bad_value(node.span, format!("a rule has 1 to {MAX_TARGETS} targets, found {written}"));
    }
    Some(Spanned::new(targets, node.span))
}
