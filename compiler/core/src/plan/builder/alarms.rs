//! Alarms, from whoever has something to be watched.

use super::Builder;
use crate::plan::alarm::Alarm;

impl Builder<'_> {
    /// Asks for an alarm.
    pub(crate) fn alarm(&mut self, alarm: Alarm) {
        let at = self.alarms.partition_point(|known| known.watched <= alarm.watched);
        self.alarms.insert(at, alarm);
    }
}
