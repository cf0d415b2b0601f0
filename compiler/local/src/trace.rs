//! Every hop with its cause: what happened, what it led to, and what did not happen though it nearly did.

mod hidden;

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;
use serde_json::Value;

use self::hidden::Hidden;

/// The number of a hop: counted from 1, later ones are greater.
pub type HopId = u64;

/// How many hops are kept: the oldest go first.
pub const KEPT: usize = 100_000;

/// The most bytes of a payload that a hop keeps.
pub const DATA_BYTES: usize = 64 * 1024;

/// What kind of hop it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A request of an API.
    Request,
    /// A function runs.
    Invocation,
    /// A call of a service by a function or from outside.
    Call,
    /// A row was written, changed or removed.
    Row,
    /// An event was put on a bus.
    Event,
    /// A rule matched, and its targets were given the event.
    Rule,
    /// A rule of the event's kind did not match.
    Miss,
    /// A message was put into a queue.
    Message,
    /// Messages or records were handed to a function.
    Batch,
    /// A workflow's execution.
    Execution,
    /// A step of it.
    Step,
    /// A line of a log.
    Log,
    /// Something was given up, and kept in a dead-letter queue.
    DeadLetter,
    /// A schedule's time came.
    Schedule,
    /// A fault that was asked for.
    Fault,
}

/// How a hop stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state", content = "why")]
pub enum Outcome {
    /// It is under way.
    Running,
    /// It ended well, or needs no end.
    Done,
    /// It failed: an error's name, and what it says.
    Failed(String),
    /// It was refused: a role does not allow it.
    Denied(String),
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Hop {
    /// Its number.
    pub id: HopId,
    /// What it happened because of; nothing for what came from outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<HopId>,
    /// The first hop of the chain of causes.
    pub root: HopId,
    /// When, milliseconds since 1970, by the system's clock.
    pub at_ms: u64,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_ms: Option<u64>,
    /// What kind of hop it is.
    pub kind: Kind,
    /// The thing of the spec that it is about: `functions.create-order`.
    pub thing: String,
    /// What happened, in a few words.
    pub text: String,
    /// What was sent, written or answered, up to [`DATA_BYTES`].
    #[serde(skip_serializing_if = "Value::is_null")]
    pub data: Value,
    /// What it is called elsewhere: the id of a request, an event or a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_as: Option<String>,
    /// How it stands.
    pub outcome: Outcome,
    /// How often it was changed: who follows the trace sees by it what is new.
    pub revision: u64,
}

/// A first cause, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cause<'t> {
    /// The first hop.
    #[serde(flatten)]
    pub first: &'t Hop,
    /// How many hops there are, the first among them.
    pub hops: usize,
    /// How many of them failed, were refused or were given up.
    pub trouble: usize,
}

/// How a text is found in a hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    Not,
    Part,
    Whole,
}

impl Hop {
    fn is_trouble(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(_) | Outcome::Denied(_)) || self.kind == Kind::DeadLetter
    }

    fn has(&self, text: &str) -> Found {
        if self.known_as.as_deref() == Some(text) || self.id.to_string() == text {
            return Found::Whole;
        }
        in_text(&self.text, text).max(in_json(&self.data, text))
    }
}

fn in_text(whole: &str, text: &str) -> Found {
    match whole.contains(text) {
        true if whole == text => Found::Whole,
        true => Found::Part,
        false => Found::Not,
    }
}

fn in_json(json: &Value, text: &str) -> Found {
    match json {
        Value::String(own) => in_text(own, text),
        Value::Array(items) => items.iter().map(|item| in_json(item, text)).max().unwrap_or(Found::Not),
        Value::Object(entries) => entries.values().map(|value| in_json(value, text)).max().unwrap_or(Found::Not),
        Value::Number(number) if number.to_string() == text => Found::Whole,
        Value::Number(_) | Value::Null | Value::Bool(_) => Found::Not,
    }
}

/// What happened, the latest [`KEPT`] hops.
#[derive(Debug, Default)]
pub struct Trace {
    hops: VecDeque<Hop>,
    last: HopId,
    revision: u64,
    changed: VecDeque<HopId>,
    hidden: Hidden,
}

/// A hop before it has a number.
#[derive(Debug, Clone)]
pub struct New {
    /// As in [`Hop`].
    pub cause: Option<HopId>,
    /// As in [`Hop`].
    pub kind: Kind,
    /// As in [`Hop`].
    pub thing: String,
    /// As in [`Hop`].
    pub text: String,
    /// As in [`Hop`].
    pub data: Value,
    /// As in [`Hop`].
    pub known_as: Option<String>,
    /// As in [`Hop`].
    pub outcome: Outcome,
}

impl New {
    /// A hop that needs no end.
    pub fn done(cause: Option<HopId>, kind: Kind, thing: &str, text: impl Into<String>, data: Value) -> Self {
        Self { cause, kind, thing: thing.to_owned(), text: text.into(), data, known_as: None, outcome: Outcome::Done }
    }

    /// A hop that is under way.
    pub fn running(cause: Option<HopId>, kind: Kind, thing: &str, text: impl Into<String>, data: Value) -> Self {
        Self { outcome: Outcome::Running, ..Self::done(cause, kind, thing, text, data) }
    }

    /// With the id that it has elsewhere.
    #[must_use]
    pub fn known_as(self, id: &str) -> Self {
        Self { known_as: Some(id.to_owned()), ..self }
    }

    /// With another outcome.
    #[must_use]
    pub fn with(self, outcome: Outcome) -> Self {
        Self { outcome, ..self }
    }
}

impl Trace {
    /// Notes a hop at a time.
    pub fn add(&mut self, at_ms: u64, new: New) -> HopId {
        let New { cause, kind, thing, mut text, mut data, known_as, outcome } = new;
        self.hidden.out_of(&mut text);
        self.hidden.out_of_json(&mut data);
        let outcome = self.without_hidden(outcome);
        self.last += 1;
        self.revision += 1;
        let root = cause.and_then(|cause| self.get(cause)).map_or(self.last, |cause| cause.root);
        let ended_ms = (outcome != Outcome::Running).then_some(at_ms);
        let data = bounded(data);
        let (id, revision) = (self.last, self.revision);
        let hop = Hop { id, cause, root, at_ms, ended_ms, kind, thing, text, data, known_as, outcome, revision };
        self.hops.push_back(hop);
        self.changed.push_back(id);
        if self.hops.len() > KEPT {
            self.hops.pop_front();
        }
        if self.changed.len() > 2 * KEPT {
            self.changed.pop_front();
        }
        id
    }

    /// Lets a text that nobody may see be replaced wherever it stands, from here on: the value of a secret.
    pub fn hide(&mut self, value: &str) {
        self.hidden.add(value);
    }

    /// A text without what nobody may see.
    pub fn shown(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        self.hidden.out_of(&mut shown);
        shown
    }

    fn without_hidden(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Failed(why) => Outcome::Failed(self.shown(&why)),
            Outcome::Denied(why) => Outcome::Denied(self.shown(&why)),
            Outcome::Running | Outcome::Done => outcome,
        }
    }

    /// Notes how a hop that was under way ended.
    pub fn end(&mut self, id: HopId, at_ms: u64, outcome: Outcome) {
        let outcome = self.without_hidden(outcome);
        self.revision += 1;
        let revision = self.revision;
        if let Some(hop) = self.get_mut(id) {
            (hop.ended_ms, hop.outcome, hop.revision) = (Some(at_ms), outcome, revision);
            self.changed.push_back(id);
        }
    }

    /// A hop, while it is kept.
    pub fn get(&self, id: HopId) -> Option<&Hop> {
        self.hops.get(self.index(id)?)
    }

    fn get_mut(&mut self, id: HopId) -> Option<&mut Hop> {
        let index = self.index(id)?;
        self.hops.get_mut(index)
    }

    /// Numbers have no gap.
    fn index(&self, id: HopId) -> Option<usize> {
        let first = self.hops.front()?.id;
        usize::try_from(id.checked_sub(first)?).ok()
    }

    /// Hops that are new or have ended since this revision, in the order of that, each once; and the revision to ask from next.
    pub fn since(&self, revision: u64) -> (Vec<&Hop>, u64) {
        let hops = self.changed.iter().filter_map(|id| self.get(*id)).filter(|hop| hop.revision > revision);
        let mut seen = std::collections::HashSet::new();
        let mut hops: Vec<&Hop> = hops.filter(|hop| seen.insert(hop.id)).collect();
        hops.sort_by_key(|hop| hop.revision);
        (hops, self.revision)
    }

    /// A hop and all that came of the same first cause, in the order in which it happened.
    pub fn of_root(&self, root: HopId) -> Vec<&Hop> {
        self.hops.iter().filter(|hop| hop.root == root).collect()
    }

    /// The latest first causes, the latest first; those alone of which a hop has this text in it, if one is given: as its number or id, or in its
    /// words or data. Where a hop has it as a whole (an id, a value), those that have it as a part do not count.
    pub fn causes(&self, find: Option<&str>, most: usize) -> Vec<Cause<'_>> {
        let mut found: BTreeMap<HopId, (usize, usize, Found)> = BTreeMap::new();
        for hop in &self.hops {
            let (count, trouble, best) = found.entry(hop.root).or_insert((0, 0, Found::Not));
            *count += 1;
            *trouble += usize::from(hop.is_trouble());
            if let Some(text) = find {
                *best = (*best).max(hop.has(text));
            }
        }
        let best = found.values().map(|(.., best)| *best).max().unwrap_or(Found::Not);
        let wanted =
            found.into_iter().rev().filter(|(_, (.., own))| find.is_none() || best > Found::Not && *own == best);
        let causes =
            wanted.filter_map(|(root, (hops, trouble, _))| Some(Cause { first: self.get(root)?, hops, trouble }));
        causes.take(most).collect()
    }

    /// All hops that are kept.
    pub fn all(&self) -> impl Iterator<Item = &Hop> {
        self.hops.iter()
    }
}

/// A payload, or what is said of one that is too long to keep.
fn bounded(data: Value) -> Value {
    let bytes = size(&data);
    if bytes <= DATA_BYTES { data } else { Value::String(format!("{bytes} bytes, too long to keep")) }
}

/// About how many bytes a value has as JSON: cheaper than to write it.
fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 4,
        Value::Number(_) => 8,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(size).sum::<usize>() + items.len() + 1,
        Value::Object(entries) => entries.iter().map(|(key, value)| key.len() + 4 + size(value)).sum::<usize>() + 1,
    }
}
