//! Access patterns of functions: each has an index with the key that it asks for, or is told which one is missing.

use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::model::{AccessPattern, Function, Model, Table};
use crate::spec::access::SortBy;
use crate::types::{Attribute, Kind, is_text};

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for function in model.functions.values() {
        for pattern in &function.queries {
            match pattern.key(model) {
                None => diagnostics.push(no_index(model, pattern)),
                Some([_, sort, ..]) => {
                    diagnostics
                        .extend(begins(model, pattern, sort).or_else(|| by_spelling(model, function, pattern, sort)));
                }
                Some(_) => diagnostics.extend(no_sort_key(model, function, pattern)),
            }
        }
    }
}

/// An index that the table has not: which one would do.
fn no_index(model: &Model, pattern: &AccessPattern) -> Diagnostic {
    let table = &model.tables[pattern.table.value];
    let wanted = pattern.index.as_ref().map_or("", |name| name.as_str());
    let message = format!("table `{}` has no index `{wanted}`", table.head.name);
    let diagnostic = Diagnostic::new(Code::EVC0920, pattern.place(), message)
        .secondary(table.head.name_span, "the table is declared here");
    let known: Vec<&str> = table.indexes.iter().map(|index| index.name.as_str()).collect();
    if let Some(near) = nearest(wanted, &known) {
        return diagnostic.suggest(wanted, [near]);
    }
    let partition = meant(model, table, wanted).unwrap_or("ATTRIBUTE".to_owned());
    let key = match pattern.sort {
        Some(_) => format!("[{partition}, {}]", sort_for(model, table, &partition)),
        None => partition,
    };
    diagnostic.help(format!("add the index: `indexes: {{ {wanted}: {key} }}`"))
}

/// An order by a key that has none.
fn no_sort_key(model: &Model, function: &Function, pattern: &AccessPattern) -> Option<Diagnostic> {
    let sort = pattern.sort.as_ref()?;
    let table = &model.tables[pattern.table.value];
    let (what, key) = match &pattern.index {
        Some(name) => (format!("index `{}`", name.value), pattern.key(model)?),
        None => (format!("table `{}`", table.head.name), table.key.as_slice()),
    };
    let partition = key.first()?;
    let other = table
        .indexes
        .iter()
        .find(|index| index.key.first().is_some_and(|first| first.value == partition.value) && index.key.len() > 1);
    let help = if let Some(index) = other {
        format!("look through index `{}`, which has a sort key", index.name)
    } else {
        let (name, by) = (&pattern.name.value, sort_for(model, table, partition.as_str()));
        format!(
            "add an index with a sort key, as in `indexes: {{ {name}: [{}, {by}] }}`, and say `index: {name}`",
            partition.value
        )
    };
    let message =
        format!("{what} has no sort key that `{}` of `{}` could compare", pattern.name.value, function.head.name);
    Some(
        Diagnostic::new(Code::EVC0921, sort.span, message)
            .secondary(partition.span, "its key is this alone")
            .help(help),
    )
}

/// Only of a text one can ask how it begins.
fn begins(model: &Model, pattern: &AccessPattern, key: &str) -> Option<Diagnostic> {
    let sort = pattern.sort.as_ref().filter(|sort| sort.value == SortBy::BeginsWith)?;
    let table = &model.tables[pattern.table.value];
    let place = model.types.field_at(&table.item, &[key]).ok()?;
    if is_text(&place.ty.kind) || model.types.is_any(place.ty) {
        return None;
    }
    let message =
        format!("`begins-with` asks of a text, and the sort key `{key}` is `{}`", crate::types::describe(place.ty));
    Some(
        Diagnostic::new(Code::EVC0921, sort.span, message)
            .help("compare it by `eq`, `lt`, `le`, `gt`, `ge` or `between`"),
    )
}

/// An order of texts that is not that of what they say: DynamoDB compares them letter by letter.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>
fn by_spelling(model: &Model, function: &Function, pattern: &AccessPattern, key: &str) -> Option<Diagnostic> {
    let sort = pattern.sort.as_ref().filter(|sort| !matches!(sort.value, SortBy::Eq | SortBy::BeginsWith))?;
    let table = &model.tables[pattern.table.value];
    let place = model.types.field_at(&table.item, &[key]).ok()?;
    let kind = &model.types.resolve(place.ty).kind;
    let (what, example) = if let Kind::Duration = kind {
        ("a duration", "`PT10M` comes before `PT9M`".to_owned())
    } else if let Kind::Enum(values) = kind {
        let (first, second) = values.iter().zip(values.iter().skip(1)).find(|(one, next)| one.value > next.value)?;
        ("an enumeration", format!("`{}` comes before `{}`", second.value, first.value))
    } else {
        return None;
    };
    let message = format!("`{}` compares `{key}`, which is {what}, by the spelling", pattern.name.value);
    Some(
        Diagnostic::new(Code::EVC0428, sort.span, message)
            .on(format!("functions.{}", function.head.name))
            .secondary(place.ty.span, "the key is declared here")
            .note(format!("DynamoDB compares texts letter by letter: {example}"))
            .help("keep a number beside it, and let that be the sort key"),
    )
}

/// The attribute that the name of an index speaks of: `customerId` of `by-customer`.
fn meant(model: &Model, table: &Table, index: &str) -> Option<String> {
    let words = index.rsplit_once("by-").map_or(index, |(_, words)| words);
    let flat = |text: &str| text.replace(['-', '_'], "").to_lowercase();
    let first = words.split("-and-").next().unwrap_or(words);
    let fields = model.types.record(&table.item)?;
    let can_be_key = |name: &&str| {
        fields.get(name).is_some_and(|field| {
            matches!(model.types.attribute(&field.ty), Some(Attribute::S | Attribute::N | Attribute::B))
        })
    };
    let names: Vec<&str> = fields.keys().copied().filter(can_be_key).collect();
    let same = names.iter().find(|name| flat(name) == flat(first));
    same.or_else(|| names.iter().find(|name| flat(name).starts_with(&flat(first)))).map(|name| (*name).to_owned())
}

/// An attribute to sort by: a point in time of the item, or its table's sort key.
fn sort_for(model: &Model, table: &Table, partition: &str) -> String {
    let fields = model.types.record(&table.item).unwrap_or_default();
    let is_time = |name: &str| {
        let kind = fields.get(name).map(|field| &model.types.resolve(&field.ty).kind);
        matches!(kind, Some(Kind::Timestamp | Kind::Date))
    };
    let time = fields.keys().find(|name| is_time(name) && **name != partition).map(|name| (*name).to_owned());
    let own = || table.key.iter().rev().find(|key| key.as_str() != partition).map(|key| key.value.clone());
    time.or_else(own).unwrap_or_else(|| "ATTRIBUTE".to_owned())
}
