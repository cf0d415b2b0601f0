//! Alarms that CloudWatch refuses: how many periods they look at, and how long these are together.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html>

use crate::audit::view::View;
use crate::diagnostics::{Code, Diagnostic};

/// The most seconds that are looked at: of periods of an hour and more, and of shorter ones.
const WEEK: f64 = 604_800.0;
const DAY: f64 = 86_400.0;
const HOUR: f64 = 3_600.0;

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for alarm in view.of_type("AWS::CloudWatch::Alarm").filter(|it| !view.is_settled(&[*it])) {
        let number =
            |property: &str| alarm.resource.property(property).and_then(crate::audit::template::Node::as_number);
        let Some(periods) = number("EvaluationPeriods") else { continue };
        if let Some(points) = number("DatapointsToAlarm").filter(|points| *points > periods) {
            let message = format!("`{}` wants {points} data points of {periods} periods", alarm.id);
            let diagnostic = Diagnostic::new(Code::EVC1022, alarm.place_of("DatapointsToAlarm"), message);
            diagnostics
                .push(diagnostic.note("CloudWatch refuses the alarm").help("as many as `EvaluationPeriods`, or fewer"));
        }
        let Some(period) = number("Period") else { continue };
        let (most, what) = if period >= HOUR { (WEEK, "a week") } else { (DAY, "a day") };
        if periods * period > most {
            let message = format!("`{}` looks at {} seconds, {what} is the most", alarm.id, periods * period);
            diagnostics.push(
                Diagnostic::new(Code::EVC1022, alarm.place_of("EvaluationPeriods"), message)
                    .note("CloudWatch refuses the alarm")
                    .help(format!("`EvaluationPeriods` times `Period` of at most {most}")),
            );
        }
    }
}
