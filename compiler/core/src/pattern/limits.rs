//! The limits that EventBridge puts on a pattern as a whole.

use super::ast::{Constraint, Object, Pattern};
use super::json::to_text;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

/// The most characters of a pattern that an account takes unless its quota was raised.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
pub const DEFAULT_SIZE: usize = 2048;

/// The most characters of a pattern that the quota can be raised to.
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html>
pub const MAX_SIZE: usize = 4096;

/// The most combinations of alternatives that a pattern's `$or`s may have, multiplied.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#eb-filtering-complex-example-or>
pub const MAX_COMBINATIONS: usize = 1000;

/// Reports a pattern that is too large, or that says twice what one field must be.
pub(super) fn check(pattern: &Pattern, diagnostics: &mut Vec<Diagnostic>) {
    let span = pattern.root.span;
    let size = to_text(pattern).chars().count();
    let measured = format!("the pattern has {size} characters as JSON");
    if size > MAX_SIZE {
        diagnostics.push(
            Diagnostic::new(
                Code::EVC0304,
                span,
                format!("{measured}, more than the {MAX_SIZE} that EventBridge takes"),
            )
            .help("split the rule, or filter in the target"),
        );
    } else if size > DEFAULT_SIZE {
        diagnostics.push(
            Diagnostic::new(
                Code::EVC0311,
                span,
                format!("{measured}, more than an account takes by default ({DEFAULT_SIZE})"),
            )
            .help("have the quota `Event pattern size` raised, or split the rule"),
        );
    }
    let combinations = combinations(&pattern.root);
    if combinations > MAX_COMBINATIONS {
        let message = format!(
            "the pattern has {combinations} combinations of alternatives, at most {MAX_COMBINATIONS} are taken"
        );
        diagnostics.push(
            Diagnostic::new(Code::EVC0304, span, message)
                .note("the alternatives of every `$or` are multiplied, and each item of a list in one counts")
                .help("split the rule"),
        );
    }
    twice(&pattern.root, &mut Vec::new(), &mut Vec::new(), diagnostics);
}

/// Reports the pattern that a rule comes to, if what is added to what was written makes it too large. `written` is what was judged before.
pub fn check_whole(whole: &Pattern, written: Option<&Pattern>, span: Span) -> Option<Diagnostic> {
    let size = |pattern: &Pattern| to_text(pattern).chars().count();
    let (all, known) = (size(whole), written.map_or(0, size));
    let measured = format!("the pattern that this rule comes to has {all} characters as JSON");
    let help = "split the rule: each takes a part of the events";
    if all > MAX_SIZE && known <= MAX_SIZE {
        let message = format!("{measured}, more than the {MAX_SIZE} that EventBridge takes");
        Some(Diagnostic::new(Code::EVC0304, span, message).help(help))
    } else if all > DEFAULT_SIZE && known <= DEFAULT_SIZE {
        let message = format!("{measured}, more than an account takes by default ({DEFAULT_SIZE})");
        let diagnostic = Diagnostic::new(Code::EVC0311, span, message).help(help);
        Some(diagnostic.help("or have the quota `Event pattern size` raised"))
    } else {
        None
    }
}

/// How many patterns without `$or` this stands for: alternatives add up, what must hold together multiplies.
fn combinations(object: &Object) -> usize {
    let fields = object.fields.iter().map(|field| match &field.constraint {
        Constraint::Object(inner) => combinations(inner),
        Constraint::AnyOf(_) => 1,
    });
    let alternatives = object.or.iter().fold(0_usize, |sum, inner| sum.saturating_add(combinations(inner)));
    fields.fold(alternatives.max(1), usize::saturating_mul)
}

type Constrained<'a> = (Vec<&'a str>, Span);

/// Reports fields whose values are listed both beside a `$or` and within it: the matcher keeps the later list and drops the
/// other. <https://github.com/aws/event-ruler/blob/main/src/main/software/amazon/event/ruler/JsonRuleCompiler.java>
fn twice<'a>(
    object: &'a Object,
    path: &mut Vec<&'a str>,
    known: &mut Vec<Constrained<'a>>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for field in &object.fields {
        path.push(&field.name.value);
        match &field.constraint {
            Constraint::Object(inner) => twice(inner, path, known, diagnostics),
            Constraint::AnyOf(_) => {
                if let Some((_, first)) = known.iter().find(|(other, _)| other == path) {
                    let message = format!(
                        "the values of `{}` are listed twice, of which EventBridge keeps one list",
                        path.join(".")
                    );
                    diagnostics.push(
                        Diagnostic::new(Code::EVC0310, field.name.span, message)
                            .secondary(*first, "the other list")
                            .help("list in every alternative of the `$or` what may match there"),
                    );
                }
                known.push((path.clone(), field.name.span));
            }
        }
        path.pop();
    }
    let beside = known.len();
    let mut within = Vec::new();
    for inner in &object.or {
        twice(inner, path, known, diagnostics);
        // One alternative does not meet another, but all of them meet what comes after.
        within.extend(known.drain(beside..));
    }
    known.append(&mut within);
}
