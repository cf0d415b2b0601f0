//! Wildcards of a rule that are too much work for EventBridge, which refuses the rule in the middle of a deployment.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::Model;
use crate::pattern::Pattern;
use crate::pattern::wildcards::{MOST_PLACES, Places, measure, places};

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for rule in model.rules.values() {
        let written = rule.detail_pattern.iter().chain(&rule.written_pattern);
        let item = format!("rules.{}", rule.head.name);
        diagnostics.extend(written.flat_map(of).map(|found| found.on(item.clone())));
    }
}

/// What is too much work in a pattern, wherever it stands.
pub(crate) fn of(pattern: &Pattern) -> impl Iterator<Item = Diagnostic> {
    places(pattern).into_iter().filter(|places| places.most > MOST_PLACES).filter_map(|places| tell(&places))
}

fn tell(places: &Places<'_>) -> Option<Diagnostic> {
    let message = format!(
        "the wildcards of `{}` may be too complex for EventBridge: a text may be at {} places in them at once",
        places.path.join("."),
        places.most
    );
    let mut diagnostic = Diagnostic::new(Code::EVC0712, places.wildcards.first()?.span, message)
        .note(format!("AWS publishes no limit; its open rule engine has this measure, with a bound of {MOST_PLACES}"));
    let simple: Vec<(String, String)> = places
        .wildcards
        .iter()
        .filter_map(|wildcard| {
            let said = match wildcard.parts.as_slice() {
                [only] => format!("`{only:?}` by itself"),
                [start, end] if end.is_empty() => format!("`{{ prefix: {start:?} }}`"),
                [start, end] if start.is_empty() => format!("`{{ suffix: {end:?} }}`"),
                _ => return None,
            };
            Some((wildcard.text.clone(), said))
        })
        .collect();
    if let Some((text, said)) = simple.first() {
        let rest: Vec<_> = places
            .wildcards
            .iter()
            .copied()
            .filter(|wildcard| simple.iter().all(|(text, _)| *text != wildcard.text))
            .collect();
        let others = match (simple.len(), measure(&rest)) {
            (1, left) if left <= MOST_PLACES => String::new(),
            (count, left) if left <= MOST_PLACES => format!(", and so for {} more", count - 1),
            (_, left) => format!("; {left} places are left then"),
        };
        diagnostic =
            diagnostic.help(format!("say {said} in place of `{{ wildcard: {text:?} }}`{others}: it is no wildcard"));
    }
    if simple.len() < places.wildcards.len() {
        diagnostic = diagnostic.help("use fewer stars, divide the rule into several, or test it in the target");
    }
    Some(diagnostic)
}
