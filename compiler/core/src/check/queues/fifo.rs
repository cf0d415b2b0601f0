//! FIFO queues: each message says what it belongs to, and whoever sends keeps the order.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Destination, Model, Queue};
use crate::spec::scalar::Name;
use crate::types::{Attribute, Type, describe};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for (id, queue) in model.queues.iter() {
        let Some(group) = &queue.group else { continue };
        diagnostics.extend(group_of(model, queue, group));
        for rule in model.rules.values() {
            for target in rule.targets.iter().filter(|target| target.to == Destination::Queue(id)) {
                let message = format!("rule `{}` cannot keep the order of queue `{}`", rule.head.name, queue.head.name);
                let diagnostic = Diagnostic::new(Code::EVC0617, target.span, message)
                    .secondary(group.span, "the queue keeps messages in order by this field")
                    .help("make it a standard queue, or let a function send what must stay in order")
                    .note("EventBridge promises no order, and gives all messages of a rule one group");
                diagnostics.push(diagnostic);
            }
        }
    }
}

/// The field is a text that every message has.
fn group_of(model: &Model, queue: &Queue, group: &Name) -> Option<Diagnostic> {
    let name = &queue.head.name;
    let diagnostic = |message: String| Diagnostic::new(Code::EVC0616, group.span, message);
    let Some(message) = &queue.message else {
        let said = format!("queue `{name}` does not say what its messages are, and orders them by a field");
        return Some(diagnostic(said).help("say `message:` and a type"));
    };
    let known = model.types.record(message).unwrap_or_default();
    let Some(field) = known.get(group.as_str()) else {
        let said = format!("the messages of queue `{name}` have no field `{}`", group.value);
        let names = known.keys().copied().collect::<Vec<_>>();
        return Some(diagnostic(said).secondary(message.span, "their type is here").suggest(group, names));
    };
    if field.optional {
        let said = format!("field `{}` may be absent, and it says what a message belongs to", group.value);
        return Some(diagnostic(said).secondary(field.name_span, "declared here").help("write the field without `?`"));
    }
    (!is_text(model, &field.ty)).then(|| {
        let said =
            format!("field `{}` is `{}`, and what a message belongs to is text", group.value, describe(&field.ty));
        let help = "use a field of type `string`, `uuid` or the like";
        diagnostic(said).secondary(field.name_span, "declared here").help(help)
    })
}

fn is_text(model: &Model, ty: &Type) -> bool {
    model.types.attribute(ty) == Some(Attribute::S)
}
