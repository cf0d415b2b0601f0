//! `buses:` where events travel.

use evc_macros::Word;
use schemars::JsonSchema;

use super::allow::Allows;
use super::decode::{Decode, Decoder};
use super::scalar::Duration;
use crate::source::Spanned;
use crate::yaml::Node;

/// An event bus: a custom one of this service, the account's default one, or one that exists already.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(extend(
    "if" = {"properties": {"kind": {"const": "imported"}}, "required": ["kind"]},
    "then" = {"required": ["name"]},
    "else" = {"not": {"required": ["name"]}}
))]
pub struct Bus {
    /// What travels on it, for people.
    pub description: Option<String>,
    /// `custom` (made by this stack), `default` (the account's own) or `imported` (made elsewhere).
    #[schemars(default)]
    pub kind: BusKind,
    /// The name of an imported bus. A custom bus is named after the project, the environment and its name here.
    #[schemars(regex(pattern = r"^[A-Za-z0-9._-]{1,256}$"))]
    pub name: Option<Spanned<String>>,
    /// Keeps every event for replay.
    pub archive: Option<Archive>,
    /// Writes every event to a log group; `{}` with the retention of the other logs.
    pub log: Option<EventLog>,
    /// Warnings that are fine here, each with the reason.
    #[schemars(default)]
    pub allow: Allows,
}

/// What makes a bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Word)]
#[word(what = "a kind of bus")]
pub enum BusKind {
    /// This stack makes it.
    #[default]
    Custom,
    /// The default bus of the account and Region.
    Default,
    /// It exists already, in this account and Region, under `name`.
    Imported,
}

/// An archive of a bus, from which events can be replayed.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Archive {
    /// How long events are kept, in whole days (what is over counts as a day).
    pub retention: Spanned<Duration>,
}

/// A log group that receives every event of a bus.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EventLog {
    /// How long entries are kept; one of the retentions that CloudWatch Logs has. Without it: that of `observability.logs`.
    pub retention: Option<Spanned<Duration>>,
}

impl Decode for Bus {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "a bus")?;
        let bus = Self {
            description: fields.optional("description", cx),
            kind: fields.or_default("kind", cx),
            name: fields.optional("name", cx),
            archive: fields.optional("archive", cx),
            log: fields.optional("log", cx),
            allow: fields.or_default("allow", cx),
        };
        match (bus.kind, &bus.name) {
            (BusKind::Imported, None) => {
                let _ = fields.required::<String>("name", cx);
            }
            (BusKind::Custom | BusKind::Default, Some(name)) => {
                cx.bad_value(name.span, "only an imported bus has a `name`")
                    .help
                    .push("a custom bus is named after the project, the environment and its name here".to_owned());
            }
            _ => {}
        }
        if let Some(name) = &bus.name
            && !is_bus_name(name)
        {
            cx.bad_value(name.span, format!("`{}` cannot be the name of a bus", name.value))
                .help
                .push("a bus has a name of letters, digits, `.`, `_` and `-`, at most 256 characters".to_owned());
        }
        fields.finish(cx);
        Some(bus)
    }
}

/// What `EventBridge` takes: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html>
fn is_bus_name(name: &str) -> bool {
    (1..=256).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

impl Decode for Archive {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "an archive")?;
        let retention = fields.required("retention", cx);
        fields.finish(cx);
        Some(Self { retention: retention? })
    }
}

impl Decode for EventLog {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "an event log")?;
        let retention = fields.optional("retention", cx);
        fields.finish(cx);
        Some(Self { retention })
    }
}
