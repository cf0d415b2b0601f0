//! Between what the whole numbers are that known functions give: by the bounds of what they are given.

use super::Infer;
use super::returns::Given;
use super::value::{Special, Value};
use crate::expr::ast::AstKind;
use crate::expr::functions::Function;
use crate::types::{Kind, MAX_INTEGER, Range, Type};

impl Infer<'_> {
    /// What a function gives, within the bounds of it if it is a whole number.
    pub(super) fn with_bounds(&self, value: Value, function: &Function, given: &[Given<'_>]) -> Value {
        let is_whole = !value.many && matches!(self.types.resolve(&value.ty).kind, Kind::Integer(_));
        match self.whole_bounds(function, given).filter(|_| is_whole) {
            Some(range) => Value { ty: Type { kind: Kind::Integer(range), span: value.ty.span }, ..value },
            None => value,
        }
    }

    /// The bounds of what a function gives that gives a whole number. Nothing if no more is known than that.
    fn whole_bounds(&self, function: &Function, given: &[Given<'_>]) -> Option<Range<i64>> {
        let (ast, value) = given.first()?;
        let range = match function.name {
            "abs" => without_sign(self.whole(value)?),
            "floor" => self.rounded(value, f64::floor)?,
            "ceil" => self.rounded(value, f64::ceil)?,
            "round" if given.len() == 1 => self.rounded(value, f64::round_ties_even)?,
            "sum" | "max" | "min" => {
                let AstKind::Array(items) = &ast.kind else { return None };
                let each = items.iter().map(|item| self.alone(self.parts.get(&item.range)?));
                joined(function.name, &each.collect::<Option<Vec<_>>>()?)?
            }
            _ => return None,
        };
        // Beyond what a double holds exactly, nothing is known of the last digits.
        let exact = |bound: Option<i64>| bound.filter(|bound| (-MAX_INTEGER..=MAX_INTEGER).contains(bound));
        Some(Range { min: exact(range.min), max: exact(range.max) })
    }

    /// The bounds of one whole number that is there.
    fn alone(&self, value: &Value) -> Option<Range<i64>> {
        let is_one = value.special == Special::No && !value.many && !value.null && value.absent.is_none();
        if is_one { self.whole(value) } else { None }
    }

    /// The bounds of a number, rounded.
    fn rounded(&self, value: &Value, round: fn(f64) -> f64) -> Option<Range<i64>> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "beyond what a double holds exactly, the bound is left out"
        )]
        let whole = |bound: f64| round(bound) as i64;
        match &self.types.resolve(&value.ty).kind {
            Kind::Integer(range) => Some(*range),
            Kind::Number(range) => Some(Range { min: range.min.map(whole), max: range.max.map(whole) }),
            _ => None,
        }
    }
}

fn without_sign(range: Range<i64>) -> Range<i64> {
    match (range.min, range.max) {
        (Some(min), _) if min >= 0 => range,
        (min, Some(max)) if max <= 0 => Range { min: max.checked_neg(), max: min.and_then(i64::checked_neg) },
        (Some(min), Some(max)) => Range { min: Some(0), max: min.checked_neg().map(|least| least.max(max)) },
        _ => Range { min: Some(0), max: None },
    }
}

/// What several come to: all of them together, the greatest or the least.
fn joined(function: &str, each: &[Range<i64>]) -> Option<Range<i64>> {
    let (least, most) = (|| each.iter().map(|range| range.min), || each.iter().map(|range| range.max));
    if each.is_empty() {
        return None;
    }
    Some(match function {
        "sum" => {
            let add = |sum: i64, bound: Option<i64>| bound.and_then(|bound| sum.checked_add(bound));
            Range { min: least().try_fold(0, add), max: most().try_fold(0, add) }
        }
        // The greatest is no less than any of them, and no greater than the greatest that one may be.
        "max" => {
            let greatest = most().collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max());
            Range { min: least().flatten().max(), max: greatest }
        }
        _ => {
            let lowest = least().collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().min());
            Range { min: lowest, max: most().flatten().min() }
        }
    })
}
