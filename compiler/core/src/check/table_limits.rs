//! What DynamoDB takes of a table: lengths of keys, attributes of projections, numbers of indexes; and attributes that cannot be two things.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Index, Model, Table};
use crate::spec::scalar::Name;
use crate::spec::table::{Projection, Removal};
use crate::types::Kind;

/// The most bytes of a partition key, and of a sort key.
const KEY_BYTES: [u64; 2] = [2048, 1024];

/// The most attributes that the projections of all indexes of a table name.
const PROJECTED: usize = 100;

/// The most attributes that the projection of one index names.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Projection.html>
const PROJECTED_OF_ONE: usize = 20;

/// The most global secondary indexes of a table, unless the quota was raised.
const INDEXES: usize = 20;

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for table in model.tables.values() {
        diagnostics.extend(table.key.iter().zip(KEY_BYTES).filter_map(|(key, most)| too_long(model, table, key, most)));
        let before = diagnostics.len();
        diagnostics.extend(table.indexes.iter().filter_map(projection));
        if diagnostics.len() == before {
            diagnostics.extend(projections(table));
        }
        diagnostics.extend(indexes(table));
        diagnostics.extend(counts_and_expires(table));
        diagnostics.extend(counts_beyond(model, table));
        diagnostics.extend(deleted_and_protected(model, table));
    }
}

/// A text as key that is longer than a key may be, however short it is: each item is refused.
fn too_long(model: &Model, table: &Table, key: &Name, most: u64) -> Option<Diagnostic> {
    let fields = model.types.record(&table.item)?;
    let field = fields.get(key.value.as_str())?;
    let Kind::String(range) = &model.types.resolve(&field.ty).kind else { return None };
    let least = range.min.filter(|least| *least > most)?;
    let message =
        format!("`{}` has at least {least} characters, and a key of its kind has at most {most} bytes", key.value);
    Some(
        Diagnostic::new(Code::EVC0643, key.span, message)
            .secondary(field.ty.span, "its type")
            .note("DynamoDB refuses every item of this table")
            .help("take something shorter for a key, such as a `uuid` or a digest of the text"),
    )
}

/// Attributes that are named by the projection of one index.
fn projection(index: &Index) -> Option<Diagnostic> {
    let Projection::Include(attributes) = &index.projection else { return None };
    let one_more = attributes.get(PROJECTED_OF_ONE)?;
    let count = attributes.len();
    let message = format!("the projection of an index names at most {PROJECTED_OF_ONE} attributes; found {count}");
    Some(
        Diagnostic::new(Code::EVC0643, one_more.span, message)
            .label("this is one too many")
            .help("leave the `projection` out: an index holds whole items then"),
    )
}

/// Attributes that are named by the projections of all indexes together.
fn projections(table: &Table) -> Option<Diagnostic> {
    let named = |index: &crate::model::Index| match &index.projection {
        Projection::Include(attributes) => attributes.len(),
        Projection::All | Projection::Keys => 0,
    };
    let total: usize = table.indexes.iter().map(named).sum();
    let most = table.indexes.iter().max_by_key(|index| named(index)).filter(|_| total > PROJECTED)?;
    let message =
        format!("the projections of this table's indexes name {total} attributes, at most {PROJECTED} are taken");
    Some(
        Diagnostic::new(Code::EVC0643, most.name_span, message)
            .note("an attribute counts once for each index that names it")
            .help("leave the `projection` of an index out: it holds whole items then, which count for nothing here"),
    )
}

fn indexes(table: &Table) -> Option<Diagnostic> {
    let one_more = table.indexes.get(INDEXES)?;
    let count = table.indexes.len();
    let message = format!(
        "table `{}` has {count} indexes, and an account takes {INDEXES} of one table by default",
        table.head.name
    );
    let diagnostic =
        Diagnostic::new(Code::EVC0644, one_more.name_span, message).on(format!("tables.{}", table.head.name));
    Some(diagnostic.help("have the quota `Global Secondary Indexes per table` raised before this is deployed"))
}

/// A table that CloudFormation is to delete and DynamoDB is not.
fn deleted_and_protected(model: &Model, table: &Table) -> Option<Diagnostic> {
    let both = table.removal.said().zip(table.deletion_protection.said());
    let mut all = model.environments.iter().zip(both);
    let (environment, ((_, at), (_, there))) =
        all.find(|(_, ((removal, _), (protected, _)))| **removal == Removal::Delete && **protected)?;
    let name = &table.head.name;
    let message = format!("table `{name}` is deleted with the stack, and DynamoDB refuses to delete it");
    Some(
        Diagnostic::new(Code::EVC0718, at.or(there).unwrap_or(table.head.name_span), message)
            .on(format!("tables.{name}"))
            .note(format!(
                "so it is in environment `{}`: to delete the stack fails, with the table left",
                environment.name
            ))
            .help("say `removal: retain`, or leave `deletion-protection` out"),
    )
}

/// The most that a counter of writes has to hold to be one that nobody comes to the end of.
const ENOUGH: i64 = 1_000_000;

/// A version is counted where an item is stored, from 1 on: bounds that leave the first value out, or one that is soon counted, make items
/// that nobody can read.
fn counts_beyond(model: &Model, table: &Table) -> Option<Diagnostic> {
    let version = table.version.as_ref().filter(|version| table.ttl.as_ref() != Some(*version))?;
    let fields = model.types.record(&table.item)?;
    let field = fields.get(version.value.as_str())?;
    let Kind::Integer(range) = &model.types.resolve(&field.ty).kind else { return None };
    let (least, most) = (range.min.unwrap_or(1), range.max.unwrap_or(ENOUGH));
    let (code, message) = if least > 1 || most < 1 {
        (Code::EVC0662, format!("`{}` is 1 for a new item, which its bounds leave out", version.value))
    } else if most < ENOUGH {
        (
            Code::EVC0663,
            format!(
                "`{}` counts writes, and the one after the {most} that fit makes an item that cannot be read",
                version.value
            ),
        )
    } else {
        return None;
    };
    let diagnostic = Diagnostic::new(code, version.span, message)
        .secondary(field.ty.span, "its bounds")
        .note("the version is counted where an item is stored: 1 for a new one, one more with each write")
        .help("declare it as `integer`, or `integer(1..)`");
    Some(if code == Code::EVC0663 { diagnostic.on(format!("tables.{}", table.head.name)) } else { diagnostic })
}

/// A counter of writes is no time: as one it is long past, and DynamoDB deletes nothing that expired more than five years ago.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html>
fn counts_and_expires(table: &Table) -> Option<Diagnostic> {
    let (ttl, version) = (table.ttl.as_ref()?, table.version.as_ref()?);
    (ttl.value == version.value).then(|| {
        let message = format!("`{}` counts writes and is the time of expiry, which it cannot both be", ttl.value);
        Diagnostic::new(Code::EVC0643, ttl.span, message)
            .secondary(version.span, "the counter")
            .help("give the time of expiry a field of its own")
    })
}
