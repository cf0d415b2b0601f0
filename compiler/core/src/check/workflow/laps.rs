//! Loops that wait, and go round until the history of the execution is full: before the workflow's own time is over.

use std::collections::BTreeSet;

use super::history::{ENDS, FAILS, MOST_ENTRIES};
use super::item;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Body, Lasts, Model, Step, StepId, Workflow};
use crate::spec::scalar::Duration;

/// The most steps that are gone in the search for laps of one loop. Of one that has more ways nothing is said.
const MOST_VISITS: usize = 10_000;

/// One way round a loop.
#[derive(Debug, Clone, Copy)]
struct Lap {
    entries: u64,
    /// How long it waits; what is called takes its time beside.
    seconds: u64,
    /// The step that waits longest.
    wait: StepId,
}

/// Looks at the loops of one body. `entries` is what a step writes at least.
pub(super) fn check(
    model: &Model,
    workflow: &Workflow,
    body: &Body,
    entries: &dyn Fn(&Step) -> u64,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for round in body.loops().iter() {
        if round.iter().any(|id| counts(body.step(*id))) {
            continue;
        }
        let Some(lap) = slowest(model, body, round, entries) else { continue };
        let left = (MOST_ENTRIES - ENDS).saturating_sub(before(body, round, entries));
        found.extend(full(model, workflow, body, lap, left));
    }
    found
}

/// Whether a step goes on by how much of something there is: the loop ends by itself.
pub(super) fn counts(step: &Step) -> bool {
    step.successors().len() > 1
        && step.expressions().into_iter().any(|expr| expr.compares_by_order() && !expr.is_deadline_of_data())
}

/// The fewest entries that are written before a loop is reached.
fn before(body: &Body, round: &BTreeSet<StepId>, entries: &dyn Fn(&Step) -> u64) -> u64 {
    let mut seen = BTreeSet::new();
    let mut work = BTreeSet::from_iter(body.first().map(|first| (0, first)));
    while let Some((written, id)) = work.pop_first() {
        if round.contains(&id) {
            return written;
        }
        if seen.insert(id) {
            let after = entries(body.step(id)).saturating_add(written);
            work.extend(body.edges(id).map(|to| (after, to)));
        }
    }
    0
}

/// Reports a loop of which the laps fill what is left of a history.
fn full(model: &Model, workflow: &Workflow, body: &Body, lap: Lap, left: u64) -> Option<Diagnostic> {
    let laps = left / lap.entries.max(1);
    let time = laps.saturating_mul(lap.seconds);
    if time >= workflow.timeout.seconds {
        return None;
    }
    let waits = body.step(lap.wait);
    let message = format!(
        "this loop fills the history of an execution within {}, and the workflow may take {}",
        about(time),
        workflow.timeout
    );
    let longer = lap.entries.saturating_mul(workflow.timeout.seconds).div_ceil(left.max(1)).saturating_sub(lap.seconds);
    let longer = match waits_for(model, waits) {
        Some(now) => Duration::seconds(round_up(now + longer)),
        None => return None,
    };
    Some(
        Diagnostic::new(Code::EVC0709, waits.kind_span, message)
            .label(format!("a lap waits {}, and writes {} entries of {MOST_ENTRIES}", Duration::seconds(lap.seconds), lap.entries))
            .on(item(workflow))
            .secondary(workflow.timeout_span, format!("ends after {}", workflow.timeout))
            .note(format!("{laps} laps fit, and more if what is called takes long"))
            .note(FAILS)
            .help(format!(
                "wait `{longer}` each time, give the workflow a `timeout` of {} or less, count the laps and leave the loop after some, or \
                 say `engine: redis`",
                Duration::seconds(time / 3600 * 3600).max(Duration::seconds(time.min(3600)))
            )),
    )
}

/// Of the ways round a loop that wait, the one that fills a history last. Nothing if one waits for nobody knows how long.
fn slowest(model: &Model, body: &Body, round: &BTreeSet<StepId>, entries: &dyn Fn(&Step) -> u64) -> Option<Lap> {
    if round.iter().any(|id| waits_unknown(model, body.step(*id))) {
        return None;
    }
    let steps: Vec<(StepId, u64, u64)> = round
        .iter()
        .map(|id| {
            let step = body.step(*id);
            (*id, entries(step), waits_for(model, step).unwrap_or(0))
        })
        .collect();
    let mut search = Search { body, steps: &steps, visits: 0, found: Vec::new() };
    for (start, ..) in &steps {
        search.from(*start, *start, &mut vec![*start])?;
    }
    let slower = |lap: &Lap| (u128::from(lap.seconds) << 64) / u128::from(lap.entries.max(1));
    search.found.into_iter().filter(|lap| lap.seconds > 0).max_by_key(slower)
}

/// Whether a step takes a time that nothing says: until somebody answers, until a time that the execution knows, or with waits inside.
fn waits_unknown(model: &Model, step: &Step) -> bool {
    let mut inside = false;
    for body in step.bodies() {
        body.walk(&mut |step| inside |= step.is_work() && step.call().is_none() && step.publish().is_none());
    }
    let until = step.is_work() && step.call().is_none() && step.publish().is_none() && waits_for(model, step).is_none();
    inside || until || step.waits_for_signal()
}

/// How many seconds a step waits, if it waits for a time that the spec says.
pub(super) fn waits_for(model: &Model, step: &Step) -> Option<u64> {
    match step.lasts(model)? {
        Lasts::Exactly(time) => Some(time.seconds),
        Lasts::AtMost(_) => None,
    }
}

struct Search<'b> {
    body: &'b Body,
    steps: &'b [(StepId, u64, u64)],
    visits: usize,
    found: Vec<Lap>,
}

impl Search<'_> {
    /// Goes on from the last step of `path`, to steps that are not before `start`, so that each lap is found once.
    fn from(&mut self, start: StepId, at: StepId, path: &mut Vec<StepId>) -> Option<()> {
        self.visits += 1;
        if self.visits > MOST_VISITS {
            return None;
        }
        let next: BTreeSet<StepId> = self.body.edges(at).collect();
        for to in next {
            if to == start {
                self.found.extend(self.lap(path));
            } else if to > start && !path.contains(&to) && self.steps.iter().any(|(id, ..)| *id == to) {
                path.push(to);
                self.from(start, to, path)?;
                path.pop();
            }
        }
        Some(())
    }

    fn lap(&self, path: &[StepId]) -> Option<Lap> {
        let on = || self.steps.iter().filter(|(id, ..)| path.contains(id));
        let (wait, ..) = on().max_by_key(|(_, _, waits)| *waits)?;
        Some(Lap {
            entries: on().map(|(_, entries, _)| *entries).fold(0, u64::saturating_add),
            seconds: on().map(|(_, _, waits)| *waits).fold(0, u64::saturating_add),
            wait: *wait,
        })
    }
}

/// A time for people, in its two greatest units.
fn about(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, 0, _) => format!("{days} d"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// A number of seconds that is easy to write, and no less.
fn round_up(seconds: u64) -> u64 {
    let unit = match seconds {
        0..=120 => 1,
        121..=7_200 => 60,
        _ => 3_600,
    };
    seconds.div_ceil(unit) * unit
}
