//! `EventBridge`: buses, rules, targets, and what becomes of what cannot be delivered.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-what-is.html>

mod api;
mod archives;
mod delivery;

use std::sync::Arc;

use evc_interface::limits::{PUT_EVENTS_BYTES, PUT_EVENTS_TIME_BYTES};
use indexmap::IndexMap;
use serde_json::{Value, json};

use self::api::said;
pub(crate) use self::archives::Archives;
use crate::Refusal;
use crate::iam::{self, Principal};
use crate::pattern::Pattern;
use crate::stack::{Stack, whole};
use crate::system::{Caller, System};
use crate::trace::{HopId, Kind, New};

/// The most entries of a call.
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>
const ENTRIES: usize = 10;

/// How often and for how long a target is tried unless the rule says otherwise.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html>
const ATTEMPTS: u64 = 185;
const AGE_SECONDS: u64 = 86_400;

/// What policies call the service.
const SERVICE: &str = "events.amazonaws.com";

#[derive(Debug, Clone)]
struct Target {
    /// As it was given.
    written: Value,
    id: String,
    arn: String,
    input: Input,
    attempts: u64,
    age_ms: u64,
    dead_letters: Option<String>,
    group: Option<String>,
    /// The role that is taken on for it.
    role: Option<String>,
}

/// What a target is given.
#[derive(Debug, Clone)]
enum Input {
    /// The whole event.
    Whole,
    /// This text.
    Constant(String),
    /// The part of the event at this way.
    Path(String),
    /// A text made of parts of the event.
    Template { paths: IndexMap<String, String>, template: String },
}

/// A rule.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) arn: String,
    pub(crate) address: String,
    pub(crate) pattern: Option<Pattern>,
    /// The pattern as JSON.
    text: String,
    /// Source and detail-type that its pattern asks for, if it asks for literals.
    about: [Vec<String>; 2],
    enabled: bool,
    targets: Vec<Target>,
}

impl Rule {
    /// One without targets.
    fn of(arn: String, address: String, pattern: Option<&Value>) -> Result<Self, String> {
        let literals = |field: &str| {
            let values = pattern.and_then(|it| it.get(field)).and_then(Value::as_array);
            values.into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect()
        };
        Ok(Self {
            arn,
            address,
            pattern: pattern.map(|it| Pattern::parse(&it.to_string())).transpose()?,
            text: pattern.map(Value::to_string).unwrap_or_default(),
            about: [literals("source"), literals("detail-type")],
            enabled: true,
            targets: Vec::new(),
        })
    }

    fn name(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or_default()
    }

    fn told(&self, bus: &str) -> Value {
        let state = if self.enabled { "ENABLED" } else { "DISABLED" };
        let mut told = json!({ "Name": self.name(), "Arn": self.arn, "State": state, "EventBusName": bus });
        if !self.text.is_empty() {
            told["EventPattern"] = json!(self.text);
        }
        told
    }
}

/// A bus.
#[derive(Debug, Default)]
pub(crate) struct Bus {
    address: String,
    rules: Vec<Arc<Rule>>,
}

/// The buses of all stacks, by name.
#[derive(Debug, Default)]
pub struct Buses {
    by_name: IndexMap<String, Bus>,
}

/// The name of a bus, given by name or ARN.
fn bus_name(bus: &str) -> &str {
    bus.rsplit_once(":event-bus/").map_or(bus, |(_, name)| name)
}

impl Buses {
    /// Those of the stacks, with their rules; the default bus is always there.
    pub(crate) fn of(stacks: &[Arc<Stack>]) -> Result<Self, String> {
        let mut by_name =
            IndexMap::from([("default".to_owned(), Bus { address: "buses.default".to_owned(), rules: Vec::new() })]);
        for stack in stacks {
            for (_, it) in stack.of_type(&["AWS::Events::EventBus"]) {
                by_name.insert(it.name.clone(), Bus { address: it.address.clone(), rules: Vec::new() });
            }
        }
        for stack in stacks {
            for (_, it) in stack.of_type(&["AWS::Events::Rule"]) {
                let pattern = it.at("/EventPattern");
                let rule = Rule {
                    enabled: it.text("/State") != Some("DISABLED"),
                    targets: it.list("/Targets").iter().map(target).collect(),
                    ..Rule::of(it.arn.clone(), it.address.clone(), pattern)?
                };
                let bus = bus_name(it.text("/EventBusName").unwrap_or("default"));
                // A bus that another stack makes, and that does not run here: events can still be put on it by hand.
                let bus = by_name
                    .entry(bus.to_owned())
                    .or_insert_with(|| Bus { address: format!("buses.{bus}"), rules: Vec::new() });
                bus.rules.push(Arc::new(rule));
            }
        }
        Ok(Self { by_name })
    }
}

/// The bytes of an entry, as `EventBridge` counts them.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size>
fn entry_bytes(entry: &Value) -> usize {
    let texts = ["Source", "DetailType", "Detail"].iter().filter_map(|field| said(entry, field));
    let resources = entry.get("Resources").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let time = if entry.get("Time").is_some() { PUT_EVENTS_TIME_BYTES } else { 0 };
    time + texts.chain(resources).map(str::len).sum::<usize>()
}

fn target(json: &Value) -> Target {
    let text = |pointer: &str| json.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let number = |pointer: &str| json.pointer(pointer).and_then(whole);
    let input = if let Some(transformer) = json.get("InputTransformer") {
        let paths = transformer.get("InputPathsMap").and_then(Value::as_object);
        let paths =
            paths.into_iter().flatten().filter_map(|(name, way)| Some((name.clone(), way.as_str()?.to_owned())));
        let template = transformer.get("InputTemplate").and_then(Value::as_str).unwrap_or_default().to_owned();
        Input::Template { paths: paths.collect(), template }
    } else if let Some(constant) = text("/Input") {
        Input::Constant(constant)
    } else {
        text("/InputPath").map_or(Input::Whole, Input::Path)
    };
    Target {
        written: json.clone(),
        id: text("/Id").unwrap_or_default(),
        arn: text("/Arn").unwrap_or_default(),
        input,
        attempts: number("/RetryPolicy/MaximumRetryAttempts").unwrap_or(ATTEMPTS),
        age_ms: number("/RetryPolicy/MaximumEventAgeInSeconds").unwrap_or(AGE_SECONDS) * 1_000,
        dead_letters: text("/DeadLetterConfig/Arn"),
        group: text("/SqsParameters/MessageGroupId"),
        role: text("/RoleArn"),
    }
}

/// The part of an event at a way such as `$.detail.items[0]`.
fn part<'e>(event: &'e Value, way: &str) -> Option<&'e Value> {
    let way = way.strip_prefix('$')?;
    way.split('.').filter(|name| !name.is_empty()).try_fold(event, |value, name| {
        let (name, index) = name
            .strip_suffix(']')
            .and_then(|it| it.split_once('['))
            .map_or((name, None), |(name, index)| (name, Some(index)));
        let value = if name.is_empty() { value } else { value.get(name)? };
        index.map_or(Some(value), |index| value.get(index.parse::<usize>().ok()?))
    })
}

/// The text that a target is given.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html>
fn input_of(input: &Input, event: &Value, rule: &str) -> String {
    match input {
        Input::Whole => event.to_string(),
        Input::Constant(text) => text.clone(),
        Input::Path(way) => part(event, way).unwrap_or(&Value::Null).to_string(),
        Input::Template { paths, template } => {
            let own = |name: &str| match name {
                "aws.events.event.json" | "aws.events.event" => Some(event.clone()),
                "aws.events.rule-arn" => Some(json!(rule)),
                "aws.events.event.ingestion-time" => event.get("time").cloned(),
                _ => part(event, paths.get(name)?).cloned(),
            };
            filled(template, &own)
        }
    }
}

/// A template with what stands for each `<name>`. A text that stands between quotes, or in a template that is a text itself, has no quotes
/// of its own. What is not there is an empty text.
fn filled(template: &str, value_of: &dyn Fn(&str) -> Option<Value>) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let Some((name, left)) = after.split_once('>') else {
            out.push('<');
            rest = after;
            continue;
        };
        let quoted = super::pipes::in_text(&out);
        match value_of(name) {
            Some(Value::String(text)) if quoted => {
                let json = json!(text).to_string();
                out.push_str(json.get(1..json.len() - 1).unwrap_or_default());
            }
            Some(value) => out.push_str(&value.to_string()),
            None if quoted => {}
            None => out.push_str("\"\""),
        }
        rest = left;
    }
    out.push_str(rest);
    out
}

impl System {
    fn put_events(&mut self, caller: &Caller, body: &Value) -> Result<Value, Refusal> {
        let entries = body.get("Entries").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if entries.is_empty() || entries.len() > ENTRIES {
            return Err(Refusal::invalid(format!("a call puts 1 to {ENTRIES} events, and this one {}", entries.len())));
        }
        let bytes: usize = entries.iter().map(entry_bytes).sum();
        if bytes >= PUT_EVENTS_BYTES {
            return Err(Refusal::invalid("Total size of the entries in the request is over the limit."));
        }
        let entries = entries.to_vec();
        let mut answers = Vec::new();
        let mut failed = 0;
        for entry in &entries {
            answers.push(match self.put_event(caller, entry) {
                Ok(id) => json!({ "EventId": id }),
                Err(refusal) => {
                    failed += 1;
                    json!({ "ErrorCode": refusal.code, "ErrorMessage": refusal.message })
                }
            });
        }
        Ok(json!({ "FailedEntryCount": failed, "Entries": answers }))
    }

    /// Puts one event on a bus as a service that works for a resource of the account.
    pub(crate) fn put_event_as(
        &mut self,
        who: &Principal,
        entry: &Value,
        cause: Option<HopId>,
    ) -> Result<String, Refusal> {
        let asked = iam::asked("AWSEvents", "PutEvents", &json!({ "Entries": [entry] }), &self.names());
        self.may(who, &asked, cause)?;
        self.put_event(&Caller { role: None, cause }, entry)
    }

    /// Puts one event on a bus: an entry of `PutEvents`. Gives the event's id.
    pub(crate) fn put_event(&mut self, caller: &Caller, entry: &Value) -> Result<String, Refusal> {
        let text = |field: &str| entry.get(field).and_then(Value::as_str);
        let needed = |field: &str| {
            text(field).ok_or_else(|| {
                Refusal::new(
                    "InvalidArgument",
                    format!("Parameter {field} is not valid. Reason: {field} is a required argument."),
                )
            })
        };
        let (source, detail_type, detail) = (needed("Source")?, needed("DetailType")?, needed("Detail")?);
        let malformed = || Refusal::new("MalformedDetail", "Detail is malformed.");
        let detail: Value = serde_json::from_str(detail).map_err(|_| malformed())?;
        if !detail.is_object() {
            return Err(malformed());
        }
        let bus = bus_name(text("EventBusName").unwrap_or("default")).to_owned();
        if !self.buses.by_name.contains_key(&bus) {
            return Err(Refusal::new("ResourceNotFoundException", format!("Event bus {bus} does not exist.")));
        }
        let id = self.new_id().to_string();
        let names = self.names();
        // Seconds: https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
        let now = self.now();
        let time =
            text("Time").map_or_else(|| format!("{}Z", now.split('.').next().unwrap_or_default()), str::to_owned);
        let event = json!({
            "version": "0",
            "id": id,
            "detail-type": detail_type,
            "source": source,
            "account": names.account,
            "time": time,
            "region": names.region,
            "resources": entry.get("Resources").cloned().unwrap_or_else(|| json!([])),
            "detail": detail,
        });
        self.route(&bus, event, caller.cause);
        Ok(id)
    }

    /// Gives an event to the rules of a bus.
    fn route(&mut self, name: &str, event: Value, cause: Option<HopId>) {
        self.route_to(name, event, cause, &[]);
    }

    /// Gives an event to the rules of a bus: to these, or to all if none is named.
    fn route_to(&mut self, name: &str, event: Value, cause: Option<HopId>, only: &[String]) {
        let Some(bus) = self.buses.by_name.get(name) else { return };
        let (address, rules) = (bus.address.clone(), bus.rules.clone());
        let text = |field: &str| event.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (source, detail_type) = (text("source"), text("detail-type"));
        let hop = self.note(New::done(cause, Kind::Event, &address, detail_type.clone(), event.clone()));
        let event = Arc::new(event);
        let now_ms = self.now_ms();
        self.archives.keep(name, &event, now_ms);
        for rule in rules.into_iter().filter(|rule| only.is_empty() || only.contains(&rule.arn)) {
            let Some(pattern) = &rule.pattern else { continue };
            if pattern.matches(&event) {
                if !rule.enabled {
                    let why = "is switched off in this environment".to_owned();
                    self.note(New::done(Some(hop), Kind::Miss, &rule.address, why, Value::Null));
                    continue;
                }
                let matched = self.note(New::done(Some(hop), Kind::Rule, &rule.address, "matches", Value::Null));
                self.give_all(&rule, &event, matched);
            } else if rule.about[0].contains(&source) && rule.about[1].contains(&detail_type) {
                let misses = pattern.misses(&event);
                let text = misses.join("; ");
                self.note(New::done(Some(hop), Kind::Miss, &rule.address, text, Value::Null));
            }
        }
    }

    /// Gives an event to the targets of a rule whose time has come.
    pub(crate) fn run_rule(&mut self, arn: &str, event: Value, cause: HopId) {
        let rule = self.buses.by_name.values().flat_map(|bus| &bus.rules).find(|rule| rule.arn == arn).cloned();
        let Some(rule) = rule else { return };
        self.give_all(&rule, &Arc::new(event), cause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_made_as_a_target_says() {
        let event = json!({ "id": "e", "detail": { "name": "a\"b", "items": [{ "n": 1 }], "total": 2.50 } });
        let template = |template: &str| Input::Template {
            paths: IndexMap::from([
                ("name".to_owned(), "$.detail.name".to_owned()),
                ("n".to_owned(), "$.detail.items[0].n".to_owned()),
                ("detail".to_owned(), "$.detail.items".to_owned()),
                ("none".to_owned(), "$.detail.none".to_owned()),
            ]),
            template: template.to_owned(),
        };
        for (input, given) in [
            (Input::Whole, event.to_string()),
            (Input::Constant("{}".to_owned()), "{}".to_owned()),
            (Input::Path("$.detail.items[0]".to_owned()), r#"{"n":1}"#.to_owned()),
            (
                template(r#"{"a": <name>, "b": "is <name>", "n": <n>}"#),
                r#"{"a": "a\"b", "b": "is a\"b", "n": 1}"#.to_owned(),
            ),
            (template(r#"{"d": <detail>, "x": <none>}"#), r#"{"d": [{"n":1}], "x": ""}"#.to_owned()),
            (template(r#""order of <name>""#), r#""order of a\"b""#.to_owned()),
        ] {
            assert_eq!(input_of(&input, &event, "arn"), given);
        }
    }
}
