//! `evc workflow show`: how an execution stands, with a timeline of its steps.

use evc_workflow::store::{Moment, View};
use evc_workflow::{ExecutionId, History, Outcome, Status, outcome};
use serde::Serialize;
use serde_json::Value as Json;

use super::server::Server;
use super::text::{self, BOLD, DIM, RED};
use super::timeline::{self, Attempt, Period, Row, State};
use super::{Problem, execution, not_there, to_json, word};
use crate::console;

/// Show how an execution stands, and a timeline of its steps.
///
/// For each step: how it ended, how often it was tried, how long the last attempt waited for a worker and how long it ran, and a bar on
/// the line of the execution's time. What it was started with and what it ended with are shown only with `--payloads`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    evc workflow show fulfil-order/0197a2f0\n  \
    evc workflow show fulfil-order/0197a2f0 --json --payloads | jq .output")]
pub(super) struct Arguments {
    /// The execution: WORKFLOW/NAME.
    #[arg(value_name = "EXECUTION", value_parser = execution)]
    execution: ExecutionId,
    /// Print input and output too. They may hold what is not for every eye.
    #[arg(long)]
    payloads: bool,
}

pub(super) async fn run(arguments: &Arguments, server: &Server, json: bool) -> Result<String, Problem> {
    let id = &arguments.execution;
    let Some((view, history)) = server.store.inspect(id).await? else { return Err(not_there(id)) };
    let shown = Shown::of(id, &view, &history, arguments.payloads)?;
    Ok(if json { as_json(&shown) } else { as_text(&shown, console::table_width()) })
}

/// An execution, ready to be printed.
struct Shown<'a> {
    id: &'a ExecutionId,
    view: &'a View,
    outcome: Outcome,
    rows: Vec<Row>,
    payloads: bool,
    /// When its time began, milliseconds since 1970: with its start, or with the last retry.
    time_began_ms: u64,
}

impl<'a> Shown<'a> {
    fn of(id: &'a ExecutionId, view: &'a View, history: &[Moment], payloads: bool) -> Result<Self, Problem> {
        let outcome = outcome(&view.snapshot.state)?;
        let retried = history.iter().rev().find(|moment| moment.entries.contains(&History::Retried));
        let time_began_ms = retried.map_or(view.started_ms, |moment| moment.at_ms);
        Ok(Self { id, view, outcome, rows: timeline::rows(history, &view.open), payloads, time_began_ms })
    }

    /// What is under way, with its step.
    fn under_way(&self) -> impl Iterator<Item = (&Row, &Attempt)> {
        self.rows
            .iter()
            .flat_map(|row| row.attempts.iter().map(move |attempt| (row, attempt)))
            .filter(|(_, attempt)| attempt.slot.is_some())
    }
}

fn as_text(shown: &Shown<'_>, width: usize) -> String {
    let Shown { id, view, outcome, rows, .. } = shown;
    let snapshot = &view.snapshot;
    let until_ms = view.finished_ms.unwrap_or(snapshot.now_ms);
    let mut lines = vec![format!(
        "{}  {}",
        text::paint(BOLD, &text::plain(&id.0)),
        text::paint(text::color(snapshot.status), word(snapshot.status))
    )];
    let mut fact = |name: &str, value: String| lines.push(format!("  {name:11} {value}"));
    fact("started", text::time(view.started_ms));
    if let Some(finished_ms) = view.finished_ms {
        fact("finished", text::time(finished_ms));
    }
    fact("took", text::length(until_ms.saturating_sub(view.started_ms)));
    if snapshot.status == Status::Running && view.timeout_ms > 0 {
        fact("times out", text::time(shown.time_began_ms.saturating_add(view.timeout_ms)));
    }
    fact("definition", text::plain(&snapshot.definition));
    if let Some(error) = &outcome.error {
        fact("error", text::paint(RED, &text::plain(error)));
    }
    if let Some(cause) = &outcome.cause {
        fact("cause", text::plain(cause));
    }
    if shown.payloads {
        fact("input", compact(&outcome.input));
        if let Some(output) = &outcome.output {
            fact("output", compact(output));
        }
    }
    if !rows.is_empty() {
        let (table, bars) = timeline::lines(rows, Period { from_ms: view.started_ms, to_ms: until_ms }, width);
        lines.push(String::new());
        lines.extend(table);
        if bars {
            lines.push(text::paint(DIM, timeline::LEGEND));
        }
    }
    for (row, attempt) in shown.under_way() {
        if attempt.state == State::WaitingForSignal {
            lines.push(String::new());
            lines.push(format!("`{}` waits for an answer; to give one:", row.name()));
            let step = text::plain(&row.step);
            lines.push(format!("  evc workflow signal {} --step {step} --answer JSON", text::plain(&id.0)));
        }
    }
    lines.join("\n") + "\n"
}

/// A payload on one line. JSON escapes what would steer a terminal, but not all of it.
fn compact(value: &Json) -> String {
    text::plain(&value.to_string())
}

fn as_json(shown: &Shown<'_>) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Document<'a> {
        execution: &'a str,
        workflow: &'a str,
        name: &'a str,
        status: &'static str,
        definition: &'a str,
        version: u64,
        started_at: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        finished_at: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cause: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        input: Option<&'a Json>,
        #[serde(skip_serializing_if = "Option::is_none")]
        output: Option<&'a Json>,
        steps: Vec<Visit<'a>>,
    }
    #[derive(Serialize)]
    struct Visit<'a> {
        step: &'a str,
        #[serde(skip_serializing_if = "str::is_empty")]
        path: &'a str,
        attempts: Vec<Tried>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Tried {
        result: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        dispatched_at: String,
        delay_ms: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        started_at: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        ended_at: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        ran_ms: Option<u64>,
    }
    let tried = |attempt: &Attempt| Tried {
        result: attempt.state.kind(),
        error: if let State::Failed(error) = &attempt.state { Some(error.clone()) } else { None },
        dispatched_at: text::time(attempt.dispatched_ms),
        delay_ms: attempt.delay_ms,
        started_at: attempt.started_ms.map(text::time),
        ended_at: attempt.ended_ms.map(text::time),
        ran_ms: attempt.ran_ms(),
    };
    let Shown { id, view, outcome, rows, payloads, .. } = shown;
    to_json(&Document {
        execution: &id.0,
        workflow: id.workflow(),
        name: id.name(),
        status: word(view.snapshot.status),
        definition: &view.snapshot.definition,
        version: view.snapshot.version,
        started_at: text::time(view.started_ms),
        finished_at: view.finished_ms.map(text::time),
        error: outcome.error.as_deref(),
        cause: outcome.cause.as_deref(),
        input: payloads.then_some(&outcome.input),
        output: outcome.output.as_ref().filter(|_| *payloads),
        steps: rows
            .iter()
            .map(|row| Visit { step: &row.step, path: &row.path, attempts: row.attempts.iter().map(tried).collect() })
            .collect(),
    })
}
