//! Dual writes: a function that changes a table and publishes, or sends to a queue, without a transaction around both. One of the two can fail
//! after the other was done.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Function, Model, TableUse};

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for function in model.functions.values() {
        let writes = function.tables.iter().find(|used| used.operations.iter().any(|operation| operation.writes()));
        let Some(written) = writes else { continue };
        let Some(published) = function.publishes.first() else {
            diagnostics.extend(sends(model, function, written).or_else(|| tells_workflows(model, function, written)));
            continue;
        };
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
        diagnostics.push(
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

/// A function that writes a table and starts a workflow, or answers one.
fn tells_workflows(model: &Model, function: &Function, written: &TableUse) -> Option<Diagnostic> {
    let started = function.starts.first().map(|started| (started, "starts"));
    let (workflow, does) = started.or_else(|| function.signals.first().map(|answered| (answered, "answers")))?;
    let (name, table) = (&function.head.name, &model.tables[written.table].head.name);
    let to = &model.workflows[workflow.value].head.name;
    let message = format!("function `{name}` writes table `{table}` and {does} workflow `{to}` without a transaction");
    let diagnostic = Diagnostic::new(Code::EVC0604, workflow.span, message)
        .secondary(written.span, "the write is here")
        .note("when one of the two fails, the table and the workflow disagree for good");
    Some(diagnostic.on(format!("functions.{name}")).help(if does == "starts" {
        format!("publish an event through an outbox, and let a rule start `{to}`; or let `{to}` write the table in its first step")
    } else {
        format!("let a step of `{to}` after the answer write the table")
    }))
}

/// A function that writes a table and sends to a queue, which no transaction holds together either.
fn sends(model: &Model, function: &Function, written: &TableUse) -> Option<Diagnostic> {
    let sent = function.sends.first()?;
    let name = &function.head.name;
    let (queue, table) = (&model.queues[sent.value].head.name, &model.tables[written.table].head.name);
    let message =
        format!("function `{name}` writes table `{table}` and sends to queue `{queue}` without a transaction");
    let diagnostic = Diagnostic::new(Code::EVC0604, sent.span, message)
        .secondary(written.span, "the write is here")
        .note("when one of the two fails, the table and those who work off the queue disagree for good")
        .help(format!("publish an event through an outbox, and bring it to queue `{queue}` by a rule"));
    Some(diagnostic.on(format!("functions.{name}")))
}
