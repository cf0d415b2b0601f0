//! CloudWatch Logs: the lines of functions, and the events that rules write into a group.

use std::collections::{HashMap, VecDeque};

use serde_json::{Value, json};

use crate::Refusal;
use crate::page::{Paging, page};
use crate::system::System;

/// How many lines of a group are kept.
const LINES: usize = 10_000;

/// How many an answer has at most.
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html>
const PAGE: u64 = 10_000;

const PAGING: Paging =
    Paging { limit: "limit", token: "nextToken", next: "nextToken", most: 50, invalid: "InvalidParameterException" };

const PAGING_EVENTS: Paging = Paging { most: PAGE, ..PAGING };

fn said<'b>(body: &'b Value, name: &str) -> &'b str {
    body.get(name).and_then(Value::as_str).unwrap_or_default()
}

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
            "FilterLogEvents" | "GetLogEvents" => self.log_events(operation, body),
            "DescribeLogGroups" => {
                let prefix = said(body, "logGroupNamePrefix");
                let names = self.names();
                let arn = |name: &String| format!("arn:aws:logs:{}:{}:log-group:{name}", names.region, names.account);
                let groups = self.log_groups().into_iter().filter(|name| name.starts_with(prefix));
                let told = groups.map(|name| json!({ "logGroupName": name, "arn": format!("{}:*", arn(&name)), "logGroupArn": arn(&name) }));
                page(body, PAGING, "logGroups", told.collect())
            }
            "DescribeLogStreams" => {
                let group = self.log_group(body)?;
                let mut names: Vec<&str> = group.map(|line| line.stream.as_str()).collect();
                names.sort_unstable();
                names.dedup();
                let told = names.into_iter().map(|name| json!({ "logStreamName": name }));
                page(body, PAGING, "logStreams", told.collect())
            }
            _ => Err(Refusal::unknown_operation("CloudWatch Logs", operation)),
        }
    }

    /// The names of all groups: those of the stacks, and those that have lines.
    fn log_groups(&self) -> Vec<String> {
        let made = self.stacks.iter().flat_map(|stack| stack.of_type(&["AWS::Logs::LogGroup"]));
        let made = made.map(|(_, group)| group.name.clone());
        let mut names: Vec<String> = made.chain(self.logs.groups.keys().cloned()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The lines of the group that a call names.
    fn log_group(&self, body: &Value) -> Result<impl Iterator<Item = &Line>, Refusal> {
        // A group may be given by its ARN.
        let identifier = said(body, "logGroupIdentifier");
        let by_arn = identifier.rsplit_once(":log-group:").map_or(identifier, |(_, name)| name);
        let name = if said(body, "logGroupName").is_empty() { by_arn } else { said(body, "logGroupName") };
        if !self.log_groups().iter().any(|own| own == name) {
            let message = "The specified log group does not exist.";
            return Err(Refusal::new("ResourceNotFoundException", message));
        }
        Ok(self.logs.groups.get(name).into_iter().flatten())
    }

    fn log_events(&self, operation: &str, body: &Value) -> Result<Value, Refusal> {
        let pattern = said(body, "filterPattern").trim_matches('"');
        let time = |field: &str| body.get(field).and_then(Value::as_u64);
        let (from, to) = (time("startTime").unwrap_or(0), time("endTime").unwrap_or(u64::MAX));
        let stream = Some(said(body, "logStreamName")).filter(|name| !name.is_empty());
        let wanted = |line: &&Line| {
            (from..=to).contains(&line.at_ms)
                && line.message.contains(pattern)
                && stream.is_none_or(|stream| line.stream == stream)
        };
        let events = self.log_group(body)?.filter(wanted).enumerate().map(|(number, line)| {
            json!({
                "eventId": number.to_string(),
                "logStreamName": line.stream,
                "timestamp": line.at_ms,
                "ingestionTime": line.at_ms,
                "message": line.message,
            })
        });
        if operation == "FilterLogEvents" {
            let mut answer = page(body, PAGING_EVENTS, "events", events.collect())?;
            answer["searchedLogStreams"] = json!([]);
            return Ok(answer);
        }
        // Whoever has read to the end is given the token that he came with.
        // https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
        let events: Vec<Value> = events.collect();
        let all = events.len();
        let mut answer = page(body, PAGING_EVENTS, "events", events)?;
        let next = answer.get("nextToken").cloned().unwrap_or_else(|| json!(all.to_string()));
        if let Some(answer) = answer.as_object_mut() {
            answer.remove("nextToken");
            answer.insert("nextForwardToken".to_owned(), next);
            answer.insert("nextBackwardToken".to_owned(), json!("0"));
        }
        Ok(answer)
    }
}
