//! Pipes: records of a table's stream, filtered, transformed, and put on a bus or into a queue.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes.html>

use std::sync::Arc;

use serde_json::{Value, json};

use super::streams::Record;
use crate::pattern::Filters;
use crate::stack::Stack;
use crate::system::{Caller, System};

/// A pipe.
#[derive(Debug, Clone)]
struct Pipe {
    arn: String,
    source: String,
    target: String,
    filters: Filters,
    template: Option<String>,
    /// Source and detail-type of what it puts on a bus.
    envelope: (String, String),
    dead_letters: Option<String>,
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
                    arn: it.arn.clone(),
                    source: text("/Source"),
                    target: text("/Target"),
                    filters: Filters::of(it.at("/SourceParameters/FilterCriteria"))?,
                    template: it.text("/TargetParameters/InputTemplate").map(str::to_owned),
                    envelope: (text(&format!("{parameters}/Source")), text(&format!("{parameters}/DetailType"))),
                    dead_letters: it
                        .text("/SourceParameters/DynamoDBStreamParameters/DeadLetterConfig/Arn")
                        .map(str::to_owned),
                    address: it.address.clone(),
                }));
            }
        }
        Ok(Self(pipes))
    }
}

impl Pipe {
    /// What it is kept under how far it has read.
    fn key(&self) -> String {
        format!("{} of {}", self.address, self.source)
    }
}

impl System {
    /// Begins with what pipes were not done with when the system before this one ended.
    pub(crate) fn catch_up_pipes(&mut self) {
        for pipe in self.pipes.0.clone() {
            let unread = self.unread(&pipe.source, &pipe.key(), &pipe.address, false);
            for record in unread.into_iter().filter(|record| pipe.filters.want(&record.json)) {
                let pipe = pipe.clone();
                self.after(0, move |system| system.carry(&pipe, &record));
            }
        }
    }

    /// Leads new records of a stream through the pipes that read it.
    pub(crate) fn pipe(&mut self, stream: &str, records: &[Record]) {
        for pipe in self.pipes.0.clone().iter().filter(|pipe| pipe.source == stream) {
            for record in records.iter().filter(|record| pipe.filters.want(&record.json)) {
                // In the order of the stream, each at least once.
                let times = if self.again(&pipe.address, record.cause).is_some() { 2 } else { 1 };
                for _ in 0..times {
                    let (pipe, record) = (pipe.clone(), record.clone());
                    self.after(0, move |system| system.carry(&pipe, &record));
                }
            }
        }
    }

    fn carry(&mut self, pipe: &Pipe, record: &Record) {
        let input = pipe.template.as_ref().map_or_else(|| record.json.to_string(), |it| filled(it, &record.json));
        let caller = Caller { role: None, cause: record.cause };
        let carried = if pipe.target.contains(":event-bus/") {
            let (source, detail_type) = &pipe.envelope;
            let entry =
                json!({ "EventBusName": pipe.target, "Source": source, "DetailType": detail_type, "Detail": input });
            self.put_event(&caller, &entry).map(|_| ())
        } else {
            self.deliver_to(&pipe.target, input, record.cause)
        };
        if let (Err(refusal), Some(queue)) = (carried, &pipe.dead_letters) {
            let why = format!("{}: {refusal}", pipe.address);
            let letter = self.letter_of(pipe, record).to_string();
            self.keep_dead_letter(queue, &letter, &[], record.cause, &why);
        }
        self.done_with(&pipe.key(), &pipe.address, record.sequence(), record.cause);
    }
}

impl System {
    /// What a pipe keeps of a record that it gives up: where it is in the stream, and not what it holds.
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html>
    fn letter_of(&self, pipe: &Pipe, record: &Record) -> Value {
        let arrived = crate::system::timestamp(record.at_ms);
        json!({
            "context": { "partnerResourceArn": pipe.arn, "condition": "RetryAttemptsExhausted" },
            "version": "1.0",
            "timestamp": self.now(),
            "DDBStreamBatchInfo": {
                "shardId": "shardId-00000000000000000000-00000000",
                "startSequenceNumber": record.sequence(),
                "endSequenceNumber": record.sequence(),
                "approximateArrivalOfFirstRecord": arrived,
                "approximateArrivalOfLastRecord": arrived,
                "batchSize": 1,
                "streamArn": pipe.source,
            },
        })
    }
}

/// A template with what stands for each `<$.way>` in it. Within a text of the template a text is written as it is, with nothing escaped, any
/// other value as JSON; outside of one, as JSON.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html>
pub(crate) fn filled(template: &str, record: &Value) -> String {
    let mut out = String::new();
    let mut rest = template;
    let mut read = String::new();
    while let Some((before, after)) = rest.split_once("<$.") {
        out.push_str(before);
        read.push_str(before);
        let Some((way, left)) = after.split_once('>') else {
            out.push_str("<$.");
            rest = after;
            continue;
        };
        let value = way.split('.').try_fold(record, |value, name| value.get(name));
        let in_text = in_text(&read);
        match value {
            Some(Value::String(text)) if in_text => out.push_str(text),
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
            (r#"{"id": "<$.dynamodb.NewImage.id.S>", "n": <$.dynamodb.NewImage.n.N>}"#, r#"{"id": "a"b", "n": "5"}"#),
            (r#"{"n": <$.dynamodb.NewImage.n.N>}"#, r#"{"n": "5"}"#),
            (r#"{"all": <$.dynamodb.NewImage.n>}"#, r#"{"all": {"N":"5"}}"#),
            (r#"{"no": "<$.missing>", "e": "<$.eventID>"}"#, r#"{"no": "", "e": "e-1"}"#),
        ] {
            assert_eq!(filled(template, &record), filled_in, "{template}");
        }
    }
}
