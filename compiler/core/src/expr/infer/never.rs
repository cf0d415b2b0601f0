//! Calls that can never work, by the types of what they are given: a text that is too short for a UUID, a base that is none, milliseconds that are
//! no time. And functions that always call themselves.

use super::Infer;
use super::fixed::{Never, is_number, is_of_a_date, may_be_time, never};
use super::returns::Given;
use super::value::Value;
use crate::expr::ast::{Ast, AstKind, Operator};
use crate::types::{Kind, Range, text_problem};

/// The most items of a range, `from..to`: JSONata fails with D2014 on more.
/// <https://github.com/jsonata-js/jsonata/blob/v2.0.6/src/jsonata.js>, `evaluateRangeExpression`
pub(super) const RANGE: u64 = 10_000_000;

/// 2020 in milliseconds since 1970: no machine asks what time it is before that.
pub(super) const NOW_AT_LEAST: i64 = 1_577_836_800_000;

/// 2020 and 2100, between which a machine asks what time it is, in milliseconds since 1970.
const NOW: (f64, f64) = (1_577_836_800_000.0, 4_102_444_800_000.0);

/// How many characters a UUID has.
const UUID: u64 = 36;

/// How many characters a time has at least: a year.
const YEAR: u64 = 4;

impl Infer<'_> {
    /// What the type of an argument is said to be, if that never is what the function reads.
    pub(super) fn never_by_type<'g>(&self, function: &str, given: &[Given<'g>]) -> Option<(&'g Ast, Never)> {
        let at =
            |at: usize| given.get(at).filter(|(ast, _)| !matches!(ast.kind, AstKind::String(_) | AstKind::Number(_)));
        let (ast, problem) = match function {
            "toUuid" => {
                let (ast, of) = at(0)?;
                (*ast, self.no_text_of(of, "a UUID", (UUID, UUID), |text| text_problem(&Kind::Uuid, text).is_none())?)
            }
            "toTimestamp" | "toDate" => {
                let (ast, of) = at(0)?;
                (*ast, self.no_text_of(of, "a time", (YEAR, u64::MAX), may_be_time)?)
            }
            "toMillis" if given.len() == 1 => {
                let (ast, of) = at(0)?;
                (*ast, self.no_text_of(of, "a time", (YEAR, u64::MAX), may_be_time)?)
            }
            "number" => {
                let (ast, of) = at(0)?;
                (*ast, self.no_text_of(of, "a number", (1, u64::MAX), is_number)?)
            }
            "toOneOf" => {
                let ((ast, of), (list, _)) = (at(0)?, given.get(1)?);
                let AstKind::Array(items) = &list.kind else { return None };
                let text = |item: &Ast| if let AstKind::String(text) = &item.kind { Some(text.clone()) } else { None };
                let known: Vec<String> = items.iter().map(text).collect::<Option<_>>()?;
                let lengths = || known.iter().map(|text| text.chars().count() as u64);
                let (least, most) = (lengths().min()?, lengths().max()?);
                let one = |text: &str| known.iter().any(|known| known == text);
                (*ast, self.no_text_of(of, "one of the texts", (least, most), one)?)
            }
            "formatBase" => {
                let (ast, of) = at(1)?;
                let range = self.whole(of)?;
                let is_none = range.min.is_some_and(|least| least > 36) || range.max.is_some_and(|most| most < 2);
                is_none.then(|| (*ast, format!("a base is 2 to 36; found {}", super::show(&of.ty))))?
            }
            "replace" => {
                let (ast, of) = at(1)?;
                let Kind::String(range) = &self.types.resolve(&of.ty).kind else { return None };
                (range.max == Some(0)).then(|| (*ast, "an empty text cannot be replaced".to_owned()))?
            }
            "fromMillis" => {
                let (ast, _) = at(0)?;
                let (least, most) = extent(ast)?;
                let by_picture = given.len() > 1;
                let beyond = !is_of_a_date(least, by_picture)
                    && !is_of_a_date(most, by_picture)
                    && (least > 0.0) == (most > 0.0);
                beyond.then(|| {
                    (*ast, "so many milliseconds since 1970 are no time between the years 1 and 9999".to_owned())
                })?
            }
            _ => return None,
        };
        Some((ast, never(problem, None)))
    }

    pub(super) fn whole(&self, value: &Value) -> Option<Range<i64>> {
        match self.types.resolve(&value.ty).kind {
            Kind::Integer(range) => Some(range),
            _ => None,
        }
    }

    /// Why no text of a type is something: by its length, or each of its values.
    fn no_text_of(
        &self,
        value: &Value,
        wanted: &str,
        (least, most): (u64, u64),
        is_one: impl Fn(&str) -> bool,
    ) -> Option<String> {
        let is_none = match &self.types.resolve(&value.ty).kind {
            Kind::String(range) => {
                range.max.is_some_and(|longest| longest < least) || range.min.is_some_and(|shortest| shortest > most)
            }
            Kind::Enum(values) => !values.iter().any(|text| is_one(text)),
            _ => false,
        };
        is_none.then(|| format!("{} is never {wanted}", super::show(&value.ty)))
    }
}

/// Between what a number is that is made of literals and of what time it is. None of what is made of anything else.
fn extent(ast: &Ast) -> Option<(f64, f64)> {
    match &ast.kind {
        AstKind::Number(number) => Some((*number, *number)),
        AstKind::Negate(inner) => extent(inner).map(|(least, most)| (-most, -least)),
        AstKind::Block(parts) => match parts.as_slice() {
            [only] => extent(only),
            _ => None,
        },
        AstKind::Call(function, arguments) => {
            let is_now = matches!(&function.kind, AstKind::Variable(name) if name == "millis") && arguments.is_empty();
            is_now.then_some(NOW)
        }
        AstKind::Binary(operator, one, other) => {
            let ((a, b), (c, d)) = (extent(one)?, extent(other)?);
            let corners = |of: fn(f64, f64) -> f64| {
                let all = [of(a, c), of(a, d), of(b, c), of(b, d)];
                (
                    all.iter().copied().fold(f64::INFINITY, f64::min),
                    all.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                )
            };
            Some(match operator {
                Operator::Add => (a + c, b + d),
                Operator::Subtract => (a - d, b - c),
                Operator::Multiply => corners(|one, other| one * other),
                Operator::Divide if c > 0.0 || d < 0.0 => corners(|one, other| one / other),
                _ => return None,
            })
        }
        _ => None,
    }
}

/// Whether a part of an expression always calls a function of this name.
pub(super) fn always_calls(ast: &Ast, name: &str) -> bool {
    let calls = |ast: &Ast| always_calls(ast, name);
    let is_it = |ast: &Ast| matches!(&ast.kind, AstKind::Variable(called) if called == name);
    match &ast.kind {
        AstKind::Call(function, arguments) => is_it(function) || calls(function) || arguments.iter().any(calls),
        AstKind::Apply(left, right) => is_it(right) || calls(left) || calls(right),
        AstKind::Conditional(condition, then, otherwise) => {
            calls(condition) || calls(then) && otherwise.as_ref().is_some_and(|otherwise| calls(otherwise))
        }
        AstKind::Binary(Operator::And | Operator::Or, left, _) => calls(left),
        AstKind::Binary(_, left, right) => calls(left) || calls(right),
        // What follows is evaluated for each value, of which there may be none.
        AstKind::Path(base, _)
        | AstKind::Filter(base, _)
        | AstKind::Group(base, _)
        | AstKind::Sort(base, _)
        | AstKind::KeepArray(base)
        | AstKind::Focus(base, _)
        | AstKind::Negate(base) => calls(base),
        AstKind::Bind { name: bound, value, .. } => bound != name && calls(value),
        AstKind::Array(items) => items.iter().any(calls),
        AstKind::Object(entries) => entries.iter().any(|(key, value)| calls(key) || calls(value)),
        AstKind::Block(parts) => {
            let rebinds = |part: &Ast| matches!(&part.kind, AstKind::Bind { name: bound, .. } if bound == name);
            !parts.iter().any(rebinds) && parts.iter().any(calls)
        }
        AstKind::Lambda { .. }
        | AstKind::Transform(_)
        | AstKind::String(_)
        | AstKind::Number(_)
        | AstKind::Boolean(_)
        | AstKind::Null
        | AstKind::Regex
        | AstKind::Name { .. }
        | AstKind::Variable(_)
        | AstKind::Wildcard
        | AstKind::Descendant
        | AstKind::Parent
        | AstKind::Placeholder => false,
    }
}
