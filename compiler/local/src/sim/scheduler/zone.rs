//! Time zones: what clocks on the wall show, and when. The database of zones is in the program.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

/// A time zone of the IANA database: `Europe/Berlin`.
#[derive(Debug, Clone)]
pub(super) struct Zone(TimeZone);

impl Zone {
    /// UTC.
    pub(super) fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The zone of this name.
    pub(super) fn named(name: &str) -> Result<Self, String> {
        TimeZone::get(name).map(Self).map_err(|_| format!("there is no time zone `{name}`"))
    }

    /// What a clock on the wall shows at a time: seconds since 1970 as if it stood in UTC.
    pub(super) fn wall(&self, at_seconds: i64) -> Option<i64> {
        let at = Timestamp::from_second(at_seconds).ok()?;
        at_seconds.checked_add(i64::from(self.0.to_offset(at).seconds()))
    }

    /// When a clock on the wall shows a time, seconds since 1970; the first time if it does so twice. `None` if it never does, when clocks
    /// are set forward past it.
    pub(super) fn instant(&self, wall_seconds: i64) -> Option<i64> {
        let wall: DateTime = Offset::UTC.to_datetime(Timestamp::from_second(wall_seconds).ok()?);
        let offset = match self.0.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset,
            AmbiguousOffset::Fold { before, .. } => before,
            AmbiguousOffset::Gap { .. } => return None,
        };
        wall_seconds.checked_sub(i64::from(offset.seconds()))
    }
}
