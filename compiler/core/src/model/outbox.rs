//! Outboxes: those with a table of their own, and those that read the changes of a table.

use indexmap::IndexMap;

use super::graph::{Relates, Relation};
use super::names::{find, find_all, head};
use super::settings::of_tables;
use super::{Bus, DeadLetterSource, Event, Head, Id, Model, Setting, Table, Thing};
use crate::diagnostics::Diagnostic;
use crate::pattern::{self, Pattern};
use crate::source::{Span, Spanned};
use crate::spec::decode::Declared;
use crate::spec::function::Operation;
use crate::spec::outbox::{self, Forwarder, MAX_PIPE_BATCH};
use crate::spec::scalar::{Duration, Name};
use crate::spec::table::Removal;
use crate::spec::{Sections, outbox as spec};
use crate::types::{Field, Type};

/// An outbox.
#[derive(Debug, Clone)]
pub struct Outbox {
    /// Name, places, description.
    pub head: Head,
    /// The events that go through it.
    pub publishes: Vec<Spanned<Id<Event>>>,
    /// The table whose changes are the events, if it has no table of its own.
    pub changes: Option<Changes>,
    /// The field that says what an event is about.
    pub aggregate: Option<Name>,
    /// How long published events stay.
    pub retention: Duration,
    /// The most records the forwarder takes at once.
    pub batch_size: u64,
    /// How many batches of one shard are worked on at once.
    pub parallel: u64,
    /// The place that says so, or the outbox's name.
    pub parallel_span: Span,
    /// How often a failing batch is tried.
    pub attempts: u64,
    /// What becomes of the table.
    pub removal: Setting<Removal>,
    /// Whether the table is protected from deletion.
    pub deletion_protection: Setting<bool>,
    /// Whether the table can be restored to any second of the last 35 days.
    pub point_in_time_recovery: Setting<bool>,
}

/// The changes of a table that are events.
#[derive(Debug, Clone)]
pub struct Changes {
    /// The table.
    pub table: Spanned<Id<Table>>,
    /// What brings them to the bus.
    pub forwarder: Forwarder,
    /// The place that says so, or the outbox's name.
    pub forwarder_span: Span,
    /// Which changes are which events.
    pub events: Vec<ChangeEvent>,
}

/// A kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// The item is new.
    Insert,
    /// The item was there, and is written again.
    Update,
}

impl ChangeKind {
    /// Its key in the spec.
    pub fn key(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
        }
    }

    /// What whoever makes it does with items.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Insert => "makes new",
            Self::Update => "changes",
        }
    }

    /// Whether an operation of a function on the table can make it. What is put may be new, or be there; so it is with what is updated.
    pub fn made_by(self, operation: Operation) -> bool {
        match (operation, self) {
            (Operation::Put | Operation::Update | Operation::Write, Self::Insert | Self::Update) => true,
            (Operation::Get | Operation::Query | Operation::Delete | Operation::Check | Operation::Read, _) => false,
        }
    }

    /// The `eventName` of its stream records.
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html>
    pub fn event_name(self) -> &'static str {
        match self {
            Self::Insert => "INSERT",
            Self::Update => "MODIFY",
        }
    }
}

/// A change that is an event.
#[derive(Debug, Clone)]
pub struct ChangeEvent {
    /// The change.
    pub kind: ChangeKind,
    /// The event.
    pub event: Spanned<Id<Event>>,
    /// What the item must be after the change.
    pub filter: Option<Pattern>,
    /// Fields of the event that have another name in the item.
    pub with: IndexMap<Name, Name>,
}

impl ChangeEvent {
    /// The item's field that a field of the event comes from: its name, and the place that says so if one does.
    pub fn source<'a>(&'a self, field: &'a str) -> (&'a str, Option<Span>) {
        match self.with.iter().find(|(name, _)| name.as_str() == field) {
            Some((_, item)) => (item.as_str(), Some(item.span)),
            None => (field, None),
        }
    }
}

/// A field of an event with the field of the item that it comes from.
#[derive(Debug, Clone)]
pub struct CopiedField<'a> {
    /// Its name in the event.
    pub name: &'a str,
    /// What it is in the event.
    pub field: &'a Field,
    /// Its name in the item.
    pub item_name: &'a str,
    /// What it is in the items of which the event is made: those that the condition on the change lets through.
    pub item_field: Field,
}

impl Changes {
    /// The events with the kind of change that each is, and its number within the kind, from 1.
    pub fn numbered(&self) -> impl Iterator<Item = (ChangeKind, usize, &ChangeEvent)> {
        let mut counts = [0_usize; 2];
        self.events.iter().map(move |change| {
            let count = &mut counts[usize::from(change.kind == ChangeKind::Update)];
            *count += 1;
            (change.kind, *count, change)
        })
    }
}

impl Outbox {
    /// Whether a function of its own brings its events to the bus, rather than pipes. An outbox without events has neither.
    pub fn has_function(&self) -> bool {
        !self.publishes.is_empty() && !self.has_pipes()
    }

    /// Whether pipes bring its events to the bus.
    pub fn has_pipes(&self) -> bool {
        self.changes.as_ref().is_some_and(|changes| changes.forwarder == Forwarder::Pipe && !changes.events.is_empty())
    }

    /// How many events a kind of change is. With several, their ids need more than the id of the change.
    pub fn events_of(&self, kind: ChangeKind) -> usize {
        let changes = self.changes.iter().flat_map(|changes| &changes.events);
        changes.filter(|change| change.kind == kind).count()
    }
}

impl Model {
    /// The bus that the events of an outbox travel on; none if it publishes nothing.
    pub fn bus_of(&self, outbox: &Outbox) -> Option<&Bus> {
        outbox.publishes.first().map(|event| &self.buses[self.events[event.value].bus])
    }

    /// The type of the items of which an event is made: those that the condition on the change lets through.
    pub fn changed_item(&self, changes: &Changes, change: &ChangeEvent) -> Type {
        let item = &self.tables[changes.table.value].item;
        // What a condition never matches is reported, and not made.
        let made = change.filter.as_ref().and_then(|filter| pattern::narrowed(filter, item, &self.types));
        made.unwrap_or_else(|| item.clone())
    }

    /// The fields that an event takes from the changed item: those that both have. What an event needs and the item has not
    /// is a check's to report.
    pub fn copied_fields<'a>(&'a self, changes: &Changes, change: &'a ChangeEvent) -> Vec<CopiedField<'a>> {
        let event = self.types.record(&self.events[change.event.value].detail).unwrap_or_default();
        let item = self.changed_item(changes, change);
        let item = self.types.record(&item).unwrap_or_default();
        let copied = event.into_iter().filter_map(|(name, field)| {
            let (item_name, _) = change.source(name);
            Some(CopiedField { name, field, item_name, item_field: (*item.get(item_name)?).clone() })
        });
        copied.collect()
    }
}

/// Resolves an outbox.
pub(super) fn outbox(
    sections: &Sections,
    name: &str,
    item: &Declared<outbox::Outbox>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Outbox {
    let removal = item.removal.unwrap_or(Removal::Retain);
    let changes = changes(sections, item, diagnostics);
    let listed = item.publishes.as_ref().map_or(&[][..], |names| names.value.as_slice());
    let publishes = match &changes {
        Some(changes) => {
            let mut events: Vec<Spanned<Id<Event>>> = Vec::new();
            for change in &changes.events {
                if events.iter().all(|event| event.value != change.event.value) {
                    events.push(change.event);
                }
            }
            events
        }
        None => find_all(sections, listed, diagnostics),
    };
    let pipe = changes.as_ref().is_some_and(|changes| changes.forwarder == Forwarder::Pipe);
    let batch_size = if pipe { MAX_PIPE_BATCH } else { 100 };
    Outbox {
        head: head(name, item, item.description.as_ref(), &item.allow),
        publishes,
        changes,
        aggregate: item.aggregate.clone(),
        retention: item.retention.as_ref().map_or(Duration::days(7), |retention| retention.value),
        batch_size: item.batch_size.as_ref().map_or(batch_size, |size| size.value),
        parallel: item.parallel.as_ref().map_or(1, |parallel| parallel.value),
        parallel_span: item.parallel.as_ref().map_or(item.name_span, |parallel| parallel.span),
        attempts: item.attempts.as_ref().map_or(10, |attempts| attempts.value),
        removal: of_tables(sections, removal, |tables| tables.removal),
        deletion_protection: of_tables(sections, false, |tables| tables.deletion_protection),
        point_in_time_recovery: of_tables(sections, true, |tables| tables.point_in_time_recovery),
    }
}

fn changes(sections: &Sections, item: &Declared<spec::Outbox>, diagnostics: &mut Vec<Diagnostic>) -> Option<Changes> {
    let name = item.changes_of.as_ref()?;
    let table = Spanned::new(find(sections, name, diagnostics)?, name.span);
    let declared = item.insert.iter().map(|event| (ChangeKind::Insert, event));
    let declared = declared.chain(item.update.iter().map(|event| (ChangeKind::Update, event)));
    let events = declared.filter_map(|(kind, change)| {
        let event = Spanned::new(find(sections, &change.event, diagnostics)?, change.event.span);
        // A pattern that cannot be read is reported; without it, more would be published than was meant, but nothing is built.
        let filter = change.where_.as_ref().and_then(|pattern| pattern::parse(&pattern.value.0, diagnostics));
        let filter = filter.map(|parsed| parsed.readable);
        Some(ChangeEvent { kind, event, filter, with: change.with.clone() })
    });
    let events = events.collect();
    Some(Changes {
        table,
        forwarder: item.forwarder.as_ref().map_or(Forwarder::default(), |forwarder| forwarder.value),
        forwarder_span: item.forwarder.as_ref().map_or(item.name_span, |forwarder| forwarder.span),
        events,
    })
}

/// Whether the changes of a table are the events of an outbox.
pub(super) fn reads_changes_of(sections: &Sections, table: &str) -> bool {
    let names = sections.outboxes.items.values().filter_map(|outbox| outbox.changes_of.as_ref());
    names.into_iter().any(|name| name.as_str() == table)
}

impl Relates for Outbox {
    fn relate(&self, tell: &mut dyn FnMut(Relation, Thing, Span)) {
        if let Some(changes) = &self.changes {
            tell(Relation::TakesChanges, Thing::Table(changes.table.value), changes.table.span);
        }
        for event in &self.publishes {
            tell(Relation::Publishes, Thing::Event(event.value), event.span);
        }
    }

    fn dead_letters(id: Id<Self>) -> Option<DeadLetterSource> {
        Some(DeadLetterSource::Outbox(id))
    }
}
