//! `schedules:` what starts by the clock.

use schemars::JsonSchema;

use super::allow::Allows;
use super::cron;
use super::decode::{Decode, Decoder};
use super::scalar::{Duration, Json};
use super::target::Target;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Spanned;
use crate::yaml::Node;

/// A schedule of `EventBridge` Scheduler. What it cannot deliver goes to a dead-letter queue.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(extend("oneOf" = [{"required": ["every"]}, {"required": ["cron"]}]))]
pub struct Schedule {
    /// What it is for, for people.
    pub description: Option<String>,
    /// Starts again and again after this time: `5m`, `1h`, `1d`.
    pub every: Option<Spanned<Duration>>,
    /// Starts at these times: the six fields of a cron expression of AWS, such as `0 3 * * ? *`.
    #[schemars(regex(pattern = r"^\s*\S+(\s+\S+){5}\s*$"))]
    pub cron: Option<Spanned<String>>,
    /// The time zone of `cron` by its IANA name, such as `Europe/Lisbon`. UTC by default.
    pub timezone: Option<Spanned<String>>,
    /// What starts: a function or a workflow.
    pub to: Spanned<Target>,
    /// What it is given. Scheduler puts in its own values for texts such as `<aws.scheduler.scheduled-time>` and
    /// `<aws.scheduler.execution-id>`.
    pub input: Option<Spanned<Json>>,
    /// `false` makes the schedule without letting it start anything.
    pub enabled: Option<bool>,
    /// Warnings that are fine here, each with the reason.
    #[schemars(default)]
    pub allow: Allows,
}

impl Decode for Schedule {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "a schedule")?;
        let description = fields.optional("description", cx);
        let every: Option<Spanned<Duration>> = fields.optional("every", cx);
        let cron: Option<Spanned<String>> = fields.optional("cron", cx);
        let timezone: Option<Spanned<String>> = fields.optional("timezone", cx);
        let to = fields.required("to", cx);
        let input = fields.optional("input", cx);
        let enabled = fields.optional("enabled", cx);
        let allow = fields.or_default("allow", cx);
        let times = fields.present(&["every", "cron"]);
        let place = fields.place();
        fields.finish(cx);
        match times.as_slice() {
            [] => cx.report(Diagnostic::new(Code::EVC0104, place, "a schedule needs `every` or `cron`")),
            [_] => {}
            [first, second, ..] => cx.report(
                Diagnostic::new(Code::EVC0105, second.span, "a schedule has `every` or `cron`, not both")
                    .secondary(first.span, "the first is here"),
            ),
        }
        if let Some(every) = &every
            && (every.seconds == 0 || !every.seconds.is_multiple_of(60))
        {
            cx.bad_value(
                every.span,
                format!("a schedule runs every whole minute or less often, found `{}`", every.value),
            );
        }
        if let Some(cron) = &cron {
            cron::check(cron, cx);
        }
        if let Some(timezone) = &timezone {
            cron::check_timezone(timezone, cx);
        }
        Some(Self { description, every, cron, timezone, to: to?, input, enabled, allow })
    }
}
