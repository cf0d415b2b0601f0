//! Queues that two read: each message goes to one of them, by chance.

use indexmap::IndexMap;

use crate::audit::same::written;
use crate::audit::template::{Kind, Node};
use crate::audit::view::{Named, View};
use crate::diagnostics::{Code, Diagnostic};

/// What reads a queue, and the property that says which.
const READERS: [(&str, &str, &str); 2] =
    [("AWS::Lambda::EventSourceMapping", "EventSourceArn", "FunctionName"), ("AWS::Pipes::Pipe", "Source", "Target")];

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut first: IndexMap<&str, (Named<'_>, Option<String>)> = IndexMap::new();
    for (type_, source, target) in READERS {
        for reader in view.of_type(type_) {
            let Some(queue) = reader.resource.property(source).and_then(|source| view.resource_of(source)) else {
                continue;
            };
            let to = reader.resource.property(target).and_then(|to| written(to));
            if queue.resource.type_.text != "AWS::SQS::Queue" || is_off(reader) {
                continue;
            }
            match first.get(queue.id) {
                None => {
                    first.insert(queue.id, (reader, to));
                }
                // Of two that bring it to one function, AWS refuses the second, which is told by itself.
                Some((other, known)) if view.is_settled(&[*other, reader]) || (known.is_some() && *known == to) => {}
                Some((other, _)) => diagnostics.push(report(queue, *other, reader)),
            }
        }
    }
}

/// Whether it is said to read nothing.
fn is_off(reader: Named<'_>) -> bool {
    let is = |name, off: &dyn Fn(&Node<'_>) -> bool| reader.resource.property(name).is_some_and(off);
    is("Enabled", &|node| matches!(node.kind, Kind::Bool(false)))
        || is("DesiredState", &|node| node.as_literal() == Some("STOPPED"))
}

fn report(queue: Named<'_>, one: Named<'_>, other: Named<'_>) -> Diagnostic {
    // The one that somebody wrote is the one that can be changed.
    let (told, beside) = if other.resource.is_touched() { (other, one) } else { (one, other) };
    let place = |it: Named<'_>| it.resource.type_.place.unwrap_or(it.resource.place);
    let message = format!("`{}` and `{}` both read queue `{}`", one.id, other.id, queue.id);
    Diagnostic::new(Code::EVC0931, place(told), message)
        .secondary(place(beside), "the other is here")
        .note("each message goes to one of them, by chance, and is gone then")
        .help("give each a queue of its own, and let what sends it send it to both: a rule with two targets, a topic")
}
