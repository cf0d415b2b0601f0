//! One execution by its steps: when each attempt was handed out, began and ended. From the history and the work that is under way.

use evc_workflow::History;
use evc_workflow::store::{Moment, Open};
use evc_workflow::{Phase, Slot, work_number};

use super::text::{self, Cell, DIM, GREEN, RED, Side, YELLOW};

/// A step, or one visit of it if the workflow came there several times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) step: String,
    /// Where in a `parallel` or a `for-each`; empty outside.
    pub(super) path: String,
    pub(super) attempts: Vec<Attempt>,
}

/// One attempt. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attempt {
    /// The number of the work.
    seq: u64,
    pub(super) dispatched_ms: u64,
    /// How long it was to wait before it: the interval of a retry, the time of a `wait`.
    pub(super) delay_ms: u64,
    /// When a worker took it, if that is known.
    pub(super) started_ms: Option<u64>,
    pub(super) ended_ms: Option<u64>,
    pub(super) state: State,
    /// The slot of what is under way.
    pub(super) slot: Option<Slot>,
}

/// How an attempt stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    Succeeded,
    /// With this error.
    Failed(String),
    /// No longer wanted when something else ended the scope around it.
    Dropped,
    /// Handed out; no worker has taken it.
    Queued,
    /// A worker has it.
    Running,
    /// For a point in time.
    Waiting,
    /// For an answer from outside.
    WaitingForSignal,
}

impl State {
    /// The kind of state, for programs.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed(_) => "failed",
            Self::Dropped => "dropped",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::WaitingForSignal => "waiting-for-signal",
        }
    }

    fn word(&self) -> String {
        match self {
            Self::Failed(error) => text::plain(error),
            Self::WaitingForSignal => "waits for signal".to_owned(),
            other => other.kind().to_owned(),
        }
    }

    fn color(&self) -> &'static str {
        match self {
            Self::Succeeded => GREEN,
            Self::Failed(_) => RED,
            Self::Dropped => DIM,
            Self::Queued | Self::Running | Self::Waiting | Self::WaitingForSignal => YELLOW,
        }
    }
}

/// The steps of an execution in the order in which they were first reached.
pub(super) fn rows(history: &[Moment], open: &[Open]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for moment in history {
        for entry in &moment.entries {
            match entry {
                History::Dispatched { state, seq, path, attempt, delay_ms } => {
                    let new = Attempt {
                        seq: *seq,
                        dispatched_ms: moment.at_ms,
                        delay_ms: *delay_ms,
                        started_ms: None,
                        ended_ms: None,
                        state: State::Queued,
                        slot: None,
                    };
                    // The first attempt of a later visit is a row of its own.
                    let again = rows.iter_mut().rev().find(|row| row.step == *state && row.path == *path);
                    match again.filter(|_| *attempt > 0) {
                        Some(row) => row.attempts.push(new),
                        None => rows.push(Row { step: state.clone(), path: path.clone(), attempts: vec![new] }),
                    }
                }
                History::Succeeded { seq, claimed_ms, .. } => {
                    end(&mut rows, *seq, moment.at_ms, *claimed_ms, State::Succeeded);
                }
                History::Failed { seq, claimed_ms, error, .. } => {
                    end(&mut rows, *seq, moment.at_ms, *claimed_ms, State::Failed(error.clone()));
                }
                History::Dropped { seq } => end(&mut rows, *seq, moment.at_ms, 0, State::Dropped),
                History::Started
                | History::Caught { .. }
                | History::Omitted { .. }
                | History::Retried
                | History::Ended { .. } => {}
            }
        }
    }
    for work in open {
        if let Some(attempt) = find(&mut rows, work.seq) {
            attempt.slot = Some(work.slot);
            attempt.state = match work.phase {
                Phase::Dispatched => State::Queued,
                Phase::Claimed => State::Running,
                Phase::Timer => State::Waiting,
                Phase::Signal => State::WaitingForSignal,
            };
        }
    }
    rows
}

/// Numbers begin again after a long time: the last one is meant.
fn find(rows: &mut [Row], seq: u64) -> Option<&mut Attempt> {
    let attempts = rows.iter_mut().rev().flat_map(|row| row.attempts.iter_mut().rev());
    attempts.into_iter().find(|attempt| work_number(attempt.seq) == work_number(seq))
}

fn end(rows: &mut [Row], seq: u64, at_ms: u64, claimed_ms: u64, state: State) {
    if let Some(attempt) = find(rows, seq) {
        attempt.started_ms = Some(claimed_ms).filter(|claimed| *claimed > 0);
        attempt.ended_ms = Some(at_ms);
        attempt.state = state;
    }
}

impl Attempt {
    /// When it could have begun.
    fn ready_ms(&self) -> u64 {
        self.dispatched_ms.saturating_add(self.delay_ms)
    }

    /// How long it ran, or has run; `None` if it never did, or nobody knows.
    pub(super) fn ran_ms(&self) -> Option<u64> {
        Some(self.ended_ms?.saturating_sub(self.started_ms?))
    }

    /// How long it waited for a worker, or has waited: not the time that it was to wait.
    pub(super) fn queued_ms(&self, now_ms: u64) -> u64 {
        let until = self.started_ms.or(self.ended_ms).unwrap_or(now_ms);
        until.saturating_sub(self.ready_ms())
    }
}

impl Row {
    fn last(&self) -> Option<&Attempt> {
        self.attempts.last()
    }

    /// The step with the place that it is in.
    pub(super) fn name(&self) -> String {
        let step = text::plain(&self.step);
        if self.path.is_empty() { step } else { format!("{} › {step}", text::plain(&self.path)) }
    }
}

/// The period that bars are drawn for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Period {
    pub(super) from_ms: u64,
    pub(super) to_ms: u64,
}

/// The least and the most columns of a bar.
const BAR: std::ops::RangeInclusive<usize> = 16..=100;

/// The most characters of a step's name and of a result.
const NAME: usize = 36;

/// What the characters of a bar mean.
pub(super) const LEGEND: &str = "· has to wait  ░ waits for a worker  █ runs";

/// The steps as lines: a table, with bars if there is room for them. Failed attempts before the last are lines below their step.
pub(super) fn lines(rows: &[Row], period: Period, width: usize) -> (Vec<String>, bool) {
    let titles = [
        ("STEP", Side::Left),
        ("RESULT", Side::Left),
        ("TRIES", Side::Right),
        ("QUEUED", Side::Right),
        ("RAN", Side::Right),
    ];
    let cells: Vec<Vec<Cell>> = rows.iter().map(|row| cells(row, period.to_ms)).collect();
    let mut lines = text::table(&titles, &cells);
    let used = lines.iter().map(|line| visible(line)).max().unwrap_or(0);
    let room = width.saturating_sub(used + 2);
    if room < *BAR.start() || period.to_ms <= period.from_ms {
        return (lines, false);
    }
    let columns = room.min(*BAR.end());
    for (line, row) in lines.iter_mut().skip(1).zip(rows) {
        let fill = " ".repeat(used.saturating_sub(visible(line)) + 2);
        line.push_str(&fill);
        line.push_str(&bar(row, period, columns));
    }
    (lines, true)
}

fn visible(line: &str) -> usize {
    anstream::adapter::strip_str(line).to_string().chars().count()
}

fn cells(row: &Row, now_ms: u64) -> Vec<Cell> {
    let unknown = || Cell::styled("-", DIM);
    let Some(last) = row.last() else { return vec![unknown(); 5] };
    let ran = last.ran_ms().map_or_else(unknown, |ms| Cell::new(text::length(ms)));
    // What waits for time or an answer is in no queue.
    let in_queue = last.started_ms.is_some() || matches!(last.state, State::Queued | State::Failed(_));
    let queued = if in_queue { Cell::new(text::length(last.queued_ms(now_ms))) } else { unknown() };
    vec![
        Cell::new(text::cut(&row.name(), NAME)),
        Cell::styled(text::cut(&last.state.word(), NAME), last.state.color()),
        Cell::new(row.attempts.len().to_string()),
        queued,
        ran,
    ]
}

/// The attempts of a step on the line of the execution's time.
fn bar(row: &Row, period: Period, columns: usize) -> String {
    let mut line: Vec<(char, &'static str)> = vec![(' ', ""); columns];
    for attempt in &row.attempts {
        let end = attempt.ended_ms.unwrap_or(period.to_ms);
        let color = attempt.state.color();
        let runs_from = match (&attempt.state, attempt.started_ms) {
            (_, Some(started)) => started,
            // Nobody knows since when; it is not the queue any more.
            (State::Running, None) => attempt.ready_ms().max(attempt.dispatched_ms),
            _ => end,
        };
        let timed = matches!(attempt.state, State::Waiting | State::WaitingForSignal);
        let ready = if timed { end } else { attempt.ready_ms() };
        draw(&mut line, period, (attempt.dispatched_ms, ready.min(runs_from)), ('·', color));
        draw(&mut line, period, (ready.min(runs_from), runs_from), ('░', color));
        draw(&mut line, period, (runs_from, end), ('█', color));
    }
    let mut text = String::new();
    for (c, style) in line {
        if style.is_empty() { text.push(c) } else { text.push_str(&text::paint(style, &c.to_string())) }
    }
    text.trim_end().to_owned()
}

/// Fills the columns of a time, at least one if the time is not nothing.
fn draw(line: &mut [(char, &'static str)], period: Period, (from, to): (u64, u64), with: (char, &'static str)) {
    if to <= from {
        return;
    }
    let all = u128::from(period.to_ms - period.from_ms).max(1);
    let columns = line.len();
    let column = |ms: u64| {
        let at = u128::from(ms.clamp(period.from_ms, period.to_ms) - period.from_ms) * columns as u128 / all;
        usize::try_from(at).unwrap_or(columns).min(columns)
    };
    let first = column(from).min(columns.saturating_sub(1));
    let last = column(to).max(first + 1);
    for place in line.iter_mut().take(last).skip(first) {
        *place = with;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(at_ms: u64, entries: Vec<History>) -> Moment {
        Moment { at_ms, entries }
    }

    fn dispatched(state: &str, seq: u64, attempt: u32, delay_ms: u64) -> History {
        History::Dispatched { state: state.to_owned(), seq, path: String::new(), attempt, delay_ms }
    }

    fn inside(state: &str, path: &str, seq: u64) -> History {
        History::Dispatched { state: state.to_owned(), seq, path: path.to_owned(), attempt: 0, delay_ms: 0 }
    }

    fn succeeded(state: &str, seq: u64, claimed_ms: u64) -> History {
        History::Succeeded { state: state.to_owned(), seq, claimed_ms }
    }

    fn failed(state: &str, seq: u64, claimed_ms: u64, error: &str) -> History {
        History::Failed { state: state.to_owned(), seq, claimed_ms, error: error.to_owned() }
    }

    fn open(seq: u64, phase: Phase) -> Open {
        Open {
            slot: 0,
            seq,
            phase,
            function: String::new(),
            not_before_ms: 0,
            lease_until_ms: None,
            deadline_ms: None,
            sent: 1,
        }
    }

    fn history() -> Vec<Moment> {
        vec![
            at(1000, vec![History::Started, dispatched("payment", 1, 0, 0)]),
            at(1400, vec![failed("payment", 1, 1200, "States.Timeout"), dispatched("payment", 2, 1, 800)]),
            at(3000, vec![succeeded("payment", 2, 2300), inside("pick", "lines/0", 3), inside("pick", "lines/1", 4)]),
            at(3100, vec![succeeded("pick", 3, 3010)]),
            at(5000, vec![succeeded("pick", 4, 3200), dispatched("pause", 5, 0, 2000)]),
            at(7000, vec![succeeded("pause", 5, 0), dispatched("approval", 6, 0, 0), dispatched("tell", 7, 0, 0)]),
        ]
    }

    fn shown(width: usize) -> String {
        let rows = rows(&history(), &[open(6, Phase::Signal), open(7, Phase::Claimed)]);
        let (lines, _) = lines(&rows, Period { from_ms: 1000, to_ms: 9000 }, width);
        anstream::adapter::strip_str(&lines.join("\n")).to_string()
    }

    #[test]
    fn attempts_of_a_step_are_one_row_and_visits_are_several() {
        let mut history = history();
        history.push(at(8000, vec![dispatched("payment", 8, 0, 0)]));
        let rows = rows(&history, &[]);
        let names: Vec<(String, usize)> = rows.iter().map(|row| (row.name(), row.attempts.len())).collect();
        let expected = [
            ("payment", 2),
            ("lines/0 › pick", 1),
            ("lines/1 › pick", 1),
            ("pause", 1),
            ("approval", 1),
            ("tell", 1),
            ("payment", 1),
        ];
        assert_eq!(names, expected.map(|(name, tries)| (name.to_owned(), tries)));
        assert_eq!((rows[0].attempts[1].queued_ms(9000), rows[0].attempts[1].ran_ms()), (100, Some(700)));
    }

    #[test]
    fn timeline_for_a_terminal() {
        insta::assert_snapshot!(shown(100));
    }

    #[test]
    fn without_room_there_are_no_bars() {
        insta::assert_snapshot!(shown(70));
    }
}
