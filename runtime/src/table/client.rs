//! The client of one table, with the operations that the function's grants allow.

use super::condition::{Comparison, Test};
use super::{Action, Attr, Condition, Index, Lookup, QueryBuilder, Table, Write, WriteKind};
use crate::attribute::{Attribute, Item, from_item, to_attribute, to_item};
use crate::limits::ITEM_BYTES;
use crate::{Context, Error, Kind, grant};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;

/// The client of table `T` for function `F`, whose [`grant`]s say which of its methods there are.
pub struct TableClient<'a, T, F> {
    context: &'a Context,
    types: PhantomData<fn() -> (T, F)>,
}

impl<T, F> Clone for TableClient<'_, T, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, F> Copy for TableClient<'_, T, F> {}

impl<'a, T: Table, F> TableClient<'a, T, F> {
    pub(crate) fn new(context: &'a Context) -> Self {
        Self { context, types: PhantomData }
    }

    /// The item with this key.
    pub fn get(self, key: &T::Key) -> Get<'a, T>
    where
        F: grant::Get<T>,
    {
        Get { context: self.context, key: to_item(key), consistent: false, table: PhantomData }
    }

    /// The items of one partition of an index, or of the table itself.
    pub fn query<I: Index<Table = T>>(self, index: I, partition: &I::Partition) -> QueryBuilder<'a, I>
    where
        F: grant::Query<T>,
    {
        QueryBuilder::new(self.context, index, partition)
    }

    /// Stores the whole item.
    ///
    /// On a table with a version, a put creates: it is a conflict if there is an item, unless [`Put::if_version`] names its version.
    /// On a table without one it replaces what is there, unless [`Put::if_absent`] or [`Put::when`] says otherwise.
    pub fn put(self, item: &T::Item) -> Put<'a, T>
    where
        F: grant::Put<T>,
    {
        Put { draft: Draft::new(self.context, to_item(item)), absent: false }
    }

    /// Changes attributes of the item with this key; a conflict if there is none, unless [`Update::or_create`] is said.
    pub fn update(self, key: &T::Key) -> Update<'a, T>
    where
        F: grant::Update<T>,
    {
        Update { draft: Draft::new(self.context, to_item(key)), actions: Vec::new(), create: false }
    }

    /// Removes the item with this key, if there is one.
    pub fn delete(self, key: &T::Key) -> Delete<'a, T>
    where
        F: grant::Delete<T>,
    {
        Delete { draft: Draft::new(self.context, to_item(key)) }
    }
}

/// A read of one item.
#[must_use = "a read happens when it is sent"]
pub struct Get<'a, T> {
    context: &'a Context,
    key: Result<Item, Error>,
    consistent: bool,
    table: PhantomData<fn() -> T>,
}

impl<T: Table> Get<'_, T> {
    /// Sees every write that was acknowledged before, at twice the price.
    pub fn consistent(mut self) -> Self {
        self.consistent = true;
        self
    }

    /// The item, if there is one.
    pub async fn send(self) -> Result<Option<T::Item>, Error> {
        Ok(self.fetch().await?.map(|item| from_item(&item)).transpose()?)
    }

    /// The item and its version, for a later `if_version`. 0 if the item has no version yet.
    pub async fn send_versioned(self) -> Result<Option<(T::Item, u64)>, Error> {
        let Some(item) = self.fetch().await? else { return Ok(None) };
        let version = T::VERSION.and_then(|name| item.get(name)).and_then(Attribute::as_n).unwrap_or(0);
        Ok(Some((from_item(&item)?, version)))
    }

    async fn fetch(self) -> Result<Option<Item>, Error> {
        let services = self.context.services();
        let lookup = Lookup { table: services.settings.require(T::ENV)?, key: self.key?, consistent: self.consistent };
        services.tables().await.get(lookup).await
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
            let name = T::VERSION.ok_or_else(|| Error::new(Kind::Internal, format!("the table `{}` has no version attribute", T::NAME)))?;
            added.push(Test::Compare(name, Comparison::Equal, to_attribute(&version)?));
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
        let write = Write { table: self.context.services().settings.require(T::ENV)?, kind: kind(self.item?), condition };
        if write.size() > ITEM_BYTES {
            return Err(Error::new(Kind::TooLarge, format!("an item of `{}` is over the limit of {ITEM_BYTES} bytes", T::NAME)));
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

impl<T: Table> Put<'_, T> {
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

    pub(crate) fn into_write(mut self) -> Result<Write, Error> {
        let creates = self.absent || (T::VERSION.is_some() && self.draft.version.is_none() && self.draft.condition.is_none());
        if let (Some(name), Ok(item)) = (T::VERSION, &mut self.draft.item) {
            item.insert(name.to_owned(), to_attribute(&(self.draft.version.unwrap_or(0) + 1))?);
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

impl<T: Table> Update<'_, T> {
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
    pub fn remove<V: DeserializeOwned>(mut self, attribute: Attr<T, V>) -> Self {
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

impl<T: Table> Delete<'_, T> {
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

    pub(crate) fn into_write(mut self) -> Result<Write, Error> {
        let condition = self.draft.tests(Vec::new())?;
        self.draft.write(WriteKind::Delete, condition)
    }

    /// Removes it. [`Kind::Conflict`] if a condition does not hold.
    pub async fn send(self) -> Result<(), Error> {
        send(self.draft.context, self.into_write()).await
    }
}
