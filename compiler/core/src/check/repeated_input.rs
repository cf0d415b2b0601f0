//! What a rule makes of an event for an idempotent function is the same each time the event is published.

use evc_interface::event::{EVENT_ID, METADATA, OCCURRED_AT, TRACE};

use crate::diagnostics::{Code, Diagnostic};
use crate::expr::{Expr, Plain, Template};
use crate::model::{Destination, Function, Model, Relation, Rule, Target, Thing, keeps_event_id};
use crate::spec::outbox::Forwarder;

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for rule in model.rules.values() {
        let published = Published::of(model, rule);
        for target in &rule.targets {
            let (Some(Template::Object(fields, _)), Some(function)) = (&target.input, function_of(model, target))
            else {
                // A detail as it came has its metadata where the runtime knows it; one that is no object has no metadata, and each
                // delivery of the bus is known by an id of its own.
                continue;
            };
            let keeps = target.input.as_ref().is_some_and(|input| keeps_event_id(model, rule, input));
            if function.idempotent.is_none()
                || !(keeps || fields.iter().any(|(key, value)| is_event_id(&key.text, value)))
            {
                continue;
            }
            let payload =
                fields.iter().filter(|(key, _)| key.text != METADATA).flat_map(|(_, value)| value.expressions());
            for expr in payload {
                diagnostics.extend(published.differs(expr).map(|why| diagnostic(rule, function, expr, why)));
            }
        }
    }
}

/// The function that gets what the target gets.
fn function_of<'m>(model: &'m Model, target: &Target) -> Option<&'m Function> {
    let id = match target.to {
        Destination::Function(id) => Some(id),
        Destination::Queue(id) => model.queues[id].to.as_ref().map(|to| to.value),
        Destination::Workflow(_) | Destination::Bus(_) => None,
    };
    id.map(|id| &model.functions[id])
}

/// Whether a field is metadata with an id that the spec itself passes on.
fn is_event_id(key: &str, value: &Template) -> bool {
    let is_whole = |expr: &Expr| expr.plain() == Some(Plain::Path(vec!["detail", METADATA]));
    key == METADATA
        && match value {
            Template::Expr(expr) => is_whole(expr),
            Template::Object(fields, _) => fields.iter().any(|(key, _)| key.text == EVENT_ID),
            Template::List(..) | Template::Null(_) | Template::Error(_) => false,
        }
}

/// How the events of a rule get to the bus.
struct Published {
    /// Whether one that is published again may have another time.
    with_another_time: bool,
    /// Whether one that is published again may have other metadata beside its id.
    with_other_metadata: bool,
}

impl Published {
    fn of(model: &Model, rule: &Rule) -> Self {
        let graph = model.graph();
        let to = || rule.events.iter().flat_map(|event| graph.to(Thing::Event(event.value)));
        let runs_again = to().any(|edge| {
            matches!(
                (&edge.relation, edge.from),
                (Relation::Publishes, Thing::Function(_)) | (Relation::PublishesIn(_), _)
            )
        });
        // The forwarder publishes a row with the time that stands in it; a pipe says none.
        let by_pipe = to().any(|edge| {
            let Thing::Outbox(id) = edge.from else { return false };
            model.outboxes[id].changes.as_ref().is_some_and(|changes| changes.forwarder == Forwarder::Pipe)
        });
        let outside = rule.events.iter().any(|event| model.events[event.value].published_outside);
        Self { with_another_time: runs_again || by_pipe || outside, with_other_metadata: runs_again }
    }

    /// Why what an expression gives may differ when the event is published again, if it may.
    fn differs(&self, expr: &Expr) -> Option<&'static str> {
        let Some(Plain::Path(path)) = expr.plain() else { return None };
        match path.as_slice() {
            ["id"] => Some(
                "the bus gives an event another `id` each time it is published, also when an outbox's forwarder does so again",
            ),
            ["time"] if self.with_another_time => Some("the `time` of an event is that at which it was published"),
            ["detail"] | ["detail", METADATA] if self.with_other_metadata => {
                Some("the metadata in it has another `occurredAt` and `trace` when its publisher runs again")
            }
            ["detail", METADATA, OCCURRED_AT | TRACE] if self.with_other_metadata => {
                Some("it is another one when the event's publisher runs again")
            }
            _ => None,
        }
    }
}

fn diagnostic(rule: &Rule, function: &Function, expr: &Expr, why: &str) -> Diagnostic {
    let (name, function_name) = (&rule.head.name, &function.head.name);
    let message = format!("`{}` may be another one when the event comes again", expr.text());
    Diagnostic::new(Code::EVC0636, expr.span, message)
        .on(format!("rules.{name}"))
        .secondary(
            function.idempotent_span,
            format!("`{function_name}` knows the event by its id, and refuses it with another payload"),
        )
        .note(why.to_owned())
        .help("take a field of the detail, or leave it out: the handler has id and time of the event in `cx.event()`")
}
