//! Requests as data, with physical table names: what a store carries out.

use super::condition::Test;
use crate::attribute::{Attribute, Item, item_size};

/// One write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Write {
    pub(crate) table: String,
    pub(crate) kind: WriteKind,
    pub(crate) condition: Option<Test>,
}

/// What a write does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WriteKind {
    /// Replaces the whole item.
    Put(Item),
    /// Changes attributes of the item with this key.
    Update(Item, Vec<Action>),
    /// Removes the item with this key.
    Delete(Item),
    /// Changes nothing: only the condition counts (in a transaction).
    Check(Item),
}

/// One change of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    Set(&'static str, Attribute),
    Add(&'static str, Attribute),
    Remove(&'static str),
}

/// A read of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lookup {
    pub(crate) table: String,
    pub(crate) key: Item,
    pub(crate) consistent: bool,
}

/// A read of one page of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QueryRequest {
    pub(crate) table: String,
    pub(crate) index: Option<&'static str>,
    pub(crate) partition: (&'static str, Attribute),
    /// The sort key, if there is one; DynamoDB knows it by itself.
    pub(crate) sort: Option<&'static str>,
    pub(crate) range: Option<(&'static str, Range)>,
    pub(crate) descending: bool,
    pub(crate) consistent: bool,
    pub(crate) limit: i32,
    pub(crate) start: Option<Item>,
}

/// Which sort keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Range {
    Equal(Attribute),
    Less(Attribute),
    LessOrEqual(Attribute),
    Greater(Attribute),
    GreaterOrEqual(Attribute),
    Between(Attribute, Attribute),
    BeginsWith(Attribute),
}

impl Write {
    /// The item that is put, or the key of the one that is changed.
    pub(crate) fn item(&self) -> &Item {
        match &self.kind {
            WriteKind::Put(item) | WriteKind::Update(item, _) | WriteKind::Delete(item) | WriteKind::Check(item) => {
                item
            }
        }
    }

    /// Sets a text of the item that is put.
    #[cfg(feature = "outbox")]
    pub(crate) fn set(&mut self, name: &str, text: &str) {
        if let WriteKind::Put(item) = &mut self.kind {
            item.insert(name.to_owned(), Attribute::S(text.to_owned()));
        }
    }

    /// Whether the write may be made again although it may have been done: that changes nothing more, and its condition holds as before.
    pub(crate) fn may_repeat(&self) -> bool {
        match (&self.kind, &self.condition) {
            (WriteKind::Update(key, actions), condition) => {
                let adds = actions.iter().any(|action| matches!(action, Action::Add(..)));
                // An item that is there is there after a change.
                let holds = |test: &Test| matches!(test, Test::Exists(name) if key.contains_key(*name));
                !adds && condition.as_ref().is_none_or(holds)
            }
            (WriteKind::Put(_) | WriteKind::Delete(_) | WriteKind::Check(_), condition) => condition.is_none(),
        }
    }

    /// What the write counts against the limits of an item and of a transaction, bytes. For an update that is what the request says;
    /// the rest of the item only the store knows.
    pub(crate) fn size(&self) -> usize {
        match &self.kind {
            WriteKind::Put(item) | WriteKind::Delete(item) | WriteKind::Check(item) => item_size(item),
            WriteKind::Update(key, actions) => {
                let action = |action: &Action| match action {
                    Action::Set(name, value) | Action::Add(name, value) => name.len() + value.size(),
                    Action::Remove(name) => name.len(),
                };
                item_size(key) + actions.iter().map(action).sum::<usize>()
            }
        }
    }
}
