//! Ways as a table for people.

use super::{First, Hop, Way};
use crate::source::Span;

/// All ways, each with a line for each of its stages. `location` says where something stands in the spec.
pub fn text(ways: &[Way], location: &dyn Fn(Span) -> String) -> String {
    if ways.is_empty() {
        return "nothing is delivered by rules, schedules or queues\n".to_owned();
    }
    let header = ["STAGE", "TRIES", "EACH", "FOR", "GIVES OUT FIRST", "AFTER", "THROTTLED", "THEN IN", "SPEC"]
        .map(str::to_owned);
    let rows = |way: &Way| -> Vec<[String; 9]> { way.hops.iter().map(|hop| row(hop, location)).collect() };
    let all: Vec<[String; 9]> = std::iter::once(header.clone()).chain(ways.iter().flat_map(rows)).collect();
    let widths: [usize; 9] =
        std::array::from_fn(|column| all.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let line = |row: &[String; 9]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("  {}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    let mut text = String::new();
    for way in ways {
        text.extend([way.from.as_str(), " to ", way.to.as_str(), "\n"]);
        text.push_str(&line(&header));
        text.extend(rows(way).iter().map(line));
        text.extend(["  ", summary(way).as_str(), "\n\n"]);
    }
    text.pop();
    text
}

fn row(hop: &Hop, location: &dyn Fn(Span) -> String) -> [String; 9] {
    let or_none = |seconds: Option<u64>| seconds.map_or_else(|| "-".to_owned(), time);
    let then = match (&hop.dead, hop.first) {
        (Some(dead), _) => dead.to_string(),
        (None, First::Retention) => "lost".to_owned(),
        (None, _) => "failed".to_owned(),
    };
    [
        hop.what.clone(),
        hop.tries.map_or_else(|| "-".to_owned(), |tries| tries.to_string()),
        or_none(hop.each),
        or_none(hop.age),
        hop.first.word().to_owned(),
        after(hop.after),
        or_none(hop.throttled),
        then,
        location(hop.span),
    ]
}

/// How long it takes at the worst, and what gives up soonest.
fn summary(way: &Way) -> String {
    let worst = time(way.until_given_up());
    let soonest = way
        .soonest()
        .map_or_else(String::new, |hop| format!("; if each fails, {} gives up first, {}", hop.what, when(hop.after)));
    if way.has_dead_letters() {
        format!("in a dead-letter queue after {worst} at the worst{soonest}")
    } else {
        format!("in no dead-letter queue, over after {worst} at the worst{soonest}")
    }
}

/// When something has given up.
fn after(seconds: u64) -> String {
    if seconds == 0 { "at once".to_owned() } else { time(seconds) }
}

fn when(seconds: u64) -> String {
    if seconds == 0 { "at once".to_owned() } else { format!("after {}", time(seconds)) }
}

/// A time in its two greatest units.
fn time(seconds: u64) -> String {
    let units = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (unit, length) in units {
        if rest >= length && parts.len() < 2 {
            parts.push(format!("{}{unit}", rest / length));
            rest %= length;
        } else if !parts.is_empty() {
            break;
        }
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}
