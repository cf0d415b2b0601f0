//! CloudWatch Logs: the lines of functions, and the events that rules write into a group.

use std::collections::{HashMap, VecDeque};

use serde_json::{Value, json};

use crate::Refusal;
use crate::system::System;

/// How many lines of a group are kept.
const LINES: usize = 10_000;

/// How many an answer has at most.
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html>
const PAGE: usize = 10_000;

#[derive(Debug)]
struct Line {
    at_ms: u64,
    stream: String,
    message: String,
}

/// Lines by log group.
#[derive(Debug, Default)]
pub struct Logs {
    groups: HashMap<String, VecDeque<Line>>,
}

impl System {
    /// Writes a line into a log group.
    pub(crate) fn log_line(&mut self, group: &str, stream: &str, message: &str) {
        let (at_ms, message) = (self.now_ms(), self.trace.shown(message));
        let lines = self.logs.groups.entry(group.to_owned()).or_default();
        lines.push_back(Line { at_ms, stream: stream.to_owned(), message });
        if lines.len() > LINES {
            lines.pop_front();
        }
    }

    /// An operation of CloudWatch Logs.
    pub(crate) fn logs(&mut self, operation: &str, body: &Value) -> Result<Value, Refusal> {
        match operation {
            "FilterLogEvents" => {
                let group = body.get("logGroupName").and_then(Value::as_str).unwrap_or_default();
                let pattern = body.get("filterPattern").and_then(Value::as_str).unwrap_or_default().trim_matches('"');
                let time = |field: &str| body.get(field).and_then(Value::as_u64);
                let (from, to) = (time("startTime").unwrap_or(0), time("endTime").unwrap_or(u64::MAX));
                let lines = self.logs.groups.get(group).into_iter().flatten();
                let wanted = lines.filter(|line| (from..=to).contains(&line.at_ms) && line.message.contains(pattern));
                let event = |(number, line): (usize, &Line)| {
                    json!({
                        "eventId": number.to_string(),
                        "logStreamName": line.stream,
                        "timestamp": line.at_ms,
                        "ingestionTime": line.at_ms,
                        "message": line.message,
                    })
                };
                Ok(
                    json!({ "events": wanted.take(PAGE).enumerate().map(event).collect::<Vec<_>>(), "searchedLogStreams": [] }),
                )
            }
            "DescribeLogGroups" => {
                let mut names: Vec<&String> = self.logs.groups.keys().collect();
                names.sort();
                let groups: Vec<Value> = names.into_iter().map(|name| json!({ "logGroupName": name })).collect();
                Ok(json!({ "logGroups": groups }))
            }
            _ => Err(Refusal::unknown_operation("CloudWatch Logs", operation)),
        }
    }
}
