//! The client of one table, with the operations that the function's grants allow.

use super::write::{Check, Delete, Put, Update};
use super::{Index, Lookup, QueryBuilder, Table};
use crate::attribute::{Attribute, Item, from_item, to_item};
use crate::{Context, Error, grant};
use std::marker::PhantomData;

/// The client of table `T` for function `F`, whose [`grant`]s say which of its methods there are.
///
/// ```
/// # use evc_runtime::{Context, Error, grant, table::{Table, TableClient}};
/// # pub struct Orders;
/// # impl Table for Orders {
/// #     type Item = std::collections::BTreeMap<String, String>;
/// #     type Key = std::collections::BTreeMap<String, String>;
/// #     const NAME: &'static str = "orders";
/// #     const ENV: &'static str = "ORDERS_TABLE";
/// #     const KEY: &'static [&'static str] = &["id"];
/// # }
/// pub struct ReadOrder;
/// impl grant::Get<Orders> for ReadOrder {}
///
/// async fn read(orders: TableClient<'_, Orders, ReadOrder>, key: &<Orders as Table>::Key) -> Result<(), Error> {
///     orders.get(key).send().await.map(drop)
/// }
/// ```
///
/// What is not granted does not compile:
///
/// ```compile_fail,E0277
/// # use evc_runtime::{Context, Error, grant, table::{Table, TableClient}};
/// # pub struct Orders;
/// # impl Table for Orders {
/// #     type Item = std::collections::BTreeMap<String, String>;
/// #     type Key = std::collections::BTreeMap<String, String>;
/// #     const NAME: &'static str = "orders";
/// #     const ENV: &'static str = "ORDERS_TABLE";
/// #     const KEY: &'static [&'static str] = &["id"];
/// # }
/// pub struct ReadOrder;
/// impl grant::Get<Orders> for ReadOrder {}
///
/// async fn write(orders: TableClient<'_, Orders, ReadOrder>, key: &<Orders as Table>::Key) -> Result<(), Error> {
///     orders.delete(key).send().await
/// }
/// ```
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
        Get::of_key(self.context, to_item(key))
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
    /// What is stored is version 1, or the one named and 1, whatever the item says of itself.
    /// On a table without one it replaces what is there, unless [`Put::if_absent`] or [`Put::when`] says otherwise.
    pub fn put(self, item: &T::Item) -> Put<'a, T>
    where
        F: grant::Put<T>,
    {
        Put::new(self.context, item)
    }

    /// Changes attributes of the item with this key; a conflict if there is none, unless [`Update::or_create`] is said.
    pub fn update(self, key: &T::Key) -> Update<'a, T>
    where
        F: grant::Update<T>,
    {
        Update::new(self.context, key)
    }

    /// Removes the item with this key, if there is one.
    pub fn delete(self, key: &T::Key) -> Delete<'a, T>
    where
        F: grant::Delete<T>,
    {
        Delete::new(self.context, key)
    }

    /// A condition on an item that a transaction does not write; [`Check::when`] says which.
    pub fn check(self, key: &T::Key) -> Check<'a, T>
    where
        F: grant::Check<T>,
    {
        Check::new(self.context, key)
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

impl<'a, T: Table> Get<'a, T> {
    pub(super) fn of_key(context: &'a Context, key: Result<Item, Error>) -> Self {
        Self { context, key, consistent: false, table: PhantomData }
    }

    /// Sees every write that was acknowledged before, at twice the price.
    pub fn consistent(mut self) -> Self {
        self.consistent = true;
        self
    }

    /// The item, if there is one.
    pub async fn send(self) -> Result<Option<T::Item>, Error> {
        self.fetch().await?.map(|item| from_item(&item)).transpose()
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
