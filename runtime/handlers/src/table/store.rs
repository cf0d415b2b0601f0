//! What carries requests out.

use super::{Lookup, QueryRequest, Write};
use crate::attribute::Item;
use crate::backend::BoxFuture;
use crate::{Error, Kind};

/// Why a write did not happen.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Conditions of these writes did not hold.
    Condition(Vec<Refused>),
    /// Another transaction has an item in hand: the same may be tried again at once.
    Contention,
    /// Anything else.
    Error(Error),
}

/// A write whose condition did not hold.
#[derive(Debug)]
pub(crate) struct Refused {
    /// Its number in the transaction.
    pub(crate) write: usize,
    /// The stored item, where the caller asked for it and there is one.
    #[cfg_attr(
        not(any(feature = "idempotency", feature = "outbox")),
        expect(dead_code, reason = "only idempotency and outboxes ask for it")
    )]
    pub(crate) stored: Option<Item>,
}

/// The cause of errors that mean [`Refusal::Contention`]: nothing was written, whatever else [`Kind::Transient`] may mean.
#[derive(Debug)]
pub(crate) struct Contention;

impl std::fmt::Display for Contention {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("contention")
    }
}

impl std::error::Error for Contention {}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Condition(_) => {
                Self::new(Kind::Conflict, "the stored item is not as the condition of the write wants it")
            }
            Refusal::Contention => {
                Self::new(Kind::Transient, "another transaction has the same item in hand").because(Contention)
            }
            Refusal::Error(error) => error,
        }
    }
}

/// The items of a page, and the key to go on from if there are more.
pub(crate) type ItemPage = (Vec<Item>, Option<Item>);

/// Tables: DynamoDB, or memory in tests.
pub(crate) trait Store: Send + Sync {
    /// One item, by its key.
    fn get(&self, lookup: Lookup) -> BoxFuture<'_, Result<Option<Item>, Error>>;

    /// One page.
    fn query(&self, query: QueryRequest) -> BoxFuture<'_, Result<ItemPage, Error>>;

    /// One page of a whole table, from after this key.
    #[cfg(feature = "forwarder")]
    fn scan(&self, table: String, start: Option<Item>) -> BoxFuture<'_, Result<ItemPage, Error>>;

    /// One write. `return_stored`: a refusal by the condition has the stored item.
    fn write(&self, write: Write, return_stored: bool) -> BoxFuture<'_, Result<(), Refusal>>;

    /// All writes or none. A token makes a repeated call within 10 minutes do nothing. A refusal has the stored items of the puts with
    /// the numbers `return_stored`.
    fn transact<'a>(
        &'a self,
        writes: Vec<Write>,
        return_stored: &'a [usize],
        token: String,
    ) -> BoxFuture<'a, Result<(), Refusal>>;
}
