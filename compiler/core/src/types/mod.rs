//! Payload types: what an event, an item or a handler's input holds. One mapping each to Rust, JSON Schema and DynamoDB.
//!
//! [`decode`] makes a [`Type`] from a YAML node; [`Types`] holds the declared ones, follows names, and answers what later
//! passes ask: which field stands at a path, whether one type may be given where another is expected, what a type is in
//! JSON Schema, in DynamoDB and in Rust. A name that is not declared is reported once, by [`Types::check`]; everywhere else it
//! counts as `any`, so that one mistake gives one message.

mod assign;

mod bounds;
mod check;
mod decode;
mod describe;
mod dynamo;
mod example;
mod held;
mod inline;
mod join;
mod lookup;
mod mapped;
mod narrow;
mod reference;
mod renamed;
pub mod rust;
mod schema;
mod shorthand;
mod size;
mod tagged;
#[cfg(test)]
pub(crate) mod testing;
mod unchecked;
mod union;
mod value;
mod wide;
mod within;

pub use assign::{Cause, Mismatch};
pub use decode::decode;
pub use describe::describe;
pub use dynamo::Attribute;
pub use join::{Joined, Side, lacking};
pub use lookup::{FieldAt, NoField};
pub use mapped::{MAX_MAPPED_DEPTH, MAX_MAPPED_PARTS, Unmapped};
pub use narrow::{Bound, Form, Shown, Step};
pub use reference::{KindDoc, reference, reference_table};
pub use shorthand::SCALARS;
pub use size::json_bytes;
pub use tagged::Tagged;
pub use value::Problem;
pub(crate) use value::{is_text, number_problem, significant_digits, text_problem};

use indexmap::IndexMap;

use crate::source::{Span, Spanned};

/// A type with the place where the spec says it.
#[derive(Debug, Clone, PartialEq)]
pub struct Type {
    /// What it is.
    pub kind: Kind,
    /// The text that says so.
    pub span: Span,
}

/// The kinds of type of the spec language.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Any JSON value; nothing is known about it.
    Any,
    /// Text; the range bounds its length in characters.
    String(Range<u64>),
    /// A whole number that a double holds exactly (within ±(2^53 - 1)).
    Integer(Range<i64>),
    /// A double.
    Number(Range<f64>),
    /// An exact decimal of at most 15 significant digits.
    Money(Range<f64>),
    /// `true` or `false`.
    Boolean,
    /// A UUID in lower-case hyphenated form.
    Uuid,
    /// An instant in UTC, RFC 3339 with milliseconds: `2026-11-21T10:00:00.000Z`.
    Timestamp,
    /// A calendar date: `2026-11-21`.
    Date,
    /// An ISO 8601 duration: `PT15M`.
    Duration,
    /// Bytes, base64 in JSON.
    Bytes,
    /// One of these strings.
    Enum(Vec<Spanned<String>>),
    /// A list; the range bounds its length.
    List(Box<Type>, Range<u64>),
    /// An object with any keys and values of one type.
    Map(Box<Type>),
    /// An object with these fields; others are ignored.
    Record(Record),
    /// A type declared under `types:`.
    Named(String),
    /// A value of one of these types, no two of which are records: what routes come to that end in different ways. Not written in specs.
    Union(Vec<Type>),
    /// One of several records, which the values of a field tell apart. Who follows names comes to the one record that holds what all
    /// of them have.
    Tagged(Tagged),
}

/// Bounds, both inclusive, each of them optional: `1..`, `..5`, `1..5`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Range<T> {
    /// The least value.
    pub min: Option<T>,
    /// The greatest value.
    pub max: Option<T>,
}

/// The fields of an object, in the order written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Record {
    /// The record whose fields this one starts with.
    pub extends: Option<Spanned<String>>,
    /// Whether a value has no other fields: so it is with what an expression writes. Not written in specs.
    pub exact: bool,
    /// Its own fields by name.
    pub fields: IndexMap<String, Field>,
}

/// A field of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// What it holds.
    pub ty: Type,
    /// Whether it may be absent (`name?`).
    pub optional: bool,
    /// The place of its name.
    pub name_span: Span,
}

/// The declared types by name. Every pass that follows names looks them up here.
#[derive(Debug, Clone, Default)]
pub struct Types {
    /// Declared types in the order written.
    pub declared: IndexMap<String, Type>,
}

impl Type {
    /// What stands in for a type that could not be read, which has been reported: its uses stay silent, as those of a name do that is
    /// not declared.
    pub fn unread(span: Span) -> Self {
        Self { kind: Kind::Named(String::new()), span }
    }

    /// A type of which nothing is known.
    pub fn any(span: Span) -> Self {
        Self { kind: Kind::Any, span }
    }
}

/// The greatest whole number that a double holds exactly, as does every JSON reader on the way: 2^53 - 1.
/// <https://www.rfc-editor.org/rfc/rfc8259#section-6>
pub const MAX_INTEGER: i64 = (1 << 53) - 1;

/// How many declared types may stand within or for one another. Payloads have a handful; the bound keeps hostile specs from
/// taking the stack or the afternoon.
pub const MAX_NESTING: usize = 64;

/// The most significant digits that `money` has: as many as a double returns unchanged after text → double → text.
pub const MAX_MONEY_DIGITS: usize = 15;
