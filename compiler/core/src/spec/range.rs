//! What values are within: ranges of numbers and durations, lengths of texts. The same range checks a value, stands in the schema and is
//! written into the manual.

use std::fmt::Display;
use std::ops::RangeInclusive;

use serde_json::Value;

use super::decode::Decoder;
use super::scalar::Duration;
use crate::source::Spanned;

/// What a value is within, and what messages call it.
#[derive(Debug, Clone, Copy)]
pub struct Range<T> {
    what: &'static str,
    min: T,
    max: T,
}

/// A kind of value that has ranges.
pub trait Bound: Copy + PartialOrd + Display {
    /// As messages and the manual write it.
    fn written(self) -> String {
        self.to_string()
    }

    /// As the schema writes it, if JSON Schema has ranges of such values.
    fn json(self) -> Option<Value>;
}

impl Bound for u64 {
    fn json(self) -> Option<Value> {
        Some(self.into())
    }
}

impl Bound for f64 {
    fn json(self) -> Option<Value> {
        Some(self.into())
    }
}

impl Bound for Duration {
    fn written(self) -> String {
        format!("`{self}`")
    }

    fn json(self) -> Option<Value> {
        None
    }
}

impl<T: Bound> Range<T> {
    /// A range with both of its ends; `what` has its article: "the number of zones".
    pub const fn new(what: &'static str, range: RangeInclusive<T>) -> Self {
        Self { what, min: *range.start(), max: *range.end() }
    }

    /// Reports a value outside of it.
    pub fn check(&self, value: &Spanned<T>, cx: &mut Decoder) {
        if !(self.min..=self.max).contains(&value.value) {
            cx.bad_value(value.span, format!("{} is {}, found {}", self.what, self.text(), value.value.written()));
        }
    }

    /// Whether a value is in it.
    pub fn contains(&self, value: T) -> bool {
        (self.min..=self.max).contains(&value)
    }

    /// `1 to 10`, for messages and the manual.
    pub fn text(&self) -> String {
        format!("{} to {}", self.min.written(), self.max.written())
    }

    /// The least and the greatest value for a schema.
    pub fn json(&self) -> Option<(Value, Value)> {
        Some((self.min.json()?, self.max.json()?))
    }
}

/// How many characters a text has, and what messages call the text.
#[derive(Debug, Clone, Copy)]
pub struct Length {
    what: &'static str,
    /// The fewest characters.
    pub min: usize,
    /// The most characters.
    pub max: usize,
}

impl Length {
    /// A length with both of its ends; `what` has its article: "a source".
    pub const fn new(what: &'static str, range: RangeInclusive<usize>) -> Self {
        Self { what, min: *range.start(), max: *range.end() }
    }

    /// Reports a text of another length.
    pub fn check(&self, text: &Spanned<String>, cx: &mut Decoder) {
        let Self { what, min, max } = self;
        let length = text.chars().count();
        if !(*min..=*max).contains(&length) {
            cx.bad_value(text.span, format!("{what} has {min} to {max} characters, this one has {length}"));
        }
    }
}

/// Reports a list that must not be empty and is.
pub fn not_empty<T>(list: &Spanned<Vec<T>>, what: &str, cx: &mut Decoder) {
    if list.is_empty() {
        cx.bad_value(list.span, format!("expected {what}, found none"));
    }
}

/// Reports a number outside of a range.
pub fn in_range(value: Option<&Spanned<u64>>, min: u64, max: u64, what: &'static str, cx: &mut Decoder) {
    if let Some(value) = value {
        Range::new(what, min..=max).check(value, cx);
    }
}

/// Reports a duration outside of a range in seconds.
pub fn within(value: Option<&Spanned<Duration>>, min: u64, max: u64, what: &'static str, cx: &mut Decoder) {
    if let Some(value) = value {
        Range::new(what, Duration::seconds(min)..=Duration::seconds(max)).check(value, cx);
    }
}
