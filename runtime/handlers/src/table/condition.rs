//! Typed attributes, and the conditions and changes made of them.

use super::request::Action;
use crate::Error;
use crate::attribute::{Attribute, to_attribute};
use serde::Serialize;
use std::marker::PhantomData;

/// An attribute of the items of `T` whose values are `V`. The generated crate has one constant for each.
///
/// ```ignore
/// pub mod orders {
///     pub const STATUS: Attr<Orders, OrderStatus> = Attr::new("status");
/// }
/// ```
pub struct Attr<T, V> {
    name: &'static str,
    types: PhantomData<fn() -> (T, V)>,
}

impl<T, V> Clone for Attr<T, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, V> Copy for Attr<T, V> {}

/// What must hold of the stored item for a write to happen.
///
/// Values that cannot be stored make the write fail, with their reason.
pub struct Condition<T> {
    pub(crate) test: Result<Test, Error>,
    table: PhantomData<fn() -> T>,
}

/// How two values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A condition as data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Test {
    Compare(&'static str, Comparison, Attribute),
    In(&'static str, Vec<Attribute>),
    Exists(&'static str),
    NotExists(&'static str),
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
}

impl<T, V> Attr<T, V> {
    /// The attribute of this name. Only generated code needs this: it knows the types.
    pub const fn new(name: &'static str) -> Self {
        Self { name, types: PhantomData }
    }

    /// The attribute's name.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The attribute is there.
    pub fn exists(self) -> Condition<T> {
        Condition::new(Ok(Test::Exists(self.name)))
    }

    /// The attribute is not there (or the item is not).
    pub fn not_exists(self) -> Condition<T> {
        Condition::new(Ok(Test::NotExists(self.name)))
    }

    /// Removes the attribute.
    pub(crate) fn remove(self) -> Action {
        Action::Remove(self.name)
    }
}

impl<T, V: Serialize> Attr<T, V> {
    fn compare(self, comparison: Comparison, value: &V) -> Condition<T> {
        Condition::new(to_attribute(value).map(|value| Test::Compare(self.name, comparison, value)))
    }

    /// The attribute is this value.
    pub fn eq(self, value: V) -> Condition<T> {
        self.compare(Comparison::Equal, &value)
    }

    /// The attribute is another value, or is not there.
    pub fn ne(self, value: V) -> Condition<T> {
        self.compare(Comparison::NotEqual, &value)
    }

    /// The attribute is less.
    pub fn lt(self, value: V) -> Condition<T> {
        self.compare(Comparison::Less, &value)
    }

    /// The attribute is less or equal.
    pub fn le(self, value: V) -> Condition<T> {
        self.compare(Comparison::LessOrEqual, &value)
    }

    /// The attribute is greater.
    pub fn gt(self, value: V) -> Condition<T> {
        self.compare(Comparison::Greater, &value)
    }

    /// The attribute is greater or equal.
    pub fn ge(self, value: V) -> Condition<T> {
        self.compare(Comparison::GreaterOrEqual, &value)
    }

    /// The attribute is one of these values (at most 100).
    pub fn one_of(self, values: impl IntoIterator<Item = V>) -> Condition<T> {
        let values: Result<Vec<_>, _> = values.into_iter().map(|value| to_attribute(&value)).collect();
        Condition::new(values.map(|values| Test::In(self.name, values)))
    }

    /// Sets the attribute.
    pub(crate) fn set(self, value: &V) -> Result<Action, Error> {
        to_attribute(value).map(|value| Action::Set(self.name, value))
    }

    /// Adds to the number; an attribute that is not there counts as 0.
    pub(crate) fn add(self, value: &V) -> Result<Action, Error> {
        to_attribute(value).map(|value| Action::Add(self.name, value))
    }
}

impl<T> Condition<T> {
    pub(crate) fn new(test: Result<Test, Error>) -> Self {
        Self { test, table: PhantomData }
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.join(other, Test::All)
    }

    /// One of them holds, or both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.join(other, Test::Any)
    }

    fn join(self, other: Self, how: impl FnOnce(Vec<Test>) -> Test) -> Self {
        Self::new(self.test.and_then(|first| Ok(how(vec![first, other.test?]))))
    }
}

impl<T> std::ops::Not for Condition<T> {
    type Output = Self;

    /// It does not hold.
    fn not(self) -> Self {
        Self::new(self.test.map(|test| Test::Not(Box::new(test))))
    }
}
