//! Readers of streams: event source mappings of functions. Each reads the records of a table in their order, a batch at a time.
//!
//! Where tables are on disk, it is kept beside them how far each reader is. What it has not been done with when a system ended, the next
//! one begins with: a record that was written is not lost by that, and the last batch may come twice, as it may on AWS.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html>

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::dynamodb::created_ms;
use super::lambda::{Ended, Invoke};
use crate::iam::Principal;
use crate::pattern::Filters;
use crate::stack::Stack;
use crate::system::System;
use crate::trace::{HopId, Kind, New, Outcome};

/// How long a batch waits before it is tried again, milliseconds: doubled with each retry, up to a minute. AWS does not say.
const RETRY_MS: u64 = 200;
const MOST_RETRY_MS: u64 = 60_000;

/// What whoever reads a stream has to be allowed.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html>
pub(crate) const READS: [&str; 3] = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"];

/// The one shard of a stream.
pub(crate) const SHARD: &str = "shardId-00000000000000000000-00000000";

/// A record of a stream, with the write that it tells of.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) json: Value,
    pub(crate) cause: Option<HopId>,
    pub(crate) at_ms: u64,
}

impl Record {
    /// Its number in the stream.
    pub(crate) fn sequence(&self) -> &str {
        self.json.pointer("/dynamodb/SequenceNumber").and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether it comes after the one with this number, if there is one.
    fn is_after(&self, sequence: Option<&str>) -> bool {
        let number = |text: &str| text.parse::<u128>().unwrap_or(0);
        sequence.is_none_or(|sequence| number(self.sequence()) > number(sequence))
    }
}

/// What is read from a stream: the mapping of a function.
#[derive(Debug, Clone)]
struct Mapping {
    function: String,
    stream: String,
    address: String,
    filters: Filters,
    batch: usize,
    window_ms: u64,
    partial: bool,
    bisect: bool,
    retries: Option<u64>,
    max_age_ms: Option<u64>,
    on_failure: Option<String>,
    /// Whether it begins with what comes after it was made, and not with what the stream has.
    from_latest: bool,
}

impl Mapping {
    /// What it is kept under how far it has read.
    fn key(&self) -> String {
        format!("{} of {}", self.function, self.stream)
    }
}

/// A batch that is to be tried, and how often it was.
#[derive(Debug, Clone)]
struct Attempt {
    records: Vec<Record>,
    tried: u64,
    /// Whether all went well before, and nobody knew.
    repeated: bool,
}

/// Where a reader is.
#[derive(Debug, Default)]
struct Position {
    waiting: VecDeque<Record>,
    /// Parts of a batch that failed, before all that waits.
    again: VecDeque<Attempt>,
    busy: bool,
    planned: bool,
}

/// The readers of all streams.
#[derive(Debug, Default)]
pub struct Readers {
    /// By the names of the mappings.
    mappings: IndexMap<String, Arc<Mapping>>,
    positions: BTreeMap<String, Position>,
}

impl Readers {
    /// The mappings of the stacks.
    pub(crate) fn of(stacks: &[Arc<Stack>]) -> Result<Self, String> {
        let mut mappings = IndexMap::new();
        for stack in stacks {
            for (_, it) in stack.of_type(&["AWS::Lambda::EventSourceMapping"]) {
                let Some(stream) = it.text("/EventSourceArn").filter(|arn| arn.contains("/stream/")) else { continue };
                let own = stack.resources.values().find(|own| Some(own.reference.as_str()) == it.text("/FunctionName"));
                let mapping = Mapping {
                    function: own
                        .map_or_else(|| it.text("/FunctionName").unwrap_or_default().to_owned(), |own| own.arn.clone()),
                    stream: stream.to_owned(),
                    address: own.map_or_else(|| it.address.clone(), |own| own.address.clone()),
                    filters: Filters::of(it.at("/FilterCriteria"))?,
                    batch: it.number("/BatchSize").and_then(|most| usize::try_from(most).ok()).unwrap_or(100).max(1),
                    window_ms: it.number("/MaximumBatchingWindowInSeconds").unwrap_or(0) * 1_000,
                    partial: it.list("/FunctionResponseTypes").iter().any(|it| *it == json!("ReportBatchItemFailures")),
                    bisect: it.flag("/BisectBatchOnFunctionError"),
                    retries: it.number("/MaximumRetryAttempts"),
                    max_age_ms: it.number("/MaximumRecordAgeInSeconds").map(|seconds| seconds * 1_000),
                    on_failure: it.text("/DestinationConfig/OnFailure/Destination").map(str::to_owned),
                    from_latest: it.text("/StartingPosition") == Some("LATEST"),
                };
                mappings.insert(it.name.clone(), Arc::new(mapping));
            }
        }
        Ok(Self { mappings, positions: BTreeMap::new() })
    }

    /// Other readers: one that stays reads on where it is, also if it has a batch at this moment.
    pub(crate) fn become_these(&mut self, other: Self) {
        self.mappings = other.mappings;
        self.positions.retain(|name, _| self.mappings.contains_key(name));
    }
}

impl System {
    /// Hands new records of a stream to those who read it.
    pub(crate) fn stream_grew(&mut self, stream: &str, records: Vec<Value>, cause: Option<HopId>) {
        let at_ms = self.now_ms();
        let records: Vec<Record> = records.into_iter().map(|json| Record { json, cause, at_ms }).collect();
        let readers = self.readers.mappings.iter().filter(|(_, mapping)| mapping.stream == stream);
        for (reader, mapping) in readers.map(|(name, mapping)| (name.clone(), mapping.clone())).collect::<Vec<_>>() {
            let wanted = records.iter().filter(|record| mapping.filters.want(&record.json));
            let wanted: Vec<Record> = wanted.cloned().collect();
            if wanted.is_empty() {
                continue;
            }
            self.readers.positions.entry(reader.clone()).or_default().waiting.extend(wanted);
            let late_ms = self.lateness(&mapping.address, cause, true);
            self.plan_batch(&reader, mapping.window_ms + late_ms);
        }
        self.pipe(stream, &records);
    }

    /// Begins with what readers were not done with when the system before this one ended.
    pub(crate) fn catch_up(&mut self) {
        if !self.tables.are_kept() {
            return;
        }
        for (reader, mapping) in self.readers.mappings.clone() {
            let unread = self.unread(&mapping.stream, &mapping.key(), &mapping.address, mapping.from_latest);
            let unread = unread.into_iter().filter(|record| mapping.filters.want(&record.json));
            self.readers.positions.entry(reader.clone()).or_default().waiting.extend(unread);
            self.plan_batch(&reader, mapping.window_ms);
        }
        self.catch_up_pipes();
    }

    /// The records of a stream that a reader has not been done with, as the consequence of a hop that says so.
    pub(crate) fn unread(&mut self, stream: &str, reader: &str, address: &str, from_latest: bool) -> Vec<Record> {
        let done = self.tables.position(reader);
        let found = match self.tables.records_after(stream, done.as_deref(), self.now_ms()) {
            Ok(found) => self.as_deployed(stream, found),
            Err(refusal) => {
                let failed = Outcome::Failed(refusal.to_string());
                self.note(New::done(None, Kind::Batch, address, "cannot read its stream", Value::Null).with(failed));
                return Vec::new();
            }
        };
        if done.is_none() && from_latest {
            if let Some(last) = found.last() {
                let last = Record { json: last.clone(), cause: None, at_ms: 0 };
                self.done_with(reader, address, last.sequence(), None);
            }
            return Vec::new();
        }
        if found.is_empty() {
            return Vec::new();
        }
        let text = format!("begins with {} records that were there", found.len());
        let cause = Some(self.note(New::done(None, Kind::Batch, address, text, Value::Null)));
        let record = |json: Value| Record { at_ms: created_ms(&json), json, cause };
        found.into_iter().map(record).filter(|record| record.is_after(done.as_deref())).collect()
    }

    /// Keeps that a reader is done with a record and all before it.
    pub(crate) fn done_with(&mut self, reader: &str, address: &str, sequence: &str, cause: Option<HopId>) {
        if let Err(refusal) = self.tables.keep_position(reader, sequence) {
            let failed = Outcome::Failed(refusal.to_string());
            let text = "cannot keep how far it has read";
            self.note(New::done(cause, Kind::Batch, address, text, Value::Null).with(failed));
        }
    }

    fn plan_batch(&mut self, reader: &str, delay_ms: u64) {
        let Some(position) = self.readers.positions.get_mut(reader) else { return };
        let nothing = position.waiting.is_empty() && position.again.is_empty();
        if !nothing && !position.busy && !position.planned {
            position.planned = true;
            let reader = reader.to_owned();
            self.after(delay_ms, move |system| system.read_batch(&reader));
        }
    }

    fn read_batch(&mut self, reader: &str) {
        let Some(mapping) = self.readers.mappings.get(reader).cloned() else { return };
        let Some(position) = self.readers.positions.get_mut(reader) else { return };
        position.planned = false;
        if position.busy {
            return;
        }
        let cause = position.waiting.iter().find_map(|record| record.cause);
        // A mapping whose function may not read the stream stays where it is.
        if let Some(function) = self.functions.find(&mapping.function) {
            let who = Principal::Role(function.role.clone());
            let reads = READS.map(|action| self.names().ask(action, mapping.stream.clone()));
            if self.may(&who, &reads, cause).is_err() {
                return;
            }
        }
        let Some(position) = self.readers.positions.get_mut(reader) else { return };
        let attempt = position.again.pop_front().unwrap_or_else(|| {
            let many = position.waiting.len().min(mapping.batch);
            Attempt { records: position.waiting.drain(..many).collect(), tried: 0, repeated: false }
        });
        if attempt.records.is_empty() {
            return;
        }
        position.busy = true;
        let cause = attempt.records.iter().find_map(|record| record.cause);
        let count = attempt.records.len();
        let text = if count == 1 { "1 record".to_owned() } else { format!("{count} records") };
        let hop = self.note(New::done(cause, Kind::Batch, &mapping.address, text, Value::Null));
        let records: Vec<&Value> = attempt.records.iter().map(|record| &record.json).collect();
        let payload = json!({ "Records": records }).to_string();
        let function = mapping.function.clone();
        let reader = reader.to_owned();
        let then = Box::new(move |system: &mut Self, ended| system.batch_ended(&reader, &mapping, attempt, &ended));
        self.invoke(Invoke { function, payload, cause: Some(hop), waits: true, then });
    }

    fn batch_ended(&mut self, reader: &str, mapping: &Mapping, attempt: Attempt, ended: &Ended) {
        let failed = match ended {
            Ended::Answer(answer) if mapping.partial => first_failed(answer, &attempt.records),
            Ended::Answer(_) => None,
            Ended::Error { .. } | Ended::Throttled => Some(0),
        };
        let mut delay_ms = 0;
        let mut again = Vec::new();
        // What of the batch needs no more work, by its last record.
        let many = attempt.records.len();
        let until = |count: usize| {
            let record = attempt.records.get(count.checked_sub(1)?)?;
            Some((record.sequence().to_owned(), record.cause))
        };
        let (mut done, whole) = (until(failed.unwrap_or(many)), until(many));
        if failed.is_none() && !attempt.repeated {
            // https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html: each at least once, as a batch.
            let cause = attempt.records.iter().find_map(|record| record.cause);
            if self.again(&mapping.address, cause).is_some() {
                again.push(Attempt { repeated: true, ..attempt });
            }
        } else if let Some(first) = failed {
            let repeated = attempt.repeated;
            let left: Vec<Record> = attempt.records.into_iter().skip(first).collect();
            let tried = attempt.tried + 1;
            let oldest = left.first().map_or(0, |record| record.at_ms);
            let too_old = mapping.max_age_ms.is_some_and(|most| self.now_ms() > oldest + most);
            let too_often = mapping.retries.is_some_and(|most| tried > most);
            if too_old || too_often {
                self.records_failed(
                    mapping,
                    &left,
                    tried,
                    if too_old { "RecordAgeExceeded" } else { "RetryAttemptsExhausted" },
                );
                done = whole;
            } else {
                delay_ms = (RETRY_MS << tried.min(10).saturating_sub(1)).min(MOST_RETRY_MS);
                // What fails is searched for by halves; a half that is a single record is tried until its retries are used up.
                let middle = left.len() / 2;
                if mapping.bisect && first == 0 && middle > 0 {
                    let (head, tail) = left.split_at(middle);
                    let half = |records: &[Record]| Attempt { records: records.to_vec(), tried, repeated };
                    again = vec![half(head), half(tail)];
                } else {
                    again.push(Attempt { records: left, tried, repeated });
                }
            }
        }
        if let Some((sequence, cause)) = done {
            self.done_with(&mapping.key(), &mapping.address, &sequence, cause);
        }
        let Some(position) = self.readers.positions.get_mut(reader) else { return };
        position.busy = false;
        for attempt in again.into_iter().rev() {
            position.again.push_front(attempt);
        }
        self.plan_batch(reader, delay_ms);
    }

    /// What a destination on failure of a stream is given: where the records are, and not the records.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html>
    fn records_failed(&mut self, mapping: &Mapping, records: &[Record], tried: u64, condition: &str) {
        let (Some(first), Some(last), Some(queue)) = (records.first(), records.last(), &mapping.on_failure) else {
            return;
        };
        let arrived = crate::system::timestamp(first.at_ms);
        let body = json!({
            "requestContext": {
                "requestId": self.new_id().to_string(),
                "functionArn": mapping.function,
                "condition": condition,
                "approximateInvokeCount": tried,
            },
            "responseContext": { "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" },
            "version": "1.0",
            "timestamp": self.now(),
            "DDBStreamBatchInfo": {
                "shardId": SHARD,
                "startSequenceNumber": first.sequence(),
                "endSequenceNumber": last.sequence(),
                "approximateArrivalOfFirstRecord": arrived,
                "approximateArrivalOfLastRecord": crate::system::timestamp(last.at_ms),
                "batchSize": records.len(),
                "streamArn": mapping.stream,
            },
        });
        let why = format!("{} records of {} were given up after {tried} attempts", records.len(), mapping.address);
        let role = self.functions.find(&mapping.function).map(|it| it.role.clone()).unwrap_or_default();
        self.keep_dead_letter(&Principal::Role(role), &queue.clone(), &body.to_string(), &[], first.cause, &why);
    }
}

/// The first record that an answer says failed. An answer that names none, or says nothing, means that all went well; one that cannot
/// be read, or names a record that was not sent, means that all failed.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>
fn first_failed(answer: &str, records: &[Record]) -> Option<usize> {
    let answer: Value = match serde_json::from_str(answer) {
        Ok(Value::Null) => return None,
        Ok(answer) => answer,
        Err(_) => return Some(0),
    };
    let failures = answer.get("batchItemFailures").filter(|failures| !failures.is_null())?;
    let Some(failures) = failures.as_array() else { return Some(0) };
    let place = |failure: &Value| {
        let sequence = failure.get("itemIdentifier").and_then(Value::as_str).unwrap_or_default();
        records.iter().position(|record| record.sequence() == sequence).unwrap_or(0)
    };
    failures.iter().map(place).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::lambda::Order;
    use crate::testing::{anybody, system};

    #[test]
    fn an_answer_says_from_where_on() {
        let record = |number: u64| Record {
            json: json!({ "dynamodb": { "SequenceNumber": number.to_string() } }),
            cause: None,
            at_ms: 0,
        };
        let records: Vec<Record> = (1..4).map(record).collect();
        for (answer, first) in [
            ("null", None),
            ("{}", None),
            (r#"{"batchItemFailures": []}"#, None),
            (r#"{"batchItemFailures": null}"#, None),
            (r#"{"batchItemFailures": [{"itemIdentifier": "3"}, {"itemIdentifier": "2"}]}"#, Some(1)),
            (r#"{"batchItemFailures": [{"itemIdentifier": ""}]}"#, Some(0)),
            (r#"{"batchItemFailures": [{"itemIdentifier": "9"}]}"#, Some(0)),
            (r#"{"batchItemFailures": 1}"#, Some(0)),
            ("what", Some(0)),
        ] {
            assert_eq!(first_failed(answer, &records), first, "{answer}");
        }
    }

    /// A table whose stream a function reads.
    fn read_table() -> Vec<(&'static str, &'static str, Value)> {
        let table = json!({
            "TableName": "things", "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
            "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
            "StreamSpecification": { "StreamViewType": "NEW_IMAGE" },
        });
        let stream = "arn:aws:dynamodb:us-east-1:000000000000:table/things/stream/2026-01-01T00:00:00.000";
        let mapping = json!({
            "FunctionName": "read", "BatchSize": 3, "EventSourceArn": stream, "StartingPosition": "TRIM_HORIZON",
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        });
        vec![
            ("T", "AWS::DynamoDB::Table", table),
            ("Read", "AWS::Lambda::Function", json!({ "FunctionName": "read", "Role": "role" })),
            ("Mapping", "AWS::Lambda::EventSourceMapping", mapping),
        ]
    }

    fn put(system: &mut System, number: u32) {
        let item = json!({ "TableName": "things", "Item": { "id": { "S": format!("{number:02}") } } });
        system.dynamodb(&anybody(), "PutItem", item).expect("it is put");
    }

    /// The batches that are to be read now: the invocations, with the numbers of their records and of the items.
    fn batches(system: &mut System, later_ms: u64) -> Vec<(u64, Vec<String>, Vec<u32>)> {
        let now_ms = system.now_ms();
        system.advance(now_ms + later_ms);
        let mut all = Vec::new();
        for order in system.take_orders() {
            let Order::Invoke { invocation, payload, .. } = order else { continue };
            let event: Value = serde_json::from_str(&payload).expect("JSON");
            let records = event["Records"].as_array().expect("records");
            let text = |record: &Value, pointer: &str| record.pointer(pointer)?.as_str().map(str::to_owned);
            let sequences = records.iter().filter_map(|record| text(record, "/dynamodb/SequenceNumber")).collect();
            let items = records.iter().filter_map(|record| text(record, "/dynamodb/Keys/id/S")?.parse().ok()).collect();
            all.push((invocation, sequences, items));
        }
        all
    }

    #[test]
    fn what_was_not_read_when_a_system_ended_is_read_by_the_next() {
        let folder = std::env::temp_dir().join(format!("evc-streams-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join("tables.sqlite");
        let open = || {
            let kept = crate::sim::dynamodb::Kept::File(file.clone());
            System::new(vec![crate::testing::stack(&read_table())], kept, crate::serve::real_ms(), 1).expect("a system")
        };
        let mut system = open();
        (0..5).for_each(|number| put(&mut system, number));
        let read = batches(&mut system, 0);
        assert_eq!(read[0].2, [0, 1, 2]);
        // It ends before anybody has answered: nothing is done.
        drop(system);
        let mut system = open();
        let read = batches(&mut system, 0);
        assert_eq!(read[0].2, [0, 1, 2]);
        let failed = json!({ "batchItemFailures": [{ "itemIdentifier": read[0].1[2] }] });
        system.invocation_ended(read[0].0, Ended::Answer(failed.to_string()));
        drop(system);
        // Two of the batch were done.
        let mut system = open();
        let read = batches(&mut system, 0);
        assert_eq!(read[0].2, [2, 3, 4]);
        assert!(system.trace.all().any(|hop| hop.text == "begins with 3 records that were there"));
        system.invocation_ended(read[0].0, Ended::Answer("{}".to_owned()));
        drop(system);
        let mut system = open();
        assert_eq!(batches(&mut system, 60_000), []);
        put(&mut system, 5);
        assert_eq!(batches(&mut system, 0)[0].2, [5]);
        let tables = system.dynamodb(&anybody(), "ListTables", json!({})).expect("tables");
        assert_eq!(tables["TableNames"], json!(["things"]));
        drop(system);
        std::fs::remove_dir_all(&folder).expect("it is removed");
    }

    /// <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>: in order, at least once.
    #[test]
    fn whatever_faults_there_are_the_records_of_a_stream_stay_in_order() {
        let mut system = system(&read_table());
        system.set_chaos(Some("seed=5,duplicate=40%,reorder=40%,delay=40%,kill=30%".parse().expect("faults")));
        let mut read: Vec<u32> = Vec::new();
        for number in 0..40 {
            put(&mut system, number);
            for _ in 0..20 {
                for (invocation, _, items) in batches(&mut system, 100) {
                    read.extend(items);
                    system.invocation_ended(invocation, Ended::Answer("{}".to_owned()));
                }
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        let first: Vec<u32> = read.iter().copied().filter(|number| seen.insert(*number)).collect();
        assert!(first.iter().copied().eq(0..u32::try_from(first.len()).expect("a few")), "{read:?}");
        assert!(first.len() > 30 && read.len() > first.len(), "{read:?}");
        // What comes again comes from where the batch begins, and goes on without a gap.
        assert!(read.windows(2).all(|two| two[1] <= two[0] + 1), "{read:?}");
    }
}
