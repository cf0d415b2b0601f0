//! An instant in UTC, to the millisecond, whose text sorts as the instants do.

use super::{ParseError, serde_as_string};
use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// An instant in UTC, to the millisecond: `2026-11-21T04:50:00.000Z`, always 24 characters, so it can be a sort key.
///
/// Any RFC 3339 text is read: other offsets are converted, finer fractions are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// `0000-01-01T00:00:00.000Z`, milliseconds since 1970.
const MIN: i64 = -62_167_219_200_000;
/// `9999-12-31T23:59:59.999Z`.
const MAX: i64 = 253_402_300_799_999;

impl Timestamp {
    /// Now.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_millis()).unwrap_or(MAX).saturating_add(skew()).min(MAX))
    }

    /// The instant so many milliseconds after 1970-01-01T00:00:00Z; years 0 to 9999.
    pub fn from_millis(millis: i64) -> Result<Self, ParseError> {
        if (MIN..=MAX).contains(&millis) {
            Ok(Self(millis))
        } else {
            Err(ParseError("a timestamp lies in the years 0 to 9999".to_owned()))
        }
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, as a TTL attribute wants them.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This instant and so long after, at most the end of the year 9999.
    #[must_use]
    pub fn after(self, duration: std::time::Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(MAX);
        Self(self.0.saturating_add(millis).min(MAX))
    }
}

/// How much the clock of this process goes ahead, milliseconds, as a test wants it.
#[cfg(feature = "testing")]
fn skew() -> i64 {
    static SKEW: std::sync::OnceLock<i64> = std::sync::OnceLock::new();
    let read = || std::env::var("EVC_CLOCK_SKEW_MS").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    *SKEW.get_or_init(read)
}

/// None.
#[cfg(not(feature = "testing"))]
fn skew() -> i64 {
    0
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = OffsetDateTime::from_unix_timestamp(self.seconds()).map_err(|_| fmt::Error)?;
        let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
        let (hour, minute, second) = (at.hour(), at.minute(), at.second());
        let millis = self.0.rem_euclid(1000);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
    }
}

impl FromStr for Timestamp {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let at = OffsetDateTime::parse(text, &Rfc3339)
            .map_err(|_| ParseError("expected a timestamp such as `2026-11-21T04:50:00.000Z` (RFC 3339)".to_owned()))?;
        let millis = at.unix_timestamp() * 1000 + i64::from(at.millisecond());
        Self::from_millis(millis)
    }
}

serde_as_string!(Timestamp, "a timestamp such as `2026-11-21T04:50:00.000Z`");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn any_offset_and_fraction_is_read_and_utc_is_written() {
        let at: Timestamp = "2026-11-21T06:50:00.1239+02:00".parse().expect("RFC 3339");
        assert_eq!(at.to_string(), "2026-11-21T04:50:00.123Z");
        let whole: Timestamp = "2026-11-21T04:50:00Z".parse().expect("RFC 3339");
        assert_eq!(serde_json::to_string(&whole).ok().as_deref(), Some("\"2026-11-21T04:50:00.000Z\""));
        assert!("21/Nov/2026".parse::<Timestamp>().is_err());
        assert!("9999-12-31T23:59:59.999-10:00".parse::<Timestamp>().is_err());
    }

    proptest! {
        #[test]
        fn text_reads_back_and_sorts_as_the_instant(a in MIN..=MAX, b in MIN..=MAX) {
            let (x, y) = (Timestamp(a), Timestamp(b));
            prop_assert_eq!(x.to_string().parse::<Timestamp>(), Ok(x));
            prop_assert_eq!(x.to_string().cmp(&y.to_string()), a.cmp(&b));
        }
    }
}
