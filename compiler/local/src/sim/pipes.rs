//! Pipes: records of a table's stream, filtered, transformed, and put on a bus or into a queue.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes.html>

use std::collections::{BTreeMap, VecDeque};
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
    arn: String,
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
    address: String,
}

/// The records that a pipe is not done with, in the order of the stream.
#[derive(Debug, Default)]
struct Line {
    waiting: VecDeque<Record>,
    /// How often the first of them was tried.
    tried: u64,
    /// Whether its time is set.
    planned: bool,
}

/// The pipes of all stacks.
#[derive(Debug, Default)]
pub struct Pipes {
    all: Vec<Arc<Pipe>>,
    /// By what pipes are kept under.
    lines: BTreeMap<String, Line>,
}

impl Pipes {
    /// Those of the stacks.
    pub(crate) fn of(stacks: &[Arc<Stack>]) -> Result<Self, String> {
        let mut all = Vec::new();
        for stack in stacks {
            for (_, it) in stack.of_type(&["AWS::Pipes::Pipe"]) {
                let text = |pointer: &str| it.text(pointer).unwrap_or_default().to_owned();
                let parameters = "/TargetParameters/EventBridgeEventBusParameters";
                all.push(Arc::new(Pipe {
                    arn: it.arn.clone(),
                    source: text("/Source"),
                    target: text("/Target"),
                    filters: Filters::of(it.at("/SourceParameters/FilterCriteria"))?,
                    template: it.text("/TargetParameters/InputTemplate").map(str::to_owned),
                    envelope: (text(&format!("{parameters}/Source")), text(&format!("{parameters}/DetailType"))),
                    dead_letters: it.text(&format!("{STREAM}/DeadLetterConfig/Arn")).map(str::to_owned),
                    attempts: it.number(&format!("{STREAM}/MaximumRetryAttempts")),
                    age_ms: it.number(&format!("{STREAM}/MaximumRecordAgeInSeconds")).map(|seconds| seconds * 1_000),
                    role: text("/RoleArn"),
                    address: it.address.clone(),
                }));
            }
        }
        Ok(Self { all, lines: BTreeMap::new() })
    }

    /// Other pipes: one that stays goes on with what it is not done with.
    pub(crate) fn become_these(&mut self, other: Self) {
        self.all = other.all;
        let keys: Vec<String> = self.all.iter().map(|pipe| pipe.key()).collect();
        self.lines.retain(|key, _| keys.contains(key));
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
        for pipe in self.pipes.all.clone() {
            let unread = self.unread(&pipe.source, &pipe.key(), &pipe.address, false);
            let unread = unread.into_iter().filter(|record| pipe.filters.want(&record.json));
            self.pipes.lines.entry(pipe.key()).or_default().waiting.extend(unread);
            self.plan_carrying(pipe.key(), 0);
        }
    }

    /// Leads new records of a stream through the pipes that read it.
    pub(crate) fn pipe(&mut self, stream: &str, records: &[Record]) {
        for pipe in self.pipes.all.clone().iter().filter(|pipe| pipe.source == stream) {
            for record in records.iter().filter(|record| pipe.filters.want(&record.json)) {
                // In the order of the stream, each at least once.
                let times = if self.again(&pipe.address, record.cause).is_some() { 2 } else { 1 };
                let line = self.pipes.lines.entry(pipe.key()).or_default();
                line.waiting.extend(std::iter::repeat_n(record.clone(), times));
            }
            self.plan_carrying(pipe.key(), 0);
        }
    }

    fn plan_carrying(&mut self, key: String, delay_ms: u64) {
        let Some(line) = self.pipes.lines.get_mut(&key) else { return };
        if !line.planned && !line.waiting.is_empty() {
            line.planned = true;
            self.after(delay_ms, move |system| system.carry(key));
        }
    }

    /// Carries the first record that a pipe is not done with to the target; again later if that fails, and to the dead-letter queue in the
    /// end. Those behind it wait.
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html>
    fn carry(&mut self, key: String) {
        let pipe = self.pipes.all.iter().find(|pipe| pipe.key() == key).cloned();
        let (Some(pipe), Some(line)) = (pipe, self.pipes.lines.get_mut(&key)) else { return };
        line.planned = false;
        let Some(record) = line.waiting.front().cloned() else { return };
        let tried = line.tried;
        let who = Principal::of(SERVICE, Some(&pipe.role), &pipe.arn);
        let reads = READS.map(|action| self.names().ask(action, pipe.source.clone()));
        // A pipe that may not read its source stays where it is.
        if self.may(&who, &reads, record.cause).is_err() {
            return;
        }
        let input = pipe.template.as_ref().map_or_else(|| record.json.to_string(), |it| filled(it, &record.json));
        if let Err(refusal) = self.carry_once(&pipe, &who, input, record.cause) {
            let delay_ms = (RETRY_MS << tried.min(10)).min(MOST_RETRY_MS);
            let too_often = pipe.attempts.is_some_and(|most| tried >= most);
            let too_old = pipe.age_ms.is_some_and(|most| self.now_ms() + delay_ms > record.at_ms + most);
            if !too_often && !too_old {
                if let Some(line) = self.pipes.lines.get_mut(&key) {
                    line.tried += 1;
                }
                return self.plan_carrying(key, delay_ms);
            }
            if let Some(queue) = &pipe.dead_letters {
                let condition = if too_often { "RetryAttemptsExhausted" } else { "MaximumRecordAgeExceeded" };
                let letter = self.letter_of(&pipe, &record, condition).to_string();
                let why = format!("{}: {refusal}", pipe.address);
                self.keep_dead_letter(&who, queue, &letter, &[], record.cause, &why);
            }
        }
        self.done_with(&key, &pipe.address, record.sequence(), record.cause);
        if let Some(line) = self.pipes.lines.get_mut(&key) {
            line.waiting.pop_front();
            line.tried = 0;
        }
        self.plan_carrying(key, 0);
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

    /// What a pipe keeps of a record that it gives up: where it is in the stream, and not what it holds.
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html>
    fn letter_of(&self, pipe: &Pipe, record: &Record, condition: &str) -> Value {
        let arrived = crate::system::timestamp(record.at_ms);
        json!({
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
    use crate::testing::{anybody, stack};

    /// A system on a file whose pipe leads from a table to a queue with these rights.
    fn piped(file: &std::path::Path, actions: &Value) -> System {
        let trust = json!({ "Effect": "Allow", "Principal": { "Service": SERVICE }, "Action": "sts:AssumeRole" });
        let statement = json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
        let role = json!({
            "RoleName": "role", "AssumeRolePolicyDocument": { "Statement": [trust] },
            "Policies": [{ "PolicyName": "it", "PolicyDocument": { "Statement": [statement] } }],
        });
        let table = json!({
            "TableName": "items", "StreamSpecification": { "StreamViewType": "NEW_IMAGE" },
            "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
        });
        let stack = stack(&[
            ("T", "AWS::DynamoDB::Table", table),
            ("Q", "AWS::SQS::Queue", json!({ "QueueName": "jobs" })),
            ("R", "AWS::IAM::Role", role),
            (
                "P",
                "AWS::Pipes::Pipe",
                json!({
                    "Name": "p", "RoleArn": "arn:aws:iam::000000000000:role/role",
                    "Source": "arn:aws:dynamodb:us-east-1:000000000000:table/items/stream/2026-01-01T00:00:00.000",
                    "Target": "arn:aws:sqs:us-east-1:000000000000:jobs",
                    "TargetParameters": { "InputTemplate": "<$.dynamodb.NewImage.id>" },
                }),
            ),
        ]);
        let kept = crate::sim::dynamodb::Kept::File(file.to_owned());
        System::new(vec![stack], kept, crate::serve::real_ms(), 1).expect("a system")
    }

    fn received(system: &mut System) -> Vec<String> {
        system.advance(system.now_ms() + 120_000);
        let asked = json!({ "QueueUrl": "http://127.0.0.1:4566/000000000000/jobs", "MaxNumberOfMessages": 10 });
        let answer = system.call(&anybody(), "AmazonSQS.ReceiveMessage", asked).expect("messages");
        let messages = answer.get("Messages").and_then(Value::as_array).cloned().unwrap_or_default();
        let id = |message: &Value| {
            let body: Value = serde_json::from_str(message["Body"].as_str().expect("a body")).expect("JSON");
            body["S"].as_str().expect("an id").to_owned()
        };
        messages.iter().map(id).collect()
    }

    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html>: a shard is carried in order.
    #[test]
    fn what_a_pipe_may_not_carry_holds_up_what_is_behind_it_also_over_a_new_start() {
        let folder = std::env::temp_dir().join(format!("evc-pipes-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join("tables.sqlite");
        let put = |system: &mut System, number: u32| {
            let item = json!({ "TableName": "items", "Item": { "id": { "S": number.to_string() } } });
            system.call(&anybody(), "DynamoDB_20120810.PutItem", item).expect("put");
        };
        let may_not_send = json!("dynamodb:*");
        let may_not_read = json!("sqs:*");
        let may = json!(["dynamodb:*", "sqs:*"]);
        let mut system = piped(&file, &may);
        put(&mut system, 0);
        assert_eq!(received(&mut system), ["0"]);
        drop(system);
        for (number, actions) in [(1, may_not_send), (2, may_not_read)] {
            let mut system = piped(&file, &actions);
            put(&mut system, number);
            assert!(received(&mut system).is_empty(), "{actions}");
        }
        let mut system = piped(&file, &may);
        put(&mut system, 3);
        assert_eq!(received(&mut system), ["1", "2", "3"]);
        drop(system);
        assert!(received(&mut piped(&file, &may)).is_empty());
        std::fs::remove_dir_all(&folder).expect("it is removed");
    }

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
