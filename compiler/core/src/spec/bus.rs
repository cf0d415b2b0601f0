//! `buses:` where events travel.

use evc_macros::{Section, Word};
use schemars::Schema;
use serde_json::json;

use super::allow::Allows;
use super::decode::{Decode, Decoder, Fields};
use super::given::Given;
use super::observability::log_retention;
use super::scalar::{Duration, Name};
use crate::source::Spanned;
use crate::yaml::Node;

/// An event bus: a custom one of this service, the account's default one, or one that exists already: of somebody else in the account, of
/// a partner of AWS, or of another account.
#[derive(Debug, Clone, Default, Section)]
#[section(what = "a bus", check = imported, schema = imported_schema)]
pub struct Bus {
    /// What travels on it, for people.
    pub description: Option<String>,
    /// `custom` (made by this stack), `default` (the account's own) or `imported` (made elsewhere).
    #[key(default)]
    pub kind: BusKind,
    /// The name of an imported bus; that of a partner's is its event source (`aws.partner/...`), and for a bus of another account it is the
    /// ARN. `{environment}` in it stands for the environment that is deployed. `parameter` leaves the name to each deployment. A custom bus is named after the project, the environment and its name here.
    #[key(pattern = r"^(arn:[^:]+:events:[^:]+:[0-9]{12}:event-bus/)?([A-Za-z0-9._/-]|\{environment\}){1,256}$", check = bus_name)]
    pub name: Option<Spanned<Given<String>>>,
    /// Keeps every event for replay.
    pub archive: Option<Archive>,
    /// Writes every event to a log group; `{}` with the retention of the other logs.
    pub log: Option<EventLog>,
    /// Warnings that are fine here, each with the reason.
    #[key(default)]
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
    /// It exists already, under `name`.
    Imported,
}

/// An archive of a bus, from which events can be replayed.
#[derive(Debug, Clone, Section)]
#[section(what = "an archive")]
pub struct Archive {
    /// How long events are kept, in whole days (what is over counts as a day).
    #[key(check = some_time)]
    pub retention: Spanned<Duration>,
}

/// A log group that receives every event of a bus.
#[derive(Debug, Clone, Section)]
#[section(what = "an event log")]
pub struct EventLog {
    /// How long entries are kept; one of the retentions that CloudWatch Logs has. Without it: that of `observability.logs`.
    #[key(check = log_retention)]
    pub retention: Option<Spanned<Duration>>,
}

/// To EventBridge, no days are all days. <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateArchive.html>
fn some_time(retention: &Spanned<Duration>, cx: &mut Decoder) {
    if retention.seconds == 0 {
        let diagnostic = cx.bad_value(retention.span, "an archive that keeps events for no time");
        diagnostic.help.push("give it a day at least, or leave out the archive".to_owned());
        diagnostic.notes.push("EventBridge takes 0 days for ever".to_owned());
    }
}

/// A bus that exists already has a name, and no other has.
/// The name of a bus. One that could not be read is named by nothing: that there is a bus has been said.
#[expect(clippy::unnecessary_wraps, reason = "so the reader of a key has to be")]
pub(super) fn named(node: &Node, cx: &mut Decoder) -> Option<Name> {
    Some(Name::decode(node, cx).unwrap_or_else(|| Name::new(String::new(), node.span)))
}

fn imported(bus: &Bus, fields: &Fields<'_>, cx: &mut Decoder) {
    match (bus.kind, &bus.name) {
        (BusKind::Imported, None) if fields.present(&["name"]).is_empty() => fields.missing("name", cx),
        (BusKind::Custom | BusKind::Default, Some(name)) => {
            cx.bad_value(name.span, "only an imported bus has a `name`")
                .help
                .push("a custom bus is named after the project, the environment and its name here".to_owned());
        }
        _ => {}
    }
}

fn imported_schema(schema: &mut Schema) {
    let imported = json!({"properties": {"kind": {"const": "imported"}}, "required": ["kind"]});
    schema.insert("if".to_owned(), imported);
    schema.insert("then".to_owned(), json!({"required": ["name"]}));
    schema.insert("else".to_owned(), json!({"not": {"required": ["name"]}}));
}

/// The longest name of a bus, in characters.
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html>
pub const MAX_NAME: usize = 256;

/// What stands for the environment in the name of an imported bus.
pub const ENVIRONMENT: &str = "{environment}";

/// What `EventBridge` takes. Only a partner's bus, and its like in another account, has a `/` in its name.
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html>
fn bus_name(given: &Spanned<Given<String>>, cx: &mut Decoder) {
    let Given::Here(name) = &given.value else { return };
    // As long as an environment is at least.
    let plain = name.replace(ENVIRONMENT, "e");
    let own = if plain.starts_with("arn:") { bus_of_arn(&plain) } else { Some(plain.as_str()) };
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let is_name = |own: &str| {
        (1..=MAX_NAME).contains(&own.len())
            && own.chars().all(fits)
            && (!own.contains('/') || own.starts_with("aws.partner/") && !own.ends_with('/'))
    };
    if !own.is_some_and(is_name) {
        cx.bad_value(given.span, format!("`{name}` cannot be the name of a bus")).help.extend([
            "a bus has a name of letters, digits, `.`, `_` and `-`, at most 256 characters; a partner's starts with `aws.partner/`".to_owned(),
            "`{environment}` in it stands for the environment that is deployed".to_owned(),
            "one of another account is named by its ARN: `arn:aws:events:eu-west-1:123456789012:event-bus/NAME`".to_owned(),
        ]);
    }
}

/// The name in the ARN of a bus: `arn:aws:events:eu-west-1:123456789012:event-bus/NAME`.
fn bus_of_arn(arn: &str) -> Option<&str> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, partition, "events", region, account, resource] = parts.as_slice() else { return None };
    let is_account = account.len() == 12 && account.chars().all(|digit| digit.is_ascii_digit());
    let is_whole = partition.starts_with("aws") && !region.is_empty() && is_account;
    resource.strip_prefix("event-bus/").filter(|_| is_whole)
}
