//! `schedules:` what starts by the clock.

use evc_macros::Section;

use super::allow::Allows;
use super::cron;
use super::decode::Decoder;
use super::scalar::{Duration, Json};
use super::target::Target;
use crate::source::Spanned;

/// A schedule of `EventBridge` Scheduler. What it cannot deliver goes to a dead-letter queue.
#[derive(Debug, Clone, Section)]
#[section(what = "a schedule", one_of("every", "cron"))]
pub struct Schedule {
    /// What it is for, for people.
    pub description: Option<String>,
    /// Starts again and again after this time: `5m`, `1h`, `1d`.
    #[key(check = whole_minutes)]
    pub every: Option<Spanned<Duration>>,
    /// Starts at these times: the six fields of a cron expression of AWS, such as `0 3 * * ? *`.
    #[key(pattern = r"^\s*\S+(\s+\S+){5}\s*$", check = cron::check)]
    pub cron: Option<Spanned<String>>,
    /// The time zone of `cron` by its IANA name, such as `Europe/Lisbon`. UTC by default.
    #[key(check = cron::check_timezone)]
    pub timezone: Option<Spanned<String>>,
    /// What starts: a function or a workflow.
    #[key(decode = Target::of_schedule)]
    pub to: Spanned<Target>,
    /// What it is given. Scheduler puts in its own values for texts such as `<aws.scheduler.scheduled-time>` and
    /// `<aws.scheduler.execution-id>`.
    pub input: Option<Spanned<Json>>,
    /// `false` makes the schedule without letting it start anything.
    pub enabled: Option<bool>,
    /// Warnings that are fine here, each with the reason.
    #[key(default)]
    pub allow: Allows,
}

fn whole_minutes(every: &Spanned<Duration>, cx: &mut Decoder) {
    if every.seconds == 0 || !every.seconds.is_multiple_of(60) {
        let message = format!("a schedule runs every whole minute or less often, found `{}`", every.value);
        cx.bad_value(every.span, message);
    }
}
