//! The ranges that a spec gives for lengths and numbers, checked on what comes in and on what is handed on to somebody who looks no more.
//!
//! What comes in is an input ([`Payload::bounded`](crate::Payload::bounded)). What is handed on is an output, which a workflow goes on with, an
//! answer to a step that waits, the input of an execution, and an event that is published: the compiler takes them for what their types say.
//! What was stored under an older range can still be read. The generated types implement [`Bounded`].

use crate::{Error, Kind, Money};
use std::fmt;
use std::ops::{Bound, RangeBounds};

/// A value with ranges in it.
pub trait Bounded {
    /// [`Kind::InvalidInput`] for the first value that is out of its range, with its path and the range, and without the value.
    fn check(&self, at: &At<'_>) -> Result<(), Error>;
}

/// The place of a value in an input: `items[0].price`.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    before: Option<&'a At<'a>>,
    step: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Root,
    Field(&'a str),
    Item(usize),
}

impl At<'_> {
    /// The input itself.
    pub fn root() -> Self {
        Self { before: None, step: Step::Root }
    }
}

impl<'a> At<'a> {
    /// A field of what is here.
    #[must_use]
    pub fn field(&'a self, name: &'a str) -> Self {
        Self { before: Some(self), step: Step::Field(name) }
    }

    /// An item of the list that is here.
    #[must_use]
    pub fn item(&'a self, index: usize) -> Self {
        Self { before: Some(self), step: Step::Item(index) }
    }

    /// Checks the length of a text, in characters.
    pub fn length(&self, text: &str, range: impl RangeBounds<usize>) -> Result<(), Error> {
        self.expect(range.contains(&text.chars().count()), &range, " characters")
    }

    /// Checks the length of a list.
    pub fn count(&self, items: usize, range: impl RangeBounds<usize>) -> Result<(), Error> {
        self.expect(range.contains(&items), &range, " items")
    }

    /// Checks a number.
    pub fn number<T: PartialOrd + fmt::Display>(&self, number: &T, range: impl RangeBounds<T>) -> Result<(), Error> {
        self.expect(range.contains(number), &range, "")
    }

    /// Checks an amount. Its 15 digits keep their order as doubles, which the bounds are.
    pub fn money(&self, amount: &Money, range: impl RangeBounds<f64>) -> Result<(), Error> {
        let amount: f64 = amount.to_string().parse().map_err(Error::other)?;
        self.expect(range.contains(&amount), &range, "")
    }

    fn expect<T: fmt::Display>(&self, holds: bool, range: &impl RangeBounds<T>, unit: &str) -> Result<(), Error> {
        if holds {
            return Ok(());
        }
        let expected = match (range.start_bound(), range.end_bound()) {
            (Bound::Included(least), Bound::Included(most)) => format!("{least} to {most}"),
            (Bound::Included(least), _) => format!("at least {least}"),
            (_, Bound::Included(most)) => format!("at most {most}"),
            _ => "another value".to_owned(),
        };
        Err(Error::new(Kind::InvalidInput, format!("`{self}`: expected {expected}{unit}")))
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(before) = self.before {
            before.fmt(f)?;
        }
        match (self.step, self.before) {
            (Step::Root, _) => Ok(()),
            (Step::Field(name), Some(At { step: Step::Root, .. }) | None) => f.write_str(name),
            (Step::Field(name), Some(_)) => write!(f, ".{name}"),
            (Step::Item(index), _) => write!(f, "[{index}]"),
        }
    }
}

/// What a check of something that this function made says: the fault is its own, not its caller's.
pub(crate) fn made(what: impl fmt::Display, checked: Result<(), Error>) -> Result<(), Error> {
    checked.map_err(|error| {
        let kind = if error.kind() == Kind::InvalidInput { Kind::Internal } else { error.kind() };
        Error::new(kind, format!("{what} is not what the spec says: {}", error.message()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_its_range_is_named_by_its_place() {
        let root = At::root();
        let items = root.field("items");
        let message = |result: Result<(), Error>| result.expect_err("out of range").to_string();
        assert_eq!(message(items.count(0, 1..=100)), "`items`: expected 1 to 100 items");
        assert_eq!(
            message(items.item(2).field("sku").length("", 1..)),
            "`items[2].sku`: expected at least 1 characters"
        );
        assert_eq!(message(items.item(2).number(&7, ..=5)), "`items[2]`: expected at most 5");
        let price: Money = "-0.01".parse().expect("money");
        assert_eq!(message(root.field("price").money(&price, 0.0..)), "`price`: expected at least 0");
    }

    #[test]
    fn what_is_handed_on_out_of_its_range_is_the_functions_own_fault() {
        let error = made("the output of `count`", At::root().field("n").number(&7, 1..=5)).expect_err("out of range");
        assert_eq!(error.kind(), Kind::Internal);
        assert_eq!(error.message(), "the output of `count` is not what the spec says: `n`: expected 1 to 5");
    }

    #[test]
    fn bounds_are_included_and_characters_are_counted() {
        let root = At::root();
        assert!(root.length("äöü", 3..=3).is_ok() && root.count(100, 1..=100).is_ok());
        assert!(root.number(&1.5, 1.5..=1.5).is_ok() && root.number(&-3, -3..).is_ok());
        let price: Money = "0.3".parse().expect("money");
        assert!(root.money(&price, 0.3..=0.3).is_ok());
    }
}
