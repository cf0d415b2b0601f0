//! Patterns of rules: every field is one of the events, every value can occur, and some declared event can match.

mod nearest;
mod targets;
mod whole;

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Model, Rule};
use crate::pattern::{self, Pattern};
use crate::source::Span;

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for (id, rule) in model.rules.iter() {
        if let Some(whole) = &rule.pattern {
            let written = rule.written_pattern.as_ref().or(rule.detail_pattern.as_ref());
            diagnostics.extend(pattern::check_whole(whole, written, rule.head.span));
        }
        if let Some(filter) = &rule.detail_pattern {
            of_detail(model, rule, filter, diagnostics);
        }
        if let Some(written) = &rule.written_pattern {
            let before = diagnostics.len();
            whole::check(model, id, written, diagnostics);
            if diagnostics.len() == before {
                targets::check(model, rule, written, diagnostics);
            }
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
