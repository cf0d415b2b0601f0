//! Hops as the interface of `evc dev` tells them: docs/local.md.

use serde::Deserialize;
use serde_json::Value;

/// Something that happened. Kinds and states are words, so that those of a newer `evc dev` are shown too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Hop {
    /// Its number.
    pub(crate) id: u64,
    /// The hop that it happened because of.
    pub(crate) cause: Option<u64>,
    /// When it began and ended, milliseconds since 1970.
    pub(crate) at_ms: u64,
    pub(crate) ended_ms: Option<u64>,
    /// `request`, `invocation`, `row`, ...
    pub(crate) kind: String,
    /// What the spec calls it.
    pub(crate) thing: String,
    /// What happened, in a few words.
    pub(crate) text: String,
    pub(crate) outcome: Outcome,
}

/// How a hop stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Outcome {
    /// `running`, `done`, `failed`, `denied`.
    pub(crate) state: String,
    /// Why it failed.
    pub(crate) why: Option<String>,
}

/// A first cause.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Cause {
    #[serde(flatten)]
    pub(crate) first: Hop,
    /// How many hops came of it, itself among them.
    pub(crate) hops: usize,
    /// How many of them failed, were refused or were given up.
    pub(crate) trouble: usize,
}

/// The hops of an answer.
pub(crate) fn hops(told: &Value) -> Vec<Hop> {
    listed(told.get("hops"))
}

/// The causes of an answer.
pub(crate) fn causes(told: &Value) -> Vec<Cause> {
    listed(told.get("causes"))
}

fn listed<T: for<'d> Deserialize<'d>>(list: Option<&Value>) -> Vec<T> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| T::deserialize(item).ok()).collect()
}
