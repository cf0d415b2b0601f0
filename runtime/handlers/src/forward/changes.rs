//! Changes of a table that are events: from a stream record to entries of `PutEvents`.
//!
//! An event holds the fields that were declared for it and nothing else of the item, read and written through its own type. Its
//! id is that of the stream record, which is the same in every delivery of the change. Removals are no events, whether somebody
//! deleted the item or its time to live was over.

use super::plan::{Reader, Weighed};
use super::row::{Poison, weigh};
use crate::adapter::stream::{ChangeKind, Record};
use crate::attribute::{self, Attribute, Item};
use crate::event::{self, Event, Metadata};
use crate::publish::Entry;
use crate::{Error, Timestamp, payload};
use serde::de::DeserializeOwned;

/// Which changes of a table are which events: what the `main` of a generated forwarder says.
///
/// Each method that adds to an event is about the event that was last begun.
#[derive(Debug)]
pub struct Changes {
    key: &'static str,
    events: Vec<Published>,
}

/// An event and the changes that it is.
#[derive(Debug)]
struct Published {
    kind: ChangeKind,
    source: &'static str,
    detail_type: &'static str,
    /// What tells its id from those of other events of the same change.
    suffix: Option<&'static str>,
    /// Field of the event, field of the item.
    fields: Vec<(&'static str, &'static str)>,
    tests: Vec<Test>,
    /// Reads the event's type and writes the detail.
    detail: fn(&str, &Metadata) -> Result<String, Error>,
}

/// What a field of the item must be.
#[derive(Debug)]
struct Test {
    path: &'static [&'static str],
    any: Vec<Is>,
}

#[derive(Debug)]
enum Is {
    Text(&'static str),
    Number(&'static str),
    Boolean(bool),
    Prefix(&'static str),
    NoneOf(&'static [&'static str]),
}

impl Changes {
    /// No event yet. `key` is the table's partition key: what an event is about.
    pub fn of(key: &'static str) -> Self {
        Self { key, events: Vec::new() }
    }

    /// A new item is the event `E`.
    pub fn insert<E: Event + DeserializeOwned>(&mut self) {
        self.begin::<E>(ChangeKind::Insert);
    }

    /// An item that was there and is written again is the event `E`, whatever of it changed.
    pub fn update<E: Event + DeserializeOwned>(&mut self) {
        self.begin::<E>(ChangeKind::Modify);
    }

    fn begin<E: Event + DeserializeOwned>(&mut self, kind: ChangeKind) {
        self.events.push(Published {
            kind,
            source: E::SOURCE,
            detail_type: E::DETAIL_TYPE,
            suffix: None,
            fields: Vec::new(),
            tests: Vec::new(),
            detail: detail::<E>,
        });
    }

    /// The event's id is the change's with this name behind it: for one of several events of a change.
    pub fn named(&mut self, name: &'static str) {
        self.last(|event| event.suffix = Some(name));
    }

    /// The event's field has the value of the item's.
    pub fn copy(&mut self, field: &'static str, from: &'static str) {
        self.last(|event| event.fields.push((field, from)));
    }

    /// The change is the event only if the field at this path is one of what is said next.
    pub fn only_if(&mut self, path: &'static [&'static str]) {
        self.last(|event| event.tests.push(Test { path, any: Vec::new() }));
    }

    /// It is this text.
    pub fn is_text(&mut self, text: &'static str) {
        self.alternative(Is::Text(text));
    }

    /// It is this whole number.
    pub fn is_number(&mut self, number: &'static str) {
        self.alternative(Is::Number(number));
    }

    /// It is this boolean.
    pub fn is_boolean(&mut self, value: bool) {
        self.alternative(Is::Boolean(value));
    }

    /// It is a text that starts with this.
    pub fn starts_with(&mut self, text: &'static str) {
        self.alternative(Is::Prefix(text));
    }

    /// It is a text and none of these.
    pub fn is_none_of(&mut self, texts: &'static [&'static str]) {
        self.alternative(Is::NoneOf(texts));
    }

    fn last(&mut self, change: impl FnOnce(&mut Published)) {
        if let Some(event) = self.events.last_mut() {
            change(event);
        }
    }

    fn alternative(&mut self, is: Is) {
        self.last(|event| {
            if let Some(test) = event.tests.last_mut() {
                test.any.push(is);
            }
        });
    }

    /// Runs the forwarder until Lambda ends the process. `name` is what its metrics are of.
    pub fn forward(self, name: &'static str) -> Result<(), Error> {
        super::run(name, &self)
    }
}

/// Reads the fields of an event as its type, and writes them with the metadata.
fn detail<E: Event + DeserializeOwned>(json: &str, metadata: &Metadata) -> Result<String, Error> {
    let event: E = payload::decode(json)?;
    event::detail(&event, metadata)
}

impl Reader for Changes {
    fn read(&self, record: &Record, bus: &str) -> Vec<Result<Weighed, Poison>> {
        let declared = self.events.iter().filter(|event| event.kind == record.event_name);
        let mut entries = Vec::new();
        for event in declared {
            match &record.dynamodb.new_image {
                None => entries.push(Err(Poison { reason: "the stream record has no new image".to_owned() })),
                Some(item) if event.is_met(item) => entries.push(self.entry(event, record, item, bus)),
                Some(_) => {}
            }
        }
        entries
    }

    fn aggregate(&self) -> &str {
        self.key
    }
}

impl Changes {
    fn entry(&self, event: &Published, record: &Record, item: &Item, bus: &str) -> Result<Weighed, Poison> {
        let created = record.dynamodb.created.and_then(timestamp);
        let metadata = Metadata {
            event_id: match event.suffix {
                Some(suffix) => format!("{}/{suffix}", record.event_id),
                None => record.event_id.clone(),
            },
            aggregate: record.dynamodb.keys.get(self.key).or_else(|| item.get(self.key)).and_then(Attribute::as_key),
            sequence: record.dynamodb.sequence_number.parse().ok(),
            occurred_at: created,
            trace: None,
        };
        let copied = event.fields.iter().filter_map(|(to, from)| Some(((*to).to_owned(), item.get(*from)?.clone())));
        let detail = (event.detail)(&attribute::to_json(&copied.collect()), &metadata);
        let detail = detail.map_err(|error| Poison {
            reason: format!("the item is no event `{}`: {}", event.detail_type, error.message()),
        })?;
        weigh(Entry {
            bus: bus.to_owned(),
            source: event.source.to_owned(),
            detail_type: event.detail_type.to_owned(),
            detail,
            time: created.unwrap_or_else(Timestamp::now),
            trace: None,
        })
    }
}

impl Published {
    fn is_met(&self, item: &Item) -> bool {
        self.tests.iter().all(|test| at(item, test.path).is_some_and(|value| test.any.iter().any(|is| is.holds(value))))
    }
}

impl Is {
    fn holds(&self, value: &Attribute) -> bool {
        match (self, value) {
            (Self::Text(text), Attribute::S(value)) => value == text,
            (Self::Number(number), Attribute::N(value)) => value == number,
            (Self::Boolean(boolean), Attribute::Bool(value)) => value == boolean,
            (Self::Prefix(prefix), Attribute::S(value)) => value.starts_with(prefix),
            (Self::NoneOf(texts), Attribute::S(value)) => !texts.contains(&value.as_str()),
            _ => false,
        }
    }
}

/// The value at a path through maps.
fn at<'i>(item: &'i Item, path: &[&str]) -> Option<&'i Attribute> {
    let (first, rest) = path.split_first()?;
    let value = item.get(*first)?;
    match (rest, value) {
        ([], value) => Some(value),
        (rest, Attribute::M(item)) => at(item, rest),
        _ => None,
    }
}

/// The time that a stream record says, in seconds since 1970.
fn timestamp(seconds: f64) -> Option<Timestamp> {
    #[expect(clippy::cast_possible_truncation, reason = "what is no time is refused")]
    Timestamp::from_millis((seconds * 1000.0).round() as i64).ok()
}

#[cfg(test)]
mod tests;
