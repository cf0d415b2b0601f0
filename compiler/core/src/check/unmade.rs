//! Events of changes of a table that nobody makes: nothing puts items into it, or only such as the event is not for.

use super::unused::told;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{ChangeEvent, ChangeKind, Changes, Integration, Mapping, Model, TableOperation, Thing};
use crate::pattern::{Verdict, can_match};
use crate::types::{Field, Kind, Record, Type};

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let told = told(model);
    for outbox in model.outboxes.values() {
        let Some(changes) = &outbox.changes else { continue };
        let table = Thing::Table(changes.table.value);
        // Others may write a table of which an output tells. One that nothing uses is reported as that.
        if told.contains(&table) || users(model, changes).is_empty() {
            continue;
        }
        for change in &changes.events {
            let diagnostic = unmade(model, changes, change);
            diagnostics.extend(diagnostic.map(|it| it.on(format!("outboxes.{}", outbox.head.name))));
        }
    }
}

/// Who does what with a table.
struct User<'m> {
    name: String,
    does: Does<'m>,
}

enum Does<'m> {
    /// A handler makes items of which no more is known than their type.
    Changes(ChangeKind),
    /// A route makes such items.
    Writes(ChangeKind, &'m [Mapping]),
    /// It only reads or deletes.
    Neither,
}

fn users<'m>(model: &'m Model, changes: &Changes) -> Vec<User<'m>> {
    let mut users = Vec::new();
    for function in model.functions.values() {
        for used in function.tables.iter().filter(|used| used.table == changes.table.value) {
            let name = format!("function `{}`", function.head.name);
            let kinds = [ChangeKind::Insert, ChangeKind::Update];
            let made =
                kinds.into_iter().filter(|kind| used.operations.iter().any(|operation| kind.made_by(*operation)));
            let before = users.len();
            users.extend(made.map(|kind| User { name: name.clone(), does: Does::Changes(kind) }));
            if users.len() == before {
                users.push(User { name, does: Does::Neither });
            }
        }
    }
    for (_, route) in model.routes() {
        let Integration::Table(to) = &route.integration else { continue };
        if to.table == changes.table.value {
            let does = match &to.operation {
                TableOperation::Put { attributes } => Does::Writes(ChangeKind::Insert, attributes),
                TableOperation::Update { set, .. } => Does::Writes(ChangeKind::Update, set),
                TableOperation::Get { .. } | TableOperation::Query { .. } => Does::Neither,
            };
            users.push(User { name: format!("route `{}`", route.key()), does });
        }
    }
    users
}

fn unmade(model: &Model, changes: &Changes, change: &ChangeEvent) -> Option<Diagnostic> {
    let table = &model.tables[changes.table.value];
    let users = users(model, changes);
    let of_kind = |user: &&User<'_>| match user.does {
        Does::Changes(kind) | Does::Writes(kind, _) => kind == change.kind,
        Does::Neither => false,
    };
    let makers: Vec<&User<'_>> = users.iter().filter(of_kind).collect();
    let suits = |user: &&User<'_>| match user.does {
        Does::Changes(_) => true,
        Does::Writes(_, attributes) => may_be(model, &table.item, attributes, change),
        Does::Neither => false,
    };
    if makers.iter().any(suits) {
        return None;
    }
    let (does, event) = (change.kind.verb(), &model.events[change.event.value].head.name);
    let (message, help) = if makers.is_empty() {
        let message =
            format!("nothing {does} items of table `{}`, so that event `{event}` is never published", table.head.name);
        let help = match change.kind {
            ChangeKind::Insert => {
                "let a function or a route put items, take the event out, or tell the table in `outputs` if others write it"
            }
            ChangeKind::Update => {
                "let a function or a route update items, take the event out, or tell the table in `outputs` if others write it"
            }
        };
        (message, help)
    } else {
        let names: Vec<&str> = makers.iter().map(|user| user.name.as_str()).collect();
        let message = format!(
            "{} {does} items of table `{}`, and event `{event}` is for none of them",
            names.join(" and "),
            table.head.name
        );
        (message, "change what is written, or the `where` of the event")
    };
    let mut names: Vec<&str> = users.iter().map(|user| user.name.as_str()).collect();
    names.dedup();
    names.truncate(6);
    let mut diagnostic = Diagnostic::new(Code::EVC0922, change.event.span, message)
        .secondary(table.head.name_span, "the table is here")
        .help(help);
    if makers.is_empty() {
        diagnostic = diagnostic.note(format!("it is used by {}", names.join(", ")));
    }
    Some(diagnostic)
}

/// Whether an item that is written like this may be one that an event is for. Of what is not written nothing is known.
fn may_be(model: &Model, item: &Type, attributes: &[Mapping], change: &ChangeEvent) -> bool {
    let (Some(filter), Some(fields)) = (&change.filter, model.types.record(item)) else { return true };
    let field = |(name, field): (&str, &Field)| {
        let written = attributes.iter().find(|mapping| mapping.attribute == *name);
        let ty = written.map_or(&field.ty, |mapping| &mapping.ty).clone();
        (name.to_owned(), Field { ty, optional: field.optional, name_span: field.name_span })
    };
    let fields = fields.into_iter().map(field).collect();
    let written = Type { kind: Kind::Record(Record { extends: None, exact: false, fields }), span: item.span };
    !matches!(can_match(filter, &model.types, &written), Verdict::Never(..))
}
