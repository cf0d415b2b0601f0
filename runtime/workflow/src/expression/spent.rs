//! What the evaluations of one transition may take together, and what they have taken.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::bounds::{self, Bound};

/// How long the evaluations of one transition may take together, milliseconds.
pub(crate) const LONGEST_MS: u64 = bounds::TRANSITION_TIME_MS;

/// How long the evaluations of one transition may take together this time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) time: Duration,
    /// Whether one that takes longer fails for that. Else nothing comes of the transition, and it is planned another time.
    pub(crate) is_last: bool,
}

impl Default for Patience {
    fn default() -> Self {
        Self { time: Duration::from_millis(LONGEST_MS), is_last: true }
    }
}

/// The steps that the evaluations of one transition have taken, the bytes that they have given, and their time.
#[derive(Debug, Default)]
pub(crate) struct Spent {
    pub(super) steps: Cell<u64>,
    pub(super) bytes: Cell<usize>,
    pub(super) time: Cell<Duration>,
    patience: Patience,
    /// Whether one has met the end of the time.
    is_over: Cell<bool>,
}

impl Spent {
    pub(crate) fn new(patience: Patience) -> Self {
        Self { patience, ..Self::default() }
    }

    /// Whether another attempt, with more time, may lead somewhere else.
    pub(crate) fn is_undecided(&self) -> bool {
        self.is_over.get() && !self.patience.is_last
    }

    pub(super) fn add(&self, steps: u64) -> Result<(), Bound> {
        self.steps.set(self.steps.get().saturating_add(steps));
        if self.steps.get() > bounds::TRANSITION_STEPS { Err(Bound::TransitionSteps) } else { Ok(()) }
    }

    /// How long the next evaluation may take: less than all of them, so that what catches its failure can be evaluated.
    pub(super) fn time(&self) -> Result<Duration, Bound> {
        let left = self.patience.time.saturating_sub(self.time.get());
        let most = left.min(self.patience.time * 2 / 5).min(Duration::from_millis(bounds::TIME_MS));
        if most.is_zero() { Err(self.over(most)) } else { Ok(most) }
    }

    /// The time of an evaluation, which had so much, is over: the bound that it met.
    pub(super) fn over(&self, had: Duration) -> Bound {
        self.is_over.set(true);
        match (had < Duration::from_millis(bounds::TIME_MS), self.patience.time < Duration::from_millis(LONGEST_MS)) {
            (false, _) => Bound::Time,
            (true, false) => Bound::TransitionTime,
            (true, true) => Bound::TimeLeft,
        }
    }

    /// An evaluation that has begun then is over.
    pub(super) fn took(&self, begun: Instant) {
        self.time.set(self.time.get().saturating_add(begun.elapsed()));
    }

    /// Steps that only copy, one after the other, come to as much as those that compute.
    pub(super) fn given(&self, bytes: usize) -> Result<(), Bound> {
        self.bytes.set(self.bytes.get().saturating_add(bytes));
        if self.bytes.get() > bounds::TRANSITION_BYTES { Err(Bound::TransitionBytes) } else { Ok(()) }
    }
}
