//! Patterns of rules: every field is one of the events, every value can occur, and some declared event can match.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Model, Rule, envelope};
use crate::pattern::{self, Pattern, Verdict};
use crate::source::Span;
use crate::types::Type;

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for rule in model.rules.values() {
        if let Some(filter) = &rule.detail_pattern {
            of_detail(model, rule, filter, diagnostics);
        }
        if let Some(written) = &rule.written_pattern {
            of_whole(model, rule, written, diagnostics);
        }
    }
}

/// A `where:` is about every event that the rule names: what is wrong for one is reported once.
fn of_detail(model: &Model, rule: &Rule, filter: &Pattern, diagnostics: &mut Vec<Diagnostic>) {
    let mut reported: Vec<(Code, Span)> = Vec::new();
    for named in &rule.events {
        let event = &model.events[named.value];
        for diagnostic in pattern::check(filter, &model.types, &event.detail) {
            let key = (diagnostic.code, diagnostic.primary.span);
            if !reported.contains(&key) {
                reported.push(key);
                diagnostics
                    .push(diagnostic.secondary(named.span, format!("event `{}` is named here", event.head.name)));
            }
        }
    }
}

/// A whole pattern must fit the shape of any event, and match one that is declared on the bus.
fn of_whole(model: &Model, rule: &Rule, written: &Pattern, diagnostics: &mut Vec<Diagnostic>) {
    let span = written.root.span;
    let shape = pattern::check(written, &model.types, &pattern::envelope(None, None, &Type::any(span), span));
    if !shape.is_empty() {
        diagnostics.extend(shape);
        return;
    }
    let bus = &model.buses[rule.bus].head.name;
    let mut nearest: Option<(Span, String, &str)> = None;
    for (_, event) in model.events_on(rule.bus) {
        let (verdict, name) = (pattern::can_match(written, &model.types, &envelope(event)), event.head.name.as_str());
        match verdict {
            Verdict::Always | Verdict::Sometimes => return,
            Verdict::Never(span, reason) => {
                // The event for which the pattern fails last is the one that was most likely meant.
                if nearest.as_ref().is_none_or(|(earlier, ..)| *earlier < span) {
                    nearest = Some((span, reason, name));
                }
            }
        }
    }
    let diagnostic = Diagnostic::new(Code::EVC0312, rule.head.name_span, "the rule can match no declared event");
    diagnostics.push(match nearest {
        Some((span, reason, event)) => diagnostic
            .secondary(span, format!("not event `{event}`: {reason}"))
            .help(format!("change the pattern, or declare the event that it is for on bus `{bus}`")),
        None => diagnostic
            .label(format!("no event travels on bus `{bus}`"))
            .help("declare the event under `events`, with `publisher: external` if it comes from outside"),
    });
}
