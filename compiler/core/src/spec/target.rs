//! What a rule or a schedule starts, and how hard it tries.
//!
//! A target is decoded by hand: which of four keys it has says what it is.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of anything that is forgotten here must not compile")]

use std::borrow::Cow;

use evc_macros::Section;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::decode::{Decode, Decoder};
use super::scalar::{Arguments, Duration, Name};
use crate::diagnostics::{Code, Diagnostic, list};
use crate::source::Spanned;
use crate::yaml::{Node, NodeKind};

/// What receives an event.
#[derive(Debug, Clone)]
pub struct Target {
    /// What it is.
    pub kind: TargetKind,
    /// Its name.
    pub name: Name,
    /// What it gets instead of the event's detail: an object whose values are paths into the event and literals.
    pub input: Option<Spanned<Arguments>>,
    /// How often and for how long delivery is tried.
    pub retry: Option<Spanned<Delivery>>,
}

/// The kinds of target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// A function of this spec.
    Function,
    /// A workflow of this spec: one execution an event.
    Workflow,
    /// A queue of this spec.
    Queue,
    /// Another bus of this spec.
    Bus,
}

impl TargetKind {
    /// Its key in the spec.
    pub fn key(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Workflow => "workflow",
            Self::Queue => "queue",
            Self::Bus => "bus",
        }
    }

    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Function, Self::Workflow, Self::Queue, Self::Bus];
}

/// How `EventBridge` tries to deliver; what cannot be delivered goes to a dead-letter queue.
#[derive(Debug, Clone, Default, Section)]
#[section(what = "a delivery policy")]
pub struct Delivery {
    /// How often it tries: {range}, which is the default.
    #[key(range = 0..=185, what = "the number of attempts")]
    pub attempts: Option<Spanned<u64>>,
    /// How old an event may become while it is tried: `1m` to `24h`, which is the default.
    #[key(check = age)]
    pub max_age: Option<Spanned<Duration>>,
}

/// The time that `EventBridge` keeps what it tries to deliver.
fn age(age: &Spanned<Duration>, cx: &mut Decoder) {
    if !(60..=86_400).contains(&age.seconds) {
        cx.bad_value(age.span, format!("the greatest age of an event is `1m` to `24h`, found `{}`", age.value));
    }
}

impl Decode for Target {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        Self::one_of(node, &TargetKind::ALL, "write a list of targets under `to`", cx)
    }
}

impl Target {
    /// What a schedule starts.
    pub fn of_schedule(node: &Node, cx: &mut Decoder) -> Option<Spanned<Self>> {
        let kinds = [TargetKind::Function, TargetKind::Workflow];
        let target = Self::one_of(node, &kinds, "a schedule starts one thing: write a second schedule", cx)?;
        Some(Spanned::new(target, node.span))
    }

    /// Reads a target. It is to be of these `kinds`; `several` says what to do where more than one thing is named.
    fn one_of(node: &Node, kinds: &[TargetKind], several: &str, cx: &mut Decoder) -> Option<Self> {
        if !matches!(node.kind, NodeKind::Mapping(_)) {
            cx.mismatch(node, "a target such as `{ function: notify }`");
            return None;
        }
        let mut fields = cx.fields(node, "a target")?;
        let keys = TargetKind::ALL.map(TargetKind::key);
        let named: Vec<(TargetKind, Option<Name>)> = TargetKind::ALL
            .into_iter()
            .filter_map(|kind| {
                let entry = fields.entry(kind.key())?;
                Some((kind, Spanned::decode(&entry.value, cx)))
            })
            .collect();
        let input = fields.optional("input", cx);
        let retry = fields.optional("retry", cx);
        let present = fields.present(&keys);
        let place = fields.place();
        let before = cx.diagnostics().len();
        fields.finish(cx);
        let is_known = cx.diagnostics().len() == before;
        match (named.as_slice(), present.as_slice()) {
            ([(kind, name)], _) => Some(Self { kind: *kind, name: name.clone()?, input, retry }),
            // What stands in its place has been reported.
            ([], _) if !is_known => None,
            ([], _) => {
                let known: Vec<&str> = kinds.iter().map(|kind| kind.key()).collect();
                let message = format!("a target needs one of {}", list(&known));
                cx.report(Diagnostic::new(Code::EVC0104, place, message));
                None
            }
            (_, keys) => {
                let mut diagnostic =
                    Diagnostic::new(Code::EVC0105, keys[1].span, "a target is one thing, found several")
                        .secondary(keys[0].span, "the first is here");
                diagnostic.help.push(several.to_owned());
                cx.report(diagnostic);
                None
            }
        }
    }
}

impl JsonSchema for Target {
    fn schema_name() -> Cow<'static, str> {
        "Target".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let retry = generator.subschema_for::<Delivery>();
        let input = generator.subschema_for::<Arguments>();
        let one = |kind: TargetKind, what: &str| {
            json_schema!({
                "type": "object",
                "properties": {(kind.key()): {"type": "string", "description": what}, "input": input, "retry": retry},
                "required": [kind.key()],
                "additionalProperties": false
            })
        };
        json_schema!({
            "description": "What receives the event.",
            "oneOf": [
                one(TargetKind::Function, "A function of this spec."),
                one(TargetKind::Workflow, "A workflow of this spec: one execution an event."),
                one(TargetKind::Queue, "A queue of this spec."),
                one(TargetKind::Bus, "Another bus of this spec.")
            ],
            "examples": [{"workflow": "fulfil-order"}, {"function": "notify", "retry": {"attempts": 10, "max-age": "1h"}}]
        })
    }
}
