//! A day of the calendar, without a time zone.

use super::{ParseError, serde_as_string};
use std::fmt;
use std::str::FromStr;
use time::Month;

/// A day of the (Gregorian) calendar, years 0 to 9999: `2026-11-21`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(time::Date);

impl Date {
    /// The day, if there is such a day.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, ParseError> {
        Month::try_from(month)
            .ok()
            .filter(|_| year <= 9999)
            .and_then(|month| time::Date::from_calendar_date(i32::from(year), month, day).ok())
            .map(Self)
            .ok_or_else(|| ParseError("there is no such day".to_owned()))
    }

    /// Year, month (1 to 12), day of the month.
    pub fn parts(self) -> (i32, u8, u8) {
        (self.0.year(), self.0.month().into(), self.0.day())
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.parts();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl FromStr for Date {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let digits = |part: &str, len: usize| {
            Some(part)
                .filter(|part| part.len() == len && part.bytes().all(|b| b.is_ascii_digit()))
                .and_then(|part| part.parse().ok())
        };
        let mut parts = text.splitn(3, '-');
        let mut next = |len| parts.next().and_then(|part| digits(part, len));
        let (year, month, day): (Option<u16>, _, _) = (next(4), next(2), next(2));
        match (year, month.and_then(|m| u8::try_from(m).ok()), day.and_then(|d| u8::try_from(d).ok())) {
            (Some(year), Some(month), Some(day)) => Self::new(year, month, day),
            _ => Err(ParseError("expected a date such as `2026-11-21`".to_owned())),
        }
    }
}

serde_as_string!(Date, "a date such as `2026-11-21`");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_exist_read_back_and_others_are_refused() {
        for text in ["2026-11-21", "2024-02-29", "0001-01-01", "9999-12-31"] {
            assert_eq!(text.parse::<Date>().expect(text).to_string(), text);
        }
        for text in ["2026-02-29", "2026-13-01", "2026-1-1", "26-01-01", "2026-11-21T00:00:00Z", "", "+026-01-01"] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
    }
}
