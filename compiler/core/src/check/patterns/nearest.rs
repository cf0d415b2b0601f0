//! A pattern that matches no declared event: which one was probably meant.

use crate::diagnostics::{Code, Diagnostic, list, nearest};
use crate::model::{Event, Model, Rule, aws, envelope};
use crate::pattern::{self, Pattern, Verdict};
use crate::source::{Span, Spanned};
use crate::spec::bus::BusKind;

/// Reports a pattern, of a whole rule or an alternative in it, that matches no declared event.
pub(super) fn report(model: &Model, rule: &Rule, written: &Pattern, at: Span, what: &str) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::EVC0312, at, format!("{what} can match no declared event"));
    let bus = &model.buses[rule.bus].head.name;
    let arriving: Vec<&Event> = model.arriving_on(rule.bus).into_iter().map(|id| &model.events[id]).collect();
    if let Some(event) = elsewhere(model, rule, written) {
        let other = &model.buses[event.bus].head.name;
        return diagnostic
            .secondary(
                event.head.name_span,
                format!("event `{}` is like this, and travels on bus `{other}`", event.head.name),
            )
            .help(format!("say `bus: {other}`, or let a rule of bus `{other}` bring it to bus `{bus}`"));
    }
    let is_of_aws =
        |texts: Vec<Spanned<&str>>| !texts.is_empty() && texts.iter().all(|text| aws::is_source(text.value));
    if model.buses[rule.bus].kind == BusKind::Custom && written.texts("source").is_some_and(is_of_aws) {
        return diagnostic
            .label(format!("it reads bus `{bus}`, and services of AWS publish on the default bus"))
            .help(format!("say `bus: default`; or declare the event on bus `{bus}`, and let a rule of the default bus bring it there"));
    }
    if arriving.is_empty() {
        return diagnostic
            .label(format!("no event travels on bus `{bus}`"))
            .help("declare the event under `events`, with `publisher: external` if it comes from outside");
    }
    let (sources, detail_types) = (written.texts("source"), written.texts("detail-type"));
    let picked = |event: &&Event| {
        let around = written.only(&|name| name != "detail");
        !matches!(pattern::can_match(&around, &model.types, &envelope(event)), Verdict::Never(..))
    };
    if !arriving.iter().any(picked) {
        let of_source = by(&arriving, sources.as_deref(), |event| &event.source);
        if let (false, Some(types)) = (of_source.is_empty(), &detail_types) {
            return other_name(diagnostic, &of_source, types, "detail-type", |event| &event.detail_type);
        }
        let of_type = by(&arriving, detail_types.as_deref(), |event| &event.detail_type);
        if let (false, Some(sources)) = (of_type.is_empty(), &sources) {
            return other_name(diagnostic, &of_type, sources, "source", |event| &event.source);
        }
        for (listed, name, of) in [
            (&sources, "source", (|event| &event.source) as fn(&Event) -> &Spanned<String>),
            (&detail_types, "detail-type", |event| &event.detail_type),
        ] {
            let near = listed.iter().flatten().any(|text| nearest(text.value, &texts(&arriving, of)).is_some());
            if let (true, Some(listed)) = (near, listed) {
                return other_name(diagnostic, &arriving, listed, name, of);
            }
        }
        for (listed, name) in [(&sources, "source"), (&detail_types, "detail-type")] {
            if let Some(text) = listed.iter().flatten().next() {
                return diagnostic
                    .secondary(text.span, format!("no event that arrives on bus `{bus}` has this {name}"))
                    .help(format!("change the pattern, or declare the event that it is for on bus `{bus}`"));
            }
        }
    }
    last_to_fail(model, written, &arriving, diagnostic, bus)
}

fn texts<'m>(events: &[&'m Event], of: fn(&Event) -> &Spanned<String>) -> Vec<&'m str> {
    events.iter().map(|event| of(event).value.as_str()).collect()
}

/// The events of which one name is listed.
fn by<'m>(
    events: &[&'m Event],
    listed: Option<&[Spanned<&str>]>,
    of: fn(&Event) -> &Spanned<String>,
) -> Vec<&'m Event> {
    let is_listed =
        |event: &&&Event| listed.is_some_and(|listed| listed.iter().any(|text| text.value == of(event).value));
    events.iter().filter(is_listed).copied().collect()
}

/// Reports events that would match but for this name of theirs: the one that is nearest, or all if none is near.
fn other_name(
    diagnostic: Diagnostic,
    events: &[&Event],
    listed: &[Spanned<&str>],
    name: &str,
    of: fn(&Event) -> &Spanned<String>,
) -> Diagnostic {
    let known = texts(events, of);
    let near = listed.iter().find_map(|text| Some((text, nearest(text.value, &known)?)));
    let (found, meant) = match near {
        Some((text, meant)) => (Some(text), events.iter().find(|event| of(event).value == meant)),
        None => (listed.first(), events.first()),
    };
    let (Some(found), Some(event)) = (found, meant) else { return diagnostic };
    let diagnostic = diagnostic.secondary(found.span, format!("no such {name} goes with the rest of the pattern"));
    let diagnostic = diagnostic.secondary(of(event).span, format!("event `{}` has this {name}", event.head.name));
    if near.is_some() {
        let meant = &of(event).value;
        return diagnostic.help(format!("did you mean `{meant}`?")).replace(
            format!("replace with `{meant}`"),
            found.span,
            quoted(meant),
        );
    }
    let mut names: Vec<&str> = events.iter().map(|event| event.head.name.as_str()).collect();
    names.truncate(12);
    let are = if names.len() == 1 { "the event is" } else { "the events are" };
    diagnostic.help(format!("{are} {}; change the pattern, or declare the event that it is for", list(&names)))
}

/// A text as it can stand in a list in YAML.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || " ._-/".contains(c);
    let word = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(plain) && text.trim() == text;
    if word { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

/// An event of another bus that the pattern can match.
fn elsewhere<'m>(model: &'m Model, rule: &Rule, written: &Pattern) -> Option<&'m Event> {
    // A pattern that says neither can match many by chance.
    if written.texts("source").is_none() && written.texts("detail-type").is_none() {
        return None;
    }
    let mut others = model.events.values().filter(|event| event.bus != rule.bus);
    others.find(|event| !matches!(pattern::can_match(written, &model.types, &envelope(event)), Verdict::Never(..)))
}

/// The event for which the pattern fails last is the one that was most likely meant.
fn last_to_fail(
    model: &Model,
    written: &Pattern,
    arriving: &[&Event],
    diagnostic: Diagnostic,
    bus: &str,
) -> Diagnostic {
    let mut last: Option<(Span, String, &str)> = None;
    for event in arriving {
        if let Verdict::Never(span, reason) = pattern::can_match(written, &model.types, &envelope(event))
            && last.as_ref().is_none_or(|(earlier, ..)| *earlier < span)
        {
            last = Some((span, reason, event.head.name.as_str()));
        }
    }
    match last {
        Some((span, reason, event)) => diagnostic.secondary(span, format!("not event `{event}`: {reason}")),
        None => diagnostic,
    }
    .help(format!("change the pattern, or declare the event that it is for on bus `{bus}`"))
}
