//! Tables and their indexes.

use super::graph::{Relates, Relation};
use super::names::head;
use super::settings::of_tables;
use super::{Head, Setting, Thing, outbox};
use crate::source::{Span, Spanned};
use crate::spec::scalar::Name;
use crate::spec::table::{Billing, Encryption, Projection, Removal, StreamView};
use crate::spec::{Declared, Sections};
use crate::types::Type;

/// A table.
#[derive(Debug, Clone)]
pub struct Table {
    /// Name, places, description.
    pub head: Head,
    /// The type of its items.
    pub item: Type,
    /// Partition key, and sort key if there is one.
    pub key: Vec<Name>,
    /// The place of the key.
    pub key_span: Span,
    /// Global secondary indexes.
    pub indexes: Vec<Index>,
    /// The attribute that holds the time of expiry.
    pub ttl: Option<Name>,
    /// The attribute that counts writes.
    pub version: Option<Name>,
    /// What its stream carries, if it has one.
    pub stream: Option<StreamView>,
    /// How capacity is paid.
    pub billing: Billing,
    /// Who owns the key.
    pub encryption: Option<Spanned<Encryption>>,
    /// What becomes of it when it leaves the stack.
    pub removal: Setting<Removal>,
    /// Whether DynamoDB refuses to delete it.
    pub deletion_protection: Setting<bool>,
    /// Whether there are continuous backups.
    pub point_in_time_recovery: Setting<bool>,
}

/// A global secondary index.
#[derive(Debug, Clone)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// The place of its name.
    pub name_span: Span,
    /// Partition key, and sort key if there is one.
    pub key: Vec<Name>,
    /// What it holds.
    pub projection: Projection,
}

pub(super) fn table(sections: &Sections, name: &str, item: &Declared<crate::spec::table::Table>) -> Table {
    let indexes = item.indexes.iter().map(|(name, index)| Index {
        name: name.to_owned(),
        name_span: index.name_span,
        key: index.key.value.clone(),
        projection: index.projection.clone(),
    });
    let removal = item.removal.unwrap_or(Removal::Retain);
    let protection = item.deletion_protection.unwrap_or(false);
    let recovery = item.point_in_time_recovery.unwrap_or(true);
    Table {
        head: head(name, item, item.description.as_ref(), &item.allow),
        item: item.item.0.clone(),
        key: item.key.value.clone(),
        key_span: item.key.span,
        indexes: indexes.collect(),
        ttl: item.ttl.clone(),
        version: item.version.clone(),
        // Changes that are events come from its stream.
        stream: item.stream.or(outbox::reads_changes_of(sections, name).then_some(StreamView::NewImage)),
        billing: item.billing.clone(),
        encryption: item.encryption,
        removal: of_tables(sections, removal, |tables| tables.removal),
        deletion_protection: of_tables(sections, protection, |tables| tables.deletion_protection),
        point_in_time_recovery: of_tables(sections, recovery, |tables| tables.point_in_time_recovery),
    }
}

/// It says nothing of others.
impl Relates for Table {
    fn relate(&self, _: &mut dyn FnMut(Relation, Thing, Span)) {}
}
