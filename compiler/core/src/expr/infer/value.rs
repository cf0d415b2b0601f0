//! What is known about a value: its type, and how JSONata's ways (nothing, one or many) touch it.

use crate::source::{Span, Spanned};
use crate::types::{Kind, Range, Side, Type, Types, describe};

/// What is known about the value of a part of an expression.
#[derive(Debug, Clone)]
pub(in crate::expr) struct Value {
    /// Its type; of an element, if it is `many`.
    pub(in crate::expr) ty: Type,
    /// Why there may be no value, if so.
    pub(in crate::expr) absent: Option<Absent>,
    /// Whether it is a sequence: nothing, one value, or a list of several, as paths through lists give.
    pub(in crate::expr) many: bool,
    /// How many values there are in the sequence. A list says so by its bounds.
    pub(in crate::expr) count: Range<u64>,
    /// Whether it may be JSON's `null`.
    pub(in crate::expr) null: bool,
    /// What it is if it has no type of the spec language.
    pub(in crate::expr) special: Special,
    /// Whether it is a field of something of which nothing is known, so that it may not be there.
    pub(in crate::expr) unsure: bool,
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
    /// The way by which it comes that lacks it.
    pub(in crate::expr) side: Option<Side>,
    /// What to do about it.
    pub(in crate::expr) way: WayOut,
}

impl Absent {
    /// A part that may give nothing, which can be asked for.
    pub(in crate::expr) fn new(at: Span, path: &str) -> Self {
        Self { at, path: path.to_owned(), declared: None, side: None, way: WayOut::Exists }
    }
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
        Self {
            ty,
            absent: None,
            many: false,
            count: Range::default(),
            null: false,
            special: Special::No,
            unsure: false,
        }
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
        Self { many: true, count: Range::default(), absent: None, ..self }
    }

    /// The same with one value in it at least, if it is many and `filled`.
    pub(in crate::expr) fn filled(self, filled: bool) -> Self {
        let least = self.count.min.unwrap_or(0).max(u64::from(filled));
        Self { count: lengths(least, self.count.max), ..self }
    }

    /// The same with so many values in it, if it is many.
    pub(in crate::expr) fn counted(self, count: Range<u64>) -> Self {
        Self { count, ..self }
    }

    /// The same with at least so many elements, if it is a list or many.
    pub(in crate::expr) fn at_least(mut self, count: u64, types: &Types) -> Self {
        if count == 0 {
            return self;
        }
        if self.many {
            let least = self.count.min.unwrap_or(0).max(count);
            let is_possible = self.count.max.is_none_or(|max| max >= count);
            return if is_possible { Self { count: lengths(least, self.count.max), ..self } } else { self };
        }
        if let Kind::List(item, range) = &types.resolve(&self.ty).kind
            && range.min.unwrap_or(0) < count
            && range.max.is_none_or(|max| max >= count)
        {
            let range = Range { min: Some(count), max: range.max };
            self.ty = Type { kind: Kind::List(item.clone(), range), span: self.ty.span };
        }
        self
    }

    /// How many elements there are at least: one of what is neither a list nor many.
    pub(in crate::expr) fn least(&self, types: &Types) -> u64 {
        if self.absent.is_some() {
            return 0;
        }
        if self.many {
            let least = self.count.min.unwrap_or(0);
            // One list of those that are many is taken for the list of all.
            return if least > 1 { least } else { least.min(Self::of(self.ty.clone()).least(types)) };
        }
        match &types.resolve(&self.ty).kind {
            Kind::List(_, range) => range.min.unwrap_or(0),
            Kind::Union(_) if self.element(types).1 => 0,
            Kind::Any | Kind::Named(_) => 0,
            _ => 1,
        }
    }

    /// How many elements there are at most, if that has a bound.
    pub(in crate::expr) fn most(&self, types: &Types) -> Option<u64> {
        let is_open = |value: &Self| value.element(types).1 || value.class(types) == Class::Any;
        if self.many {
            return self.count.max.filter(|_| !is_open(&Self::of(self.ty.clone())) || self.is_list());
        }
        match &types.resolve(&self.ty).kind {
            Kind::List(_, range) => range.max,
            _ if is_open(self) => None,
            _ => Some(1),
        }
    }

    /// How many elements there are.
    pub(in crate::expr) fn lengths(&self, types: &Types) -> Range<u64> {
        lengths(self.least(types), self.most(types))
    }

    /// How many values a path through it meets: lists in it are crossed, too.
    pub(in crate::expr) fn lengths_throughout(&self, types: &Types) -> Range<u64> {
        let item = self.item(types);
        let own = self.lengths(types);
        if item.element(types).1 { times(&own, &item.lengths_throughout(types)) } else { own }
    }

    /// Whether it is a sequence of two values or more, if there is one: a list whatever the data.
    pub(in crate::expr) fn is_list(&self) -> bool {
        self.many && self.count.min.is_some_and(|least| least > 1) && !self.null && self.special == Special::No
    }

    /// A sequence that is sure to be a list as that list; anything else as it is.
    pub(in crate::expr) fn listed(self) -> Self {
        if !self.is_list() {
            return self;
        }
        let span = self.ty.span;
        Self { absent: self.absent, ..Self::new(Kind::List(Box::new(self.ty), self.count), span) }
    }

    /// Whether it may be nothing.
    pub(in crate::expr) fn may_be_absent(&self) -> bool {
        self.absent.is_some() || (self.many && self.count.min.unwrap_or(0) == 0)
    }

    /// What it is where it is kept: in a field, in a list, as the result of a step. One or many of a type are one of it or a list.
    pub(in crate::expr) fn kept(&self, types: &Types) -> Type {
        let span = self.ty.span;
        if self.null || self.special != Special::No {
            return Type::any(span);
        }
        if !self.many || types.is_any(&self.ty) {
            return self.ty.clone();
        }
        let list = Kind::List(Box::new(self.ty.clone()), Range { min: None, max: self.count.max });
        if self.is_list() {
            return self.clone().listed().ty;
        }
        types.join_two(&self.ty, &Type { kind: list, span })
    }

    /// What its elements are to functions and constructors, which take one value for a list of it: lists in a list stay lists.
    pub(in crate::expr) fn item(&self, types: &Types) -> Self {
        let inner = item(&self.ty, types);
        // One list of those that are many is taken for the list of all.
        // An empty one has none that could be.
        let ty = match self.many {
            true if self.is_list() || is_empty_list(&self.ty, types) => self.ty.clone(),
            true => types.join_two(&self.ty, &inner),
            false => inner,
        };
        Self { null: self.null, special: self.special, ..Self::of(ty) }
    }
    /// Whether there is at least one value in it: always so of what is neither a list nor many.
    pub(in crate::expr) fn is_filled(&self, types: &Types) -> bool {
        match &types.resolve(&self.ty).kind {
            _ if self.absent.is_some() => false,
            _ if self.many => self.least(types) > 0,
            Kind::List(_, range) => range.min.is_some_and(|min| min > 0),
            Kind::Union(_) => !self.element(types).1,
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
        (Self { null: self.null, special: self.special, ..Self::of(ty) }, self.many || is_list)
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

/// Bounds of a number of elements.
pub(in crate::expr) fn lengths(least: u64, most: Option<u64>) -> Range<u64> {
    Range { min: (least > 0).then_some(least), max: most }
}

/// So many elements for each of so many.
pub(in crate::expr) fn times(one: &Range<u64>, other: &Range<u64>) -> Range<u64> {
    let least = one.min.unwrap_or(0).saturating_mul(other.min.unwrap_or(0));
    lengths(least, one.max.zip(other.max).map(|(one, other)| one.saturating_mul(other)))
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

/// What is in a list; the type itself, if it is none.
fn item(ty: &Type, types: &Types) -> Type {
    match &types.resolve(ty).kind {
        Kind::List(item, _) => (**item).clone(),
        Kind::Union(members) => {
            let filled = members.iter().filter(|member| !is_empty_list(member, types));
            let items: Vec<Type> = filled.map(|member| item(member, types)).collect();
            types.join(&items).unwrap_or_else(|| ty.clone())
        }
        _ => ty.clone(),
    }
}

/// Whether all there is of a type is a list without elements.
pub(in crate::expr) fn is_empty_list(ty: &Type, types: &Types) -> bool {
    matches!(&types.resolve(ty).kind, Kind::List(_, range) if range.max == Some(0))
}

/// What operators ask of a type, names followed.
pub(in crate::expr) fn class_of(ty: &Type, types: &Types) -> Class {
    let resolved = types.resolve(ty);
    let Kind::Union(members) = &resolved.kind else { return class(&resolved.kind) };
    let mut classes = members.iter().map(|member| class_of(member, types));
    let first = classes.next().unwrap_or(Class::Any);
    if classes.all(|class| class == first) { first } else { Class::Mixed }
}

/// All that values of a type may be to operators.
pub(in crate::expr) fn classes(ty: &Type, types: &Types) -> Vec<Class> {
    match &types.resolve(ty).kind {
        Kind::Union(members) => members.iter().flat_map(|member| classes(member, types)).collect(),
        kind => vec![class(kind)],
    }
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
