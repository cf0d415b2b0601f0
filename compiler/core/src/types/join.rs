//! The type of a value that comes by one of several ways: the ends of branches and rounds, fallbacks, the two sides of `? :`.
//!
//! Records are joined field by field, and a field that not every side has is optional; enumerations and bounds are united; scalars
//! of different kinds become a union. `any` comes only of `any`.

use std::cell::Cell;

use indexmap::IndexMap;

use super::within::scalar;
use super::{Field, Kind, MAX_NESTING, Range, Record, Tagged, Type, Types, is_text};
use crate::source::{Span, Spanned};

/// How many parts of types one join looks at. Payloads have some dozens; what is beyond is `any`, so that types that name one
/// another cannot take the memory of the machine.
const MAX_PARTS: usize = 20_000;

/// One of the ways by which a value comes.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// Its type when it comes this way.
    pub ty: Type,
    /// The text completes "`id` may be absent …": "when the branch ends at `n`".
    pub when: String,
    /// What makes it when it comes this way.
    pub span: Span,
}

/// The type of a value that comes by several ways, and the ways.
#[derive(Debug, Clone, PartialEq)]
pub struct Joined {
    /// The type of it, whichever way it comes.
    pub ty: Type,
    /// The ways, in the order given.
    pub sides: Vec<Side>,
}

impl Joined {
    /// Joins the types of some sides; none of no sides.
    pub fn of(sides: Vec<Side>, types: &Types) -> Option<Self> {
        let ty = types.join(sides.iter().map(|side| &side.ty))?;
        Some(Self { ty, sides })
    }

    /// The first side whose values may lack what stands at a path of fields; lists on the way are crossed.
    pub fn lacking(&self, path: &[&str], types: &Types) -> Option<&Side> {
        lacking(&self.sides, path, types)
    }
}

/// The first of several sides whose values may lack what stands at a path of fields; lists on the way are crossed.
pub fn lacking<'s>(sides: &'s [Side], path: &[&str], types: &Types) -> Option<&'s Side> {
    sides.iter().find(|side| match types.field_at(&side.ty, path) {
        Ok(found) => found.optional && !types.is_any(&side.ty),
        Err(_) => true,
    })
}

impl Types {
    /// The type that holds the values of all of these; none of none.
    pub fn join<'t>(&self, sides: impl IntoIterator<Item = &'t Type>) -> Option<Type> {
        let mut sides = sides.into_iter();
        let first = sides.next()?.clone();
        Some(sides.fold(first, |joined, side| self.join_two(&joined, side)))
    }

    /// The type that holds the values of both.
    pub fn join_two(&self, a: &Type, b: &Type) -> Type {
        Joiner { types: self, left: Cell::new(MAX_PARTS) }.join(a, b, 0)
    }

    /// Whether all values of `b` are values of `a`, and `a` knows of all that is known of them.
    pub fn covers(&self, a: &Type, b: &Type) -> bool {
        Joiner { types: self, left: Cell::new(MAX_PARTS) }.covers(a, b, 0)
    }
}

struct Joiner<'t> {
    types: &'t Types,
    /// How many parts may still be looked at.
    left: Cell<usize>,
}

impl Joiner<'_> {
    /// Takes note of a part that is looked at; whether that goes too far.
    fn spent(&self, depth: usize) -> bool {
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        left == 0 || depth > MAX_NESTING
    }

    fn join(&self, a: &Type, b: &Type, depth: usize) -> Type {
        for (any, other) in [(a, b), (b, a)] {
            // What could not be read stays what it is, and its uses silent.
            if self.types.is_any(any) && (any.kind != Kind::Any || self.types.is_any(other)) {
                return any.clone();
            }
        }
        if self.types.is_any(a) || self.types.is_any(b) || self.spent(depth) {
            return Type::any(a.span);
        }
        if self.covers(a, b, depth) {
            return a.clone();
        }
        if self.covers(b, a, depth) {
            return b.clone();
        }
        let span = a.span;
        if let (Kind::Record(_), Kind::Record(_)) = (&self.types.resolve(a).kind, &self.types.resolve(b).kind) {
            return self.records(members(self.declared(a)), members(self.declared(b)), span, depth);
        }
        let mut joined: Vec<Type> = Vec::new();
        for member in members(self.declared(a)).into_iter().chain(members(self.declared(b))) {
            let mut member = member.clone();
            // What a member is merged with may be more than it was, and merge with another one.
            while let Some((at, merged)) =
                joined.iter().enumerate().find_map(|(at, one)| Some((at, self.merge(one, &member, depth)?)))
            {
                joined.remove(at);
                member = merged;
            }
            joined.push(member);
        }
        match joined.len() {
            1 => joined.swap_remove(0),
            _ => Type { kind: Kind::Union(joined), span },
        }
    }

    /// Names followed, but not to the whole of several records.
    fn declared<'a>(&'a self, ty: &'a Type) -> &'a Type {
        let mut current = ty;
        for _ in 0..=MAX_NESTING {
            let Kind::Named(name) = &current.kind else { break };
            match self.types.declared.get(name) {
                Some(next) if matches!(next.kind, Kind::Named(_) | Kind::Union(_) | Kind::Tagged(..)) => current = next,
                _ => break,
            }
        }
        current
    }

    /// One type for both, if that says no less than the two; none if it takes a union.
    fn merge(&self, a: &Type, b: &Type, depth: usize) -> Option<Type> {
        if self.covers(a, b, depth) {
            return Some(a.clone());
        }
        if self.covers(b, a, depth) {
            return Some(b.clone());
        }
        let of = |kind| Some(Type { kind, span: a.span });
        let (one, other) = (self.types.resolve(a), self.types.resolve(b));
        match (&one.kind, &other.kind) {
            (Kind::Record(_), Kind::Record(_)) => Some(self.records(members(a), members(b), a.span, depth)),
            (Kind::Enum(one), Kind::Enum(other)) => of(Kind::Enum(united(one, other))),
            (Kind::String(one), Kind::String(other)) => of(Kind::String(hull(one, other))),
            // A text of some length, or another text: a text.
            (Kind::String(_), other) if is_text(other) => of(Kind::String(Range::default())),
            (one, Kind::String(_)) if is_text(one) => of(Kind::String(Range::default())),
            (Kind::Integer(one), Kind::Integer(other)) => of(Kind::Integer(hull(one, other))),
            (Kind::Money(one), Kind::Money(other)) => of(Kind::Money(hull(one, other))),
            (Kind::Money(money), Kind::Integer(integer)) | (Kind::Integer(integer), Kind::Money(money)) => {
                of(Kind::Money(hull(money, &double(integer))))
            }
            (one, other) => {
                if let Some((one, other)) = numbers(one).zip(numbers(other)) {
                    return of(Kind::Number(hull(&one, &other)));
                }
                match (one, other) {
                    (Kind::List(item, range), Kind::List(other_item, other_range)) => {
                        let item = match (range.max, other_range.max) {
                            (Some(0), _) => (**other_item).clone(),
                            (_, Some(0)) => (**item).clone(),
                            _ => self.join(item, other_item, depth + 1),
                        };
                        of(Kind::List(Box::new(item), hull(range, other_range)))
                    }
                    (Kind::Map(value), Kind::Map(other_value)) => {
                        of(Kind::Map(Box::new(self.join(value, other_value, depth + 1))))
                    }
                    (Kind::Map(value), Kind::Record(_)) => of(self.map(value, b, depth)),
                    (Kind::Record(_), Kind::Map(value)) => of(self.map(value, a, depth)),
                    _ => None,
                }
            }
        }
    }

    /// A map that holds the fields of a record beside what it holds: those that its type knows, and any others.
    fn map(&self, value: &Type, record: &Type, depth: usize) -> Kind {
        if !self.types.is_exact(record) {
            return Kind::Map(Box::new(Type::any(record.span)));
        }
        let fields = self.types.record(record).unwrap_or_default();
        let value = fields.into_values().fold(value.clone(), |value, field| self.join(&value, &field.ty, depth + 1));
        Kind::Map(Box::new(value))
    }

    /// One of several records: told apart by a field where there is one, else joined field by field.
    fn records(&self, some: Vec<&Type>, others: Vec<&Type>, span: Span, depth: usize) -> Type {
        let mut members: Vec<Type> = some.into_iter().cloned().collect();
        for other in others {
            let mut other = other.clone();
            let mut apart = Vec::new();
            for member in members {
                if self.told_apart(&member, &other) {
                    apart.push(member);
                } else {
                    other = self.fields(&member, &other, span, depth);
                }
            }
            apart.push(other);
            members = apart;
        }
        let whole =
            members.iter().skip(1).fold(members[0].clone(), |whole, member| self.fields(&whole, member, span, depth));
        let pairs = |at: usize| members[..at].iter().all(|earlier| self.told_apart(earlier, &members[at]));
        if members.len() > 1 && (1..members.len()).all(pairs) {
            return Type { kind: Kind::Tagged(Tagged { by: None, members, whole: Box::new(whole) }), span };
        }
        whole
    }

    /// Whether a field that both always have tells by its value which of two records it is.
    fn told_apart(&self, a: &Type, b: &Type) -> bool {
        let (Some(one), Some(other)) = (self.types.record(a), self.types.record(b)) else { return false };
        one.into_iter().any(|(name, field)| {
            let Some(other) = other.get(name).filter(|other| !other.optional && !field.optional) else { return false };
            match (&self.types.resolve(&field.ty).kind, &self.types.resolve(&other.ty).kind) {
                (Kind::Enum(one), Kind::Enum(other)) => {
                    one.iter().all(|literal| other.iter().all(|other| other.value != literal.value))
                }
                _ => false,
            }
        })
    }

    /// Two records field by field; a field that not both have is optional.
    fn fields(&self, a: &Type, b: &Type, span: Span, depth: usize) -> Type {
        if self.covers(a, b, depth) {
            return a.clone();
        }
        if self.covers(b, a, depth) {
            return b.clone();
        }
        let exact = self.types.is_exact(a) && self.types.is_exact(b);
        let one = self.types.record(a).unwrap_or_default();
        let mut other = self.types.record(b).unwrap_or_default();
        let mut fields: IndexMap<String, Field> = IndexMap::new();
        for (name, field) in one {
            let joined = match other.shift_remove(name) {
                Some(same) => Field {
                    ty: self.join(&field.ty, &same.ty, depth + 1),
                    optional: field.optional || same.optional,
                    name_span: if same.optional && !field.optional { same.name_span } else { field.name_span },
                },
                None => Field { optional: true, ..field.clone() },
            };
            fields.insert(name.to_owned(), joined);
        }
        fields.extend(
            other.into_iter().map(|(name, field)| (name.to_owned(), Field { optional: true, ..field.clone() })),
        );
        Type { kind: Kind::Record(Record { extends: None, exact, fields }), span }
    }

    fn covers(&self, a: &Type, b: &Type, depth: usize) -> bool {
        if let (Kind::Named(one), Kind::Named(other)) = (&a.kind, &b.kind)
            && one == other
        {
            return true;
        }
        if self.spent(depth) {
            return false;
        }
        let (one, other) = (self.declared(a), self.declared(b));
        match (&one.kind, &other.kind) {
            (_, Kind::Union(members) | Kind::Tagged(Tagged { members, .. })) => {
                return members.iter().all(|member| self.covers(one, member, depth + 1));
            }
            (Kind::Union(members) | Kind::Tagged(Tagged { members, .. }), _) => {
                return members.iter().any(|member| self.covers(member, other, depth + 1));
            }
            _ => {}
        }
        let (one, other) = (self.types.resolve(one), self.types.resolve(other));
        match (&one.kind, &other.kind) {
            (Kind::Any, Kind::Any) => true,
            (Kind::Record(wider), Kind::Record(narrower)) => {
                if wider.exact && !narrower.exact {
                    return false;
                }
                let mut wanted = self.types.record(one).unwrap_or_default();
                let given = self.types.record(other).unwrap_or_default();
                let all = given.into_iter().all(|(name, field)| {
                    wanted.shift_remove(name).is_some_and(|wanted| {
                        (wanted.optional || !field.optional) && self.covers(&wanted.ty, &field.ty, depth + 1)
                    })
                });
                all && wanted.values().all(|field| field.optional)
            }
            (Kind::List(item, range), Kind::List(other_item, other_range)) => {
                super::within::inside(range, other_range)
                    && (other_range.max == Some(0) || self.covers(item, other_item, depth + 1))
            }
            (Kind::Map(value), Kind::Map(other)) => self.covers(value, other, depth + 1),
            (one, other) => scalar(one, other),
        }
    }
}

/// The types of a union, or the one that it is.
fn members(ty: &Type) -> Vec<&Type> {
    match &ty.kind {
        Kind::Union(members) | Kind::Tagged(Tagged { members, .. }) => members.iter().collect(),
        _ => vec![ty],
    }
}

/// The literals of both, each once.
fn united(one: &[Spanned<String>], other: &[Spanned<String>]) -> Vec<Spanned<String>> {
    let new = other.iter().filter(|literal| one.iter().all(|known| known.value != literal.value));
    one.iter().chain(new).cloned().collect()
}

/// The least range that holds two.
fn hull<T: PartialOrd + Copy>(a: &Range<T>, b: &Range<T>) -> Range<T> {
    // A list or a text has no less than nothing, so that a bound that is not there on one side is there on neither.
    Range {
        min: a.min.zip(b.min).map(|(a, b)| if b < a { b } else { a }),
        max: a.max.zip(b.max).map(|(a, b)| if b > a { b } else { a }),
    }
}

/// The range of a number, if it is one.
fn numbers(kind: &Kind) -> Option<Range<f64>> {
    match kind {
        Kind::Integer(range) => Some(double(range)),
        Kind::Number(range) | Kind::Money(range) => Some(*range),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "bounds are within 2^53 - 1, which a double holds exactly")]
fn double(range: &Range<i64>) -> Range<f64> {
    Range { min: range.min.map(|min| min as f64), max: range.max.map(|max| max as f64) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ty, types};
    use super::*;

    fn joined(sides: &[&str]) -> String {
        let types = types(&[
            ("Line", "{ sku: string, price: money }"),
            ("Vip", "{ kind: VIP | 'GOLD', desk: string }"),
            ("Plain", "{ kind: \"'PLAIN'\", queue: integer }"),
            ("Status", "OPEN | CLOSED"),
        ]);
        let sides: Vec<Type> = sides.iter().map(|side| ty(side)).collect();
        types.join(&sides).map_or_else(String::new, |ty| {
            let count =
                if let Kind::Tagged(of) = &ty.kind { format!("{} of ", of.members.len()) } else { String::new() };
            format!("{count}{}", super::super::describe(&ty))
        })
    }

    #[test]
    fn sides_join_to_the_least_that_holds_them() {
        for (sides, expected) in [
            (&["Line", "Line"][..], "Line"),
            (&["Line", "{ sku: string, price: money }"], "Line"),
            (&["{ sku: string(..3), price: money }", "Line"], "Line"),
            (&["{ a: string }", "{ b: integer }"], "{ a?: string, b?: integer }"),
            (&["{ a: string, b: uuid }", "{ a: integer, b: uuid }"], "{ a: string | integer, b: uuid }"),
            (&["{ a: string }", "{}", "{ a: string }"], "{ a?: string }"),
            (&["{ a: { b: string } }", "{ a: { c: string } }"], "{ a: { b?: string, c?: string } }"),
            (&["A | B", "B | C"], "A | B | C"),
            (&["Status", "OPEN | CLOSED"], "Status"),
            (&["Status", "string"], "string"),
            (&["string(1..3)", "string(2..9)"], "string(1..9)"),
            (&["string(1..3)", "uuid"], "string"),
            (&["uuid", "NONE | SOME"], "uuid | NONE | SOME"),
            (&["uuid", "timestamp", "string"], "string"),
            (&["string", "integer", "uuid", "number", "boolean"], "string | number | boolean"),
            (&["integer(1..2)", "integer(5..9)"], "integer(1..9)"),
            (&["integer(1..2)", "number(0..)"], "number(0..)"),
            (&["integer", "money"], "money"),
            (&["number", "money"], "number"),
            (&["[string; 1..]", "[string; 2..5]"], "[string; 1..]"),
            (&["[string; ..0]", "[integer; 1..]"], "[integer]"),
            (&["[string]", "[integer]"], "[string | integer]"),
            (&["[string]", "string"], "[string] | string"),
            (&["map(string)", "{ a: integer }"], "map(any)"),
            (&["map(string)", "map(uuid)"], "map(string)"),
            (&["any", "string"], "any"),
            (&["{ a: any }", "{ a: string }"], "{ a: any }"),
            (&["Vip", "Plain"], "2 of { kind: VIP | GOLD | PLAIN, desk?: string, queue?: integer }"),
            (
                &["Vip", "Plain", "{ kind: \"'VIP'\", room: string }"],
                "2 of { kind: PLAIN | VIP | GOLD, queue?: integer, desk?: string, room?: string }",
            ),
            (&["Unknown", "string"], "Unknown"),
            (&[], ""),
        ] {
            assert_eq!(joined(sides), expected, "{sides:?}");
        }
    }

    #[test]
    fn the_side_that_lacks_a_field_is_found() {
        let types = types(&[]);
        let side = |text: &str, when: &str| Side { ty: ty(text), when: when.to_owned(), span: Span::default() };
        let sides = vec![
            side("{ id: string, o: { a: string } }", "first"),
            side("{ id: string, o: { a?: string } }", "second"),
        ];
        let joined = Joined::of(sides, &types).expect("two sides");
        let lacking = |path: &[&str]| joined.lacking(path, &types).map(|side| side.when.as_str());
        assert_eq!(lacking(&["id"]), None);
        assert_eq!(lacking(&["o", "a"]), Some("second"));
        assert_eq!(lacking(&["gone"]), Some("first"));
    }

    /// A kilobyte of types that name one another ten times at each of ten levels has ten thousand million parts.
    #[test]
    fn wide_and_deep_types_come_to_an_end() {
        let mut declared = Vec::new();
        for (family, leaf) in [("A", "string"), ("B", "integer")] {
            for level in 0..10 {
                let inner = if level == 9 { leaf.to_owned() } else { format!("{family}{}", level + 1) };
                let fields: Vec<String> = (0..10).map(|field| format!("f{field}: {inner}")).collect();
                declared.push((format!("{family}{level}"), format!("{{ {} }}", fields.join(", "))));
            }
        }
        let declared: Vec<(&str, &str)> = declared.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let types = types(&declared);
        let joined = types.join_two(&ty("A0"), &ty("B0"));
        assert!(matches!(joined.kind, Kind::Record(_)));
    }
}
