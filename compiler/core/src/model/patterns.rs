//! The event patterns of rules: made of the events that a rule names and what it says of their detail, or as it writes them.

use super::{Bus, Event, Id, Model, aws, metadata};
use crate::diagnostics::{Code, Diagnostic};
use crate::pattern::{self, Pattern, Verdict};
use crate::source::{Span, Spanned};
use crate::spec::decode::Declared;
use crate::spec::rule;
use crate::types::Type;

/// The patterns of one rule, and the events they can match.
pub(super) struct Patterns {
    pub(super) events: Vec<Spanned<Id<Event>>>,
    pub(super) whole: Option<Pattern>,
    pub(super) detail: Option<Pattern>,
    pub(super) written: Option<Pattern>,
    /// Whether it says something of the `metadata` that publishers add, which the patterns for checks leave out.
    pub(super) of_metadata: bool,
}

/// Makes the patterns of a rule that names `events`, or writes a pattern for what travels on `bus`.
pub(super) fn of_rule(
    model: &Model,
    bus: Id<Bus>,
    events: &[Spanned<Id<Event>>],
    rule: &Declared<rule::Rule>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Patterns {
    let filter = rule.where_.as_ref();
    if let Some(written) = &rule.pattern {
        if let Some(filter) = filter {
            diagnostics.push(
                Diagnostic::new(Code::EVC0105, filter.span, "a rule with a `pattern` has no `where`")
                    .help("write the condition under `detail` in the pattern"),
            );
        }
        let parsed = pattern::parse(&written.value.0, diagnostics);
        let whole = parsed.as_ref().and_then(|parsed| parsed.whole().cloned());
        let apart = parsed.map(|parsed| {
            let around = parsed.readable.only(&|name| name != "detail");
            let picked = model.events_on(bus).map(|(_, event)| event).filter(|event| can_match(model, &around, event));
            metadata::judged_apart(model, parsed.readable, picked, diagnostics)
        });
        let (written, of_metadata) = apart.map_or((None, false), |(written, said)| (Some(written), said));
        let events = written.as_ref().map_or(Vec::new(), |written| matched(model, bus, written));
        return Patterns { events, whole, detail: None, written, of_metadata };
    }
    let detail = filter.and_then(|filter| pattern::parse(&filter.value.0, diagnostics));
    let named: Vec<(&str, &str)> = events.iter().map(|event| wire_name(&model.events[event.value])).collect();
    let span = events.first().map_or(rule.name_span, |event| event.span);
    let sound = detail.as_ref().and_then(pattern::Parsed::whole);
    let unreadable = filter.is_some() && sound.is_none();
    let whole = (!named.is_empty() && !unreadable).then(|| pattern::for_events(&named, sound, span));
    let of_rule = events.iter().map(|event| &model.events[event.value]);
    let apart = detail.map(|parsed| metadata::apart(model, parsed.readable, of_rule, diagnostics));
    let (detail, of_metadata) = apart.map_or((None, false), |(detail, said)| (Some(detail), said));
    Patterns { events: events.to_vec(), whole, detail, written: None, of_metadata }
}

/// The declared events of a bus that a pattern can match.
fn matched(model: &Model, bus: Id<Bus>, pattern: &Pattern) -> Vec<Spanned<Id<Event>>> {
    let events = model.events_on(bus).filter(|(_, event)| can_match(model, pattern, event));
    events.map(|(id, _)| Spanned::new(id, pattern.root.span)).collect()
}

/// Whether a whole pattern can match an event. Of what AWS publishes, a spec declares the fields that it uses, and others are there.
pub(super) fn can_match(model: &Model, pattern: &Pattern, event: &Event) -> bool {
    let envelope = envelope(event);
    let verdict = if aws::is_source(&event.source) {
        pattern::can_match(&pattern.known_part(&model.types, &envelope), &model.types, &envelope)
    } else {
        pattern::can_match(pattern, &model.types, &envelope)
    };
    !matches!(verdict, Verdict::Never(..))
}

fn wire_name(event: &Event) -> (&str, &str) {
    (event.source.as_str(), event.detail_type.as_str())
}

/// The type of an event as it arrives.
pub fn envelope(event: &Event) -> Type {
    let span: Span = event.head.name_span;
    pattern::envelope(Some(event.source.as_str()), Some(event.detail_type.as_str()), &event.detail, span)
}
