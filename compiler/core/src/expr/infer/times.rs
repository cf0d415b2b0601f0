//! Times that are compared with what is spelled in another way: JSONata compares texts, letter by letter.
//!
//! Timestamps of one form come in the order of time. `10:00:00.5Z` comes before `10:00:00Z`, though, since `.` comes before `Z`.

use super::{Infer, Risk, Value, Without};
use crate::expr::ast::{Ast, AstKind, Operator};
use crate::types::{Kind, Type, Types};

/// How many digits of a second there are in the times that JSONata and Step Functions make.
/// <https://docs.jsonata.org/date-time-functions>,
/// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html>
const MADE_DIGITS: usize = 3;

/// Forms of texts that say a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Time {
    Date,
    Timestamp,
    /// One or the other.
    Either,
}

impl Infer<'_> {
    /// Takes note of a comparison of a time with what may be spelled in another way.
    pub(super) fn compared_times(&mut self, operator: Operator, sides: [(&Ast, &Value); 2]) {
        let is_order = !matches!(operator, Operator::Equal | Operator::NotEqual | Operator::In);
        let [(left, a), (right, b)] = sides;
        let range = left.range.start..right.range.end;
        let (one, other) = (time(&a.ty, self.types), time(&b.ty, self.types));
        if let (Some(one), Some(other)) = (one, other)
            && (one != other || one == Time::Either)
            && is_order
            && !matches!((&left.kind, &right.kind), (AstKind::String(_), _) | (_, AstKind::String(_)))
        {
            return self.spelled(range, "compares a date with a timestamp", DATES);
        }
        for ((of, time), (text, value)) in [((left, one), (right, b)), ((right, other), (left, a))] {
            let is_text = matches!(self.types.resolve(&value.ty).kind, Kind::String(_));
            match time {
                Some(Time::Timestamp) if is_text && is_declared(text) => {
                    self.spelled(range.clone(), "compares a timestamp with a text", TIMESTAMP);
                }
                Some(Time::Date) if is_text && is_declared(text) => {
                    self.spelled(range.clone(), "compares a date with a text", DATE);
                }
                Some(Time::Timestamp)
                    if self.is_made(of) && digits(text).is_some_and(|digits| digits != MADE_DIGITS) =>
                {
                    self.spelled(range.clone(), "compares a timestamp with one of another form", DIGITS);
                }
                _ => {}
            }
        }
    }

    /// Takes note of elements that are put in order by texts of two forms.
    pub(super) fn ordered_times(&mut self, ast: &Ast, by: &Value) {
        if time(&by.ty, self.types) == Some(Time::Either) {
            self.spelled(ast.range.clone(), "orders dates and timestamps", DATES);
        }
    }

    fn spelled(&mut self, at: std::ops::Range<usize>, does: &'static str, instead: &'static str) {
        let risk = Risk { at, of: Without::OneForm { does, instead } };
        if !self.weighs && !self.risks.contains(&risk) {
            self.risks.push(risk);
        }
    }

    /// Whether a time is made by JSONata or by Step Functions, to the millisecond.
    fn is_made(&self, ast: &Ast) -> bool {
        match &ast.kind {
            AstKind::Block(parts) => matches!(parts.as_slice(), [only] if self.is_made(only)),
            AstKind::Call(callee, _) => {
                matches!(&callee.kind, AstKind::Variable(name) if matches!(name.as_str(), "now" | "fromMillis" | "toTimestamp"))
            }
            AstKind::Path(..) => self.text(ast) == "execution.startTime",
            _ => false,
        }
    }
}

/// What to do about a date and a timestamp.
const DATES: &str =
    "`$toDate(x)` gives the date of a timestamp, and `$toTimestamp(x)` the timestamp at which a date begins";

/// What to do about a text beside a timestamp.
const TIMESTAMP: &str = "declare it as a `timestamp`, or write `$toTimestamp(x)`, which fails where the text says none";

/// What to do about a text beside a date.
const DATE: &str = "declare it as a `date`, or write `$toDate(x)`, which fails where the text says none";

/// What to do about a literal of fewer digits, or more.
const DIGITS: &str =
    "write the literal with three digits of a second, as the other side has: `2026-11-21T10:00:00.000Z`";

/// The time that all texts of a type say.
fn time(ty: &Type, types: &Types) -> Option<Time> {
    match &types.resolve(ty).kind {
        Kind::Date => Some(Time::Date),
        Kind::Timestamp => Some(Time::Timestamp),
        Kind::Union(members) => {
            let mut times = members.iter().map(|member| time(member, types));
            let first = times.next()??;
            times.try_fold(first, |one, other| Some(if other? == one { one } else { Time::Either }))
        }
        _ => None,
    }
}

/// Whether this is a value as it is declared somewhere, and not one that is put together here in a form of its own.
fn is_declared(ast: &Ast) -> bool {
    match &ast.kind {
        AstKind::Name { .. } | AstKind::Variable(_) => true,
        AstKind::Path(_, last) => is_declared(last),
        AstKind::Filter(base, _) => is_declared(base),
        AstKind::Block(parts) => matches!(parts.as_slice(), [only] if is_declared(only)),
        _ => false,
    }
}

/// How many digits of a second the literal of a timestamp has.
fn digits(ast: &Ast) -> Option<usize> {
    let AstKind::String(text) = &ast.kind else { return None };
    let (_, clock) = text.split_once('T')?;
    let clock = clock.strip_suffix('Z')?;
    Some(clock.split_once('.').map_or(0, |(_, digits)| digits.len()))
}
