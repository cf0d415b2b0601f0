//! What is known about a value: its type, and how JSONata's ways (nothing, one or many) touch it.

use crate::source::{Span, Spanned};
use crate::types::{Kind, Range, Type, Types, describe};

/// What is known about the value of a part of an expression.
#[derive(Debug, Clone)]
pub(in crate::expr) struct Value {
    /// Its type; of an element, if it is `many`.
    pub(in crate::expr) ty: Type,
    /// Why there may be no value, if so.
    pub(in crate::expr) absent: Option<Absent>,
    /// Whether it is a sequence: nothing, one value, or a list of several, as paths through lists give.
    pub(in crate::expr) many: bool,
    /// Whether the sequence or list is known to have a value in it, beyond what the bounds of its type say.
    pub(in crate::expr) filled: bool,
    /// What it is if it has no type of the spec language.
    pub(in crate::expr) special: Special,
}

/// Why there may be no value.
#[derive(Debug, Clone)]
pub(in crate::expr) struct Absent {
    /// The text that may give nothing.
    pub(in crate::expr) at: Span,
    /// The path to it, as written.
    pub(in crate::expr) path: String,
    /// Where the field is declared as optional.
    pub(in crate::expr) declared: Option<Span>,
    /// What to do about it.
    pub(in crate::expr) way: WayOut,
}

/// The way out of a value that may be absent.
#[derive(Debug, Clone)]
pub(in crate::expr) enum WayOut {
    /// Ask whether it is there.
    Exists,
    /// Ask, or declare a list that always has items.
    Bounds,
    /// What the text says.
    Says(String),
}

/// Values that the spec language has no type for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::expr) enum Special {
    /// An ordinary value.
    No,
    /// JSON's `null`.
    Null,
    /// A function.
    Function,
}

/// What operators ask of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::expr) enum Class {
    Any,
    Text,
    Number,
    Boolean,
    List,
    Object,
    /// One or another of these.
    Mixed,
}

impl Value {
    pub(in crate::expr) fn new(kind: Kind, span: Span) -> Self {
        Self::of(Type { kind, span })
    }

    pub(in crate::expr) fn of(ty: Type) -> Self {
        Self { ty, absent: None, many: false, filled: false, special: Special::No }
    }

    pub(in crate::expr) fn any(span: Span) -> Self {
        Self::new(Kind::Any, span)
    }

    pub(in crate::expr) fn special(special: Special, span: Span) -> Self {
        Self { special, ..Self::any(span) }
    }

    /// The same without the bounds of a number.
    pub(in crate::expr) fn unbounded(mut self, types: &Types) -> Self {
        match &types.resolve(&self.ty).kind {
            Kind::Integer(_) => self.ty.kind = Kind::Integer(Range::default()),
            Kind::Number(_) => self.ty.kind = Kind::Number(Range::default()),
            Kind::Money(_) => self.ty.kind = Kind::Money(Range::default()),
            _ => {}
        }
        self
    }

    pub(in crate::expr) fn many(self) -> Self {
        Self { many: true, filled: false, absent: None, ..self }
    }

    pub(in crate::expr) fn filled(self, filled: bool) -> Self {
        Self { filled, ..self }
    }

    /// Whether there is at least one value in it: always so of what is neither a list nor many.
    pub(in crate::expr) fn is_filled(&self, types: &Types) -> bool {
        match &types.resolve(&self.ty).kind {
            _ if self.absent.is_some() => false,
            _ if self.many => self.filled,
            Kind::List(_, range) => self.filled || range.min.is_some_and(|min| min > 0),
            _ => true,
        }
    }

    pub(in crate::expr) fn maybe(mut self, absent: Option<Absent>) -> Self {
        self.absent = self.absent.or(absent);
        self
    }

    /// One element, if this is a list or many; itself otherwise. Lists of lists are one list to JSONata's paths.
    pub(in crate::expr) fn element(&self, types: &Types) -> (Self, bool) {
        let (ty, is_list) = element(&self.ty, types);
        (Self { ty, absent: None, many: false, filled: false, special: self.special }, self.many || is_list)
    }

    pub(in crate::expr) fn class(&self, types: &Types) -> Class {
        class_of(&self.ty, types)
    }

    pub(in crate::expr) fn is_money(&self, types: &Types) -> bool {
        match &types.resolve(&self.element(types).0.ty).kind {
            Kind::Union(members) => members.iter().any(|member| matches!(types.resolve(member).kind, Kind::Money(_))),
            kind => matches!(kind, Kind::Money(_)),
        }
    }
}

/// What is in a list, in a list of lists, and so on; the type itself, if it is none. Whether it is one, or may be.
fn element(ty: &Type, types: &Types) -> (Type, bool) {
    match &types.resolve(ty).kind {
        Kind::List(item, _) => (element(item, types).0, true),
        Kind::Union(members) => {
            let elements: Vec<(Type, bool)> = members.iter().map(|member| element(member, types)).collect();
            let is_list = elements.iter().any(|(_, is_list)| *is_list);
            match types.join(elements.iter().map(|(ty, _)| ty)) {
                Some(joined) if is_list => (joined, true),
                _ => (ty.clone(), false),
            }
        }
        _ => (ty.clone(), false),
    }
}

/// What operators ask of a type, names followed.
pub(in crate::expr) fn class_of(ty: &Type, types: &Types) -> Class {
    let resolved = types.resolve(ty);
    let Kind::Union(members) = &resolved.kind else { return class(&resolved.kind) };
    let mut classes = members.iter().map(|member| class_of(member, types));
    let first = classes.next().unwrap_or(Class::Any);
    if classes.all(|class| class == first) { first } else { Class::Mixed }
}

fn class(kind: &Kind) -> Class {
    match kind {
        Kind::Any | Kind::Named(_) => Class::Any,
        Kind::Union(_) => Class::Mixed,
        Kind::String(_) | Kind::Uuid | Kind::Timestamp | Kind::Date | Kind::Duration | Kind::Bytes | Kind::Enum(_) => {
            Class::Text
        }
        Kind::Integer(_) | Kind::Number(_) | Kind::Money(_) => Class::Number,
        Kind::Boolean => Class::Boolean,
        Kind::List(..) => Class::List,
        Kind::Map(_) | Kind::Record(_) | Kind::Tagged(..) => Class::Object,
    }
}

/// A type that holds the values of both.
pub(in crate::expr) fn join(a: &Type, b: &Type, types: &Types) -> Type {
    types.join_two(a, b)
}

/// The type of a text literal: the enumeration of it alone.
pub(in crate::expr) fn literal(text: &str, span: Span) -> Value {
    Value::new(Kind::Enum(vec![Spanned::new(text.to_owned(), span)]), span)
}

/// The type of a number literal: an integer in a range of one, if it is whole.
pub(in crate::expr) fn number(value: f64, span: Span) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "whole and within ±2^53")]
    let kind = if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
        Kind::Integer(Range { min: Some(value as i64), max: Some(value as i64) })
    } else {
        Kind::Number(Range { min: Some(value), max: Some(value) })
    };
    Value::new(kind, span)
}

/// A type for messages; a number literal as itself.
pub(in crate::expr) fn show(ty: &Type) -> String {
    match &ty.kind {
        Kind::Integer(Range { min: Some(min), max: Some(max) }) if min == max => format!("`{min}`"),
        Kind::Number(Range { min: Some(min), max: Some(max) }) if min.to_bits() == max.to_bits() => format!("`{min}`"),
        _ => format!("`{}`", describe(ty)),
    }
}
