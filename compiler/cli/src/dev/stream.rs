//! What happens, printed: a line a hop, indented below its cause.

use std::collections::HashMap;
use std::sync::Arc;

use evc_local::serve::Host;
use evc_local::trace::{Hop, HopId, Kind, Outcome};

use super::super::console;
use super::super::trace::tree::clock;

/// Prints hops as they come.
pub(super) struct Follower {
    host: Arc<Host>,
    json: bool,
    depths: HashMap<HopId, usize>,
}

/// The most hops whose depth is remembered.
const REMEMBERED: usize = 100_000;

const DIM: &str = "\u{1b}[2m";
const RED: &str = "\u{1b}[31m";
const YELLOW: &str = "\u{1b}[33m";
const GREEN: &str = "\u{1b}[32m";
const PLAIN: &str = "\u{1b}[0m";

impl Follower {
    pub(super) fn new(host: Arc<Host>, json: bool) -> Self {
        Self { host, json, depths: HashMap::new() }
    }

    /// For ever.
    pub(super) async fn run(mut self) {
        let (host, mut revision) = (self.host.clone(), 0);
        loop {
            let happened = host.happened.notified();
            let (hops, now) = host.hops_since(revision);
            revision = now;
            for hop in &hops {
                self.print(hop);
            }
            if hops.is_empty() {
                happened.await;
            }
        }
    }

    fn print(&mut self, hop: &Hop) {
        if self.json {
            if let Ok(line) = serde_json::to_string(hop) {
                console::print(&format!("{line}\n"));
            }
            return;
        }
        if self.depths.len() > REMEMBERED {
            self.depths.clear();
        }
        let depth = hop.cause.and_then(|cause| self.depths.get(&cause)).map_or(0, |depth| depth + 1);
        let known = self.depths.insert(hop.id, depth).is_some();
        if let Some(line) = line(hop, depth, known) {
            console::print(&line);
        }
    }
}

/// The line of a hop: when it begins; when it has ended, only if that says something new. `known`: its beginning was printed.
fn line(hop: &Hop, depth: usize, known: bool) -> Option<String> {
    let took = hop.ended_ms.map(|ended| ended.saturating_sub(hop.at_ms));
    let name = hop.thing.split_once('.').map_or(hop.thing.as_str(), |(_, name)| name);
    let (color, said) = match (&hop.outcome, hop.kind, took) {
        (Outcome::Running, Kind::Step | Kind::Invocation | Kind::Request | Kind::Execution, _) => {
            (PLAIN, String::new())
        }
        (Outcome::Running, ..) => return None,
        (Outcome::Failed(why), _, took) => (RED, ended("✗ ", why, took)),
        (Outcome::Denied(why), ..) => (RED, format!("✗ {why}")),
        (Outcome::Done, Kind::Request | Kind::Execution | Kind::Invocation, Some(took)) if known => {
            (GREEN, format!("✓ {took} ms"))
        }
        // That a step is done, the next one says.
        (Outcome::Done, ..) if known => return None,
        (Outcome::Done, Kind::Miss, _) => (YELLOW, "does not match:".to_owned()),
        (Outcome::Done, Kind::Fault, _) => (YELLOW, "fault:".to_owned()),
        (Outcome::Done, Kind::DeadLetter, _) => (YELLOW, "dead letter:".to_owned()),
        (Outcome::Done, Kind::Log, _) => (DIM, String::new()),
        (Outcome::Done, ..) => (PLAIN, String::new()),
    };
    let at = clock(hop.ended_ms.filter(|_| known).unwrap_or(hop.at_ms));
    let said = if said.is_empty() { said } else { format!("{said} ") };
    let indent = "  ".repeat(depth.min(20));
    let text: String = hop.text.chars().filter(|c| !c.is_control()).take(200).collect();
    let what = if known && hop.kind != Kind::Step { String::new() } else { text };
    Some(format!("{DIM}{at}{PLAIN} {indent}{color}{name} {said}{what}{PLAIN}\n"))
}

fn ended(mark: &str, why: &str, took: Option<u64>) -> String {
    let why: String = why.chars().filter(|c| !c.is_control()).take(200).collect();
    took.map_or_else(|| format!("{mark}{why}"), |took| format!("{mark}{why}, {took} ms"))
}
