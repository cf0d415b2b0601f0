//! CloudWatch: alarms and the dashboard.

pub(super) mod alarm;
pub(super) mod dashboard;
