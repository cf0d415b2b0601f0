//! Hops as text: a tree of one cause, a list of causes.
//!
//! A line has the time since the first hop, the branches that lead to the hop, and what happened. A chain of single hops goes down in one
//! column, so that what is far from its cause still fits on a narrow terminal.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::hop::{Cause, Hop};

const DIM: &str = "\u{1b}[2m";
const RED: &str = "\u{1b}[31m";
const YELLOW: &str = "\u{1b}[33m";
const GREEN: &str = "\u{1b}[32m";
const PLAIN: &str = "\u{1b}[0m";

/// The columns of the time at the left.
const TIME: usize = 9;

/// The deepest branches that are drawn; what is deeper stands there.
const DEEPEST: usize = 16;

/// The tree of a cause: all its hops, in the order in which they happened. Lines are cut off at `width` columns, if there is one.
pub(crate) fn of(hops: &[Hop], width: Option<usize>) -> String {
    let ids: BTreeMap<u64, usize> = hops.iter().enumerate().map(|(index, hop)| (hop.id, index)).collect();
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); hops.len()];
    let mut roots = Vec::new();
    for (index, hop) in hops.iter().enumerate() {
        let parent = hop.cause.and_then(|cause| ids.get(&cause)).filter(|parent| **parent < index);
        match parent.and_then(|parent| children.get_mut(*parent)) {
            Some(siblings) => siblings.push(index),
            // Its cause is not kept any more.
            None => roots.push(index),
        }
    }
    let mut out = String::new();
    let began = hops.first().map_or(0, |hop| hop.at_ms);
    if let Some(first) = hops.first() {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{DIM}{} UTC{PLAIN}", clock(first.at_ms));
    }
    // Depth first, without recursion: what is to come, the last first, with the branches before it and before what hangs on it.
    let mut todo: Vec<(usize, String, String)> =
        roots.into_iter().rev().map(|root| (root, String::new(), String::new())).collect();
    while let Some((index, branch, below)) = todo.pop() {
        let Some(hop) = hops.get(index) else { continue };
        out += &line(hop, began, &branch, width);
        let own = children.get(index).map_or(&[][..], Vec::as_slice);
        let deep = below.chars().count() >= 2 * DEEPEST;
        for (at, child) in own.iter().enumerate().rev() {
            let is_last = at + 1 == own.len();
            let (corner, line) = if is_last { ("└ ", "  ") } else { ("├ ", "│ ") };
            let below_child = if deep { below.clone() } else { format!("{below}{line}") };
            todo.push((*child, format!("{below}{corner}"), below_child));
        }
    }
    out
}

/// The latest causes, a line each.
pub(crate) fn list(causes: &[Cause], width: Option<usize>) -> String {
    let mut out = String::new();
    let number = causes.iter().map(|cause| cause.first.id.to_string().len()).max().unwrap_or(0);
    for Cause { first, hops, trouble } in causes {
        let (color, what) = said(first);
        let many = if *hops == 1 { "1 hop".to_owned() } else { format!("{hops} hops") };
        let trouble = match trouble {
            0 => String::new(),
            some => format!("  {YELLOW}{some} failed{PLAIN}"),
        };
        let before = number + 16;
        let what = cut(&what, width.map(|width| width.saturating_sub(before + many.len() + 14)));
        let (id, at) = (first.id, clock(first.at_ms));
        let _ = writeln!(out, "{id:>number$}  {DIM}{at}{PLAIN}  {color}{what}{PLAIN}  {DIM}{many}{PLAIN}{trouble}");
    }
    out
}

fn line(hop: &Hop, began: u64, branch: &str, width: Option<usize>) -> String {
    let after = since(hop.at_ms.saturating_sub(began));
    let (color, what) = said(hop);
    let what = cut(&what, width.map(|width| width.saturating_sub(TIME + branch.chars().count() + 1)));
    format!("{DIM}{after:>TIME$} {branch}{PLAIN}{color}{what}{PLAIN}\n")
}

/// What a hop says, and its colour.
fn said(hop: &Hop) -> (&'static str, String) {
    let name = hop.thing.split_once('.').map_or(hop.thing.as_str(), |(_, name)| name);
    let took = hop.ended_ms.map(|ended| ended.saturating_sub(hop.at_ms)).filter(|ms| *ms > 0);
    let took = took.map(|ms| format!("  {}", since(ms).trim_start_matches('+'))).unwrap_or_default();
    let why = hop.outcome.why.as_deref().unwrap_or_default();
    let text = one_line(&hop.text);
    let text = if hop.kind == "invocation" { String::new() } else { format!(" {text}") };
    let (color, mark) = match (hop.outcome.state.as_str(), hop.kind.as_str()) {
        ("failed" | "denied", _) => (RED, format!("  ✗ {}", one_line(why))),
        ("running", _) => (YELLOW, "  … still under way".to_owned()),
        (_, "miss") => return (YELLOW, format!("{name} does not match:{text}")),
        (_, "dead-letter") => return (YELLOW, format!("{name} dead letter:{text}")),
        (_, "fault") => return (YELLOW, format!("fault:{text}")),
        (_, "log") => return (DIM, format!("“{}”", text.trim_start())),
        (_, "request" | "execution" | "invocation") => (GREEN, "  ✓".to_owned()),
        _ => ("", String::new()),
    };
    // A step stands below its execution, which has the name of the workflow.
    if hop.kind == "step" {
        return (color, format!("{}{mark}{took}", text.trim_start()));
    }
    (color, format!("{name}{text}{mark}{took}"))
}

/// Without what would move the cursor or end the line.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// As much of a text as fits.
fn cut(text: &str, width: Option<usize>) -> String {
    match width {
        Some(width) if text.chars().count() > width => {
            let kept: String = text.chars().take(width.saturating_sub(1)).collect();
            format!("{kept}…")
        }
        _ => text.to_owned(),
    }
}

/// A span of time: `+87 ms`, `+4.2 s`, `+15 min`.
fn since(ms: u64) -> String {
    match ms {
        0..1_000 => format!("+{ms} ms"),
        1_000..120_000 => format!("+{}.{} s", ms / 1_000, ms % 1_000 / 100),
        120_000..7_200_000 => format!("+{} min", ms / 60_000),
        _ => format!("+{} h", ms / 3_600_000),
    }
}

/// The time of the day, UTC: `12:03:04.120`.
pub(crate) fn clock(ms: u64) -> String {
    let (seconds, millis) = (ms / 1_000 % 86_400, ms % 1_000);
    format!("{:02}:{:02}:{:02}.{millis:03}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::super::hop::{causes, hops};
    use super::*;
    use serde_json::{Value, json};

    fn plain(text: &str) -> String {
        [DIM, RED, YELLOW, GREEN, PLAIN].iter().fold(text.to_owned(), |text, code| text.replace(code, ""))
    }

    fn hop(id: u64, cause: Option<u64>, ms: u64, kind: &str, thing: &str, text: &str, outcome: &Value) -> Value {
        json!({
            "id": id, "cause": cause, "root": 1, "atMs": 1_767_225_600_000_u64 + ms, "endedMs": 1_767_225_600_127_u64.max(1_767_225_600_000 + ms),
            "kind": kind, "thing": thing, "text": text, "outcome": outcome, "revision": id,
        })
    }

    fn told() -> Value {
        let done = &json!({ "state": "done" });
        json!({ "hops": [
            hop(1, None, 0, "request", "apis.api", "POST /orders", done),
            hop(2, Some(1), 1, "invocation", "functions.create-order", "runs", done),
            hop(3, Some(2), 127, "row", "tables.orders", "put", done),
            hop(4, Some(2), 127, "row", "outboxes.order-events", "put", done),
            hop(5, Some(4), 230, "event", "buses.orders", "Order Created", done),
            hop(6, Some(5), 230, "miss", "rules.start-fulfilment", "detail.totalAmount is [{\"numeric\":[\">\",50]}], and was 21", done),
            hop(7, Some(5), 240, "rule", "rules.audit", "matches", done),
            hop(8, Some(7), 4_300, "invocation", "functions.audit", "runs", &json!({ "state": "failed", "why": "Runtime.ExitError: killed\nnow" })),
            hop(9, Some(8), 4_301, "log", "functions.audit", "on it", done),
            hop(10, Some(7), 900_000, "execution", "workflows.check", "e-1", &json!({ "state": "running" })),
            hop(11, Some(10), 900_000, "step", "workflows.check", "count", &json!({ "state": "running" })),
        ] })
    }

    #[test]
    fn a_cause_is_a_tree() {
        let expected = "\
00:00:00.000 UTC
    +0 ms api POST /orders  ✓  127 ms
    +1 ms └ create-order  ✓  126 ms
  +127 ms   ├ orders put
  +127 ms   └ order-events put
  +230 ms     └ orders Order Created
  +230 ms       ├ start-fulfilment does not match: detail.totalAmount is [{\"numeric\":[\">\",50]}], and was 21
  +240 ms       └ audit matches
   +4.3 s         ├ audit  ✗ Runtime.ExitError: killed now
   +4.3 s         │ └ “on it”
  +15 min         └ check e-1  … still under way
  +15 min           └ count  … still under way
";
        assert_eq!(plain(&of(&hops(&told()), None)), expected);
    }

    #[test]
    fn a_narrow_terminal_gets_no_longer_lines() {
        for line in plain(&of(&hops(&told()), Some(40))).lines() {
            assert!(line.chars().count() <= 40, "{line}");
        }
        let told = json!({ "causes": [{ "id": 7, "atMs": 5, "kind": "request", "thing": "apis.api", "text": "POST /orders/with/a/long/path", "outcome": { "state": "done" }, "hops": 12, "trouble": 1 }] });
        assert_eq!(
            plain(&list(&causes(&told), None)),
            "7  00:00:00.005  api POST /orders/with/a/long/path  ✓  12 hops  1 failed\n"
        );
        for line in plain(&list(&causes(&told), Some(60))).lines() {
            assert!(line.chars().count() <= 60, "{line}");
        }
    }

    /// A chain of a hundred thousand hops, and a hop whose cause is gone.
    #[test]
    fn what_is_deep_or_has_lost_its_cause_is_shown() {
        let chain: Vec<Hop> = (1..100_000).map(|id| Hop { id, cause: Some(id - 1), ..Hop::default() }).collect();
        assert_eq!(of(&chain, Some(80)).lines().count(), 100_000);
    }
}
