//! The event patterns of rules: made of the events that a rule names and what it says of their detail, or as it writes them.

use super::{Bus, Event, Id, Model};
use crate::diagnostics::Diagnostic;
use crate::pattern::Pattern;
use crate::source::Spanned;
use crate::spec::decode::Declared;
use crate::spec::rule;

/// The patterns of one rule.
pub(super) struct Patterns {
    pub(super) events: Vec<Spanned<Id<Event>>>,
    pub(super) whole: Option<Pattern>,
    pub(super) detail: Option<Pattern>,
    pub(super) written: Option<Pattern>,
}

/// Makes the patterns of a rule.
pub(super) fn of_rule(
    _: &Model,
    _: Id<Bus>,
    events: &[Spanned<Id<Event>>],
    _: &Declared<rule::Rule>,
    _: &mut Vec<Diagnostic>,
) -> Patterns {
    Patterns { events: events.to_vec(), whole: None, detail: None, written: None }
}
