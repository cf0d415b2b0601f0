//! The detail of events: an object, without the field that publishers of evc add.

use evc_interface::event::METADATA;

use crate::diagnostics::{Code, Diagnostic};
use crate::model::Model;
use crate::types::{Kind, describe};

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for event in model.events.values() {
        let is_object = matches!(
            model.types.resolve(&event.detail).kind,
            Kind::Record(_) | Kind::Map(_) | Kind::Any | Kind::Named(_)
        );
        if !is_object {
            let message = format!("the detail of an event is a record, found `{}`", describe(&event.detail));
            diagnostics.push(
                Diagnostic::new(Code::EVC0611, event.detail.span, message)
                    .help("make it a field of a record, as in `{ value: string }`"),
            );
        }
        let fields = model.types.record(&event.detail).unwrap_or_default();
        if !event.published_outside
            && let Some(field) = fields.get(METADATA)
        {
            let message = format!("the field `{METADATA}` of event `{}` is taken", event.head.name);
            diagnostics.push(
                Diagnostic::new(Code::EVC0611, field.name_span, message)
                    .secondary(event.detail.span, "the event carries it")
                    .note("publishers put the event's id there, which consumers drop duplicates by")
                    .help("give the field another name"),
            );
        }
    }
}
