//! The times of rules and schedules: `rate(..)`, `cron(..)`, `at(..)`.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html>,
//! <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html>

use crate::audit::template::Node;
use crate::audit::text::UNKNOWN;
use crate::audit::view::View;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::spec::cron;

/// Whose expression it is: rules want the singular for 1, and have no `at(..)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Rule,
    Scheduler,
}

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for (type_, of) in [("AWS::Events::Rule", Of::Rule), ("AWS::Scheduler::Schedule", Of::Scheduler)] {
        for one in view.of_type(type_) {
            if view.is_settled(&[one]) {
                continue;
            }
            let place = one.place_of("ScheduleExpression");
            diagnostics.extend(expression(one.resource.property("ScheduleExpression"), of, place));
            diagnostics.extend(timezone(one.resource.property("ScheduleExpressionTimezone"), place));
        }
    }
    // What SAM makes schedules of Scheduler of.
    for type_ in ["AWS::Serverless::Function", "AWS::Serverless::StateMachine"] {
        for (_, resource) in view.template.of_type(type_) {
            if view.only_written && !resource.is_touched() {
                continue;
            }
            let events = resource.property("Events").and_then(Node::as_map);
            for event in events.into_iter().flat_map(|events| &events.entries) {
                let Some(given) = event.value.get("Properties") else { continue };
                if event.value.get("Type").and_then(Node::as_text) == Some("ScheduleV2") {
                    let place = event.key.place.unwrap_or(resource.place);
                    diagnostics.extend(expression(given.get("ScheduleExpression"), Of::Scheduler, place));
                    diagnostics.extend(timezone(given.get("ScheduleExpressionTimezone"), place));
                }
            }
        }
    }
}

fn timezone(node: Option<&Node<'_>>, place: Span) -> Vec<Diagnostic> {
    let Some(text) = node.and_then(Node::as_text).filter(|text| !text.contains(UNKNOWN)) else { return Vec::new() };
    let place = node.and_then(|node| node.place).unwrap_or(place);
    as_schedules(cron::timezone_problems(&Spanned::new(text.to_owned(), place)))
}

fn expression(node: Option<&Node<'_>>, of: Of, place: Span) -> Vec<Diagnostic> {
    let Some(text) = node.and_then(Node::as_text).filter(|text| !text.contains(UNKNOWN)) else { return Vec::new() };
    let place = node.and_then(|node| node.place).unwrap_or(place);
    let inner = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
    if let Some(fields) = inner("cron") {
        let between = fields.split_whitespace().filter(|field| field.ends_with(',')).count();
        if between > 1 {
            let message = "the fields of a cron expression stand without commas between them";
            let help = format!(
                "`cron({})`",
                fields.split_whitespace().map(|it| it.trim_end_matches(',')).collect::<Vec<_>>().join(" ")
            );
            return vec![Diagnostic::new(Code::EVC1097, place, message).help(help)];
        }
        // In quotes, what is written is one further.
        let quote = place.range().len().checked_sub(text.len()).map(|more| more / 2).filter(|quote| *quote <= 1);
        let span = quote.map_or(place, |quote| place.slice(quote + "cron(".len(), fields.len()));
        return as_schedules(cron::problems(&Spanned::new(fields.to_owned(), span)));
    }
    let problem = if let Some(rate) = inner("rate") {
        rate_problem(rate, of)
    } else if of == Of::Rule {
        // The shape of what a rule takes is looked at as the shape of any property.
        None
    } else if let Some(at) = inner("at") {
        (!is_time(at)).then(|| format!("`at(..)` takes a time such as `2030-01-31T12:00:00`, found `{at}`"))
    } else {
        Some(format!("expected `rate(..)`, `cron(..)` or `at(..)`, found `{text}`"))
    };
    problem.map(|problem| Diagnostic::new(Code::EVC1097, place, problem)).into_iter().collect()
}

fn rate_problem(rate: &str, of: Of) -> Option<String> {
    let words: Vec<&str> = rate.split_whitespace().collect();
    let [count, unit] = words.as_slice() else {
        return Some(format!("`rate(..)` takes a number and a unit, such as `5 minutes`, found `{rate}`"));
    };
    let Some(count) = count.parse::<u64>().ok().filter(|count| *count > 0) else {
        return Some(format!("`{count}` is no whole number above 0"));
    };
    let Some(single) = ["minute", "hour", "day"].into_iter().find(|single| unit.trim_end_matches('s') == *single)
    else {
        return Some(format!("`{unit}` is no unit of a rate, which are minutes, hours and days"));
    };
    let wanted = if count == 1 { single.to_owned() } else { format!("{single}s") };
    (of == Of::Rule && *unit != wanted)
        .then(|| format!("EventBridge refuses `{count} {unit}`: write `{count} {wanted}`"))
}

/// Whether this is a time like `2030-01-31T12:00:00`.
fn is_time(text: &str) -> bool {
    text.len() == "2030-01-31T12:00:00".len()
        && text.chars().zip("dddd-dd-ddTdd:dd:dd".chars()).all(|(found, wanted)| match wanted {
            'd' => found.is_ascii_digit(),
            other => found == other,
        })
}

fn as_schedules(found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    found.into_iter().map(|one| Diagnostic { code: Code::EVC1097, fixes: Vec::new(), ..one }).collect()
}
