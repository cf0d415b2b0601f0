//! Writes in the making: put, update, delete, check.
//!
//! A write whose repetition could be refused because of itself, or would add twice, is made once ([`Write::may_repeat`]): without an answer
//! it fails with [`Kind::Transient`] or [`Kind::Timeout`], and may have been done. So a [`Kind::Conflict`] is always somebody else's doing.

use super::condition::{Comparison, Test};
use super::{Action, Attr, Condition, Table, Write, WriteKind};
use crate::attribute::{Item, to_attribute, to_item};
use crate::limits::ITEM_BYTES;
use crate::{Context, Error, Kind};
use serde::Serialize;

/// The version that a write gives an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Versioned {
    /// The table's name in the spec.
    pub(crate) table: &'static str,
    /// The version; none where only the stored item says what it will be.
    pub(crate) stored: Option<u64>,
    /// The version that the item says of itself, where its type has the field.
    pub(crate) said: Option<u64>,
}

impl Versioned {
    fn new<T: Table>(stored: Option<u64>, said: Option<u64>) -> Option<Self> {
        T::VERSION.map(|_| Self { table: T::NAME, stored, said })
    }
}

/// What all writes have: the item or key, a version and a condition.
struct Draft<'a, T> {
    context: &'a Context,
    item: Result<Item, Error>,
    version: Option<u64>,
    condition: Option<Condition<T>>,
}

impl<'a, T: Table> Draft<'a, T> {
    fn new(context: &'a Context, item: Result<Item, Error>) -> Self {
        Self { context, item, version: None, condition: None }
    }

    fn when(&mut self, condition: Condition<T>) {
        self.condition = Some(match self.condition.take() {
            Some(before) => before.and(condition),
            None => condition,
        });
    }

    /// The condition of the draft together with those that this crate adds.
    fn tests(&mut self, mut added: Vec<Test>) -> Result<Option<Test>, Error> {
        if let Some(version) = self.version {
            let name = T::VERSION.ok_or_else(|| {
                Error::new(Kind::Internal, format!("the table `{}` has no version attribute", T::NAME))
            })?;
            added.push(match version {
                // An item that was stored before its table had versions.
                0 => Test::NotExists(name),
                _ => Test::Compare(name, Comparison::Equal, to_attribute(&version)?),
            });
        }
        if let Some(condition) = self.condition.take() {
            added.push(condition.test?);
        }
        Ok(match added.len() {
            0 | 1 => added.pop(),
            _ => Some(Test::All(added)),
        })
    }

    fn write(self, kind: impl FnOnce(Item) -> WriteKind, condition: Option<Test>) -> Result<Write, Error> {
        let write =
            Write { table: self.context.services().settings.require(T::ENV)?, kind: kind(self.item?), condition };
        if write.size() > ITEM_BYTES {
            return Err(Error::new(
                Kind::TooLarge,
                format!("an item of `{}` is over the limit of {ITEM_BYTES} bytes", T::NAME),
            ));
        }
        Ok(write)
    }
}

async fn send(context: &Context, write: Result<Write, Error>) -> Result<(), Error> {
    Ok(context.services().tables().await.write(write?, false).await?)
}

/// Stores a whole item.
#[must_use = "a write happens when it is sent or committed"]
pub struct Put<'a, T> {
    draft: Draft<'a, T>,
    absent: bool,
}

impl<'a, T: Table> Put<'a, T> {
    pub(super) fn new(context: &'a Context, item: &T::Item) -> Self {
        Self::of_item(context, to_item(item))
    }

    pub(super) fn of_item(context: &'a Context, item: Result<Item, Error>) -> Self {
        Self { draft: Draft::new(context, item), absent: false }
    }

    /// Only if there is no item with this key.
    pub fn if_absent(mut self) -> Self {
        self.absent = true;
        self
    }

    /// Only if the stored item has this version.
    pub fn if_version(mut self, version: u64) -> Self {
        self.draft.version = Some(version);
        self
    }

    /// Only if this holds of the stored item; several conditions must all hold.
    pub fn when(mut self, condition: Condition<T>) -> Self {
        self.draft.when(condition);
        self
    }

    /// The version that the item has after it; none for a table without versions.
    pub(crate) fn versioned(&self) -> Option<Versioned> {
        let said = T::VERSION.and_then(|name| self.draft.item.as_ref().ok()?.get(name)?.as_n());
        Versioned::new::<T>(Some(self.stored()), said)
    }

    fn stored(&self) -> u64 {
        self.draft.version.unwrap_or(0) + 1
    }

    /// Whether it stores only a new item. Replacing one whose version nobody named would turn its version back.
    pub(crate) fn creates(&self) -> bool {
        self.absent || (T::VERSION.is_some() && self.draft.version.is_none())
    }

    pub(crate) fn into_write(mut self) -> Result<Write, Error> {
        let stored = self.stored();
        let creates = self.creates();
        if let (Some(name), Ok(item)) = (T::VERSION, &mut self.draft.item) {
            item.insert(name.to_owned(), to_attribute(&stored)?);
        }
        let added = if creates { vec![Test::NotExists(T::KEY[0])] } else { Vec::new() };
        let condition = self.draft.tests(added)?;
        self.draft.write(WriteKind::Put, condition)
    }

    /// Stores it. [`Kind::Conflict`] if a condition does not hold.
    pub async fn send(self) -> Result<(), Error> {
        send(self.draft.context, self.into_write()).await
    }
}

/// Changes attributes of one item.
#[must_use = "a write happens when it is sent or committed"]
pub struct Update<'a, T> {
    draft: Draft<'a, T>,
    actions: Vec<Result<Action, Error>>,
    create: bool,
}

impl<'a, T: Table> Update<'a, T> {
    pub(super) fn new(context: &'a Context, key: &T::Key) -> Self {
        Self::of_key(context, to_item(key))
    }

    pub(super) fn of_key(context: &'a Context, key: Result<Item, Error>) -> Self {
        Self { draft: Draft::new(context, key), actions: Vec::new(), create: false }
    }

    /// Sets an attribute.
    pub fn set<V: Serialize>(mut self, attribute: Attr<T, V>, value: impl Into<V>) -> Self {
        self.actions.push(attribute.set(&value.into()));
        self
    }

    /// Adds to a number (or takes away, if the value is negative); an attribute that is not there counts as 0.
    pub fn add<V: Serialize>(mut self, attribute: Attr<T, V>, value: impl Into<V>) -> Self {
        self.actions.push(attribute.add(&value.into()));
        self
    }

    /// Removes an attribute.
    pub fn remove<V>(mut self, attribute: Attr<T, V>) -> Self {
        self.actions.push(Ok(attribute.remove()));
        self
    }

    /// Only if the stored item has this version.
    pub fn if_version(mut self, version: u64) -> Self {
        self.draft.version = Some(version);
        self
    }

    /// Only if this holds of the stored item; several conditions must all hold.
    pub fn when(mut self, condition: Condition<T>) -> Self {
        self.draft.when(condition);
        self
    }

    /// Creates the item, with the key and these attributes only, if there is none.
    pub fn or_create(mut self) -> Self {
        self.create = true;
        self
    }

    /// The version that the item has after it; none for a table without versions.
    pub(crate) fn versioned(&self) -> Option<Versioned> {
        Versioned::new::<T>(self.draft.version.map(|version| version + 1), None)
    }

    pub(crate) fn into_write(mut self) -> Result<Write, Error> {
        let mut actions = self.actions.into_iter().collect::<Result<Vec<_>, _>>()?;
        if let Some(name) = T::VERSION {
            actions.push(Action::Add(name, to_attribute(&1)?));
        }
        let added = if self.create { Vec::new() } else { vec![Test::Exists(T::KEY[0])] };
        let condition = self.draft.tests(added)?;
        self.draft.write(|key| WriteKind::Update(key, actions), condition)
    }

    /// Changes it. [`Kind::Conflict`] if there is no item or a condition does not hold.
    pub async fn send(self) -> Result<(), Error> {
        send(self.draft.context, self.into_write()).await
    }
}

/// Removes one item.
#[must_use = "a write happens when it is sent or committed"]
pub struct Delete<'a, T> {
    draft: Draft<'a, T>,
}

impl<'a, T: Table> Delete<'a, T> {
    pub(super) fn new(context: &'a Context, key: &T::Key) -> Self {
        Self::of_key(context, to_item(key))
    }

    pub(super) fn of_key(context: &'a Context, key: Result<Item, Error>) -> Self {
        Self { draft: Draft::new(context, key) }
    }

    /// Only if the stored item has this version.
    pub fn if_version(mut self, version: u64) -> Self {
        self.draft.version = Some(version);
        self
    }

    /// Only if this holds of the stored item; several conditions must all hold.
    pub fn when(mut self, condition: Condition<T>) -> Self {
        self.draft.when(condition);
        self
    }

    /// That it ends with a version, but not with which; none for a table without versions.
    pub(crate) fn versioned() -> Option<Versioned> {
        Versioned::new::<T>(None, None)
    }

    pub(crate) fn into_write(mut self) -> Result<Write, Error> {
        let condition = self.draft.tests(Vec::new())?;
        self.draft.write(WriteKind::Delete, condition)
    }

    /// Removes it. [`Kind::Conflict`] if a condition does not hold.
    pub async fn send(self) -> Result<(), Error> {
        send(self.draft.context, self.into_write()).await
    }
}

/// A condition on an item that the transaction does not write.
#[must_use = "a check happens when its transaction is committed"]
pub struct Check<'a, T> {
    draft: Draft<'a, T>,
}

impl<'a, T: Table> Check<'a, T> {
    pub(super) fn new(context: &'a Context, key: &T::Key) -> Self {
        Self::of_key(context, to_item(key))
    }

    pub(super) fn of_key(context: &'a Context, key: Result<Item, Error>) -> Self {
        Self { draft: Draft::new(context, key) }
    }

    /// The stored item has this version.
    pub fn if_version(mut self, version: u64) -> Self {
        self.draft.version = Some(version);
        self
    }

    /// This holds of the stored item; several conditions must all hold.
    pub fn when(mut self, condition: Condition<T>) -> Self {
        self.draft.when(condition);
        self
    }

    /// Without a condition: the item exists.
    pub(crate) fn into_write(mut self) -> Result<Write, Error> {
        let added = if self.draft.version.is_none() && self.draft.condition.is_none() {
            vec![Test::Exists(T::KEY[0])]
        } else {
            Vec::new()
        };
        let condition = self.draft.tests(added)?;
        self.draft.write(WriteKind::Check, condition)
    }
}
