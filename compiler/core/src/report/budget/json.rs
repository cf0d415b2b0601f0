//! Ways as JSON Lines, for programs.

use std::borrow::Borrow;

use serde::Serialize;

use super::{First, Hop, Way};
use crate::source::Span;

/// A line for each way. Times are in seconds; what there is not is `null`.
///
/// ```json
/// {"reason":"way","from":"event `OrderPlaced` of function `place`","to":"function `ship`","worst":86490,"dead_letters":true,
///  "stages":[{"what":"rule `ship-orders`","tries":186,"each":null,"age":86400,"first":"age","after":86400,"throttled":null,
///             "then_in":"ShipOrdersDeadLetters","spec":"specs/shop.yaml:17"}]}
/// ```
///
/// `first` is what gives out first: `tries`, `age`, `retention` or `timeout`. `then_in` is the logical id of the dead-letter queue; whether
/// there is one on the way says `dead_letters`. Later versions may add fields.
pub fn json(ways: &[Way], location: &dyn Fn(Span) -> String) -> String {
    ways.iter().map(|way| line(&Told::of(way, location))).collect()
}

fn line(value: &impl Serialize) -> String {
    // These structs hold strings, numbers and booleans only; none of those can fail to serialize.
    serde_json::to_string(value).map_or_else(|error| format!("{error}\n"), |json| json + "\n")
}

#[derive(Serialize)]
struct Told<'w> {
    reason: &'static str,
    from: &'w str,
    to: &'w str,
    worst: u64,
    dead_letters: bool,
    stages: Vec<Stage<'w>>,
}

#[derive(Serialize)]
struct Stage<'w> {
    what: &'w str,
    tries: Option<u64>,
    each: Option<u64>,
    age: Option<u64>,
    first: &'static str,
    after: u64,
    throttled: Option<u64>,
    then_in: Option<&'w str>,
    spec: String,
}

impl<'w> Told<'w> {
    fn of(way: &'w Way, location: &dyn Fn(Span) -> String) -> Self {
        let Way { from, to, hops } = way;
        Self {
            reason: "way",
            from,
            to,
            worst: way.until_given_up(),
            dead_letters: way.has_dead_letters(),
            stages: hops.iter().map(|hop| Stage::of(hop, location)).collect(),
        }
    }
}

impl<'w> Stage<'w> {
    fn of(hop: &'w Hop, location: &dyn Fn(Span) -> String) -> Self {
        Self {
            what: &hop.what,
            tries: hop.tries,
            each: hop.each,
            age: hop.age,
            first: hop.first.word(),
            after: hop.after,
            throttled: hop.throttled,
            then_in: hop.dead.as_ref().map(Borrow::borrow),
            spec: location(hop.span),
        }
    }
}

impl First {
    /// What is printed of it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Tries => "tries",
            Self::Age => "age",
            Self::Retention => "retention",
            Self::Timeout => "timeout",
        }
    }
}
