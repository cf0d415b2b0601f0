//! When a schedule comes: `rate(5 minutes)`, `cron(0 12 ? * MON-FRI *)`, `at(2026-02-01T08:00:00)`.
//!
//! <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html>,
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html>

use std::collections::BTreeSet;

use evc_values::Timestamp;
use time::{Date, Month, OffsetDateTime, Time, Weekday};

use super::zone::Zone;

/// The years that expressions may name.
const YEARS: (u32, u32) = (1970, 2199);

/// A schedule.
#[derive(Debug)]
pub(super) enum When {
    /// Every so many milliseconds.
    Every(u64),
    /// At times of days.
    Cron(Box<Cron>),
    /// Once, when a clock on the wall shows this time: seconds since 1970 as if it stood in UTC.
    Once(i64),
}

/// Six fields, all of which a time has to fit.
#[derive(Debug)]
pub(super) struct Cron {
    minutes: BTreeSet<u32>,
    hours: BTreeSet<u32>,
    days: Days,
    months: BTreeSet<u32>,
    years: BTreeSet<u32>,
}

/// The days of a month, or of a week: any that one of these fits.
type Days = Vec<Day>;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Day {
    /// These days of the month.
    OfMonth(BTreeSet<u32>),
    /// `L`: its last day.
    Last,
    /// `3W`: the weekday nearest to the third.
    Nearest(u32),
    /// These days of the week, of which Sunday is the first.
    OfWeek(BTreeSet<u32>),
    /// `6L`: the last Friday of the month.
    LastOfWeek(u32),
    /// `6#2`: its second Friday.
    Nth(u32, u32),
}

/// Reads an expression.
pub(super) fn parse(text: &str) -> Result<When, String> {
    let wrong = || format!("`{text}` is none of rate(..), cron(..) and at(..)");
    let (kind, inner) = text.trim().strip_suffix(')').and_then(|it| it.split_once('(')).ok_or_else(wrong)?;
    match kind {
        "rate" => {
            rate(inner).ok_or_else(|| format!("`{text}` is no rate: a whole number above 0 and minutes, hours or days"))
        }
        "at" => once(inner).ok_or_else(|| format!("`{text}` is no time: yyyy-mm-ddThh:mm:ss")),
        "cron" => cron(inner).map(|cron| When::Cron(Box::new(cron))).map_err(|why| format!("`{text}`: {why}")),
        _ => Err(wrong()),
    }
}

fn rate(text: &str) -> Option<When> {
    let (count, unit) = text.trim().split_once(' ')?;
    let minutes = match unit.trim() {
        "minute" | "minutes" => 1,
        "hour" | "hours" => 60,
        "day" | "days" => 1_440,
        _ => return None,
    };
    let count: u64 = count.parse().ok().filter(|count| *count > 0)?;
    count.checked_mul(minutes * 60_000).map(When::Every)
}

fn once(text: &str) -> Option<When> {
    let at = format!("{}Z", text.trim()).parse::<Timestamp>().ok()?;
    Some(When::Once(at.millis().div_euclid(1_000)))
}

fn cron(text: &str) -> Result<Cron, String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [minutes, hours, days, months, weekdays, years] = fields.as_slice() else {
        return Err(format!("cron has six fields, found {}", fields.len()));
    };
    let days = match (*days, *weekdays) {
        (days, "?") => days_of_month(days)?,
        ("?", weekdays) => days_of_week(weekdays)?,
        _ => return Err("one of the day of the month and the day of the week is `?`".to_owned()),
    };
    Ok(Cron {
        minutes: numbers(minutes, (0, 59), &[])?,
        hours: numbers(hours, (0, 23), &[])?,
        days,
        months: numbers(months, (1, 12), &MONTHS)?,
        years: numbers(years, YEARS, &[])?,
    })
}

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A number, or a name for one: the first of them is 1.
fn number(text: &str, (least, most): (u32, u32), names: &[&str]) -> Result<u32, String> {
    let named = names.iter().position(|name| name.eq_ignore_ascii_case(text)).and_then(|at| u32::try_from(at + 1).ok());
    let number = named.or_else(|| text.parse().ok()).filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("expected {least} to {most}, found `{text}`"))
}

/// What a field says: `*`, `5`, `1-5`, `*/15`, `0/15`, `1-30/5`, and several of them between commas.
fn numbers(field: &str, bounds: (u32, u32), names: &[&str]) -> Result<BTreeSet<u32>, String> {
    let mut found = BTreeSet::new();
    for item in field.split(',') {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(number(step, (1, bounds.1.max(1)), &[])?)),
            None => (item, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => bounds,
            Some((first, last)) => (number(first, bounds, names)?, number(last, bounds, names)?),
            // `5/10` goes on to the end.
            None => {
                (number(range, bounds, names)?, if step.is_some() { bounds.1 } else { number(range, bounds, names)? })
            }
        };
        let step = usize::try_from(step.unwrap_or(1)).unwrap_or(1);
        if first <= last {
            found.extend((first..=last).step_by(step));
        } else {
            // `FRI-MON`.
            found.extend((first..=bounds.1).chain(bounds.0..=last).step_by(step));
        }
    }
    Ok(found)
}

fn days_of_month(field: &str) -> Result<Days, String> {
    let bounds = (1, 31);
    let day = |item: &str| match item {
        "L" => Ok(Day::Last),
        _ => match item.strip_suffix('W') {
            Some(day) => number(day, bounds, &[]).map(Day::Nearest),
            None => numbers(item, bounds, &[]).map(Day::OfMonth),
        },
    };
    field.split(',').map(day).collect()
}

fn days_of_week(field: &str) -> Result<Days, String> {
    let bounds = (1, 7);
    let day = |item: &str| match (item, item.split_once('#')) {
        // The last day of the week.
        ("L", _) => Ok(Day::OfWeek(BTreeSet::from([7]))),
        (_, Some((day, nth))) => Ok(Day::Nth(number(day, bounds, &WEEKDAYS)?, number(nth, (1, 5), &[])?)),
        (_, None) => match item.strip_suffix('L') {
            Some(day) => number(day, bounds, &WEEKDAYS).map(Day::LastOfWeek),
            None => numbers(item, bounds, &WEEKDAYS).map(Day::OfWeek),
        },
    };
    field.split(',').map(day).collect()
}

impl Day {
    fn fits(&self, date: Date) -> bool {
        let (day, last) = (u32::from(date.day()), u32::from(date.month().length(date.year())));
        let weekday = u32::from(date.weekday().number_days_from_sunday()) + 1;
        match self {
            Self::OfMonth(days) => days.contains(&day),
            Self::Last => day == last,
            Self::Nearest(wanted) => nearest(date, *wanted) == Some(day),
            Self::OfWeek(days) => days.contains(&weekday),
            Self::LastOfWeek(wanted) => weekday == *wanted && day + 7 > last,
            Self::Nth(wanted, nth) => weekday == *wanted && (day - 1) / 7 + 1 == *nth,
        }
    }
}

/// The weekday that is nearest to a day of a month, and in the same month.
fn nearest(date: Date, wanted: u32) -> Option<u32> {
    let last = u32::from(date.month().length(date.year()));
    let of_month = date.replace_day(u8::try_from(wanted).ok()?).ok()?;
    Some(match of_month.weekday() {
        Weekday::Saturday if wanted == 1 => 3,
        Weekday::Saturday => wanted - 1,
        Weekday::Sunday if wanted == last => wanted - 2,
        Weekday::Sunday => wanted + 1,
        _ => wanted,
    })
}

impl When {
    /// The first time after a time; a rate counts from `since_ms`. `None`: it does not come again.
    pub(super) fn next(&self, after_ms: u64, since_ms: u64, zone: &Zone) -> Option<u64> {
        match self {
            Self::Every(period_ms) => {
                let gone = after_ms.saturating_sub(since_ms) / period_ms;
                since_ms.checked_add(period_ms.checked_mul(gone + 1)?)
            }
            Self::Once(wall) => milliseconds(zone.instant(*wall)?).filter(|at_ms| *at_ms > after_ms),
            Self::Cron(cron) => cron.next(after_ms.max(since_ms.saturating_sub(1)), zone),
        }
    }
}

fn milliseconds(seconds: i64) -> Option<u64> {
    u64::try_from(seconds).ok()?.checked_mul(1_000)
}

impl Cron {
    /// What falls on a time that clocks are set forward past does not come, and what falls on one that they show twice comes once.
    /// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#daylist-savings-time>
    fn next(&self, after_ms: u64, zone: &Zone) -> Option<u64> {
        let mut wall = zone.wall(i64::try_from(after_ms / 1_000).ok()?)?;
        loop {
            wall = self.next_wall(wall)?;
            let at_ms = zone.instant(wall).and_then(milliseconds);
            if let Some(at_ms) = at_ms.filter(|at_ms| *at_ms > after_ms) {
                return Some(at_ms);
            }
        }
    }

    /// The first time after one, as clocks on the wall show both.
    fn next_wall(&self, after: i64) -> Option<i64> {
        // Schedules come at full minutes.
        let from = OffsetDateTime::from_unix_timestamp(after.div_euclid(60) * 60 + 60).ok()?;
        let from_minute = (u32::from(from.hour()), u32::from(from.minute()));
        let mut date = from.date();
        loop {
            let year = u32::try_from(date.year()).ok()?;
            // A year or a month that does not fit is passed over as a whole.
            let first_year = self.years.range(year..).next().copied()?;
            if first_year > year {
                date = Date::from_calendar_date(i32::try_from(first_year).ok()?, Month::January, 1).ok()?;
            } else if !self.months.contains(&u32::from(u8::from(date.month()))) {
                date = date.replace_day(date.month().length(date.year())).ok()?.next_day()?;
            } else if !self.days.iter().any(|day| day.fits(date)) {
                date = date.next_day()?;
            } else {
                let least = if date == from.date() { from_minute } else { (0, 0) };
                if let Some((hour, minute)) = self.time(least) {
                    let time = Time::from_hms(u8::try_from(hour).ok()?, u8::try_from(minute).ok()?, 0).ok()?;
                    return Some(date.with_time(time).assume_utc().unix_timestamp());
                }
                date = date.next_day()?;
            }
        }
    }

    /// The first time of a day that is not before this one.
    fn time(&self, (hour, minute): (u32, u32)) -> Option<(u32, u32)> {
        self.hours.range(hour..).find_map(|at| {
            let least = if *at == hour { minute } else { 0 };
            self.minutes.range(least..).next().map(|minute| (*at, *minute))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-01T00:00:00Z, a Thursday.
    const START_MS: u64 = 1_767_225_600_000;

    /// The next three times of an expression.
    fn next(text: &str) -> String {
        let when = parse(text).expect(text);
        let mut at_ms = START_MS;
        let mut times = Vec::new();
        while let (Some(next), true) = (when.next(at_ms, START_MS, &Zone::utc()), times.len() < 3) {
            at_ms = next;
            times.push(crate::system::timestamp(next).replace(":00.000Z", ""));
        }
        times.join(" ")
    }

    #[test]
    fn expressions_come_when_the_documentation_says() {
        for (text, times) in [
            ("rate(1 minute)", "2026-01-01T00:01 2026-01-01T00:02 2026-01-01T00:03"),
            ("rate(12 hours)", "2026-01-01T12:00 2026-01-02T00:00 2026-01-02T12:00"),
            ("rate(7 days)", "2026-01-08T00:00 2026-01-15T00:00 2026-01-22T00:00"),
            ("at(2026-03-01T08:30:00)", "2026-03-01T08:30"),
            ("at(2025-03-01T08:30:00)", ""),
            // Examples of the documentation.
            ("cron(0 10 * * ? *)", "2026-01-01T10:00 2026-01-02T10:00 2026-01-03T10:00"),
            ("cron(15 12 * * ? *)", "2026-01-01T12:15 2026-01-02T12:15 2026-01-03T12:15"),
            ("cron(0 18 ? * MON-FRI *)", "2026-01-01T18:00 2026-01-02T18:00 2026-01-05T18:00"),
            ("cron(0 8 1 * ? *)", "2026-01-01T08:00 2026-02-01T08:00 2026-03-01T08:00"),
            ("cron(0/15 * * * ? *)", "2026-01-01T00:15 2026-01-01T00:30 2026-01-01T00:45"),
            ("cron(0/10 * ? * MON-FRI *)", "2026-01-01T00:10 2026-01-01T00:20 2026-01-01T00:30"),
            ("cron(0/5 8-17 ? * MON-FRI *)", "2026-01-01T08:00 2026-01-01T08:05 2026-01-01T08:10"),
            // `L`, `W` and `#`.
            ("cron(0 0 L * ? *)", "2026-01-31T00:00 2026-02-28T00:00 2026-03-31T00:00"),
            ("cron(15 10 ? * 6L 2026-2028)", "2026-01-30T10:15 2026-02-27T10:15 2026-03-27T10:15"),
            ("cron(0 9 ? * 2#1 *)", "2026-01-05T09:00 2026-02-02T09:00 2026-03-02T09:00"),
            ("cron(0 9 ? * 5#5 *)", "2026-01-29T09:00 2026-04-30T09:00 2026-07-30T09:00"),
            ("cron(0 9 1W * ? *)", "2026-01-01T09:00 2026-02-02T09:00 2026-03-02T09:00"),
            ("cron(0 9 31W 1,5 ? *)", "2026-01-30T09:00 2026-05-29T09:00 2027-01-29T09:00"),
            ("cron(0 0 29 2 ? *)", "2028-02-29T00:00 2032-02-29T00:00 2036-02-29T00:00"),
            ("cron(0 0 1 JAN ? 2030/2)", "2030-01-01T00:00 2032-01-01T00:00 2034-01-01T00:00"),
            ("cron(30 6 ? * SAT,SUN *)", "2026-01-03T06:30 2026-01-04T06:30 2026-01-10T06:30"),
            ("cron(0 0 ? * L *)", "2026-01-03T00:00 2026-01-10T00:00 2026-01-17T00:00"),
            ("cron(0 0 1 1 ? 2020)", ""),
            ("cron(0 0 30 2 ? *)", ""),
        ] {
            assert_eq!(next(text), times, "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_is_told() {
        for text in [
            "rate(0 minutes)",
            "rate(5 weeks)",
            "at(tomorrow)",
            "every day",
            "cron(0 0 * * *)",
            "cron(0 0 * * * *)",
            "cron(60 0 * * ? *)",
            "cron(0 0 ? * MOO *)",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_schedule_does_not_come_before_its_start() {
        let day = 86_400_000;
        let cron = parse("cron(0 0 * * ? *)").expect("a schedule");
        assert_eq!(cron.next(START_MS, START_MS + 2 * day, &Zone::utc()), Some(START_MS + 2 * day));
        let rate = parse("rate(1 day)").expect("a schedule");
        assert_eq!(rate.next(START_MS, START_MS + day, &Zone::utc()), Some(START_MS + 2 * day));
    }

    /// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#daylist-savings-time>
    #[test]
    fn clocks_that_are_set_forward_skip_and_those_that_are_set_back_do_not_repeat() {
        let next = |text: &str, zone: &str, after: &str| {
            let (when, zone) = (parse(text).expect(text), Zone::named(zone).expect(zone));
            let after = after.parse::<Timestamp>().expect(after).millis();
            let mut at_ms = u64::try_from(after).expect("after 1970");
            let mut times = Vec::new();
            while let (Some(next), true) = (when.next(at_ms, 0, &zone), times.len() < 3) {
                at_ms = next;
                times.push(crate::system::timestamp(next).replace(":00.000Z", ""));
            }
            times.join(" ")
        };
        for (text, zone, after, times) in [
            (
                "cron(0 9 * * ? *)",
                "Europe/Berlin",
                "2026-03-27T12:00:00Z",
                "2026-03-28T08:00 2026-03-29T07:00 2026-03-30T07:00",
            ),
            // In Berlin, 2026-03-29 has no half past two.
            (
                "cron(30 2 * * ? *)",
                "Europe/Berlin",
                "2026-03-28T00:00:00Z",
                "2026-03-28T01:30 2026-03-30T00:30 2026-03-31T00:30",
            ),
            // And 2026-10-25 has two.
            (
                "cron(30 2 * * ? *)",
                "Europe/Berlin",
                "2026-10-24T12:00:00Z",
                "2026-10-25T00:30 2026-10-26T01:30 2026-10-27T01:30",
            ),
            (
                "cron(30 2 * * ? *)",
                "Europe/Berlin",
                "2026-10-25T01:00:00Z",
                "2026-10-26T01:30 2026-10-27T01:30 2026-10-28T01:30",
            ),
            (
                "cron(0/30 * * * ? *)",
                "Europe/Berlin",
                "2026-03-29T00:15:00Z",
                "2026-03-29T00:30 2026-03-29T01:00 2026-03-29T01:30",
            ),
            (
                "cron(0 0 * * ? *)",
                "America/New_York",
                "2026-07-01T00:00:00Z",
                "2026-07-01T04:00 2026-07-02T04:00 2026-07-03T04:00",
            ),
            (
                "cron(0 12 1 1 ? *)",
                "Asia/Kolkata",
                "2026-01-01T00:00:00Z",
                "2026-01-01T06:30 2027-01-01T06:30 2028-01-01T06:30",
            ),
            ("at(2026-07-01T09:00:00)", "America/New_York", "2026-01-01T00:00:00Z", "2026-07-01T13:00"),
            (
                "rate(1 day)",
                "Europe/Berlin",
                "2026-03-28T00:00:00Z",
                "2026-03-29T00:00 2026-03-30T00:00 2026-03-31T00:00",
            ),
        ] {
            assert_eq!(next(text, zone, after), times, "{text} {zone} {after}");
        }
        assert!(Zone::named("Europe/Nowhere").is_err());
    }
}
