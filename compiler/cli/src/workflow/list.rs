//! `evc workflow list`: executions, latest start first.

use clap::ValueEnum;
use evc_workflow::store::{Cursor, Filter, Page, Summary};
use evc_workflow::{ExecutionId, Status, Timestamp};
use serde::Serialize;

use super::server::Server;
use super::text::{self, Cell, DIM, Side};
use super::{Problem, to_json, word};
use evc_compiler::spec::scalar::Duration;

/// List executions, latest start first.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    evc workflow list --status running\n  \
    evc workflow list --workflow fulfil-order --status failed --since 24h --limit 200\n  \
    evc workflow list --json --since 2026-11-21T10:00:00Z | jq '.executions[].execution'")]
pub(super) struct Arguments {
    /// Only those of this workflow.
    #[arg(long, value_name = "NAME")]
    workflow: Option<String>,
    /// Only those that stand so.
    #[arg(long, value_name = "STATUS")]
    status: Option<Choice>,
    /// Only those that started since then: a time ago (`30m`, `24h`, `7d`) or a timestamp.
    #[arg(long, value_name = "WHEN", value_parser = since)]
    since: Option<Since>,
    /// At most so many.
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// Go on after a page: the cursor that it ended with.
    #[arg(long, value_name = "CURSOR", value_parser = cursor)]
    after: Option<Cursor>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// Under way.
    Running,
    /// Ended well.
    Succeeded,
    /// Ended with an error.
    Failed,
    /// Took longer than its workflow may.
    TimedOut,
    /// Ended by `evc workflow cancel`.
    Cancelled,
}

impl Choice {
    fn status(self) -> Status {
        match self {
            Self::Running => Status::Running,
            Self::Succeeded => Status::Succeeded,
            Self::Failed => Status::Failed,
            Self::TimedOut => Status::TimedOut,
            Self::Cancelled => Status::Aborted,
        }
    }
}

/// How far back, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Since {
    Ago(u64),
    At(u64),
}

impl Since {
    fn at_ms(self, now_ms: u64) -> u64 {
        match self {
            Self::Ago(ms) => now_ms.saturating_sub(ms),
            Self::At(ms) => ms,
        }
    }
}

fn since(text: &str) -> Result<Since, String> {
    if let Some(ago) = Duration::parse(text) {
        return Ok(Since::Ago(ago.seconds.saturating_mul(1000)));
    }
    let at = text.parse::<Timestamp>().ok().and_then(|at| u64::try_from(at.millis()).ok());
    at.map(Since::At)
        .ok_or_else(|| "expected a time ago such as `24h`, or a timestamp such as `2026-11-21T10:00:00Z`".to_owned())
}

fn cursor(text: &str) -> Result<Cursor, String> {
    let parts = text.split_once(':').and_then(|(ms, execution)| Some((ms.parse().ok()?, execution)));
    let (started_ms, execution) = parts.ok_or("expected the cursor that a page ended with")?;
    Ok(Cursor { started_ms, execution: ExecutionId(execution.to_owned()) })
}

fn cursor_text(cursor: &Cursor) -> String {
    format!("{}:{}", cursor.started_ms, cursor.execution.0)
}

pub(super) async fn run(arguments: &Arguments, server: &Server, json: bool) -> Result<String, Problem> {
    let now_ms = u64::try_from(Timestamp::now().millis()).unwrap_or(0);
    let from_ms = arguments.since.map_or(0, |since| since.at_ms(now_ms));
    let status = arguments.status.map(Choice::status);
    let filter = Filter { workflow: arguments.workflow.clone(), status, since_ms: from_ms };
    let page = server.store.list(&filter, arguments.after.as_ref(), usize::from(arguments.limit)).await?;
    Ok(if json { as_json(&page) } else { as_text(&page, now_ms, &looked_at(arguments, &server.namespace)) })
}

/// What was looked at, for a list without lines.
fn looked_at(arguments: &Arguments, namespace: &str) -> String {
    let status = arguments.status.map_or(String::new(), |status| format!("{} ", word(status.status())));
    let of = arguments.workflow.as_ref().map_or(String::new(), |workflow| format!(" of `{}`", text::plain(workflow)));
    let narrowed = if arguments.since.is_some() || arguments.after.is_some() { " of that time" } else { "" };
    format!("no {status}executions{of}{narrowed} in namespace `{}`", text::plain(namespace))
}

fn as_text(page: &Page, now_ms: u64, empty: &str) -> String {
    if page.executions.is_empty() {
        return text::paint(DIM, empty) + "\n";
    }
    let row = |execution: &Summary| {
        let took = execution.finished_ms.unwrap_or(now_ms).saturating_sub(execution.started_ms);
        vec![
            Cell::new(text::plain(&execution.execution.0)),
            Cell::styled(word(execution.status), text::color(execution.status)),
            Cell::new(text::time(execution.started_ms)),
            Cell::new(text::length(took)),
            Cell::styled(text::plain(&execution.definition), DIM),
        ]
    };
    let titles = [
        ("EXECUTION", Side::Left),
        ("STATUS", Side::Left),
        ("STARTED", Side::Left),
        ("TOOK", Side::Right),
        ("DEFINITION", Side::Left),
    ];
    let mut lines = text::table(&titles, &page.executions.iter().map(row).collect::<Vec<_>>());
    if let Some(next) = &page.next {
        lines.push(text::paint(DIM, &format!("there may be more: --after {}", text::plain(&cursor_text(next)))));
    }
    lines.join("\n") + "\n"
}

fn as_json(page: &Page) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Listed<'a> {
        execution: &'a str,
        workflow: &'a str,
        name: &'a str,
        status: &'static str,
        definition: &'a str,
        started_at: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        finished_at: Option<String>,
    }
    #[derive(Serialize)]
    struct List<'a> {
        executions: Vec<Listed<'a>>,
        /// The value of `--after` for the next page.
        next: Option<String>,
    }
    let executions = page
        .executions
        .iter()
        .map(|summary| Listed {
            execution: &summary.execution.0,
            workflow: summary.execution.workflow(),
            name: summary.execution.name(),
            status: word(summary.status),
            definition: &summary.definition,
            started_at: text::time(summary.started_ms),
            finished_at: summary.finished_ms.map(text::time),
        })
        .collect();
    to_json(&List { executions, next: page.next.as_ref().map(cursor_text) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        let summary = |name: &str, status, started_ms, finished_ms| Summary {
            revision: 1,
            execution: ExecutionId::new("fulfil-order", name),
            status,
            definition: "0123456789abcdef".to_owned(),
            started_ms,
            finished_ms,
        };
        let executions = vec![
            summary("late", Status::Running, 1_700_000_100_000, None),
            summary("earlier-one", Status::Failed, 1_700_000_000_000, Some(1_700_000_012_345)),
        ];
        let next =
            Some(Cursor { started_ms: 1_700_000_000_000, execution: ExecutionId::new("fulfil-order", "earlier-one") });
        Page { executions, next }
    }

    #[test]
    fn lists_for_people_and_for_programs() {
        let text = anstream::adapter::strip_str(&as_text(&page(), 1_700_000_160_000, "")).to_string();
        insta::assert_snapshot!(format!("{text}{}", as_json(&page())));
    }

    #[test]
    fn cursors_read_back() {
        let end = page().next.unwrap();
        assert_eq!(cursor(&cursor_text(&end)), Ok(end));
        assert!(cursor("later").is_err());
    }

    #[test]
    fn since_is_a_time_ago_or_a_point() {
        assert_eq!(since("24h"), Ok(Since::Ago(86_400_000)));
        assert_eq!(since("1970-01-01T00:00:01Z"), Ok(Since::At(1000)));
        assert!(since("yesterday").is_err());
    }
}
