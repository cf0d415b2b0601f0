//! Outboxes of a table's changes: every field of an event comes from the item, and whoever forwards it can do so.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{ChangeEvent, Changes, Model, Outbox, field_tests, template};
use crate::pattern;
use crate::spec::outbox::Forwarder;
use crate::types::{Attribute, describe};

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for outbox in model.outboxes.values() {
        if let Some(changes) = &outbox.changes {
            for change in &changes.events {
                fields(model, changes, change, diagnostics);
                diagnostics.extend(on_trust(model, outbox, changes, change));
                conditions(model, changes, change, diagnostics);
                if changes.forwarder == Forwarder::Pipe {
                    diagnostics.extend(pipe(model, outbox, changes, change));
                }
            }
        }
        parallel(outbox, diagnostics);
    }
    used_by_functions(model, diagnostics);
    readers(model, diagnostics);
}

/// Every field that the event must have is a field of the item, always there and of the event's type.
fn fields(model: &Model, changes: &Changes, change: &ChangeEvent, diagnostics: &mut Vec<Diagnostic>) {
    let types = &model.types;
    let (event, table) = (&model.events[change.event.value], &model.tables[changes.table.value]);
    let it = format!("event `{}`", event.head.name);
    let declared = event.detail.span;
    let report = |span, message: String| Diagnostic::new(Code::EVC0670, span, message);
    let item = model.changed_item(changes, change);
    let (Some(wanted), Some(there)) = (types.record(&event.detail), types.record(&item)) else {
        let (what, ty) = match types.record(&event.detail) {
            None => (format!("the detail of {it}"), &event.detail),
            Some(_) => (format!("an item of table `{}`", table.head.name), &table.item),
        };
        if !types.is_any(ty) || matches!(ty.kind, crate::types::Kind::Any) {
            let message = format!("{what} is `{}`, and fields are taken from a record to a record", describe(ty));
            diagnostics.push(report(change.event.span, message).secondary(ty.span, "its type is here"));
        }
        return;
    };
    for (to, from) in &change.with {
        if !wanted.contains_key(to.as_str()) {
            let message = format!("{it} has no field `{}`", to.value);
            let diagnostic = report(to.span, message).secondary(declared, "its fields are here");
            diagnostics.push(diagnostic.suggest(to, wanted.keys().copied()));
        }
        if !there.contains_key(from.as_str()) {
            let message = format!("items of table `{}` have no field `{}`", table.head.name, from.value);
            let diagnostic = report(from.span, message).secondary(table.item.span, "the type of its items is here");
            diagnostics.push(diagnostic.suggest(from, there.keys().copied()));
        }
    }
    for (name, field) in &wanted {
        let (item_name, said) = change.source(name);
        let at = said.unwrap_or(change.event.span);
        let Some(item_field) = there.get(item_name) else {
            if said.is_none() && !field.optional {
                let message = format!("field `{name}` of {it} is no field of the items of table `{}`", table.head.name);
                diagnostics.push(
                    report(at, message)
                        .secondary(field.name_span, "the event needs it")
                        .secondary(table.item.span, "the type of the items is here")
                        .help(format!("say under `with` where it comes from, as in `with: {{ {name}: FIELD }}`")),
                );
            }
            continue;
        };
        let from = format!("`{item_name}` of table `{}`", table.head.name);
        if let Err(mismatch) = types.accepts(&field.ty, &item_field.ty) {
            let diagnostic = report(at, format!("field `{name}` of {it} cannot be {from}: {}", mismatch.reason));
            diagnostics.push(
                diagnostic.secondary(field.name_span, "in the event").secondary(item_field.name_span, "in the item"),
            );
        } else if item_field.optional && !field.optional {
            diagnostics.push(
                report(at, format!("field `{name}` of {it} is always there, and {from} may be absent"))
                    .secondary(field.name_span, "in the event")
                    .secondary(item_field.name_span, "in the item")
                    .help(format!("make it `{name}?` in the event, or `{item_name}` without `?` in the item")),
            );
        }
    }
}

/// The first field of the event that the item may have out of the event's bounds: nobody looks at it on the way.
fn on_trust(model: &Model, outbox: &Outbox, changes: &Changes, change: &ChangeEvent) -> Option<Diagnostic> {
    let types = &model.types;
    let event = &model.events[change.event.value];
    let item = model.changed_item(changes, change);
    let (wanted, there) = (types.record(&event.detail)?, types.record(&item)?);
    let (name, field, item_field, reason) = wanted.iter().find_map(|(name, field)| {
        let item_field = there.get(change.source(name).0)?;
        // That it may be absent is told.
        if item_field.optional && !field.optional {
            return None;
        }
        types.accepts(&field.ty, &item_field.ty).ok()?;
        let reason = types.bounds_hold(&field.ty, &item_field.ty).err()?;
        Some((name, field, item_field, reason))
    })?;
    let message = format!("what changes bring may not be what event `{}` says: `{name}`: {reason}", event.head.name);
    Some(
        Diagnostic::new(Code::EVC0424, change.event.span, message)
            .secondary(field.ty.span, "in the event")
            .secondary(item_field.ty.span, "in the item")
            .note("a change is published as the item has it; who gets the event takes it for what is declared, or refuses it")
            .help("give both the same bounds")
            .on(format!("outboxes.{}", outbox.head.name)),
    )
}

/// A `where` is about fields of the item, and asks what can be asked of an item in a stream.
fn conditions(model: &Model, changes: &Changes, change: &ChangeEvent, diagnostics: &mut Vec<Diagnostic>) {
    let Some(filter) = &change.filter else { return };
    let item = &model.tables[changes.table.value].item;
    let wrong = pattern::check(filter, &model.types, item);
    if !wrong.is_empty() {
        diagnostics.extend(wrong);
        return;
    }
    for not in field_tests(&model.types, item, filter).1 {
        diagnostics.push(
            Diagnostic::new(Code::EVC0672, not.span, format!("{} cannot be asked of an item in a stream", not.what))
                .note("texts, booleans and whole numbers can be compared with values; texts also by `prefix` and `anything-but`")
                .help("publish the event for more changes, and let the rule that reads it say more"),
        );
    }
}

/// A pipe copies texts and booleans that are always there.
fn pipe(model: &Model, outbox: &Outbox, changes: &Changes, change: &ChangeEvent) -> Option<Diagnostic> {
    let (event, table) = (&model.events[change.event.value], &model.tables[changes.table.value]);
    let report = |message: String| {
        Diagnostic::new(Code::EVC0671, change.event.span, message)
            .secondary(changes.forwarder_span, "a pipe makes the event")
    };
    for copied in model.copied_fields(changes, change) {
        if let Some(why) = template::why_not(&model.types, &copied) {
            let message = format!("a pipe cannot make event `{}`: `{}` {why}", event.head.name, copied.item_name);
            let diagnostic = report(message).secondary(copied.item_field.name_span, "the field of the item is here");
            return Some(diagnostic.help("say `forwarder: function`, or leave the field out of the event"));
        }
    }
    let envelope = [("source", &event.source), ("detail-type", &event.detail_type)];
    if let Some((what, value)) = envelope.into_iter().find(|(_, value)| value.value.starts_with('$')) {
        let message = format!("a pipe takes the {what} `{}` of event `{}` for a path", value.value, event.head.name);
        let diagnostic =
            report(message).secondary(value.span, "a pipe reads what starts with `$` in the stream record");
        return Some(diagnostic.help("say `forwarder: function`, or give it another name"));
    }
    let key = table.key.first()?;
    let place = model.types.field_at(&table.item, &[key.as_str()]).ok()?;
    // A number is text in the stream, as it is in the event's metadata.
    let number = model.types.attribute(place.ty) == Some(Attribute::N);
    if let Some(why) = template::not_as_it_is(&model.types, place.ty).filter(|_| !number) {
        let message = format!("a pipe cannot say what event `{}` is about: `{}` {why}", event.head.name, key.value);
        let diagnostic = report(message).secondary(key.span, "the table's partition key is here");
        return Some(diagnostic.help("say `forwarder: function`"));
    }
    let template = template::of_change(model, outbox, changes, change);
    let most = template::MAX_TEMPLATE;
    (template.chars().count() > most).then(|| {
        report(format!("a pipe's template for event `{}` would be longer than {most} characters", event.head.name))
            .help("say `forwarder: function`, or leave fields out of the event")
    })
}

/// Several batches of a shard at once keep the order of each item, and every event of an outbox's own table is an item.
fn parallel(outbox: &Outbox, diagnostics: &mut Vec<Diagnostic>) {
    let Some(aggregate) = outbox.aggregate.as_ref().filter(|_| outbox.parallel > 1 && outbox.changes.is_none()) else {
        return;
    };
    let message = format!("with `parallel: {}`, events of one `{}` lose their order", outbox.parallel, aggregate.value);
    diagnostics.push(
        Diagnostic::new(Code::EVC0674, outbox.parallel_span, message)
            .secondary(aggregate.span, "events of one of these are to be published in order")
            .note("Lambda keeps the order of each item, partition key and sort key; each event is an item of its own")
            .help("leave `parallel` out, or leave `aggregate` out if order does not matter"),
    );
}

/// A function publishes through an outbox by writing into its table.
fn used_by_functions(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for function in model.functions.values() {
        let Some(outbox) = &function.outbox else { continue };
        let Some(changes) = &model.outboxes[outbox.value].changes else { continue };
        let (name, table) = (&model.outboxes[outbox.value].head.name, &model.tables[changes.table.value].head.name);
        let message = format!("no function publishes through outbox `{name}`: changes of table `{table}` do");
        diagnostics.push(
            Diagnostic::new(Code::EVC0675, outbox.span, message)
                .secondary(changes.table.span, "its events are the changes of this table")
                .help(format!("leave the line out, and say `tables: {{ {table}: write }}`")),
        );
    }
}

/// How many may read a shard of a stream at once before they are throttled.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html#Streams.Processing>
const MAX_READERS: usize = 2;

/// Each function that reads a stream is a reader of each of its shards, and so is each pipe.
fn readers(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for (id, table) in model.tables.iter() {
        let of_table = |outbox: &&Outbox| outbox.changes.as_ref().is_some_and(|changes| changes.table.value == id);
        let outboxes: Vec<&Outbox> = model.outboxes.values().filter(of_table).collect();
        let count: usize = outboxes.iter().map(|outbox| stream_readers(outbox)).sum();
        let Some(last) = outboxes.last().filter(|_| count > MAX_READERS) else { continue };
        let span = last.changes.as_ref().map_or(last.head.name_span, |changes| changes.table.span);
        let message = format!(
            "{count} readers of the stream of table `{}`, of which AWS wants at most {MAX_READERS}",
            table.head.name
        );
        let diagnostic = Diagnostic::new(Code::EVC0673, span, message)
            .secondary(table.head.name_span, "its stream is read")
            .note("more are throttled, and events come late; a pipe is a reader for each of its events")
            .help("publish them all through one outbox with `forwarder: function`, which is one reader");
        diagnostics.push(diagnostic.on(format!("outboxes.{}", last.head.name)));
    }
}

fn stream_readers(outbox: &Outbox) -> usize {
    match &outbox.changes {
        Some(changes) if changes.forwarder == Forwarder::Pipe => changes.events.len(),
        Some(_) => 1,
        None => 0,
    }
}
