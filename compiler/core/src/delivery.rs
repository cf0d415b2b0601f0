//! What becomes of one event: the rules that match it and what their targets get, and why the others do not.

use evc_interface::event::METADATA;
use serde_json::{Map, Value, json};

use crate::diagnostics::nearest;
use crate::expr::{Plain, Template};
use crate::model::{Bus, Destination, Event, Id, Model, Rule, Target, keeps_event_id};
use crate::pattern::{ENVELOPE_FIELDS, Miss, matches, misses};
use crate::spec::bus::{BusKind, ENVIRONMENT};
use crate::spec::given::Given;
use crate::types::Problem;

/// What becomes of an event.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The event in its envelope.
    pub event: Value,
    /// The declared events that it is: those of its source and detail-type, on the buses that are looked at. Each with what is wrong with its
    /// detail.
    pub declared: Vec<(Id<Event>, Vec<Problem>)>,
    /// A declared event whose source and detail-type are nearly those of this one, if it is none.
    pub nearest: Option<Id<Event>>,
    /// Each rule, in the order of the spec.
    pub rules: Vec<(Id<Rule>, Outcome)>,
}

/// What a rule does with an event.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It matches.
    Matches {
        /// What each target gets.
        received: Vec<Received>,
        /// The environments in which the rule is switched off.
        off_in: Vec<String>,
    },
    /// It does not: these conditions fail.
    Misses(Vec<Miss>),
    /// It reads another bus.
    OtherBus,
    /// Its pattern could not be read, which has been reported.
    Unread,
}

/// What a target gets.
#[derive(Debug, Clone)]
pub struct Received {
    /// Who.
    pub to: Destination,
    /// The event in its envelope, with the detail that the target's `input` makes.
    pub event: Value,
}

/// The events of a file: one in its envelope, as EventBridge delivers it, or an entry of `PutEvents`; or a list of these, also as the
/// `Entries` of a request. What an envelope lacks is filled in.
///
/// # Errors
///
/// When it is none of these.
pub fn events(json: Value) -> Result<Vec<Put>, String> {
    match json {
        Value::Array(events) => each(events),
        Value::Object(mut request) if request.contains_key("Entries") => match request.remove("Entries") {
            Some(Value::Array(entries)) => each(entries),
            _ => Err("`Entries` is not a list".to_owned()),
        },
        other => Ok(vec![envelope(other)?]),
    }
}

/// An event as it is put.
#[derive(Debug, Clone, PartialEq)]
pub struct Put {
    /// The event in its envelope.
    pub event: Value,
    /// The name or the ARN of the bus that its entry names.
    pub bus: Option<String>,
}

fn each(events: Vec<Value>) -> Result<Vec<Put>, String> {
    if events.is_empty() {
        return Err("there is none in the list".to_owned());
    }
    let numbered = (1..).zip(events);
    numbered.map(|(number, event)| envelope(event).map_err(|why| format!("number {number}: {why}"))).collect()
}

/// What stands for the parts of an envelope that a file leaves out: EventBridge adds them.
fn filled_in(field: &str) -> Option<Value> {
    Some(match field {
        "version" => json!("0"),
        "id" => json!("00000000-0000-4000-8000-000000000000"),
        "account" => json!("111122223333"),
        "time" => json!("2026-01-01T00:00:00Z"),
        "region" => json!("us-east-1"),
        "resources" => json!([]),
        _ => return None,
    })
}

fn envelope(event: Value) -> Result<Put, String> {
    let Value::Object(mut given) = event else { return Err("an event is an object".to_owned()) };
    for (entry, field) in
        [("Source", "source"), ("DetailType", "detail-type"), ("Time", "time"), ("Resources", "resources")]
    {
        if let Some(value) = given.remove(entry) {
            given.insert(field.to_owned(), value);
        }
    }
    let bus = given.remove("EventBusName").and_then(|bus| bus.as_str().map(str::to_owned));
    if let Some(detail) = given.remove("Detail") {
        let text = detail.as_str().ok_or("`Detail` of an entry is JSON in a text")?;
        let detail = serde_json::from_str(text).map_err(|error| format!("`Detail` is not JSON: {error}"))?;
        given.insert("detail".to_owned(), detail);
    }
    let mut whole = Map::new();
    for field in ENVELOPE_FIELDS {
        let value = given.remove(*field).or_else(|| filled_in(field));
        let value = value.ok_or_else(|| format!("an event has the field `{field}`; found none"))?;
        let (fits, what) = match *field {
            "detail" => (value.is_object(), "an object"),
            "resources" => (value.is_array(), "a list"),
            _ => (value.is_string(), "a text"),
        };
        if !fits {
            return Err(format!("`{field}` of an event is {what}"));
        }
        whole.insert((*field).to_owned(), value);
    }
    whole.extend(given);
    Ok(Put { event: Value::Object(whole), bus })
}

/// What becomes of an event on one bus; without one, on those on which events with its source and detail-type travel, or else on all.
pub fn deliver(model: &Model, event: Value, bus: Option<Id<Bus>>) -> Delivery {
    let text = |field: &str| event.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (source, detail_type) = (text("source"), text("detail-type"));
    let is_it = |of: &Event| of.source.value == source && of.detail_type.value == detail_type;
    let declared: Vec<Id<Event>> = model
        .events
        .iter()
        .filter(|(_, of)| is_it(of) && bus.is_none_or(|bus| bus == of.bus))
        .map(|(id, _)| id)
        .collect();
    let buses: Vec<Id<Bus>> = match bus {
        Some(bus) => vec![bus],
        None => declared.iter().map(|id| model.events[*id].bus).collect(),
    };
    let rules = model.rules.iter().map(|(id, rule)| {
        let outcome = match &rule.pattern {
            None => Outcome::Unread,
            Some(_) if !buses.is_empty() && !buses.contains(&rule.bus) => Outcome::OtherBus,
            Some(pattern) if matches(pattern, &event) => Outcome::Matches {
                received: rule.targets.iter().map(|target| received(model, rule, target, &event)).collect(),
                off_in: off_in(model, rule),
            },
            Some(pattern) => Outcome::Misses(misses(pattern, &event)),
        };
        (id, outcome)
    });
    let rules = rules.collect();
    let detail = event.get("detail").unwrap_or(&Value::Null);
    // One of another bus is what it is, and not nearly that.
    let elsewhere = model.events.iter().find(|(_, of)| is_it(of)).map(|(id, _)| id);
    let nearest =
        if declared.is_empty() { elsewhere.or_else(|| nearest_event(model, &source, &detail_type)) } else { None };
    let declared =
        declared.into_iter().map(|id| (id, model.types.validate(&model.events[id].detail, detail))).collect();
    Delivery { event, declared, nearest, rules }
}

/// The environments in which a rule is switched off.
fn off_in(model: &Model, rule: &Rule) -> Vec<String> {
    let environments = model.environments.iter().zip(rule.enabled.values());
    environments.filter(|(_, on)| !**on).map(|(environment, _)| environment.name.clone()).collect()
}

/// The bus that an entry names: by its name in the spec, in the account, or by its ARN.
pub fn bus_named(model: &Model, name: &str) -> Option<Id<Bus>> {
    let name = name.rsplit_once(":event-bus/").map_or(name, |(_, name)| name);
    let is_it = |bus: &Bus| match (bus.kind, bus.imported_name.as_deref()) {
        (BusKind::Default, _) => name == "default",
        (BusKind::Imported, Some(Given::Here(own))) => {
            let own = own.rsplit_once(":event-bus/").map_or(own.as_str(), |(_, own)| own);
            let mut environments = model.environments.iter().map(|environment| environment.name.as_str());
            own == name || environments.any(|environment| own.replace(ENVIRONMENT, environment) == name)
        }
        (BusKind::Imported, _) => name == bus.head.name,
        (BusKind::Custom, _) => name == bus.head.name || name.ends_with(&format!("-{}", bus.head.name)),
    };
    model.buses.iter().find(|(_, bus)| is_it(bus)).map(|(id, _)| id)
}

/// The declared event whose source and detail-type are nearest.
fn nearest_event(model: &Model, source: &str, detail_type: &str) -> Option<Id<Event>> {
    let name = |source: &str, detail_type: &str| format!("{source} / {detail_type}");
    let known: Vec<String> = model.events.values().map(|of| name(&of.source, &of.detail_type)).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let found = nearest(&name(source, detail_type), &known)?;
    model.events.ids().zip(&known).find(|(_, name)| **name == found).map(|(id, _)| id)
}

fn received(model: &Model, rule: &Rule, target: &Target, event: &Value) -> Received {
    let Some(input) = &target.input else { return Received { to: target.to, event: event.clone() } };
    let mut detail = made(input, event);
    if let (Value::Object(fields), true) = (&mut detail, keeps_event_id(model, rule, input))
        && let Some(metadata) = event.pointer(&format!("/detail/{METADATA}"))
    {
        fields.insert(METADATA.to_owned(), metadata.clone());
    }
    let mut event = event.clone();
    if let Value::Object(envelope) = &mut event {
        // An input transformer gives the target what it says and nothing else.
        for field in ["version", "region", "resources"] {
            envelope.remove(field);
        }
        envelope.insert("detail".to_owned(), detail);
    }
    Received { to: target.to, event }
}

/// What an `input` makes of an event. It copies and computes nothing, so that each of its expressions is a literal or a path.
fn made(input: &Template, event: &Value) -> Value {
    match input {
        Template::Expr(expr) => match expr.plain() {
            Some(Plain::Literal(literal)) => literal,
            Some(Plain::Path(path)) => {
                path.iter().try_fold(event, |value, name| value.get(*name)).cloned().unwrap_or_default()
            }
            None => Value::Null,
        },
        Template::Object(fields, _) => {
            Value::Object(fields.iter().map(|(key, value)| (key.text.clone(), made(value, event))).collect())
        }
        Template::List(items, _) => items.iter().map(|item| made(item, event)).collect(),
        Template::Null(_) | Template::Error(_) => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::analyze_text;

    #[test]
    fn events_come_as_they_are_delivered_or_as_they_are_put() {
        let whole = json!({"source": "shop", "detail-type": "Placed", "detail": {"id": 1}});
        let entry = json!({"Source": "shop", "DetailType": "Placed", "Detail": "{\"id\": 1}", "EventBusName": "b"});
        for given in [whole.clone(), json!([whole]), entry.clone(), json!({"Entries": [entry]})] {
            let events = events(given).expect("events");
            assert_eq!(events[0].event["source"], "shop");
            assert_eq!(events[0].event["detail"], json!({"id": 1}));
            assert_eq!(events[0].event["account"], "111122223333");
        }
        assert_eq!(events(json!({"Entries": [entry]})).expect("events")[0].bus.as_deref(), Some("b"));
        assert_eq!(events(json!([])), Err("there is none in the list".into()));
        assert_eq!(events(json!([whole, 1])), Err("number 2: an event is an object".into()));
        let pattern = json!({"source": ["shop"], "detail-type": ["Placed"], "detail": {}});
        assert_eq!(events(pattern), Err("`detail-type` of an event is a text".into()));
        assert_eq!(events(json!(1)), Err("an event is an object".into()));
        assert_eq!(events(json!({"source": "x"})), Err("an event has the field `detail-type`; found none".into()));
        assert!(events(json!({"Source": "x", "DetailType": "y", "Detail": "{"})).is_err());
    }

    #[test]
    fn targets_get_what_their_input_makes() {
        let spec = "evc: 1
service: shop
events:
  Placed: { source: shop, detail-type: Placed, detail: { id: uuid, total: integer }, publisher: external }
functions:
  all: {}
  some: { input: { order: uuid, kind: string, tags: '[string]' } }
rules:
  all: { event: Placed, to: { function: all } }
  some: { event: Placed, where: { total: [5] }, to: { function: some, input: { order: detail.id, kind: detail-type, tags: [\"'a'\", source] } } }
  none: { event: Placed, where: { total: [6] }, to: { function: all } }
";
        let analysis = analyze_text("spec.yaml", spec);
        assert!(!analysis.has_errors(), "{:?}", analysis.diagnostics);
        let model = analysis.model.expect("a model");
        let id = "0b5e1b76-3c50-4f3a-9f0e-2f4ff1a1d7c1";
        let event = json!({"source": "shop", "detail-type": "Placed", "detail": {"id": id, "total": 5}});
        let event = events(event).expect("an event").remove(0).event;
        let delivery = deliver(&model, event.clone(), None);
        assert!(delivery.declared[0].1.is_empty());
        let outcomes: Vec<&Outcome> = delivery.rules.iter().map(|(_, outcome)| outcome).collect();
        let [Outcome::Matches { received: all, .. }, Outcome::Matches { received: some, .. }, Outcome::Misses(misses)] =
            outcomes.as_slice()
        else {
            panic!("{outcomes:?}");
        };
        assert_eq!(all[0].event, event);
        assert_eq!(some[0].event["detail"], json!({"order": id, "kind": "Placed", "tags": ["a", "shop"]}));
        assert_eq!(misses[0].path, "detail.total");
    }
}
