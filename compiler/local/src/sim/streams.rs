//! Readers of streams: event source mappings of functions. Each reads the records of a table in their order, a batch at a time.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html>

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::lambda::{Ended, Invoke};
use crate::iam::Principal;
use crate::pattern::Filters;
use crate::stack::Stack;
use crate::system::System;
use crate::trace::{HopId, Kind, New};

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
    pub(crate) fn sequence(&self) -> &str {
        self.json.pointer("/dynamodb/SequenceNumber").and_then(Value::as_str).unwrap_or_default()
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
}

/// A batch that is to be tried, and how often it was.
#[derive(Debug, Clone)]
struct Attempt {
    records: Vec<Record>,
    tried: u64,
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
            let wanted = records.iter().filter(|record| mapping.filters.want(&record.json)).cloned();
            self.readers.positions.entry(reader.clone()).or_default().waiting.extend(wanted);
            self.plan_batch(&reader, mapping.window_ms);
        }
        self.pipe(stream, &records);
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
            Attempt { records: position.waiting.drain(..many).collect(), tried: 0 }
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
        if let Some(first) = failed {
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
            } else {
                delay_ms = (RETRY_MS << tried.min(10).saturating_sub(1)).min(MOST_RETRY_MS);
                // What fails is searched for by halves; a half that is a single record is tried until its retries are used up.
                let middle = left.len() / 2;
                if mapping.bisect && first == 0 && middle > 0 {
                    let (head, tail) = left.split_at(middle);
                    again = vec![Attempt { records: head.to_vec(), tried }, Attempt { records: tail.to_vec(), tried }];
                } else {
                    again.push(Attempt { records: left, tried });
                }
            }
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
}
