//! Filter policies of subscriptions, whose grammar is that of event patterns with bounds of its own.
//!
//! <https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html>

use super::patterns::{Read, read};
use crate::audit::view::{Named, View};
use crate::diagnostics::{Code, Diagnostic};
use crate::pattern::{Constraint, Object};

/// The most keys that have values, and the most combinations of values, that a filter policy may have. Same page.
const MOST_KEYS: usize = 5;
const MOST_COMBINATIONS: usize = 150;

pub(super) fn check(view: &View<'_>, subscription: Named<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let Some(written) = subscription.resource.property("FilterPolicy") else { return };
    let Some(Read { pattern, .. }) = read(view, subscription, "FilterPolicy", written, diagnostics) else { return };
    let scope = subscription.resource.property("FilterPolicyScope");
    // Attributes of a message have no fields of their own.
    if scope.is_none_or(|scope| scope.as_text() == Some("MessageAttributes"))
        && let Some(nested) = pattern.root.fields.iter().find(|it| matches!(it.constraint, Constraint::Object(_)))
    {
        let message = format!("`{}` is an attribute of messages, which has no fields of its own", nested.name.value);
        let diagnostic = Diagnostic::new(Code::EVC0301, nested.name.span, message);
        diagnostics.push(diagnostic.help("`FilterPolicyScope: MessageBody`, if it is a field of the message"));
        return;
    }
    let (keys, combinations) = counted(&pattern.root);
    let place = written.place.unwrap_or_else(|| subscription.place_of("FilterPolicy"));
    let message = if keys > MOST_KEYS {
        format!("the filter policy has {keys} keys, at most {MOST_KEYS} are taken")
    } else if combinations > MOST_COMBINATIONS {
        format!("the filter policy has {combinations} combinations of values, at most {MOST_COMBINATIONS} are taken")
    } else {
        return;
    };
    diagnostics.push(Diagnostic::new(Code::EVC0304, place, message));
}

/// How many keys have values, and how many combinations of them there are. What a `$or` makes of it is not counted.
fn counted(object: &Object) -> (usize, usize) {
    object.fields.iter().fold((0, 1), |(keys, combinations): (usize, usize), field| {
        let (more, times) = match &field.constraint {
            Constraint::Object(inner) => counted(inner),
            Constraint::AnyOf(values) => (1, values.len()),
        };
        (keys.saturating_add(more), combinations.saturating_mul(times))
    })
}
