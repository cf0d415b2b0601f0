//! Event patterns: EventBridge's grammar read with spans, checked against types, evaluated, and written as JSON.
//!
//! [`parse`] makes a [`Pattern`] of what can be read of a YAML node, [`check`] compares it with the type of what it is matched against,
//! [`can_match`] says whether it can match such values at all, [`matches`] whether it matches one, and [`to_json`] writes it.
//! The type may be an event's whole [`envelope`] or its detail alone, as a rule's `where:` is.
//!
//! The grammar is that of
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>; where that page is silent, the
//! open-source matcher behind the service decides: <https://github.com/aws/event-ruler>.

mod ast;
mod bounded;
mod check;
mod forms;
mod json;
mod judge;
mod limits;
mod matching;
mod misses;
mod narrow;
mod operators;
mod parse;
mod rule;
#[cfg(test)]
mod tests;
mod ways;
pub mod wildcards;

pub use ast::{
    AnythingBut, Cidr, Comparison, Constraint, Field, Match, MatchKind, Number, Numeric, Object, Pattern, Wildcard,
};
pub use bounded::{booleans, bounds_a_count, rules_out, rules_out_starts, starts};
pub use check::{Verdict, can_match, check};
pub use json::{to_json, to_text};
pub use limits::{DEFAULT_SIZE, MAX_COMBINATIONS, MAX_SIZE, check_whole};
pub use matching::matches;
pub use misses::{Miss, Saw, misses};
pub use narrow::narrowed;
pub use parse::{Parsed, parse};
pub use rule::{ENVELOPE_FIELDS, envelope, for_events};
pub use ways::ways;
