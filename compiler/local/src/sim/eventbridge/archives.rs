//! Archives of buses, and replays of what is in them.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html>

use std::collections::VecDeque;
use std::sync::Arc;

use evc_values::Timestamp;
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::bus_name;
use crate::Refusal;
use crate::pattern::Pattern;
use crate::stack::Stack;
use crate::system::System;
use crate::trace::{Kind, New, Outcome};

/// How many events an archive holds here: the oldest go first.
const EVENTS: usize = 100_000;

/// A day, milliseconds.
const DAY_MS: u64 = 86_400_000;

/// The field of an event that was replayed.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html>
const REPLAY_NAME: &str = "replay-name";

#[derive(Debug, Default)]
struct Archive {
    name: String,
    address: String,
    bus: String,
    pattern: Option<Pattern>,
    /// How long events are kept; for ever if it does not say.
    kept_ms: Option<u64>,
    events: VecDeque<Archived>,
}

/// An event, with when it came.
#[derive(Debug, Clone)]
struct Archived {
    came_ms: u64,
    event: Arc<Value>,
}

#[derive(Debug)]
struct Replay {
    arn: String,
    archive: String,
    destination: Value,
    from_ms: u64,
    to_ms: u64,
    started_ms: u64,
    ended_ms: Option<u64>,
    last_ms: Option<u64>,
    state: &'static str,
}

/// The archives of all stacks by ARN, and the replays by name.
#[derive(Debug, Default)]
pub(crate) struct Archives {
    by_arn: IndexMap<String, Archive>,
    replays: IndexMap<String, Replay>,
}

impl Archives {
    /// Those of the stacks.
    pub(crate) fn of(stacks: &[Arc<Stack>]) -> Result<Self, String> {
        let mut by_arn = IndexMap::new();
        for stack in stacks {
            for (_, it) in stack.of_type(&["AWS::Events::Archive"]) {
                let pattern = it.at("/EventPattern").map(|pattern| Pattern::parse(&pattern.to_string())).transpose()?;
                let archive = Archive {
                    name: it.name.clone(),
                    address: it.address.clone(),
                    bus: bus_name(it.text("/SourceArn").unwrap_or("default")).to_owned(),
                    pattern,
                    kept_ms: it.number("/RetentionDays").filter(|days| *days > 0).map(|days| days * DAY_MS),
                    events: VecDeque::new(),
                };
                by_arn.insert(it.arn.clone(), archive);
            }
        }
        Ok(Self { by_arn, ..Self::default() })
    }

    /// Other archives: those that stay keep their events.
    pub(crate) fn become_these(&mut self, other: Self) {
        let mut before = std::mem::replace(&mut self.by_arn, other.by_arn);
        for (arn, archive) in &mut self.by_arn {
            if let Some(old) = before.get_mut(arn).filter(|old| old.bus == archive.bus) {
                archive.events = std::mem::take(&mut old.events);
            }
        }
    }

    /// Keeps an event of a bus. One that was replayed is in the archive already.
    pub(super) fn keep(&mut self, bus: &str, event: &Arc<Value>, now_ms: u64) {
        if event.get(REPLAY_NAME).is_some() {
            return;
        }
        for archive in self.by_arn.values_mut().filter(|archive| archive.bus == bus) {
            archive.forget(now_ms);
            if archive.pattern.as_ref().is_none_or(|pattern| pattern.matches(event)) {
                archive.events.push_back(Archived { came_ms: now_ms, event: event.clone() });
                if archive.events.len() > EVENTS {
                    archive.events.pop_front();
                }
            }
        }
    }
}

impl Archive {
    /// Takes out what is kept no longer.
    fn forget(&mut self, now_ms: u64) {
        let Some(kept_ms) = self.kept_ms else { return };
        while self.events.front().is_some_and(|first| first.came_ms.saturating_add(kept_ms) <= now_ms) {
            self.events.pop_front();
        }
    }

    fn told(&self, arn: &str) -> Value {
        let size: usize = self.events.iter().map(|it| it.event.to_string().len()).sum();
        json!({
            "ArchiveName": self.name, "ArchiveArn": arn, "EventSourceArn": self.bus, "State": "ENABLED", "EventCount": self.events.len(),
            "SizeBytes": size, "RetentionDays": self.kept_ms.map_or(0, |kept| kept / DAY_MS), "CreationTime": 0.0,
        })
    }
}

impl Archived {
    /// When the event occurred, by its own word.
    fn occurred_ms(&self) -> u64 {
        let time = self.event.get("time").and_then(Value::as_str).and_then(|time| time.parse::<Timestamp>().ok());
        time.and_then(|time| u64::try_from(time.millis()).ok()).unwrap_or(self.came_ms)
    }
}

impl Replay {
    fn told(&self, name: &str) -> Value {
        let mut told = json!({
            "ReplayName": name, "State": self.state, "EventSourceArn": self.archive, "EventStartTime": seconds(self.from_ms),
            "EventEndTime": seconds(self.to_ms), "ReplayStartTime": seconds(self.started_ms),
        });
        for (field, ms) in [("ReplayEndTime", self.ended_ms), ("EventLastReplayedTime", self.last_ms)] {
            if let Some(ms) = ms {
                told[field] = json!(seconds(ms));
            }
        }
        told
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are exact for 285,000 years")]
fn seconds(ms: u64) -> f64 {
    ms as f64 / 1_000.0
}

/// A time as SDKs send it: seconds since 1970, or a text.
fn time(body: &Value, field: &str) -> Result<u64, Refusal> {
    let value = body.get(field).unwrap_or(&Value::Null);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is neither negative nor greater")]
    let of_number =
        value.as_f64().filter(|it| (0.0..1e12).contains(it)).map(|seconds| (seconds * 1_000.0).round() as u64);
    let text = || value.as_str()?.parse::<Timestamp>().ok().and_then(|at| u64::try_from(at.millis()).ok());
    of_number.or_else(text).ok_or_else(|| invalid(field, "it is no time"))
}

fn invalid(field: &str, why: &str) -> Refusal {
    Refusal::invalid(format!("Parameter {field} is not valid. Reason: {why}."))
}

impl System {
    /// Operations on archives and replays; `None` if it is none of these.
    pub(super) fn archives(&mut self, operation: &str, body: &Value) -> Option<Result<Value, Refusal>> {
        let text = |field: &str| body.get(field).and_then(Value::as_str).unwrap_or_default();
        let now_ms = self.now_ms();
        Some(match operation {
            "ListArchives" => {
                self.archives.by_arn.values_mut().for_each(|archive| archive.forget(now_ms));
                let all: Vec<Value> = self.archives.by_arn.iter().map(|(arn, it)| it.told(arn)).collect();
                Ok(json!({ "Archives": all }))
            }
            "DescribeArchive" => {
                let name = text("ArchiveName");
                let found = self.archives.by_arn.iter_mut().find(|(_, archive)| archive.name == name);
                let gone = || Refusal::new("ResourceNotFoundException", format!("Archive {name} does not exist."));
                found.ok_or_else(gone).map(|(arn, archive)| {
                    archive.forget(now_ms);
                    archive.told(arn)
                })
            }
            "StartReplay" => self.start_replay(body),
            "DescribeReplay" => self.replay(text("ReplayName")).map(|(name, replay)| {
                let mut told = replay.told(name);
                told["ReplayArn"] = json!(replay.arn);
                told["Destination"] = replay.destination.clone();
                told
            }),
            "ListReplays" => {
                let fits = |(name, replay): &(&String, &Replay)| {
                    let state = text("State");
                    let archive = text("EventSourceArn");
                    name.starts_with(text("NamePrefix"))
                        && (state.is_empty() || replay.state == state)
                        && (archive.is_empty() || replay.archive == archive)
                };
                let all: Vec<Value> =
                    self.archives.replays.iter().filter(fits).map(|(name, replay)| replay.told(name)).collect();
                Ok(json!({ "Replays": all }))
            }
            "CancelReplay" => self.cancel_replay(text("ReplayName")),
            _ => return None,
        })
    }

    fn replay(&self, name: &str) -> Result<(&String, &Replay), Refusal> {
        let gone = || Refusal::new("ResourceNotFoundException", format!("Replay {name} does not exist."));
        self.archives.replays.get_key_value(name).ok_or_else(gone)
    }

    /// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_StartReplay.html>
    fn start_replay(&mut self, body: &Value) -> Result<Value, Refusal> {
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let name = text("/ReplayName").to_owned();
        if name.is_empty() || name.len() > 64 {
            return Err(invalid("ReplayName", "it has 1 to 64 characters"));
        }
        if self.archives.replays.contains_key(&name) {
            return Err(Refusal::new("ResourceAlreadyExistsException", format!("Replay {name} already exists.")));
        }
        let (from_ms, to_ms) = (time(body, "EventStartTime")?, time(body, "EventEndTime")?);
        if from_ms >= to_ms {
            return Err(invalid("EventEndTime", "EventStartTime must be before EventEndTime"));
        }
        let archive_arn = text("/EventSourceArn").to_owned();
        let archive = self.archives.by_arn.get(&archive_arn);
        let gone = || Refusal::new("ResourceNotFoundException", format!("Archive {archive_arn} does not exist."));
        let archive = archive.ok_or_else(gone)?;
        if bus_name(text("/Destination/Arn")) != archive.bus {
            return Err(invalid("Destination.Arn", "Cross event bus replay is not permitted"));
        }
        let address = archive.address.clone();
        let names = self.names();
        let arn = format!("arn:aws:events:{}:{}:replay/{name}", names.region, names.account);
        let started_ms = self.now_ms();
        let replay = Replay {
            arn: arn.clone(),
            archive: archive_arn,
            destination: body.get("Destination").cloned().unwrap_or_default(),
            from_ms,
            to_ms,
            started_ms,
            ended_ms: None,
            last_ms: None,
            state: "STARTING",
        };
        self.archives.replays.insert(name.clone(), replay);
        self.after(0, move |system| system.run_replay(&name, &address));
        Ok(json!({ "ReplayArn": arn, "State": "STARTING", "ReplayStartTime": seconds(started_ms) }))
    }

    /// Puts the events of a replay on their bus, in the order in which they occurred.
    fn run_replay(&mut self, name: &str, address: &str) {
        let now_ms = self.now_ms();
        let Archives { by_arn, replays } = &mut self.archives;
        let Some(replay) = replays.get_mut(name).filter(|replay| replay.state == "STARTING") else { return };
        let rules = replay.destination.get("FilterArns").and_then(Value::as_array);
        let rules: Vec<String> = rules.into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect();
        let Some(archive) = by_arn.get_mut(&replay.archive) else {
            (replay.state, replay.ended_ms) = ("FAILED", Some(now_ms));
            return;
        };
        archive.forget(now_ms);
        let bus = archive.bus.clone();
        let within = |it: &&Archived| (replay.from_ms..=replay.to_ms).contains(&it.occurred_ms());
        let mut events: Vec<Archived> = archive.events.iter().filter(within).cloned().collect();
        events.sort_by_key(Archived::occurred_ms);
        replay.last_ms = events.last().map(Archived::occurred_ms);
        (replay.state, replay.ended_ms) = ("COMPLETED", Some(now_ms));
        let text = format!("replay {name} of {} events", events.len());
        let hop = self.note(New::running(None, Kind::Call, address, text, Value::Null));
        for archived in events {
            let mut event = (*archived.event).clone();
            event[REPLAY_NAME] = json!(name);
            self.route_to(&bus, event, Some(hop), &rules);
        }
        self.note_end(hop, Outcome::Done);
    }

    fn cancel_replay(&mut self, name: &str) -> Result<Value, Refusal> {
        let (_, replay) = self.replay(name)?;
        if replay.state != "STARTING" {
            let message = format!("Replay {name} is not in a valid state for this operation.");
            return Err(Refusal::new("IllegalStatusException", message));
        }
        let (arn, now_ms) = (replay.arn.clone(), self.now_ms());
        if let Some(replay) = self.archives.replays.get_mut(name) {
            (replay.state, replay.ended_ms) = ("CANCELLED", Some(now_ms));
        }
        Ok(json!({ "ReplayArn": arn, "State": "CANCELLING" }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{START_MS, anybody, hops, system};

    const BUS: &str = "arn:aws:events:us-east-1:000000000000:event-bus/shop";
    const ARCHIVE: &str = "arn:aws:events:us-east-1:000000000000:archive/all";

    fn shop() -> System {
        let queue = |name: &str| format!("arn:aws:sqs:us-east-1:000000000000:test-{name}");
        let rule = |name: &str, pattern: Value, to: &str| json!({ "Name": name, "EventBusName": "shop", "EventPattern": pattern, "Targets": [{ "Id": "q", "Arn": queue(to) }] });
        let first_time = json!({ "source": ["s"], "replay-name": [{ "exists": false }] });
        let queues = ["Each", "Once"].map(|name| format!("http://127.0.0.1:4566/000000000000/test-{name}"));
        let policy = json!({
            "Queues": queues,
            "PolicyDocument": { "Statement": [{
                "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" }, "Action": "sqs:SendMessage", "Resource": "*",
            }] },
        });
        system(&[
            ("Bus", "AWS::Events::EventBus", json!({ "Name": "shop" })),
            (
                "All",
                "AWS::Events::Archive",
                json!({ "ArchiveName": "all", "SourceArn": BUS, "RetentionDays": 2, "EventPattern": { "source": ["s"] } }),
            ),
            ("Each", "AWS::Events::Rule", rule("each", json!({ "source": ["s", "t"] }), "Each")),
            ("Once", "AWS::Events::Rule", rule("once", first_time, "Once")),
            ("EachQueue", "AWS::SQS::Queue", json!({ "QueueName": "test-Each" })),
            ("OnceQueue", "AWS::SQS::Queue", json!({ "QueueName": "test-Once" })),
            ("Policy", "AWS::SQS::QueuePolicy", policy),
        ])
    }

    fn put(system: &mut System, source: &str, number: u64) {
        let entry = json!({ "EventBusName": "shop", "Source": source, "DetailType": "D", "Detail": json!({ "n": number }).to_string() });
        system.call(&anybody(), "AWSEvents.PutEvents", json!({ "Entries": [entry] })).expect("put");
        system.advance(system.now_ms() + 60_000);
    }

    fn start(system: &mut System, name: &str, from_ms: u64, to_ms: u64, rules: &[&str]) -> Result<Value, Refusal> {
        let asked = json!({
            "ReplayName": name, "EventSourceArn": ARCHIVE, "EventStartTime": from_ms / 1_000, "EventEndTime": to_ms / 1_000,
            "Destination": { "Arn": BUS, "FilterArns": rules },
        });
        let started = system.call(&anybody(), "AWSEvents.StartReplay", asked);
        system.advance(system.now_ms() + 1);
        started
    }

    /// What came to a queue: the number of the event, and the replay that it is of.
    fn received(system: &mut System, queue: &str) -> Vec<(u64, Option<String>)> {
        let url = format!("http://127.0.0.1:4566/000000000000/test-{queue}");
        let mut all = Vec::new();
        loop {
            let asked = json!({ "QueueUrl": url, "MaxNumberOfMessages": 10 });
            let answer = system.call(&anybody(), "AmazonSQS.ReceiveMessage", asked).expect("messages");
            let messages = answer.get("Messages").and_then(Value::as_array).cloned().unwrap_or_default();
            if messages.is_empty() {
                return all;
            }
            for message in messages {
                let event: Value = serde_json::from_str(message["Body"].as_str().expect("a body")).expect("JSON");
                all.push((
                    event["detail"]["n"].as_u64().expect("a number"),
                    event["replay-name"].as_str().map(str::to_owned),
                ));
                let asked = json!({ "QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"] });
                system.call(&anybody(), "AmazonSQS.DeleteMessage", asked).expect("deleted");
            }
        }
    }

    #[test]
    fn what_occurred_in_between_comes_again_with_the_name_of_the_replay() {
        let mut system = shop();
        for number in 1..=3 {
            put(&mut system, "s", number);
        }
        put(&mut system, "t", 4);
        assert_eq!(received(&mut system, "Each").len(), 4);
        assert_eq!(received(&mut system, "Once").len(), 3);
        let started = start(&mut system, "again", START_MS + 60_000, START_MS + 600_000, &[]).expect("started");
        assert_eq!(started["State"], "STARTING");
        let again = |number| (number, Some("again".to_owned()));
        assert_eq!(received(&mut system, "Each"), [again(2), again(3)], "not what is not in the archive");
        assert_eq!(received(&mut system, "Once"), [], "a rule that excludes replays");
        let told = system.call(&anybody(), "AWSEvents.DescribeReplay", json!({ "ReplayName": "again" })).expect("told");
        assert_eq!((&told["State"], &told["Destination"]["Arn"]), (&json!("COMPLETED"), &json!(BUS)));
        let listed =
            system.call(&anybody(), "AWSEvents.ListReplays", json!({ "NamePrefix": "a", "State": "COMPLETED" }));
        assert_eq!(listed.expect("listed")["Replays"].as_array().map(Vec::len), Some(1));
        // What was replayed is not archived again.
        let archive =
            system.call(&anybody(), "AWSEvents.DescribeArchive", json!({ "ArchiveName": "all" })).expect("told");
        assert_eq!(archive["EventCount"], 3);
        assert!(hops(&system, Kind::Call).iter().any(|hop| hop.text == "replay again of 2 events"));
    }

    #[test]
    fn only_the_rules_that_are_named_are_given_it() {
        let mut system = shop();
        put(&mut system, "s", 1);
        received(&mut system, "Each");
        let each = "arn:aws:events:us-east-1:000000000000:rule/each";
        start(&mut system, "one", START_MS, START_MS + 60_000, &["arn:aws:events:us-east-1:000000000000:rule/once"])
            .expect("started");
        assert_eq!(received(&mut system, "Each"), []);
        start(&mut system, "two", START_MS, START_MS + 60_000, &[each]).expect("started");
        assert_eq!(received(&mut system, "Each"), [(1, Some("two".to_owned()))]);
    }

    #[test]
    fn what_is_kept_no_longer_is_not_replayed() {
        let mut system = shop();
        put(&mut system, "s", 1);
        system.advance(START_MS + 2 * DAY_MS);
        received(&mut system, "Each");
        start(&mut system, "late", START_MS, START_MS + 60_000, &[]).expect("started");
        assert_eq!(received(&mut system, "Each"), []);
    }

    #[test]
    fn what_is_no_replay_is_refused() {
        let mut system = shop();
        start(&mut system, "one", START_MS, START_MS + 1_000, &[]).expect("started");
        let code = |refused: Result<Value, Refusal>| refused.expect_err("refused").code;
        assert_eq!(code(start(&mut system, "one", START_MS, START_MS + 1_000, &[])), "ResourceAlreadyExistsException");
        assert_eq!(code(start(&mut system, "two", START_MS, START_MS, &[])), "ValidationException");
        for (field, value, expected) in
            [("EventSourceArn", "none", "ResourceNotFoundException"), ("EventEndTime", "soon", "ValidationException")]
        {
            let mut asked = json!({ "ReplayName": "three", "EventSourceArn": ARCHIVE, "EventStartTime": 0, "EventEndTime": 1, "Destination": { "Arn": BUS } });
            asked[field] = json!(value);
            assert_eq!(code(system.call(&anybody(), "AWSEvents.StartReplay", asked)), expected, "{field}");
        }
        let elsewhere = json!({ "ReplayName": "three", "EventSourceArn": ARCHIVE, "EventStartTime": 0, "EventEndTime": 1, "Destination": { "Arn": "default" } });
        assert_eq!(code(system.call(&anybody(), "AWSEvents.StartReplay", elsewhere)), "ValidationException");
        assert_eq!(
            code(system.call(&anybody(), "AWSEvents.DescribeReplay", json!({ "ReplayName": "none" }))),
            "ResourceNotFoundException"
        );
        assert_eq!(
            code(system.call(&anybody(), "AWSEvents.CancelReplay", json!({ "ReplayName": "one" }))),
            "IllegalStatusException"
        );
    }
}
