//! Dual writes: a function that changes a table and publishes without a transaction around both. One of the two can fail
//! after the other was done.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::Model;

pub(super) fn check(model: &Model, found: &mut Vec<Diagnostic>) {
    for function in model.functions.values() {
        let writes = function.tables.iter().find(|used| used.operations.iter().any(|operation| operation.writes()));
        let (Some(written), Some(published)) = (writes, function.publishes.first()) else { continue };
        let name = &function.head.name;
        let event = &model.events[published.value].head.name;
        let table = &model.tables[written.table].head.name;
        let carrier = model
            .outboxes
            .values()
            .find(|outbox| outbox.publishes.iter().any(|carried| carried.value == published.value));
        let help = match (carrier, &function.outbox) {
            (Some(outbox), _) if outbox.changes.is_some() => {
                format!("take it out of `publishes`: outbox `{}` publishes it for each change", outbox.head.name)
            }
            (Some(outbox), _) => format!("say `outbox: {}`, which writes both in one transaction", outbox.head.name),
            (None, Some(own)) => {
                format!("add `{event}` to what outbox `{}` publishes", model.outboxes[own.value].head.name)
            }
            (None, None) => format!("declare an outbox with `publishes: [{event}]`, and give it to the function"),
        };
        found.push(
            Diagnostic::new(
                Code::EVC0604,
                published.span,
                format!("function `{name}` writes table `{table}` and publishes `{event}` without a transaction"),
            )
            .secondary(written.span, "the write is here")
            .note("when one of the two fails, the table and those who read the event disagree for good")
            .help(help)
            .on(format!("functions.{name}")),
        );
    }
}
