//! Tables of which a function has its caller's items alone: no request says whose they are, so that none can be about another's.
//!
//! The partition key is a claim of the caller, which generated code hands over. A put that says another owner is refused before anything is
//! written. What is made here goes into transactions as any write does.

use super::client::Get;
use super::{Check, Delete, Index, Put, QueryBuilder, Table, Update};
use crate::attribute::{Attribute, Item, to_attribute, to_item};
use crate::{Context, Error, Kind, grant};
use serde::Serialize;
use std::marker::PhantomData;

/// What a grant of a function's caller is about: his items of the table `T`, or through the index `T`.
pub struct Own<T>(PhantomData<fn() -> T>);

/// An index whose partition key is that of its table, so that a partition of it is of one owner as well.
pub trait SamePartition: Index {}

/// The owner.
struct Owner<'a> {
    context: &'a Context,
    value: Result<Attribute, Error>,
}

impl<'a> Owner<'a> {
    fn new(context: &'a Context, owner: &impl Serialize) -> Self {
        let value = to_attribute(owner).and_then(|value| {
            let is_nobody = matches!(&value, Attribute::S(text) if text.is_empty());
            if is_nobody { Err(Error::new(Kind::Forbidden, "the caller has an empty name")) } else { Ok(value) }
        });
        Self { context, value }
    }

    /// The key of an item of the owner.
    fn key<T: Table>(self, sort: Option<Result<Attribute, Error>>) -> Result<Item, Error> {
        let values = [Some(self.value), sort].into_iter().flatten();
        T::KEY.iter().zip(values).map(|(name, value)| Ok(((*name).to_owned(), value?))).collect()
    }

    fn put<T: Table>(self, item: &T::Item) -> Put<'a, T> {
        let item = to_item(item).and_then(|item| {
            if item.get(T::KEY[0]) == Some(&self.value?) {
                Ok(item)
            } else {
                let message = format!("an item of `{}` has another owner than who calls", T::NAME);
                Err(Error::new(Kind::Forbidden, message))
            }
        });
        Put::of_item(self.context, item)
    }
}

/// The items of table `T` that are of the caller of function `F`. Generated contexts have a method for each that gives one.
pub struct OwnTable<'a, T, F> {
    owner: Owner<'a>,
    types: PhantomData<fn() -> (T, F)>,
}

impl<'a, T: Table + Index<Table = T>, F> OwnTable<'a, T, F> {
    /// The item of the caller with this sort key.
    pub fn get(self, sort: &T::Sort) -> Get<'a, T>
    where
        F: grant::Get<Own<T>>,
    {
        Get::of_key(self.owner.context, self.owner.key::<T>(Some(to_attribute(sort))))
    }

    /// The items of the caller.
    pub fn query(self) -> QueryBuilder<'a, T>
    where
        F: grant::Query<Own<T>>,
    {
        QueryBuilder::of_partition(self.owner.context, self.owner.value)
    }

    /// The items of the caller by an index that has the same partition key.
    pub fn query_index<I: SamePartition<Table = T>>(self, _index: I) -> QueryBuilder<'a, I>
    where
        F: grant::Query<Own<T>>,
    {
        QueryBuilder::of_partition(self.owner.context, self.owner.value)
    }

    /// Stores a whole item of the caller: one of somebody else is [`Kind::Forbidden`]. For the rest it is as
    /// [`TableClient::put`](super::TableClient::put).
    pub fn put(self, item: &T::Item) -> Put<'a, T>
    where
        F: grant::Put<Own<T>>,
    {
        self.owner.put(item)
    }

    /// Changes attributes of the item of the caller with this sort key; a conflict if there is none, unless [`Update::or_create`] is said.
    pub fn update(self, sort: &T::Sort) -> Update<'a, T>
    where
        F: grant::Update<Own<T>>,
    {
        Update::of_key(self.owner.context, self.owner.key::<T>(Some(to_attribute(sort))))
    }

    /// Removes the item of the caller with this sort key, if there is one.
    pub fn delete(self, sort: &T::Sort) -> Delete<'a, T>
    where
        F: grant::Delete<Own<T>>,
    {
        Delete::of_key(self.owner.context, self.owner.key::<T>(Some(to_attribute(sort))))
    }

    /// A condition on an item of the caller that a transaction does not write; [`Check::when`] says which.
    pub fn check(self, sort: &T::Sort) -> Check<'a, T>
    where
        F: grant::Check<Own<T>>,
    {
        Check::of_key(self.owner.context, self.owner.key::<T>(Some(to_attribute(sort))))
    }
}

/// The one item of table `T`, which has no sort key, that is of the caller of function `F`.
pub struct OwnItem<'a, T, F> {
    owner: Owner<'a>,
    types: PhantomData<fn() -> (T, F)>,
}

impl<'a, T: Table, F> OwnItem<'a, T, F> {
    /// The item of the caller.
    pub fn get(self) -> Get<'a, T>
    where
        F: grant::Get<Own<T>>,
    {
        Get::of_key(self.owner.context, self.owner.key::<T>(None))
    }

    /// The items of the caller by an index that has the same partition key.
    pub fn query_index<I: SamePartition<Table = T>>(self, _index: I) -> QueryBuilder<'a, I>
    where
        F: grant::Query<Own<T>>,
    {
        QueryBuilder::of_partition(self.owner.context, self.owner.value)
    }

    /// Stores the whole item of the caller: one of somebody else is [`Kind::Forbidden`]. For the rest it is as
    /// [`TableClient::put`](super::TableClient::put).
    pub fn put(self, item: &T::Item) -> Put<'a, T>
    where
        F: grant::Put<Own<T>>,
    {
        self.owner.put(item)
    }

    /// Changes attributes of the item of the caller; a conflict if there is none, unless [`Update::or_create`] is said.
    pub fn update(self) -> Update<'a, T>
    where
        F: grant::Update<Own<T>>,
    {
        Update::of_key(self.owner.context, self.owner.key::<T>(None))
    }

    /// Removes the item of the caller, if there is one.
    pub fn delete(self) -> Delete<'a, T>
    where
        F: grant::Delete<Own<T>>,
    {
        Delete::of_key(self.owner.context, self.owner.key::<T>(None))
    }

    /// A condition on the item of the caller that a transaction does not write; [`Check::when`] says which.
    pub fn check(self) -> Check<'a, T>
    where
        F: grant::Check<Own<T>>,
    {
        Check::of_key(self.owner.context, self.owner.key::<T>(None))
    }
}

impl Context {
    /// What of table `T`, which has a sort key, is of this owner. Generated contexts have a method that calls this with a claim of the caller.
    pub fn own_table<T: Table, F>(&self, owner: &impl Serialize) -> OwnTable<'_, T, F> {
        OwnTable { owner: Owner::new(self, owner), types: PhantomData }
    }

    /// The same of a table without a sort key.
    pub fn own_item<T: Table, F>(&self, owner: &impl Serialize) -> OwnItem<'_, T, F> {
        OwnItem { owner: Owner::new(self, owner), types: PhantomData }
    }

    /// The items of this owner by an access pattern of function `F`. Generated contexts have a method that calls this with a claim of the
    /// caller.
    pub fn query_own<F, I>(&self, _index: I, owner: &impl Serialize) -> QueryBuilder<'_, I>
    where
        I: Index,
        F: grant::QueryBy<Own<I>>,
    {
        let Owner { context, value } = Owner::new(self, owner);
        QueryBuilder::of_partition(context, value)
    }
}

#[cfg(test)]
mod tests;
