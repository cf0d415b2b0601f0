//! A length of time in ISO 8601 form.

use super::{ParseError, serde_as_string};
use std::fmt::{self, Write};
use std::str::FromStr;

/// A length of time to the millisecond, written in ISO 8601 as days, hours, minutes and seconds: `P1DT2H30M0.5S`.
///
/// Years and months are refused, since they have no fixed length; a week is 7 days, a day 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(u64);

impl Duration {
    /// So many milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// So many seconds.
    pub const fn from_seconds(seconds: u32) -> Self {
        Self(seconds as u64 * 1000)
    }

    /// The length in milliseconds.
    pub const fn millis(self) -> u64 {
        self.0
    }
}

impl From<Duration> for std::time::Duration {
    fn from(duration: Duration) -> Self {
        Self::from_millis(duration.0)
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0 / 1000, self.0 % 1000);
        let (days, hours, minutes, seconds) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        f.write_char('P')?;
        if days > 0 {
            write!(f, "{days}D")?;
        }
        if self.0.is_multiple_of(86_400_000) && days > 0 {
            return Ok(());
        }
        f.write_char('T')?;
        if hours > 0 {
            write!(f, "{hours}H")?;
        }
        if minutes > 0 {
            write!(f, "{minutes}M")?;
        }
        match (seconds, millis) {
            (0, 0) if hours + minutes > 0 => Ok(()),
            (_, 0) => write!(f, "{seconds}S"),
            _ => write!(f, "{}S", format!("{seconds}.{millis:03}").trim_end_matches('0')),
        }
    }
}

impl FromStr for Duration {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse(text).map(Self).ok_or_else(|| {
            ParseError(
                "expected an ISO 8601 duration of weeks, days, hours, minutes and seconds, such as `PT1H30M`"
                    .to_owned(),
            )
        })
    }
}

fn parse(text: &str) -> Option<u64> {
    let (date, time) = match text.strip_prefix('P')?.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None => (text.strip_prefix('P')?, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let days = parts(date, &[('W', 7 * 86_400_000), ('D', 86_400_000)])?;
    days.checked_add(parts(time, &[('H', 3_600_000), ('M', 60_000), ('S', 1000)])?)
}

/// Adds up `<number><letter>` parts; each letter at most once and in order; only seconds may have a fraction.
fn parts(mut text: &str, units: &[(char, u64)]) -> Option<u64> {
    let mut total: u64 = 0;
    for &(letter, millis) in units {
        let Some((number, rest)) = text.split_once(letter) else { continue };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || (number.contains('.') && (letter != 'S' || !digits(fraction))) {
            return None;
        }
        let thousandths: u64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
        total = total.checked_add(whole.parse::<u64>().ok()?.checked_mul(millis)?)?.checked_add(thousandths)?;
        text = rest;
    }
    text.is_empty().then_some(total)
}

serde_as_string!(Duration, "an ISO 8601 duration such as `PT1H30M`");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn iso_forms_are_read() {
        for (text, millis) in [
            ("PT0S", 0),
            ("PT1H30M", 5_400_000),
            ("P1D", 86_400_000),
            ("P2W", 14 * 86_400_000),
            ("PT0.5S", 500),
            ("P1DT0.001S", 86_400_001),
        ] {
            assert_eq!(text.parse(), Ok(Duration(millis)), "{text}");
        }
        for text in ["", "P", "PT", "P1M", "P1Y", "1H", "PT1.5H", "PT1M1H", "P-1D", "PT1S2", "PT99999999999999999999S"]
        {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_reads_back(millis in 0..=u64::MAX / 2) {
            prop_assert_eq!(Duration(millis).to_string().parse(), Ok(Duration(millis)));
        }
    }
}
