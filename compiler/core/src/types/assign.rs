//! Whether a value of one type may be given where another is expected.
//!
//! Structural, and gradual: `any` goes everywhere. Bounds are checked where values are (in handlers and schemas), so a type is
//! refused for its bounds only when no value could be within both.

use std::fmt;

use super::value::{number_problem, significant_digits, text_problem};
use super::{Field, Kind, MAX_MONEY_DIGITS, Range, Tagged, Type, Types, describe};

/// Why a type cannot be given where another is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The way to where they part: `items[].price`; empty at the top.
    pub path: String,
    /// What was expected there and what was found.
    pub reason: String,
    /// What the difference comes of, where there is more to say about it.
    pub cause: Cause,
}

/// What a mismatch comes of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Two types that have nothing to do with each other, or bounds.
    Other,
    /// A number of more digits than `money` carries.
    Digits,
    /// A `number`, which is a double, where `money` is expected, which is exact.
    NumberForMoney,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(&self.reason) } else { write!(f, "`{}`: {}", self.path, self.reason) }
    }
}

/// How many pairs of declared types one comparison looks into; what is beyond counts as equal.
const MAX_PAIRS: usize = 256;

impl Types {
    /// Whether a value of type `found` may be given where `expected` is expected, and the first reason why not.
    pub fn accepts(&self, expected: &Type, found: &Type) -> Result<(), Mismatch> {
        self.accept(expected, found, &mut Vec::new(), &mut Vec::new())
    }

    /// `path` is the way to here; `open` holds the pairs of names under comparison, which end where types contain themselves.
    fn accept<'a>(
        &'a self,
        expected: &'a Type,
        found: &'a Type,
        path: &mut Vec<&'a str>,
        open: &mut Vec<(&'a str, &'a str)>,
    ) -> Result<(), Mismatch> {
        if let (Kind::Named(left), Kind::Named(right)) = (&expected.kind, &found.kind) {
            if left == right || open.len() > MAX_PAIRS || open.contains(&(left, right)) {
                return Ok(());
            }
            open.push((left, right));
        }
        if let Some(union) = self.union(expected)
            && !self.is_any(found)
        {
            return self.accept_union(expected, union, found, path, open);
        }
        let (left, right) = (self.resolve(expected), self.resolve(found));
        let refuse = || Err(mismatch(path, format!("expected `{}`, found `{}`", describe(expected), describe(found))));
        let refuse_unless = |fits: bool| if fits { Ok(()) } else { refuse() };
        match (&left.kind, &right.kind) {
            (Kind::Any | Kind::Named(_), _) | (_, Kind::Any | Kind::Named(_)) => Ok(()),
            (_, Kind::Union(members)) => {
                members.iter().try_for_each(|member| self.accept(expected, member, path, open))
            }
            (Kind::Union(members), _) => {
                let of = |member: &Type| self.accept(member, found, &mut path.clone(), &mut open.clone()).is_ok();
                refuse_unless(members.iter().any(of))
            }
            (Kind::String(a), Kind::String(b)) => refuse_unless(overlap(a, b)),
            (Kind::String(_), Kind::Duration | Kind::Bytes) => Ok(()),
            (Kind::String(range), of @ (Kind::Uuid | Kind::Timestamp | Kind::Date)) => {
                refuse_unless(overlap(range, &lengths(of)))
            }
            (
                Kind::String(_)
                | Kind::Uuid
                | Kind::Timestamp
                | Kind::Date
                | Kind::Duration
                | Kind::Bytes
                | Kind::Enum(_),
                Kind::Enum(literals),
            ) => match literals.iter().find_map(|literal| text_problem(&left.kind, &literal.value)) {
                Some(reason) => Err(mismatch(path, reason)),
                None => Ok(()),
            },
            (Kind::Money(_), Kind::Integer(Range { min: Some(value), max })) if *max == Some(*value) => {
                amount(&left.kind, &value.to_string(), path)
            }
            // A number of one value, as a literal is, is as exact as it is written.
            (Kind::Money(_), Kind::Number(Range { min: Some(value), max })) if *max == Some(*value) => {
                amount(&left.kind, &value.to_string(), path)
            }
            (Kind::Money(_), Kind::Number(_)) => {
                refuse().map_err(|found| Mismatch { cause: Cause::NumberForMoney, ..found })
            }
            (Kind::Integer(a), Kind::Integer(b)) => refuse_unless(overlap(a, b)),
            (Kind::Number(a) | Kind::Money(a), Kind::Integer(b)) => refuse_unless(overlap(a, &as_number(b))),
            (Kind::Number(a), Kind::Number(b) | Kind::Money(b)) | (Kind::Money(a), Kind::Money(b)) => {
                refuse_unless(overlap(a, b))
            }
            (Kind::Boolean, Kind::Boolean)
            | (Kind::Uuid, Kind::Uuid)
            | (Kind::Timestamp, Kind::Timestamp)
            | (Kind::Date, Kind::Date)
            | (Kind::Duration, Kind::Duration)
            | (Kind::Bytes, Kind::Bytes) => Ok(()),
            (Kind::List(a, a_range), Kind::List(b, b_range)) => {
                refuse_unless(overlap(a_range, b_range))?;
                self.inside("[]", a, b, path, open)
            }
            (Kind::Map(a), Kind::Map(b)) => self.inside("*", a, b, path, open),
            (Kind::Map(value), Kind::Record(_)) => {
                let fields = self.record(right).unwrap_or_default();
                fields.into_iter().try_for_each(|(name, field)| self.inside(name, value, &field.ty, path, open))
            }
            (Kind::Record(_), Kind::Record(_)) => {
                let given = self.record(right).unwrap_or_default();
                for (name, wanted) in self.record(left).unwrap_or_default() {
                    self.accept_field(name, wanted, given.get(name).copied(), path, open)?;
                }
                Ok(())
            }
            _ => refuse(),
        }
    }

    /// One of several records is given one of them: each that it may be, by the values of the field that tells them apart.
    fn accept_union<'a>(
        &'a self,
        expected: &'a Type,
        union: &'a Tagged,
        found: &'a Type,
        path: &mut Vec<&'a str>,
        open: &mut Vec<(&'a str, &'a str)>,
    ) -> Result<(), Mismatch> {
        let each = |given: &[Type]| given.iter().try_for_each(|one| self.accepts_at(expected, one, path, open));
        if let Some(given) = self.union(found) {
            return each(&given.members);
        }
        match &self.resolve(found).kind {
            Kind::Union(members) => return each(members),
            Kind::Record(_) => {}
            _ => {
                let reason = format!("expected `{}`, found `{}`", describe(expected), describe(found));
                return Err(mismatch(path, reason));
            }
        }
        let any_of = |member: &Type| self.accepts_at(member, found, path, open).is_ok();
        let Some(by) = &union.by else {
            let fits = union.members.iter().any(any_of);
            let reason = || format!("expected `{}`, found `{}`", describe(expected), describe(found));
            return if fits { Ok(()) } else { Err(mismatch(path, reason())) };
        };
        let fields = self.record(found).unwrap_or_default();
        let Some(tag) = fields.get(by.value.as_str()) else {
            return Err(mismatch(path, format!("required field `{}` is missing", by.value)));
        };
        if tag.optional {
            let reason = format!("field `{}` is required, but what is given may lack it", by.value);
            return Err(mismatch(path, reason));
        }
        if self.is_any(&tag.ty) {
            return Ok(());
        }
        let at_tag = |reason: String| {
            let mut path = path.clone();
            path.push(&by.value);
            Err(mismatch(&path, reason))
        };
        let Some(apart) = self.apart(found, &by.value) else {
            let (tag, union) = (describe(&tag.ty), describe(expected));
            return at_tag(format!("`{tag}` does not tell which of the records of `{union}` it is"));
        };
        for (tag, one) in apart {
            let Some(member) = self.tagged_by(union, &tag) else {
                return at_tag(format!("`{tag}` is the value of none of the records of `{}`", describe(expected)));
            };
            self.accepts_at(member, &one, path, open)?;
        }
        Ok(())
    }

    /// The same for types that do not live as long as those under comparison.
    fn accepts_at<'a>(
        &'a self,
        expected: &'a Type,
        found: &Type,
        path: &[&'a str],
        open: &[(&'a str, &'a str)],
    ) -> Result<(), Mismatch> {
        if open.len() > MAX_PAIRS {
            return Ok(());
        }
        self.accept(expected, found, &mut path.to_vec(), &mut open.to_vec())
    }

    fn accept_field<'a>(
        &'a self,
        name: &'a str,
        wanted: &'a Field,
        given: Option<&'a Field>,
        path: &mut Vec<&'a str>,
        open: &mut Vec<(&'a str, &'a str)>,
    ) -> Result<(), Mismatch> {
        match given {
            None if wanted.optional => Ok(()),
            None => Err(mismatch(path, format!("required field `{name}` is missing"))),
            Some(given) if given.optional && !wanted.optional => {
                Err(mismatch(path, format!("field `{name}` is required, but what is given may lack it")))
            }
            Some(given) => self.inside(name, &wanted.ty, &given.ty, path, open),
        }
    }

    fn inside<'a>(
        &'a self,
        step: &'a str,
        expected: &'a Type,
        found: &'a Type,
        path: &mut Vec<&'a str>,
        open: &mut Vec<(&'a str, &'a str)>,
    ) -> Result<(), Mismatch> {
        path.push(step);
        self.accept(expected, found, path, open)?;
        path.pop();
        Ok(())
    }
}

/// Whether one number, as JSON writes it, can be an amount of this kind of `money`.
fn amount(money: &Kind, text: &str, path: &[&str]) -> Result<(), Mismatch> {
    let Some(reason) = number_problem(money, text) else { return Ok(()) };
    let cause = if significant_digits(text) > MAX_MONEY_DIGITS { Cause::Digits } else { Cause::Other };
    Err(Mismatch { cause, ..mismatch(path, reason) })
}

fn mismatch(path: &[&str], reason: String) -> Mismatch {
    let mut text = String::new();
    for step in path {
        if !text.is_empty() && *step != "[]" {
            text.push('.');
        }
        text.push_str(step);
    }
    Mismatch { path: text, reason, cause: Cause::Other }
}

/// Whether some value is within both.
fn overlap<T: PartialOrd + Copy>(a: &Range<T>, b: &Range<T>) -> bool {
    let below = |min: Option<T>, max: Option<T>| matches!((min, max), (Some(min), Some(max)) if min > max);
    !below(a.min, b.max) && !below(b.min, a.max)
}

/// How many characters the texts of a kind have that has a form.
fn lengths(kind: &Kind) -> Range<u64> {
    let count = |text: &str| text.len() as u64;
    let (least, most) = match kind {
        Kind::Uuid => (36, 36),
        Kind::Date => (count("2026-11-21"), count("2026-11-21")),
        Kind::Timestamp => (count("2026-11-21T10:00:00Z"), count("2026-11-21T10:00:00.000000000Z")),
        _ => return Range::default(),
    };
    Range { min: Some(least), max: Some(most) }
}

#[expect(clippy::cast_precision_loss, reason = "bounds are within 2^53 - 1, which a double holds exactly")]
fn as_number(range: &Range<i64>) -> Range<f64> {
    Range { min: range.min.map(|min| min as f64), max: range.max.map(|max| max as f64) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ty, types};

    fn give(expected: &str, found: &str) -> String {
        let types = types(&[
            ("Line", "{ sku: string, price: money }"),
            ("Order", "{ items: [Line], note?: string }"),
            ("Loop", "{ next: Loop }"),
            ("Ring", "{ next: Ring, more: string }"),
        ]);
        types.accepts(&ty(expected), &ty(found)).map_or_else(|mismatch| mismatch.to_string(), |()| "ok".into())
    }

    #[test]
    fn what_may_be_given_where() {
        for (expected, found, verdict) in [
            ("any", "Order", "ok"),
            ("Order", "any", "ok"),
            ("Order", "Unknown", "ok"),
            ("string", "uuid", "ok"),
            ("uuid", "string", "expected `uuid`, found `string`"),
            ("string(..30)", "uuid", "expected `string(..30)`, found `uuid`"),
            ("string(..36)", "uuid", "ok"),
            ("string(20..)", "date", "expected `string(20..)`, found `date`"),
            ("string(..10)", "date", "ok"),
            ("string(..19)", "timestamp", "expected `string(..19)`, found `timestamp`"),
            ("string(..24)", "timestamp", "ok"),
            ("string(..3)", "A | BB", "ok"),
            ("string(..3)", "A | LONG", "a text of 4 characters is more than 3"),
            ("A | B | C", "A | B", "ok"),
            ("A | B", "A | C", "`C` is not one of `A`, `B`"),
            ("A | B", "string", "expected `A | B`, found `string`"),
            ("date", "\"'2026-11-21'\"", "ok"),
            ("date", "\"'today'\"", "`today` is not a date such as `2026-11-21`"),
            ("number", "integer", "ok"),
            ("money", "integer(1..)", "ok"),
            ("number", "money", "ok"),
            ("money", "number", "expected `money`, found `number`"),
            ("integer", "number", "expected `integer`, found `number`"),
            ("integer(1..)", "integer", "ok"),
            ("integer(1..5)", "integer(6..)", "expected `integer(1..5)`, found `integer(6..)`"),
            ("[number]", "[integer; 1..]", "ok"),
            ("[string; 1..2]", "[string; 3..]", "expected `[string; 1..2]`, found `[string; 3..]`"),
            ("[Line]", "[{ sku: string, price: string }]", "`[].price`: expected `money`, found `string`"),
            ("Order", "{ items: [Line], more: boolean }", "ok"),
            ("Order", "{ note: string }", "required field `items` is missing"),
            ("Order", "{ items?: [Line] }", "field `items` is required, but what is given may lack it"),
            ("Order", "{ items: [{ sku: uuid }] }", "`items[]`: required field `price` is missing"),
            ("Order", "{ items: [Line], note: integer }", "`note`: expected `string`, found `integer`"),
            ("map(string)", "{ a: uuid, b: X | Y }", "ok"),
            ("map(string)", "Line", "`price`: expected `string`, found `money`"),
            ("Line", "map(string)", "expected `Line`, found `map(string)`"),
            ("Loop", "Ring", "ok"),
            ("boolean", "string", "expected `boolean`, found `string`"),
        ] {
            assert_eq!(give(expected, found), verdict, "{expected} <- {found}");
        }
    }
}
