//! Typed tables: what the generated crate says of a table, and the client that a granted function gets.
//!
//! A request is plain data until a store carries it out: DynamoDB in a function, memory in a test.

mod client;
mod condition;
mod dynamodb;
mod expression;
mod own;
mod query;
mod request;
mod store;
mod write;

pub use client::{Get, TableClient};
#[cfg(any(test, feature = "idempotency", feature = "testing"))]
pub(crate) use condition::Comparison;
#[cfg(any(test, feature = "idempotency", feature = "outbox", feature = "testing"))]
pub(crate) use condition::Test;
pub use condition::{Attr, Condition};
pub(crate) use dynamodb::DynamoDb;
pub use own::{Own, OwnItem, OwnTable, SamePartition};
pub use query::{Page, QueryBuilder};
pub(crate) use request::{Action, Lookup, QueryRequest, Range, Write, WriteKind};
pub(crate) use store::{Contention, ItemPage, Refusal, Refused, Store};
pub(crate) use write::Versioned;
pub use write::{Check, Delete, Put, Update};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A table of the spec.
pub trait Table: Sized + 'static {
    /// Its items.
    type Item: Serialize + DeserializeOwned;
    /// Its key: a struct with the key attributes of the item and nothing else.
    type Key: Serialize;
    /// Its name in the spec.
    const NAME: &'static str;
    /// The environment variable with its physical name.
    const ENV: &'static str;
    /// The key attributes: partition, then sort if there is one.
    const KEY: &'static [&'static str];
    /// The attribute with the item's version, if the table has one. It is kept by this crate: 1 when an item is created, one more
    /// with each write. The item type need not have the field; where it has one, it is a `u64`. What it says there is not what is
    /// stored, so in a transaction that also tells of the item, by an event or an answer, it has to say the same.
    const VERSION: Option<&'static str> = None;
}

/// A way to query a table: the table itself (by its key) or an index.
pub trait Index {
    /// The table.
    type Table: Table;
    /// The value of the partition key.
    type Partition: Serialize;
    /// The value of the sort key; `()` if there is none.
    type Sort: Serialize;
    /// The name of the index; none for the table itself.
    const NAME: Option<&'static str>;
    /// The attribute of the partition key.
    const PARTITION: &'static str;
    /// The attribute of the sort key.
    const SORT: Option<&'static str>;
}
