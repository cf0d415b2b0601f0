//! Whether what was expected was observed.

use evc_compiler::scenario::Expectation;
use evc_compiler::scenario::expectation::{Call, DeadLetters, End, Event, Expected, Message, Row, Workflow};
use evc_compiler::source::Spanned;
use evc_compiler::spec::keys::Word as _;
use serde_json::{Value, json};

use super::Failure;
use super::part::difference;
use super::play::Play;
use crate::pattern::Pattern;
use crate::sim::dynamodb;
use crate::system::Caller;
use crate::trace::{Hop, HopId, Kind, Outcome};

/// The most things that a failure tells of those that were observed.
const MOST_TOLD: usize = 5;

/// What is not as expected.
pub(super) fn observe(play: &mut Play<'_>) -> Vec<Failure> {
    let scenario = play.scenario;
    for expectation in &scenario.expect {
        let found = match &expectation.kind {
            Expected::Event(event) => play.events(event),
            Expected::Call(call) => play.called(call),
            Expected::Workflow(workflow) => play.executions(workflow),
            Expected::Row(row) => play.rows(row),
            Expected::Message(message) => play.messages(message),
            Expected::DeadLetters(letters) => play.dead_letters(letters),
        };
        play.judge(expectation, &found);
    }
    play.refusals();
    std::mem::take(&mut play.failures)
}

/// What was found of what was expected.
struct Found {
    /// What it is, in words: an event of a name, with a part of its detail.
    what: String,
    times: Option<u64>,
    /// Those that are as expected.
    fitting: Vec<Option<HopId>>,
    /// Those that nearly are, and why not.
    near: Vec<(Option<HopId>, String)>,
}

impl Found {
    fn new(what: String, times: Option<&Spanned<u64>>) -> Self {
        Self { what, times: times.map(|times| times.value), fitting: Vec::new(), near: Vec::new() }
    }

    /// Takes something that was observed, with the first difference from what was expected.
    fn take(&mut self, hop: Option<HopId>, difference: Option<String>) {
        match difference {
            None => self.fitting.push(hop),
            Some(difference) => self.near.push((hop, difference)),
        }
    }
}

impl Play<'_> {
    fn judge(&mut self, expectation: &Expectation, found: &Found) {
        let count = u64::try_from(found.fitting.len()).unwrap_or(u64::MAX);
        let (fits, expected) = match (expectation.not, found.times) {
            (true, None) => (count == 0, format!("no {}", found.what)),
            (true, Some(times)) => (count != times, format!("not {} {}", said_times(times), found.what)),
            (false, None) => (count > 0, found.what.clone()),
            (false, Some(times)) => (count == times, format!("{} {}", said_times(times), found.what)),
        };
        if fits {
            return;
        }
        let mut observed = Vec::new();
        if count > 0 {
            observed.push(said_times(count));
        }
        observed.extend(found.near.iter().take(MOST_TOLD).map(|(_, why)| why.clone()));
        if found.near.len() > MOST_TOLD {
            observed.push(format!("and {} more", found.near.len() - MOST_TOLD));
        }
        if observed.is_empty() {
            observed.push("none".to_owned());
        }
        let hop = found.fitting.last().copied().flatten().or_else(|| found.near.first().and_then(|(hop, _)| *hop));
        self.fail(expectation.span, expected, observed, hop);
    }

    fn hops(&self, kind: Kind) -> Vec<Hop> {
        self.system.trace.all().filter(|hop| hop.kind == kind).cloned().collect()
    }

    fn events(&mut self, expected: &Event) -> Found {
        let model = self.suite.model;
        let pattern = self.value(expected.pattern.as_ref());
        let has = self.value(expected.has.as_ref());
        let said = [&pattern, &has].into_iter().filter(|value| !value.is_null()).map(|it| format!(" with {it}"));
        let mut found =
            Found::new(format!("event {}{}", expected.event.value, said.collect::<String>()), expected.times.as_ref());
        let Some(event) = model.events.values().find(|event| event.head.name == expected.event.value) else {
            return found;
        };
        let pattern = (!pattern.is_null()).then(|| Pattern::parse(&pattern.to_string()));
        if let (Some(Err(why)), Some(payload)) = (&pattern, &expected.pattern) {
            self.fail(payload.0.span, "a pattern".to_owned(), vec![why.clone()], None);
            return found;
        }
        let is_it = |hop: &Hop| {
            hop.data.get("source") == Some(&json!(event.source.value))
                && hop.data.get("detail-type") == Some(&json!(event.detail_type.value))
        };
        for hop in self.hops(Kind::Event).iter().filter(|hop| is_it(hop)) {
            let detail = hop.data.get("detail").cloned().unwrap_or_default();
            let misses = match &pattern {
                Some(Ok(pattern)) if !pattern.matches(&detail) => Some(pattern.misses(&detail).join("; ")),
                _ => None,
            };
            found.take(Some(hop.id), misses.or_else(|| unlike(&detail, &has)));
        }
        found
    }

    fn called(&mut self, expected: &Call) -> Found {
        let with = self.value(expected.with.as_ref());
        let mut found =
            Found::new(format!("call of {}{}", expected.call.value, said_with(&with)), expected.times.as_ref());
        for called in self.calls.iter().filter(|called| called.function == expected.call.value) {
            let unlike = unlike(&called.input, &with).map(|why| format!("{} {}: {why}", called.function, called.input));
            found.take(called.hop, unlike);
        }
        found
    }

    fn executions(&mut self, expected: &Workflow) -> Found {
        let with = self.value(expected.with.as_ref());
        let output = self.value(expected.output.as_ref());
        let ended = expected.ended.as_ref().map(|ended| ended.value);
        let mut what = format!("execution of {}{}", expected.workflow.value, said_with(&with));
        if !expected.path.is_empty() {
            let path: Vec<&str> = expected.path.iter().map(|step| step.as_str()).collect();
            what = format!("{what} through {}", path.join(", "));
        }
        match (&expected.fails, ended, &expected.output) {
            (Some(error), ..) => what = format!("{what} that fails with {}", error.value),
            (_, Some(ended), _) => what = format!("{what} that is {}", ended.word()),
            (.., Some(_)) => what = format!("{what} that gives {output}"),
            _ => {}
        }
        let mut found = Found::new(what, expected.times.as_ref());
        for seen in self.system.executions(&format!("workflows.{}", expected.workflow.value)) {
            let status = || match &seen.error {
                Some(error) => format!("it is {} with {error}", seen.status),
                None => format!("it is {}", seen.status),
            };
            let wanted = match (&expected.fails, ended) {
                (Some(error), _) => (seen.error.as_deref() != Some(error.as_str())).then(status),
                (_, Some(End::Running)) => (seen.status != "RUNNING").then(status),
                (_, Some(End::Succeeded)) => (seen.status != "SUCCEEDED").then(status),
                (_, Some(End::Failed)) => (seen.status != "FAILED").then(status),
                (_, Some(End::TimedOut)) => (seen.status != "TIMED_OUT").then(status),
                (None, None) if expected.output.is_some() && seen.status != "SUCCEEDED" => Some(status()),
                (None, None) => None,
            };
            let of_output = || {
                let given = seen.output.clone().unwrap_or_default();
                expected.output.as_ref().and_then(|_| unlike(&given, &output))
            };
            let unlike = unlike(&seen.input, &with)
                .or_else(|| astray(&expected.path, &seen.entered))
                .or(wanted)
                .or_else(of_output);
            found.take(Some(seen.hop), unlike);
        }
        found
    }

    fn rows(&mut self, expected: &Row) -> Found {
        let key = self.value(expected.key.as_ref());
        let has = self.value(expected.has.as_ref());
        let said = [&key, &has].into_iter().filter(|value| !value.is_null()).map(|it| format!(" with {it}"));
        let what = format!("row of {}{}", expected.row.value, said.collect::<String>());
        let mut found = Found::new(what, expected.times.as_ref());
        let Some((_, name)) = self.table(&expected.row) else { return found };
        let mut start = Value::Null;
        loop {
            let mut body = json!({ "TableName": name });
            if !start.is_null() {
                body["ExclusiveStartKey"] = start;
            }
            let Ok(answer) = self.system.call(&Caller::default(), "DynamoDB_20120810.Scan", body) else { return found };
            for item in answer.get("Items").and_then(Value::as_array).into_iter().flatten() {
                let row = dynamodb::plain(item);
                // Another row is no near miss of one that is named by its key.
                if key.is_null() || difference(&row, &key).is_none() {
                    let unlike = unlike(&row, &has).map(|why| format!("{row}: {why}"));
                    found.take(self.written(&expected.row, &row), unlike);
                }
            }
            match answer.get("LastEvaluatedKey") {
                Some(next) => start = next.clone(),
                None => return found,
            }
        }
    }

    /// The hop that wrote a row last.
    fn written(&self, table: &str, row: &Value) -> Option<HopId> {
        let address = format!("tables.{table}");
        let keys: Vec<&str> = {
            let table = self.suite.model.tables.values().find(|it| it.head.name == table)?;
            table.key.iter().map(|name| name.as_str()).collect()
        };
        let same = |hop: &&Hop| {
            hop.kind == Kind::Row && hop.thing == address && keys.iter().all(|key| hop.data.get(key) == row.get(key))
        };
        self.system.trace.all().filter(same).last().map(|hop| hop.id)
    }

    fn messages(&mut self, expected: &Message) -> Found {
        let has = self.value(expected.has.as_ref());
        let what = format!("message in {}{}", expected.message.value, said_with(&has));
        let mut found = Found::new(what, expected.times.as_ref());
        let address = format!("queues.{}", expected.message.value);
        for hop in self.hops(Kind::Message).iter().filter(|hop| hop.thing == address) {
            // What a rule sends is the event.
            let message = hop.data.get("detail").filter(|_| hop.data.get("detail-type").is_some()).unwrap_or(&hop.data);
            found.take(Some(hop.id), unlike(message, &has));
        }
        found
    }

    fn dead_letters(&mut self, expected: &DeadLetters) -> Found {
        let name = expected.dead_letters.as_str();
        let letters = self.hops(Kind::DeadLetter);
        if name == "none" {
            let mut found = Found::new("dead letters of none".to_owned(), None);
            if letters.is_empty() {
                found.fitting.push(None);
            }
            for letter in letters {
                found.near.push((Some(letter.id), format!("{}: {}", letter.thing, letter.text)));
            }
            return found;
        }
        let mut found = Found::new(format!("dead letter of {name}"), expected.times.as_ref());
        for letter in letters {
            let of_it =
                letter.thing == name || letter.thing.starts_with(&format!("{name}.")) || letter.text.starts_with(name);
            let other = format!("{}: {}", letter.thing, letter.text);
            found.take(Some(letter.id), (!of_it).then_some(other));
        }
        found
    }

    /// Calls that roles did not allow: never what was meant.
    fn refusals(&mut self) {
        let denied: Vec<(HopId, String)> = self
            .system
            .trace
            .all()
            .filter(|hop| hop.kind == Kind::Call && hop.thing.starts_with("functions."))
            .filter_map(|hop| match &hop.outcome {
                Outcome::Denied(why) => Some((hop.id, format!("{}: {why}", hop.thing))),
                Outcome::Running | Outcome::Done | Outcome::Failed(_) => None,
            })
            .collect();
        for (hop, why) in denied {
            let span = self.scenario.send.span;
            self.fail(span, "every call is allowed by its function's role".to_owned(), vec![why], Some(hop));
        }
    }
}

fn unlike(value: &Value, part: &Value) -> Option<String> {
    if part.is_null() { None } else { difference(value, part).map(|difference| difference.to_string()) }
}

fn said_with(value: &Value) -> String {
    if value.is_null() { String::new() } else { format!(" with {value}") }
}

fn said_times(times: u64) -> String {
    if times == 1 { "once".to_owned() } else { format!("{times} times") }
}

/// How a way is not the one that was expected: steps in this order, with others between them.
fn astray(expected: &[Spanned<String>], entered: &[String]) -> Option<String> {
    let mut rest = entered.iter();
    let missing = expected.iter().find(|step| !rest.any(|state| *state == step.value))?;
    Some(format!("it did not come to `{}`, but through {}", missing.value, entered.join(", ")))
}
