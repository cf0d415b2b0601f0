//! Whether a JSON value is of a type: for literals in a spec, sample events and tests.

use serde_json::Value;

use super::{Kind, MAX_INTEGER, MAX_MONEY_DIGITS, Range, Tagged, Type, Types};

/// The longest text that is taken for a duration; `P` and seven numbers fit several times over.
pub(super) const MAX_DURATION_CHARS: usize = 64;

/// One way in which a value is not of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where in the value, as a JSON pointer: `/items/0/price`; empty for the whole.
    /// <https://www.rfc-editor.org/rfc/rfc6901>
    pub pointer: String,
    /// What was found and what was expected.
    pub reason: String,
}

impl Types {
    /// Everything in which the value is not of this type; empty if it is.
    pub fn validate(&self, ty: &Type, value: &Value) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.validate_at(ty, value, "", &mut problems);
        problems
    }

    fn validate_at(&self, ty: &Type, value: &Value, pointer: &str, problems: &mut Vec<Problem>) {
        let members: &[Type] = match &self.named(ty).kind {
            Kind::Union(members) | Kind::Tagged(Tagged { members, .. }) => members,
            _ => &[],
        };
        if let Some(union) = self.union(ty)
            && let Some(by) = &union.by
            && let Some(tag) = value.get(&by.value).and_then(Value::as_str)
        {
            match self.tagged_by(union, tag) {
                Some(member) => self.validate_at(member, value, pointer, problems),
                None => problems.push(Problem {
                    pointer: format!("{pointer}/{}", escape(&by.value)),
                    reason: format!("`{tag}` is the value of none of the records of `{}`", super::describe(ty)),
                }),
            }
            return;
        }
        if let Some(first) = members.first() {
            // What is wrong by the first is as good an answer as any.
            if members.iter().all(|member| !self.validate(member, value).is_empty()) {
                self.validate_at(first, value, pointer, problems);
            }
            return;
        }
        let ty = self.resolve(ty);
        let mut report = |reason: String| problems.push(Problem { pointer: pointer.to_owned(), reason });
        match (&ty.kind, value) {
            (Kind::Any | Kind::Named(_), _) | (Kind::Boolean, Value::Bool(_)) => {}
            (Kind::List(item, range), Value::Array(items)) => {
                if let Some(reason) = outside(range, items.len() as u64) {
                    report(format!("a list of {} items is {reason}", items.len()));
                }
                for (at, element) in items.iter().enumerate() {
                    self.validate_at(item, element, &format!("{pointer}/{at}"), problems);
                }
            }
            (Kind::Map(inner), Value::Object(entries)) => {
                for (key, element) in entries {
                    self.validate_at(inner, element, &format!("{pointer}/{}", escape(key)), problems);
                }
            }
            (Kind::Record(_), Value::Object(entries)) => {
                for (name, field) in self.record(ty).unwrap_or_default() {
                    match entries.get(name) {
                        Some(element) => {
                            self.validate_at(&field.ty, element, &format!("{pointer}/{}", escape(name)), problems);
                        }
                        None if field.optional => {}
                        None => problems.push(Problem {
                            pointer: pointer.to_owned(),
                            reason: format!("required field `{name}` is missing"),
                        }),
                    }
                }
            }
            (_, Value::String(text)) => match text_problem(&ty.kind, text) {
                Some(reason) => report(reason),
                None if is_text(&ty.kind) => {}
                None => report(format!("expected `{}`, found text", super::describe(ty))),
            },
            (Kind::Integer(_) | Kind::Number(_) | Kind::Money(_), Value::Number(number)) => {
                if let Some(reason) = number_problem(&ty.kind, &number.to_string()) {
                    report(reason);
                }
            }
            _ => report(format!("expected `{}`, found {}", super::describe(ty), kind_of(value))),
        }
    }
}

/// Whether values of this kind are JSON strings.
pub(crate) fn is_text(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::String(_) | Kind::Uuid | Kind::Timestamp | Kind::Date | Kind::Duration | Kind::Bytes | Kind::Enum(_)
    )
}

/// Why a text cannot be a value of this kind; `None` if it can, and for kinds that are no text.
pub(crate) fn text_problem(kind: &Kind, text: &str) -> Option<String> {
    match kind {
        Kind::String(range) => {
            let length = text.chars().count();
            outside(range, length as u64).map(|reason| format!("a text of {length} characters is {reason}"))
        }
        Kind::Uuid if !is_uuid(text) => Some(format!("`{text}` is not a UUID in lower case with hyphens")),
        Kind::Timestamp if !is_timestamp(text) => {
            Some(format!("`{text}` is not a timestamp such as `2026-11-21T10:00:00.000Z`"))
        }
        Kind::Date if !is_date(text) => Some(format!("`{text}` is not a date such as `2026-11-21`")),
        Kind::Duration if !is_duration(text) => Some(format!("`{text}` is not an ISO 8601 duration such as `PT15M`")),
        Kind::Bytes if !is_base64(text) => Some("the text is not base64".into()),
        Kind::Enum(literals) if literals.iter().all(|literal| literal.value != text) => {
            let known: Vec<&str> = literals.iter().map(|literal| literal.value.as_str()).collect();
            Some(format!("`{text}` is not one of {}", crate::diagnostics::list(&known)))
        }
        _ => None,
    }
}

/// Why a number, as JSON writes it, cannot be a value of this kind; `None` if it can, and for kinds that are no number.
pub(crate) fn number_problem(kind: &Kind, text: &str) -> Option<String> {
    let value: f64 = text.parse().ok()?;
    let reason = match kind {
        Kind::Integer(_) if value.fract() != 0.0 => return Some(format!("{text} is not a whole number")),
        #[expect(clippy::cast_precision_loss, reason = "2^53 - 1 is exact in a double")]
        Kind::Integer(_) if value.abs() > MAX_INTEGER as f64 => {
            return Some(format!("{text} is beyond ±{MAX_INTEGER}, the whole numbers that JSON carries exactly"));
        }
        #[expect(clippy::cast_precision_loss, reason = "bounds are within 2^53 - 1")]
        Kind::Integer(range) => {
            outside(&Range { min: range.min.map(|min| min as f64), max: range.max.map(|max| max as f64) }, value)
        }
        Kind::Money(_) if significant_digits(text) > MAX_MONEY_DIGITS => {
            return Some(format!(
                "{text} has more than the {MAX_MONEY_DIGITS} significant digits that `money` carries exactly"
            ));
        }
        Kind::Number(range) | Kind::Money(range) => outside(range, value),
        _ => None,
    };
    reason.map(|reason| format!("{text} is {reason}"))
}

/// How a value lies outside a range: `less than 1`.
fn outside<T: PartialOrd + Copy + std::fmt::Display>(range: &Range<T>, value: T) -> Option<String> {
    match (&range.min, &range.max) {
        (Some(min), _) if value < *min => Some(format!("less than {min}")),
        (_, Some(max)) if value > *max => Some(format!("more than {max}")),
        _ => None,
    }
}

/// The significant digits of a decimal number as written: zeros in front do not count, nor do zeros at the end.
pub(crate) fn significant_digits(text: &str) -> usize {
    let mantissa = text.split(['e', 'E']).next().unwrap_or("");
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_start_matches('0').trim_end_matches('0').len()
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.char_indices().all(|(at, next)| match at {
            8 | 13 | 18 | 23 => next == '-',
            _ => next.is_ascii_digit() || ('a'..='f').contains(&next),
        })
}

/// Digits only, so many of them, as a number.
fn digits(text: &str, count: usize) -> Option<u32> {
    (text.len() == count && text.bytes().all(|next| next.is_ascii_digit())).then(|| text.parse().ok())?
}

fn is_date(text: &str) -> bool {
    let Some((year, rest)) = text.split_once('-') else { return false };
    let Some((month, day)) = rest.split_once('-') else { return false };
    let (Some(year), Some(month), Some(day)) = (digits(year, 4), digits(month, 2), digits(day, 2)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// RFC 3339 in UTC, seconds with up to nine decimals. A leap second is refused: few clocks and no store on the way knows it.
fn is_timestamp(text: &str) -> bool {
    let Some((date, time)) = text.split_once('T') else { return false };
    let Some(time) = time.strip_suffix('Z') else { return false };
    let (clock, fraction) = time.split_once('.').map_or((time, None), |(clock, fraction)| (clock, Some(fraction)));
    let mut parts = clock.split(':').map(|part| digits(part, 2));
    let below = |part: Option<Option<u32>>, limit: u32| part.flatten().is_some_and(|value| value < limit);
    is_date(date)
        && below(parts.next(), 24)
        && below(parts.next(), 60)
        && below(parts.next(), 60)
        && parts.next().is_none()
        && fraction.is_none_or(|text| digits(text, text.len()).is_some() && (1..=9).contains(&text.len()))
}

/// `P` with numbers and units in falling order, `T` before those of a day; at least one of them; decimals in seconds only.
fn is_duration(text: &str) -> bool {
    let Some(body) = text.strip_prefix('P').filter(|_| text.len() <= MAX_DURATION_CHARS) else { return false };
    let (date, time) = body.split_once('T').map_or((body, None), |(date, time)| (date, Some(time)));
    let part = |mut rest: &str, units: &str| {
        let mut last = None;
        while !rest.is_empty() {
            let Some(end) = rest.find(|next: char| !next.is_ascii_digit() && next != '.') else { return false };
            let (number, unit) = rest.split_at(end);
            let Some(place) = unit.chars().next().and_then(|unit| units.find(unit)) else { return false };
            let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
            let sound =
                [whole, decimals].iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
            if !sound || (number.contains('.') && !unit.starts_with('S')) || last.is_some_and(|last| place <= last) {
                return false;
            }
            last = Some(place);
            rest = unit.get(1..).unwrap_or("");
        }
        true
    };
    !body.is_empty() && part(date, "YMWD") && time.is_none_or(|time| !time.is_empty() && part(time, "HMS"))
}

fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    text.len().is_multiple_of(4)
        && text.len() - body.len() <= 2
        && body.bytes().all(|next| next.is_ascii_alphanumeric() || matches!(next, b'+' | b'/'))
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ty, types};
    use super::*;
    use serde_json::json;

    fn problems(shorthand: &str, value: &Value) -> String {
        let types = types(&[("Line", "{ sku: string(1..3), price: money(0..), note?: string }")]);
        let problems = types.validate(&ty(shorthand), value);
        problems.iter().map(|p| format!("{}: {}", p.pointer, p.reason)).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn good_values_have_no_problem() {
        for (shorthand, value) in [
            ("any", json!(null)),
            ("integer", json!(9_007_199_254_740_991_i64)),
            ("integer(1..)", json!(1.0)),
            ("number(0..1)", json!(0.5)),
            ("money", json!(109.97)),
            ("uuid", json!("1f0c9f1e-2b3c-4d5e-8f90-a1b2c3d4e5f6")),
            ("timestamp", json!("2024-02-29T23:59:59.123Z")),
            ("date", json!("2024-02-29")),
            ("duration", json!("P1DT2H0.5S")),
            ("bytes", json!("aGk=")),
            ("A | 'b c'", json!("b c")),
            ("[Line; 1..]", json!([{ "sku": "a", "price": 1, "extra": true }])),
            ("map(integer)", json!({ "a": 1 })),
        ] {
            assert_eq!(problems(shorthand, &value), "", "{shorthand}");
        }
    }

    #[test]
    fn problems_say_where_and_why() {
        for (shorthand, value, expected) in [
            ("integer", json!(1.5), ": 1.5 is not a whole number"),
            ("integer", json!("1"), ": expected `integer`, found text"),
            ("integer(1..)", json!(0), ": 0 is less than 1"),
            ("string(..2)", json!("äöü"), ": a text of 3 characters is more than 2"),
            (
                "money",
                json!(1_234_567_890.123_456),
                ": 1234567890.123456 has more than the 15 significant digits that `money` carries exactly",
            ),
            (
                "uuid",
                json!("1F0C9F1E-2b3c-4d5e-8f90-a1b2c3d4e5f6"),
                ": `1F0C9F1E-2b3c-4d5e-8f90-a1b2c3d4e5f6` is not a UUID in lower case with hyphens",
            ),
            (
                "timestamp",
                json!("2026-11-21 10:00:00"),
                ": `2026-11-21 10:00:00` is not a timestamp such as `2026-11-21T10:00:00.000Z`",
            ),
            ("date", json!("2026-02-29"), ": `2026-02-29` is not a date such as `2026-11-21`"),
            ("duration", json!("PT"), ": `PT` is not an ISO 8601 duration such as `PT15M`"),
            ("bytes", json!("a"), ": the text is not base64"),
            ("A | B", json!("C"), ": `C` is not one of `A`, `B`"),
            (
                "[Line]",
                json!([{ "sku": "" }]),
                "/0/sku: a text of 0 characters is less than 1; /0: required field `price` is missing",
            ),
            ("Line", json!({ "sku": "a", "price": null }), "/price: expected `money(0..)`, found null"),
            ("map(integer)", json!({ "a/b~": "x" }), "/a~1b~0: expected `integer`, found text"),
            ("boolean", json!([]), ": expected `boolean`, found a list"),
        ] {
            assert_eq!(problems(shorthand, &value), expected, "{shorthand}");
        }
    }
}
