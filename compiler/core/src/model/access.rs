//! Access patterns: the ways in which a function looks for items.

use super::names::find_at;
use super::{Function as FunctionModel, Id, Model, Table};
use crate::diagnostics::Diagnostic;
use crate::source::{Span, Spanned};
use crate::spec::Sections;
use crate::spec::access::SortBy;
use crate::spec::function::Function;
use crate::spec::scalar::Name;

/// A way to look for items.
#[derive(Debug, Clone)]
pub struct AccessPattern {
    /// Its name, which becomes that of a method.
    pub name: Spanned<String>,
    /// The table.
    pub table: Spanned<Id<Table>>,
    /// The index that it names.
    pub index: Option<Name>,
    /// How the sort key is compared.
    pub sort: Option<Spanned<SortBy>>,
    /// The claim that says whose items, as it is written: `caller.sub`.
    pub own: Option<Spanned<String>>,
}

/// What a pattern looks in.
#[derive(Debug, Clone, Copy)]
pub enum Through {
    /// The table itself.
    Table,
    /// An index, by its place among those of the table.
    Index(usize),
}

pub(super) fn of_function(
    sections: &Sections,
    item: &Function,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<AccessPattern> {
    let patterns = item.queries.items.iter().filter_map(|(name, pattern)| {
        Some(AccessPattern {
            name: Spanned::new(name.clone(), pattern.name_span),
            table: find_at(sections, &pattern.table, diagnostics)?,
            index: pattern.index.clone(),
            sort: pattern.sort,
            own: pattern.own.clone(),
        })
    });
    patterns.collect()
}

impl AccessPattern {
    /// The claim that says whose items it looks for, as it is written: its own, or that of the function's use of the table.
    pub fn owner<'f>(&'f self, function: &'f FunctionModel) -> Option<&'f Spanned<String>> {
        let used = || function.tables.iter().find(|used| used.table == self.table.value)?.own.as_ref();
        self.own.as_ref().or_else(used)
    }

    /// What it looks in; `None` for an index that there is not, which is reported.
    pub fn through(&self, model: &Model) -> Option<Through> {
        let Some(name) = &self.index else { return Some(Through::Table) };
        let indexes = &model.tables[self.table.value].indexes;
        indexes.iter().position(|index| index.name == name.value).map(Through::Index)
    }

    /// The key by which it looks: the partition key, and the sort key if there is one.
    pub fn key<'m>(&self, model: &'m Model) -> Option<&'m [Name]> {
        let table = &model.tables[self.table.value];
        Some(match self.through(model)? {
            Through::Table => &table.key,
            Through::Index(at) => &table.indexes[at].key,
        })
    }

    /// The place that says what it looks in.
    pub fn place(&self) -> Span {
        self.index.as_ref().map_or(self.table.span, |index| index.span)
    }
}
