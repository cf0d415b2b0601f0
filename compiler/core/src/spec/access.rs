//! `queries:` of a function: the ways in which it looks for items, each by a table's key or an index.

use evc_macros::{Section, Word};

use super::decode::Item;
use super::function::{OWNER, owner};
use super::scalar::Name;
use crate::source::Spanned;

/// A way to look for items: those of one partition of a table or of an index, and of it a range.
#[derive(Debug, Clone, Section)]
#[section(what = "an access pattern")]
pub struct AccessPattern {
    /// The table.
    pub table: Name,
    /// The index by whose key items are looked for. Without it: the table's own key.
    pub index: Option<Name>,
    /// How the sort key is compared. Without it: all items of the partition.
    pub sort: Option<Spanned<SortBy>>,
    /// Whose items: `caller.sub`, a claim of who calls, which is the partition key.
    #[key(pattern = OWNER, check = owner)]
    pub own: Option<Spanned<String>>,
}

impl Item for AccessPattern {
    const WHAT: &'static str = "an access pattern";
}

/// How the sort key is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Word)]
#[word(what = "a comparison of a sort key")]
pub enum SortBy {
    /// It is this.
    Eq,
    /// It is lower.
    Lt,
    /// It is lower, or this.
    Le,
    /// It is higher.
    Gt,
    /// It is higher, or this.
    Ge,
    /// It is from the one to the other, both included.
    Between,
    /// It begins so: a text.
    BeginsWith,
}
