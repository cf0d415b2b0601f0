//! Who an event is said to be from: no two events are the same to those who read them, and AWS lets nobody speak for it.

use std::collections::BTreeMap;

use super::is_published;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Event, Model, aws};

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    same(model, diagnostics);
    for (id, event) in model.events.iter() {
        if aws::is_source(&event.source) && is_published(model, id) {
            let message =
                format!("event `{}` cannot be published with the source `{}`", event.head.name, event.source.value);
            diagnostics.push(
                Diagnostic::new(Code::EVC0105, event.source.span, message)
                    .note("EventBridge takes sources that start with `aws.` from AWS alone")
                    .help("name the service that publishes it"),
            );
        }
    }
}

/// Reports events that readers could not tell from an earlier one.
fn same(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let mut seen: BTreeMap<(usize, &str, &str), &Event> = BTreeMap::new();
    for event in model.events.values() {
        let (source, detail_type) = (event.source.as_str(), event.detail_type.as_str());
        let Some(first) = seen.get(&(event.bus.index(), source, detail_type)) else {
            seen.insert((event.bus.index(), source, detail_type), event);
            continue;
        };
        let message = format!("events `{}` and `{}` are the same on their bus", first.head.name, event.head.name);
        diagnostics.push(
            Diagnostic::new(Code::EVC0613, event.detail_type.span, message)
                .label("its source has said this before")
                .secondary(first.detail_type.span, "the first is here")
                .help("give one of them another `detail-type` or `source`"),
        );
    }
}
