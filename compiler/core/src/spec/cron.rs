//! The times of a schedule: cron expressions as `EventBridge` Scheduler reads them, and names of time zones. From text to what
//! is wrong with it.
//!
//! <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based>

use super::decode::Decoder;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::spec::scalar::Duration;

/// A field of a cron expression: what it is called, its least and greatest number, names for numbers, and the marks beside
/// numbers, `,` and `-` that it may have.
struct Field {
    what: &'static str,
    min: u32,
    max: u32,
    names: &'static [&'static str],
    marks: &'static str,
}

const MONTHS: &[&str] = &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// The fields in the order written.
const FIELDS: [Field; 6] = [
    Field { what: "minutes", min: 0, max: 59, names: &[], marks: "*/" },
    Field { what: "hours", min: 0, max: 23, names: &[], marks: "*/" },
    Field { what: "day of month", min: 1, max: 31, names: &[], marks: "*/?LW" },
    Field { what: "month", min: 1, max: 12, names: MONTHS, marks: "*/" },
    Field { what: "day of week", min: 1, max: 7, names: DAYS, marks: "*?L#" },
    Field { what: "year", min: 1970, max: 2199, names: &[], marks: "*/" },
];

/// Where the days stand among [`FIELDS`].
const DAY_OF_MONTH: usize = 2;
const DAY_OF_WEEK: usize = 4;
const MONTH: usize = 3;
const YEAR: usize = 5;

/// The year of this version of evc, which does not look at a clock: what is before it is past.
const THIS_YEAR: u32 = 2026;

/// The most characters of the expression of a schedule.
/// <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html>
const MAX_EXPRESSION: usize = 256;

const HELP: &str = "the fields are minutes, hours, day of month, month, day of week, year: `0 3 * * ? *`";

/// Reports what is wrong with a cron expression, each field where it stands.
pub(super) fn check(cron: &Spanned<String>, cx: &mut Decoder) {
    if let Some(inner) = cron.trim().strip_prefix("cron(").and_then(|rest| rest.strip_suffix(')')) {
        let message = "the expression stands without `cron()` around it";
        cx.report(Diagnostic::new(Code::EVC0111, cron.span, message).replace(
            format!("write `{inner}`"),
            cron.span,
            format!("\"{inner}\""),
        ));
        return;
    }
    let written: Vec<&str> = cron.split_whitespace().collect();
    if written.len() != FIELDS.len() {
        let message = format!("a cron expression has {} fields, found {}", FIELDS.len(), written.len());
        cx.report(bad(cron.span, message));
        return;
    }
    // `cron(..)` stands around it.
    let length = "cron()".len() + cron.len();
    if length > MAX_EXPRESSION {
        let message =
            format!("with `cron()` around it the expression has {length} characters, at most {MAX_EXPRESSION} fit");
        cx.report(Diagnostic::new(Code::EVC0111, cron.span, message).help("use ranges and steps: `0-23`, `*/5`"));
        return;
    }
    let mut fits = true;
    for (field, text) in FIELDS.iter().zip(&written) {
        if let Some(problem) = problem(field, text) {
            cx.report(bad(place(cron, text), problem));
            fits = false;
        }
    }
    if fits && (written[DAY_OF_MONTH] == "?") == (written[DAY_OF_WEEK] == "?") {
        let message = "one of day of month and day of week is `?`, and the other is not";
        let days = place(cron, written[DAY_OF_MONTH]).to(place(cron, written[DAY_OF_WEEK]));
        cx.report(bad(days, message));
        return;
    }
    if fits {
        never(cron, &written, cx);
    }
}

/// What is wrong with a cron expression that stands in a template.
pub(crate) fn problems(cron: &Spanned<String>) -> Vec<Diagnostic> {
    let mut cx = Decoder::default();
    check(cron, &mut cx);
    cx.diagnostics
}

/// What is wrong with the name of a time zone that stands in a template.
pub(crate) fn timezone_problems(timezone: &Spanned<String>) -> Vec<Diagnostic> {
    let mut cx = Decoder::default();
    check_timezone(timezone, &mut cx);
    cx.diagnostics
}

/// Reports days that no month has, and years that are past.
fn never(cron: &Spanned<String>, written: &[&str], cx: &mut Decoder) {
    let (days, months, years) = (written[DAY_OF_MONTH], written[MONTH], written[YEAR]);
    if let (Some(first), Some(months)) = (first_day(days), numbers(&FIELDS[MONTH], months)) {
        let longest = months.iter().map(|month| MONTH_DAYS[*month as usize - 1]).max().unwrap_or(31);
        if first > longest {
            let message = format!("none of these months has a day {first}, so that this never comes");
            cx.report(Diagnostic::new(Code::EVC0111, place(cron, days).to(place(cron, written[MONTH])), message));
        } else if first == 29
            && longest == 29
            && numbers(&FIELDS[YEAR], years).is_some_and(|years| years.iter().all(|year| !is_leap(*year)))
        {
            let message = format!("February of `{years}` has no day 29, so that this never comes");
            cx.report(Diagnostic::new(Code::EVC0111, place(cron, days).to(place(cron, years)), message));
        }
    }
    if numbers(&FIELDS[YEAR], years).is_some_and(|years| years.iter().all(|year| *year < THIS_YEAR)) {
        let message = format!("`{years}` is past, so that this never comes");
        cx.report(Diagnostic::new(Code::EVC0111, place(cron, years), message));
    }
}

/// The days of each month, of a leap year.
const MONTH_DAYS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// The least day of a month that a field names; none if it names days in other ways, too.
fn first_day(days: &str) -> Option<u32> {
    let numbers = days.split(',').map(|item| numbers(&FIELDS[DAY_OF_MONTH], item.strip_suffix('W').unwrap_or(item)));
    let first = numbers.map(|numbers| numbers.and_then(|numbers| numbers.into_iter().min()));
    first.collect::<Option<Vec<u32>>>()?.into_iter().min()
}

/// The numbers that a field names; none if it has marks that are no numbers.
fn numbers(field: &Field, text: &str) -> Option<Vec<u32>> {
    let mut found = Vec::new();
    for item in text.split(',') {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, step.parse().ok()?),
            None => (item, 1),
        };
        let (low, high) = match range.split_once('-') {
            Some((low, high)) => (number(field, low).ok()?, number(field, high).ok()?),
            None if range == "*" => (field.min, field.max),
            None if item.contains('/') => (number(field, range).ok()?, field.max),
            None => (number(field, range).ok()?, number(field, range).ok()?),
        };
        found.extend((low..=high).step_by(usize::max(step, 1)));
    }
    Some(found)
}

/// After how long a cron expression starts again, on the average of an hour, if it does so hour after hour.
pub(crate) fn again(cron: &str) -> Option<Duration> {
    let written: Vec<&str> = cron.split_whitespace().collect();
    let each = |at: usize| {
        let mut found = numbers(&FIELDS[at], written.get(at)?)?;
        found.sort_unstable();
        found.dedup();
        Some(found)
    };
    let (minutes, hours) = (each(0)?, each(1)?);
    let is_hourly = hours.windows(2).any(|pair| pair[1] - pair[0] == 1);
    let count = u64::try_from(minutes.len()).ok().filter(|count| is_hourly && *count > 0)?;
    Some(Duration::seconds(3_600 / count))
}

fn bad(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::EVC0111, span, message).help(HELP)
}

/// The place of a part of a text, which may be in quotes; of the whole text if it is written with escapes.
fn place(text: &Spanned<String>, part: &str) -> Span {
    let offset = part.as_ptr() as usize - text.value.as_ptr() as usize;
    match text.span.range().len().checked_sub(text.value.len()) {
        Some(0) => text.span.slice(offset, part.len()),
        Some(2) => text.span.slice(offset + 1, part.len()),
        _ => text.span,
    }
}

/// What is wrong with a field; nothing for most.
fn problem(field: &Field, text: &str) -> Option<String> {
    text.split(',').find_map(|item| item_problem(field, item, text))
}

fn item_problem(field: &Field, item: &str, whole: &str) -> Option<String> {
    let what = field.what;
    let may = |mark: char| field.marks.contains(mark);
    if item == "*" || item == "?" && whole == "?" && may('?') || item == "L" && may('L') || item == "LW" && may('W') {
        return None;
    }
    let number = |text: &str| number(field, text);
    if let Some((from, step)) = item.split_once('/').filter(|_| may('/')) {
        let is_step = step.parse::<u32>().is_ok_and(|step| (1..=field.max).contains(&step));
        if !is_step || !step.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(format!("`{step}` is not a step of {what}, which is 1 to {}", field.max));
        }
        return if from == "*" { None } else { range_problem(field, from) };
    }
    if let Some((day, week)) = item.split_once('#').filter(|_| may('#')) {
        let is_week = matches!(week, "1" | "2" | "3" | "4" | "5");
        let message = || format!("after `#` stands which one of the month it is, 1 to 5, found `{week}`");
        return if is_week { number(day).err() } else { Some(message()) };
    }
    // `15W`, the working day next to the 15th; `6L`, the last Friday.
    let suffix = if field.names.is_empty() { 'W' } else { 'L' };
    if let Some(day) = item.strip_suffix(suffix).filter(|day| may(suffix) && !day.is_empty()) {
        return number(day).err();
    }
    range_problem(field, item)
}

/// What is wrong with a number or a range of two.
fn range_problem(field: &Field, text: &str) -> Option<String> {
    let Some((low, high)) = text.split_once('-') else { return number(field, text).err() };
    match (number(field, low), number(field, high)) {
        (Err(problem), _) | (_, Err(problem)) => Some(problem),
        (Ok(low), Ok(high)) => {
            (low > high).then(|| format!("the range `{text}` of {} ends before it starts", field.what))
        }
    }
}

/// A number of a field, by its digits or its name.
fn number(field: &Field, text: &str) -> Result<u32, String> {
    if let Some(at) = field.names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
        return Ok(field.min + u32::try_from(at).unwrap_or_default());
    }
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse::<u32>().ok().filter(|number| digits && (field.min..=field.max).contains(number));
    number.ok_or_else(|| {
        let names = match (field.names.first(), field.names.last()) {
            (Some(first), Some(last)) => format!(" or `{first}` to `{last}`"),
            _ => String::new(),
        };
        format!("`{text}` is not a value of {}, which has {} to {}{names}", field.what, field.min, field.max)
    })
}

/// The names of the IANA time zone database, one a line, after a line that says of which release.
const TIMEZONES: &str = include_str!("timezones.txt");

/// Reports a time zone that the IANA database does not have.
pub(super) fn check_timezone(timezone: &Spanned<String>, cx: &mut Decoder) {
    let known = || TIMEZONES.lines().skip(1);
    if known().any(|name| name == timezone.as_str()) {
        return;
    }
    let message = format!("`{}` is not a time zone", timezone.value);
    cx.report(
        Diagnostic::new(Code::EVC0111, timezone.span, message)
            .suggest(timezone, known())
            .note("time zones have the names of the IANA database, such as `Europe/Lisbon`"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with a cron expression, and the texts of the places.
    fn found(text: &str) -> Vec<(String, String)> {
        let mut sources = crate::source::SourceMap::default();
        let file = sources.add(std::path::Path::new("x"), text);
        let mut cx = Decoder::default();
        check(&Spanned::new(text.to_owned(), Span::new(file, 0..text.len())), &mut cx);
        let at = |diagnostic: &Diagnostic| text[diagnostic.primary.span.range()].to_owned();
        cx.diagnostics.iter().map(|diagnostic| (at(diagnostic), diagnostic.message.clone())).collect()
    }

    #[test]
    fn what_aws_takes_is_fine() {
        for text in [
            "0 3 * * ? *",
            "0/15 8-17 ? * MON-FRI *",
            "*/5 0,12 1,15 JAN-mar ? 2026-2030",
            "0 18 L * ? *",
            "0 18 15W * ? *",
            "0 10 ? * 6L 2030",
            "0 0 29 FEB ? *",
            "0 0 29 2 ? 2027-2028",
            "0 0 31 2,3 ? *",
            "0 0 28-31 2 ? *",
            "0 0 30/1 * ? *",
            "0 0 L 2 ? *",
            "0 0 1 1 ? 2020-2030",
            "0 10 ? * FRI#2 2199",
            "10-50/10 0 31 12 ? */2",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn hour_after_hour() {
        for (cron, seconds) in [
            ("* * * * ? *", Some(60)),
            ("0/5 * * * ? *", Some(300)),
            ("*/15 8-18 ? * MON-FRI *", Some(900)),
            ("0,1 3 * * ? *", None),
            ("0 */2 * * ? *", None),
            ("0 * * * ? *", Some(3_600)),
        ] {
            assert_eq!(again(cron), seconds.map(Duration::seconds), "{cron}");
        }
    }

    #[test]
    fn the_field_that_is_wrong_is_underlined() {
        for (text, at) in [
            ("60 3 * * ? *", "60"),
            ("0 24 * * ? *", "24"),
            ("0 3 0 * ? *", "0"),
            ("0 3 * 13 ? *", "13"),
            ("0 3 ? * 8 *", "8"),
            ("0 3 ? * MO *", "MO"),
            ("0 3 * * ? 2200", "2200"),
            ("0/0 3 * * ? *", "0/0"),
            ("0 17-8 * * ? *", "17-8"),
            ("0 3,,4 * * ? *", "3,,4"),
            ("L 3 * * ? *", "L"),
            ("? 3 * * ? *", "?"),
            ("0 3 ? * MON#6 *", "MON#6"),
            ("0 3 ? * MON/2 *", "MON/2"),
            ("0 3 +1 * ? *", "+1"),
            ("0 3 * * * *", "* * *"),
            ("0 3 ? * ? *", "? * ?"),
            ("0 3 * *", "0 3 * *"),
            ("0 3 31 2 ? *", "31 2"),
            ("0 3 31 APR,jun,9,11 ? *", "31 APR,jun,9,11"),
            ("0 3 30W FEB ? *", "30W FEB"),
            ("0 3 30,31 FEB ? *", "30,31 FEB"),
            ("0 3 29 2 ? 2027", "29 2 ? 2027"),
            ("0 3 * * ? 1999", "1999"),
            ("0 3 * * ? 1999-2001,2010", "1999-2001,2010"),
        ] {
            let found = found(text);
            assert_eq!(found.iter().map(|(at, _)| at.as_str()).collect::<Vec<_>>(), [at], "{text}: {found:?}");
        }
    }

    #[test]
    fn time_zones_are_those_of_iana() {
        for (name, is_known) in
            [("Europe/Lisbon", true), ("UTC", true), ("Asia/Calcutta", true), ("Europe/Lisboa", false), ("", false)]
        {
            let mut cx = Decoder::default();
            check_timezone(&Spanned::new(name.to_owned(), Span::default()), &mut cx);
            assert_eq!(cx.diagnostics.is_empty(), is_known, "{name}");
        }
    }
}
