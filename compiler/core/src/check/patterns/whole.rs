//! Whole patterns: they fit the shape of any event, and each way of theirs is judged by the declared events that it is about, as a `where`
//! is by those that its rule names.
//!
//! A pattern may be about several events, of which a value is meant for one. So what is wrong is what none of those can have that the
//! source and the detail-type pick. What AWS sends to the account's default bus need not be declared.

use super::nearest;
use crate::diagnostics::{Code, Diagnostic, nearest as nearest_of};
use crate::model::{Event, Id, Model, Rule, aws, envelope};
use crate::pattern::{self, Pattern, Verdict};
use crate::source::Span;
use crate::types::Type;

/// One way of a pattern, and the events that its envelope picks.
struct Way<'m> {
    pattern: Pattern,
    events: Vec<&'m Event>,
    /// What is wrong for all of them.
    wrong: Vec<Diagnostic>,
}

pub(super) fn check(model: &Model, id: Id<Rule>, written: &Pattern, diagnostics: &mut Vec<Diagnostic>) {
    let rule = &model.rules[id];
    let span = written.root.span;
    let shape = pattern::check(written, &model.types, &pattern::envelope(None, None, &Type::any(span), span));
    if !shape.is_empty() {
        diagnostics.extend(shape);
        return;
    }
    let arriving: Vec<&Event> = model.arriving_on(rule.bus).into_iter().map(|id| &model.events[id]).collect();
    let ways: Vec<Way<'_>> =
        pattern::ways(written).into_iter().map(|way| judged(model, rule, way, &arriving)).collect();
    let before = diagnostics.len();
    details(&ways, diagnostics);
    // What was lost of a pattern that could not all be read may be what picks an event; and what others publish on a bus that is not this
    // stack's may be declared where the rule brings it.
    // So may an event that could not be read be the one that it picks.
    if rule.pattern.is_none()
        || model.unread_events
        || rule.events.is_empty() && model.forwards().iter().any(|forward| forward.rule == id)
    {
        return;
    }
    let is_ours = |way: &Way<'_>| {
        !aws::may_be_of_aws(&way.pattern, &model.buses[rule.bus]) || is_near_ours(&way.pattern, &arriving)
    };
    if ways.iter().all(|way| way.events.is_empty() && is_ours(way))
        || (diagnostics.len() == before && rule.events.is_empty() && ways.iter().all(is_ours))
    {
        diagnostics.push(nearest::report(model, rule, written, rule.head.name_span, "the rule"));
        return;
    }
    names(model, rule, &ways, diagnostics);
    if let Some(way) = ways.iter().find(|way| way.events.is_empty() && is_ours(way)) {
        diagnostics.push(nearest::report(model, rule, &way.pattern, way.pattern.root.span, "this alternative"));
    }
}

fn judged<'m>(model: &Model, rule: &Rule, way: Pattern, arriving: &[&'m Event]) -> Way<'m> {
    let around = way.only(&|name| name != "detail");
    let detail = way.only(&|name| name == "detail");
    let picks = |event: &&&Event| !never(&pattern::can_match(&around, &model.types, &envelope(event)));
    let events: Vec<&Event> = arriving.iter().filter(picks).copied().collect();
    // One that names no declared event may be about what AWS publishes, whatever else it picks.
    let any = aws::may_be_of_aws(&way, &model.buses[rule.bus]) && !names_one_of(&way, &events);
    let mut wrong: Option<Vec<Diagnostic>> = None;
    for event in &events {
        let found = pattern::check(&detail, &model.types, &envelope(event));
        // Of what AWS publishes, a spec declares the fields that it uses. What is nearly one of them is meant to be it.
        let free = |one: &Diagnostic| {
            one.fixes.is_empty() && (any || one.code == Code::EVC0305 && aws::is_source(&event.source))
        };
        let found: Vec<Diagnostic> = found.into_iter().filter(|one| !free(one)).collect();
        let at =
            |one: &Diagnostic, others: &[Diagnostic]| others.iter().any(|other| other.primary.span == one.primary.span);
        wrong = Some(match wrong {
            None => found,
            Some(before) => before.into_iter().filter(|one| at(one, &found)).collect(),
        });
    }
    Way { pattern: way, events, wrong: wrong.unwrap_or_default() }
}

/// Whether a pattern says the source or the detail-type of one of these events.
fn names_one_of(pattern: &Pattern, events: &[&Event]) -> bool {
    let says =
        |field: &str, name: &str| pattern.texts(field).is_some_and(|texts| texts.iter().any(|text| text.value == name));
    events.iter().any(|event| says("source", &event.source) || says("detail-type", &event.detail_type))
}

/// Whether a pattern without sources of AWS says a detail-type that is nearly, or is, one of a declared event.
fn is_near_ours(pattern: &Pattern, arriving: &[&Event]) -> bool {
    let known: Vec<&str> = arriving.iter().map(|event| event.detail_type.as_str()).collect();
    let texts = pattern.texts("detail-type").unwrap_or_default();
    !aws::names_sources(pattern) && texts.iter().any(|text| nearest_of(text.value, &known).is_some())
}

fn never(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Never(..))
}

/// Reports what is wrong in every way that says it: what stands beside a `$or` may be meant for one of its alternatives.
fn details(ways: &[Way<'_>], diagnostics: &mut Vec<Diagnostic>) {
    let mut reported: Vec<Span> = Vec::new();
    for one in ways.iter().flat_map(|way| &way.wrong) {
        let place = one.primary.span;
        let is_wrong = |way: &Way<'_>| {
            way.events.is_empty()
                || !way.pattern.says(place)
                || way.wrong.iter().any(|other| other.primary.span == place)
        };
        if !reported.contains(&place) && ways.iter().all(is_wrong) {
            reported.push(place);
            diagnostics.push(one.clone());
        }
    }
}

/// Reports sources and detail-types of which no event is, beside others that some event has.
fn names(model: &Model, rule: &Rule, ways: &[Way<'_>], diagnostics: &mut Vec<Diagnostic>) {
    let bus = &model.buses[rule.bus];
    let mut reported: Vec<Span> = Vec::new();
    for (field, what, of) in [
        ("source", "source", (|event| event.source.as_str()) as fn(&Event) -> &str),
        ("detail-type", "detail-type", |event| event.detail_type.as_str()),
    ] {
        for way in ways.iter().filter(|way| !way.events.is_empty()) {
            let listed = way.pattern.texts(field).unwrap_or_default();
            for text in listed {
                let has = |way: &Way<'_>| {
                    way.pattern.says(text.span) && way.events.iter().any(|event| of(event) == text.value)
                };
                let known: Vec<&str> = way.events.iter().map(|event| of(event)).collect();
                let is_other = aws::names_sources(&way.pattern) || nearest_of(text.value, &known).is_none();
                let free = aws::may_be_of_aws(&way.pattern, bus)
                    && (field == "detail-type" && is_other || aws::is_source(text.value));
                if free || reported.contains(&text.span) || ways.iter().any(has) {
                    continue;
                }
                reported.push(text.span);
                let message =
                    format!("no event that arrives on bus `{}` has the {what} `{}`", bus.head.name, text.value);
                diagnostics.push(Diagnostic::new(Code::EVC0307, text.span, message).suggest(text.value, known));
            }
        }
    }
}
