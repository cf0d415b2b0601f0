//! What a pattern says, with the place of every part.

use std::net::IpAddr;

use crate::source::{Span, Spanned};

/// A whole pattern: an object that the event must match.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// The fields it constrains.
    pub root: Object,
}

/// Fields that must all match, and alternatives of which one must.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// The fields, in the order written.
    pub fields: Vec<Field>,
    /// The objects of its `$or`, at least two; empty without one.
    pub or: Vec<Object>,
    /// The text it was read from.
    pub span: Span,
}

/// A field and what its value must be.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: Spanned<String>,
    /// What it must be.
    pub constraint: Constraint,
}

/// What the value of a field must be.
#[derive(Debug, Clone, PartialEq)]
pub enum Constraint {
    /// An object whose fields match.
    Object(Object),
    /// Matched by one of these, of which there is at least one.
    AnyOf(Vec<Match>),
}

/// One way in which a value can match.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// Which.
    pub kind: MatchKind,
    /// The text it was read from.
    pub span: Span,
}

/// The ways in which a value can match.
#[derive(Debug, Clone, PartialEq)]
pub enum MatchKind {
    /// It is `null`.
    Null,
    /// It is this boolean.
    Boolean(bool),
    /// It is this number.
    Number(Number),
    /// It is this text.
    Text(String),
    /// It starts with this text; whether case is ignored.
    Prefix(Spanned<String>, bool),
    /// It ends with this text; whether case is ignored.
    Suffix(Spanned<String>, bool),
    /// It is this text in any case.
    EqualsIgnoreCase(Spanned<String>),
    /// It is a text like this.
    Wildcard(Spanned<Wildcard>),
    /// It is there and none of these.
    AnythingBut(AnythingBut),
    /// It is a number for which all of these hold.
    Numeric(Numeric),
    /// It is an address in this block.
    Cidr(Cidr),
    /// It is there as a leaf, or is not.
    Exists(bool),
}

/// What a value must not be. No list is empty.
#[derive(Debug, Clone, PartialEq)]
pub enum AnythingBut {
    /// One of these texts.
    Texts(Vec<Spanned<String>>),
    /// One of these numbers.
    Numbers(Vec<Spanned<Number>>),
    /// A text that starts with one of these.
    Prefixes(Vec<Spanned<String>>),
    /// A text that ends with one of these.
    Suffixes(Vec<Spanned<String>>),
    /// One of these texts in any case.
    IgnoreCase(Vec<Spanned<String>>),
    /// A text like one of these.
    Wildcards(Vec<Spanned<Wildcard>>),
}

/// A number with the text it was written as, which is what is emitted.
#[derive(Debug, Clone)]
pub struct Number {
    /// As written, in JSON's grammar.
    pub text: String,
    /// As EventBridge compares it.
    pub value: f64,
}

/// `300`, `300.0` and `3.0e2` are one number.
impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.value.total_cmp(&other.value).is_eq()
    }
}

/// One or two comparisons: `=`, a lower end, an upper end, or a lower and an upper end.
#[derive(Debug, Clone, PartialEq)]
pub struct Numeric {
    /// The comparisons, as written.
    pub comparisons: Vec<(Comparison, Spanned<Number>)>,
}

/// How a value is compared with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Equal, Self::Less, Self::LessOrEqual, Self::Greater, Self::GreaterOrEqual];

    /// As written in a pattern.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// Whether `value` compares so with `number`. EventBridge compares doubles, and `=` means the same double.
    #[expect(clippy::float_cmp, reason = "EventBridge's `=` is exact")]
    pub fn holds(self, value: f64, number: f64) -> bool {
        match self {
            Self::Equal => value == number,
            Self::Less => value < number,
            Self::LessOrEqual => value <= number,
            Self::Greater => value > number,
            Self::GreaterOrEqual => value >= number,
        }
    }
}

/// A text in which `*` stands for any text; `\*` and `\\` for themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wildcard {
    /// As written.
    pub text: String,
    /// The literal texts between the stars: one more than there are stars.
    pub parts: Vec<String>,
}

impl Wildcard {
    /// Whether a text is like this.
    pub fn matches(&self, text: &str) -> bool {
        let [first, middle @ .., last] = self.parts.as_slice() else {
            return self.parts.first().is_some_and(|only| only == text);
        };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
        // The leftmost place of each part leaves most for those after it.
        for part in middle {
            let Some((_, after)) = rest.split_once(part.as_str()) else { return false };
            rest = after;
        }
        rest.ends_with(last.as_str())
    }
}

/// A block of IP addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cidr {
    /// As written.
    pub text: String,
    /// An address in it.
    pub address: IpAddr,
    /// How many leading bits its addresses share.
    pub bits: u32,
}

impl Cidr {
    /// Whether a text is an address in this block.
    pub fn contains(&self, text: &str) -> bool {
        match (self.address, text.parse()) {
            (IpAddr::V4(block), Ok(IpAddr::V4(address))) => {
                (block.to_bits() ^ address.to_bits()).leading_zeros() >= self.bits
            }
            (IpAddr::V6(block), Ok(IpAddr::V6(address))) => {
                (block.to_bits() ^ address.to_bits()).leading_zeros() >= self.bits
            }
            _ => false,
        }
    }
}
