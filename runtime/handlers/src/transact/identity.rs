//! What a transaction is: by this a delivery that comes again tells the row of its own transaction from that of another one.
//!
//! An event's id has the number of its transaction within the delivery. A handler that goes on where an earlier delivery died, and
//! skips what is done, gives its next transaction the number of the one before. So each row says what its transaction was: which
//! items it writes, and how. Not what it stores or on which conditions: a delivery that comes again may have read what the first one wrote.

use crate::Error;
#[cfg(feature = "outbox")]
use crate::Kind;
use crate::attribute::Attribute;
#[cfg(feature = "outbox")]
use crate::content::sha256;
use crate::table::{Table, Write};

/// How an item is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum How {
    /// As a new one.
    Create,
    Put,
    Update,
    Delete,
}

/// A line for each write and event. Checks write nothing, and are not part of it.
#[derive(Default)]
pub(super) struct Identity(Vec<String>);

impl Identity {
    pub(super) fn write<T: Table>(&mut self, how: How, write: &Result<Write, Error>) {
        // One that is an error ends the transaction before it is sent.
        let Ok(write) = write else { return };
        let key = T::KEY.iter().map(|name| match write.item().get(*name) {
            Some(Attribute::S(text) | Attribute::N(text)) => text.clone(),
            Some(Attribute::B(bytes)) => format!("{bytes:02x?}"),
            _ => String::new(),
        });
        let how = match how {
            How::Create => "create",
            How::Put => "put",
            How::Update => "update",
            How::Delete => "delete",
        };
        self.line([how.to_owned(), T::NAME.to_owned()].into_iter().chain(key));
    }

    #[cfg(feature = "outbox")]
    pub(super) fn event(&mut self, source: &str, detail_type: &str) {
        self.line(["publish", source, detail_type].map(str::to_owned).into_iter());
    }

    /// Parts with their lengths, so that no two lists of parts are one text.
    fn line(&mut self, parts: impl Iterator<Item = String>) {
        self.0.push(parts.map(|part| format!("{}:{part}", part.len())).collect());
    }

    /// In any order: that of the writes means nothing.
    #[cfg(feature = "outbox")]
    pub(super) fn hash(mut self) -> String {
        self.0.sort();
        sha256(self.0.join("\n"))
    }
}

/// Whether stored rows of events are those of this very transaction, which was committed before.
///
/// [`Kind::KeyReused`] if they are of other work under the same key, [`Kind::Internal`] if of another transaction of the same work: to go on
/// would be to lose this one.
#[cfg(feature = "outbox")]
pub(super) fn check_before<'a>(
    rows: impl Iterator<Item = (&'a crate::attribute::Item, &'a Write)>,
    is_api: bool,
) -> Result<(), Error> {
    for (stored, row) in rows {
        if !crate::outbox::is_same_work(stored, row.item(), is_api) {
            return Err(Error::new(Kind::KeyReused, "the idempotency key was used before with another input"));
        }
        if !crate::outbox::is_same_transaction(stored, row.item()) {
            let message = "an earlier delivery of this work committed another transaction where this one comes now; \
                           a handler has to commit all its transactions again, in the same order";
            return Err(Error::new(Kind::Internal, message));
        }
    }
    Ok(())
}
