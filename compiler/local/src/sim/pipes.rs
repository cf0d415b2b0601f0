//! Pipes: records of a table's stream, filtered, transformed, and put on a bus or into a queue.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes.html>

use std::sync::Arc;

use serde_json::{Value, json};

use super::streams::{READS, Record, SHARD};
use crate::Refusal;
use crate::iam::Principal;
use crate::pattern::Filters;
use crate::stack::Stack;
use crate::system::System;
use crate::trace::HopId;

/// What policies call the service.
const SERVICE: &str = "pipes.amazonaws.com";

/// Where a pipe says how it reads its stream.
const STREAM: &str = "/SourceParameters/DynamoDBStreamParameters";

/// How long a record waits before it is tried again, milliseconds: doubled with each retry, up to a minute. AWS does not say.
const RETRY_MS: u64 = 200;
/// See [`RETRY_MS`].
const MOST_RETRY_MS: u64 = 60_000;

/// A pipe.
#[derive(Debug, Clone)]
struct Pipe {
    source: String,
    target: String,
    filters: Filters,
    template: Option<String>,
    /// Source and detail-type of what it puts on a bus.
    envelope: (String, String),
    dead_letters: Option<String>,
    /// How often and for how long a record is tried; for ever, or as long as the stream has it, if it does not say.
    attempts: Option<u64>,
    age_ms: Option<u64>,
    role: String,
    arn: String,
    address: String,
}

/// The pipes of all stacks.
#[derive(Debug, Default)]
pub struct Pipes(Vec<Arc<Pipe>>);

impl Pipes {
    /// Those of the stacks.
    pub(crate) fn of(stacks: &[Arc<Stack>]) -> Result<Self, String> {
        let mut pipes = Vec::new();
        for stack in stacks {
            for (_, it) in stack.of_type(&["AWS::Pipes::Pipe"]) {
                let text = |pointer: &str| it.text(pointer).unwrap_or_default().to_owned();
                let parameters = "/TargetParameters/EventBridgeEventBusParameters";
                pipes.push(Arc::new(Pipe {
                    source: text("/Source"),
                    target: text("/Target"),
                    filters: Filters::of(it.at("/SourceParameters/FilterCriteria"))?,
                    template: it.text("/TargetParameters/InputTemplate").map(str::to_owned),
                    envelope: (text(&format!("{parameters}/Source")), text(&format!("{parameters}/DetailType"))),
                    dead_letters: it
                        .text("/SourceParameters/DynamoDBStreamParameters/DeadLetterConfig/Arn")
                        .map(str::to_owned),
                    attempts: it.number(&format!("{STREAM}/MaximumRetryAttempts")),
                    age_ms: it.number(&format!("{STREAM}/MaximumRecordAgeInSeconds")).map(|seconds| seconds * 1_000),
                    role: text("/RoleArn"),
                    arn: it.arn.clone(),
                    address: it.address.clone(),
                }));
            }
        }
        Ok(Self(pipes))
    }
}

impl System {
    /// Leads new records of a stream through the pipes that read it.
    pub(crate) fn pipe(&mut self, stream: &str, records: &[Record]) {
        for pipe in self.pipes.0.clone().iter().filter(|pipe| pipe.source == stream) {
            for record in records.iter().filter(|record| pipe.filters.want(&record.json)) {
                let (pipe, record) = (pipe.clone(), record.clone());
                self.after(0, move |system| system.carry(pipe, record, 0));
            }
        }
    }

    /// Carries a record to the target; again later if that fails, and to the dead-letter queue in the end: the place of the record in the
    /// stream, and not the record.
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html>
    fn carry(&mut self, pipe: Arc<Pipe>, record: Record, tried: u64) {
        let who = Principal::of(SERVICE, Some(&pipe.role), &pipe.arn);
        let table_stream = pipe.source.as_str();
        let reads = READS.iter().map(|action| self.names().ask(*action, table_stream.to_owned())).collect::<Vec<_>>();
        // A pipe that may not read its source stays where it is.
        if self.may(&who, &reads, record.cause).is_err() {
            return;
        }
        let input = pipe.template.as_ref().map_or_else(|| record.json.to_string(), |it| filled(it, &record.json));
        let Err(refusal) = self.carry_once(&pipe, &who, input, record.cause) else { return };
        let delay_ms = (RETRY_MS << tried.min(10)).min(MOST_RETRY_MS);
        let too_often = pipe.attempts.is_some_and(|most| tried >= most);
        let too_old = pipe.age_ms.is_some_and(|most| self.now_ms() + delay_ms > record.at_ms + most);
        if !too_often && !too_old {
            self.after(delay_ms, move |system| system.carry(pipe, record, tried + 1));
            return;
        }
        let Some(queue) = &pipe.dead_letters else { return };
        let condition = if too_often { "RetryAttemptsExhausted" } else { "MaximumRecordAgeExceeded" };
        let arrived = crate::system::timestamp(record.at_ms);
        let body = json!({
            "context": { "partnerResourceArn": pipe.arn, "condition": condition },
            "version": "1.0",
            "timestamp": self.now(),
            "DDBStreamBatchInfo": {
                "shardId": SHARD,
                "startSequenceNumber": record.sequence(),
                "endSequenceNumber": record.sequence(),
                "approximateArrivalOfFirstRecord": arrived,
                "approximateArrivalOfLastRecord": arrived,
                "batchSize": 1,
                "streamArn": pipe.source,
            },
        });
        let why = format!("{}: {refusal}", pipe.address);
        self.keep_dead_letter(&who, queue, &body.to_string(), &[], record.cause, &why);
    }

    fn carry_once(&mut self, pipe: &Pipe, who: &Principal, input: String, cause: Option<HopId>) -> Result<(), Refusal> {
        if !pipe.target.contains(":event-bus/") {
            return self.deliver_to(who, &pipe.target, input, None, cause);
        }
        let (source, detail_type) = &pipe.envelope;
        let entry =
            json!({ "EventBusName": pipe.target, "Source": source, "DetailType": detail_type, "Detail": input });
        self.put_event_as(who, &entry, cause).map(|_| ())
    }
}

/// A template with what stands for each `<$.way>` in it. Within a text of the template a text is written without its quotes, any other
/// value as JSON; outside of one, as JSON.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html>
pub(crate) fn filled(template: &str, record: &Value) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("<$.") {
        out.push_str(before);
        let Some((way, left)) = after.split_once('>') else {
            out.push_str("<$.");
            rest = after;
            continue;
        };
        let value = way.split('.').try_fold(record, |value, name| value.get(name));
        let in_text = in_text(&out);
        match value {
            Some(Value::String(text)) if in_text => {
                let quoted = json!(text).to_string();
                out.push_str(quoted.get(1..quoted.len() - 1).unwrap_or_default());
            }
            Some(value) => out.push_str(&value.to_string()),
            None if in_text => {}
            None => out.push_str("\"\""),
        }
        rest = left;
    }
    out.push_str(rest);
    out
}

/// Whether what follows stands between quotes.
pub(crate) fn in_text(before: &str) -> bool {
    let mut inside = false;
    let mut escaped = false;
    for c in before.chars() {
        match c {
            '\\' if inside && !escaped => escaped = true,
            '"' if !escaped => inside = !inside,
            _ => escaped = false,
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled() {
        let record =
            json!({ "eventID": "e-1", "dynamodb": { "NewImage": { "id": { "S": "a\"b" }, "n": { "N": "5" } } } });
        for (template, filled_in) in [
            (r#"{"id": "<$.dynamodb.NewImage.id.S>"}"#, r#"{"id": "a\"b"}"#),
            (r#"{"n": <$.dynamodb.NewImage.n.N>}"#, r#"{"n": "5"}"#),
            (r#"{"all": <$.dynamodb.NewImage.n>}"#, r#"{"all": {"N":"5"}}"#),
            (r#"{"no": "<$.missing>", "e": "<$.eventID>"}"#, r#"{"no": "", "e": "e-1"}"#),
        ] {
            assert_eq!(filled(template, &record), filled_in, "{template}");
        }
    }
}
