//! What carries requests out.

use super::{Lookup, QueryRequest, Write};
use crate::attribute::Item;
use crate::backend::BoxFuture;
use crate::{Error, Kind};

/// Why a write did not happen.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Conditions did not hold: of the writes with these numbers. The stored item, where the caller asked for it.
    Condition {
        writes: Vec<usize>,
        #[cfg_attr(not(feature = "idempotency"), expect(dead_code, reason = "only idempotency asks for it"))]
        stored: Option<Item>,
    },
    /// Another transaction has an item in hand: the same may be tried again at once.
    Contention,
    /// Anything else.
    Error(Error),
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
            Refusal::Condition { .. } => {
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

    /// All writes or none. A token makes a repeated call within 10 minutes do nothing.
    fn transact(&self, writes: Vec<Write>, token: String) -> BoxFuture<'_, Result<(), Refusal>>;
}
