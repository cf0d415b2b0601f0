//! `evc workflow history`: what happened to an execution, event by event.

use evc_workflow::store::Moment;
use evc_workflow::{ExecutionId, History};
use serde::Serialize;

use super::server::Server;
use super::text::{self, Cell, DIM, GREEN, RED, Side};
use super::{Problem, execution, not_there, to_json, word};

/// Print what happened to an execution, event by event.
///
/// Payloads are not part of a history. Of a long execution the first events and the last ones are kept.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The execution: WORKFLOW/NAME.
    #[arg(value_name = "EXECUTION", value_parser = execution)]
    execution: ExecutionId,
    /// Only the last so many events.
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
}

pub(super) async fn run(arguments: &Arguments, server: &Server, json: bool) -> Result<String, Problem> {
    let history = server.store.history(&arguments.execution).await?;
    let Some(first) = history.first() else { return Err(not_there(&arguments.execution)) };
    let start_ms = first.at_ms;
    let mut events: Vec<Entry> = history.iter().flat_map(events).collect();
    let left_out = arguments.limit.map_or(0, |limit| events.len().saturating_sub(limit));
    events.drain(..left_out);
    Ok(if json { as_json(&arguments.execution, left_out, &events) } else { as_text(start_ms, left_out, &events) })
}

/// Something that happened, as it is printed.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(skip)]
    at_ms: u64,
    at: String,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// What tells one attempt from all others of the execution.
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<String>,
    #[serde(skip)]
    started_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    /// How many events were left out here.
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<usize>,
}

fn events(moment: &Moment) -> Vec<Entry> {
    moment
        .entries
        .iter()
        .map(|entry| Entry { at_ms: moment.at_ms, at: text::time(moment.at_ms), ..event(entry) })
        .collect()
}

fn event(entry: &History) -> Entry {
    let ended = |event, state: &String, seq: u64, claimed_ms: u64| {
        let started_ms = Some(claimed_ms).filter(|claimed| *claimed > 0);
        Entry {
            event,
            step: Some(state.clone()),
            seq: Some(seq),
            started_ms,
            started_at: started_ms.map(text::time),
            ..Entry::default()
        }
    };
    match entry {
        History::Started => Entry { event: "started", ..Entry::default() },
        History::Dispatched { state, seq, path, attempt, delay_ms } => Entry {
            event: "dispatched",
            step: Some(state.clone()),
            path: Some(path.clone()).filter(|path| !path.is_empty()),
            seq: Some(*seq),
            attempt: Some(attempt.saturating_add(1)),
            delay_ms: Some(*delay_ms).filter(|delay| *delay > 0),
            ..Entry::default()
        },
        History::Succeeded { state, seq, claimed_ms } => ended("succeeded", state, *seq, *claimed_ms),
        History::Failed { state, seq, claimed_ms, error } => {
            Entry { error: Some(error.clone()), ..ended("failed", state, *seq, *claimed_ms) }
        }
        History::Caught { state, error, next } => Entry {
            event: "caught",
            step: Some(state.clone()),
            error: Some(error.clone()),
            next: Some(next.clone()),
            ..Entry::default()
        },
        History::Dropped { seq } => Entry { event: "dropped", seq: Some(*seq), ..Entry::default() },
        History::Omitted { entries } => Entry { event: "omitted", entries: Some(*entries), ..Entry::default() },
        History::Retried => Entry { event: "retried", ..Entry::default() },
        History::Ended { status, error } => {
            Entry { event: "ended", status: Some(word(*status)), error: error.clone(), ..Entry::default() }
        }
    }
}

fn as_text(start_ms: u64, left_out: usize, events: &[Entry]) -> String {
    let rows: Vec<Vec<Cell>> = events
        .iter()
        .map(|event| {
            let style = match event.event {
                "succeeded" => GREEN,
                "failed" => RED,
                "dropped" => DIM,
                _ => "",
            };
            let place =
                [&event.path, &event.step].into_iter().flatten().map(|part| text::plain(part)).collect::<Vec<_>>();
            vec![
                Cell::styled(format!("+{}", text::length(event.at_ms.saturating_sub(start_ms))), DIM),
                Cell::styled(event.event, style),
                Cell::new(place.join(" › ")),
                Cell::new(event.seq.map(|seq| format!("#{seq}")).unwrap_or_default()),
                Cell::new(details(event)),
            ]
        })
        .collect();
    let titles =
        [("TIME", Side::Right), ("EVENT", Side::Left), ("STEP", Side::Left), ("WORK", Side::Right), ("", Side::Left)];
    let mut lines = text::table(&titles, &rows);
    if left_out > 0 {
        lines.insert(1, text::paint(DIM, &format!("… {left_out} earlier events")));
    }
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    format!("from {}\n\n{}\n", text::time(start_ms), lines.join("\n"))
}

fn details(event: &Entry) -> String {
    let ran = event.started_ms.map(|started| format!("ran {}", text::length(event.at_ms.saturating_sub(started))));
    let parts = [
        event.attempt.filter(|attempt| *attempt > 1).map(|attempt| format!("attempt {attempt}")),
        event.delay_ms.map(|delay| format!("in {}", text::length(delay))),
        event.status.map(str::to_owned),
        event.error.as_deref().map(text::plain),
        event.entries.map(|entries| format!("{entries} events, too many to keep")),
        event.next.as_deref().map(|next| format!("goes on at {}", text::plain(next))),
        ran,
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn as_json(execution: &ExecutionId, left_out: usize, events: &[Entry]) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Document<'a> {
        execution: &'a str,
        left_out: usize,
        events: &'a [Entry],
    }
    to_json(&Document { execution: &execution.0, left_out, events })
}

#[cfg(test)]
mod tests {
    use super::*;
    use evc_workflow::Status;

    #[test]
    fn histories_for_people_and_for_programs() {
        let state = || "payment".to_owned();
        let dispatched = |seq, attempt, delay_ms| History::Dispatched {
            state: state(),
            seq,
            path: String::new(),
            attempt,
            delay_ms,
        };
        let history = [
            Moment { at_ms: 1_700_000_000_000, entries: vec![History::Started, dispatched(1, 0, 0)] },
            Moment {
                at_ms: 1_700_000_000_400,
                entries: vec![
                    History::Failed {
                        state: state(),
                        seq: 1,
                        claimed_ms: 1_700_000_000_150,
                        error: "Lambda.Unknown".to_owned(),
                    },
                    dispatched(2, 1, 1500),
                ],
            },
            Moment {
                at_ms: 1_700_000_002_000,
                entries: vec![
                    History::Failed { state: state(), seq: 2, claimed_ms: 0, error: "\u{1b}[31mDeclined".to_owned() },
                    History::Caught { state: state(), error: "Declined".to_owned(), next: "declined".to_owned() },
                    History::Omitted { entries: 980 },
                    History::Dropped { seq: 3 },
                    History::Ended { status: Status::Failed, error: Some("Declined".to_owned()) },
                ],
            },
            Moment { at_ms: 1_700_000_009_000, entries: vec![History::Retried] },
        ];
        let events: Vec<Entry> = history.iter().flat_map(events).collect();
        let text = as_text(1_700_000_000_000, 2, &events);
        let text = anstream::adapter::strip_str(&text).to_string();
        let json = as_json(&ExecutionId::new("fulfil-order", "a"), 0, &events[2..6]);
        insta::assert_snapshot!(format!("{text}{json}"));
    }
}
