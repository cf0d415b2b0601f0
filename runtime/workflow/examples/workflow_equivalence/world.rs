//! Functions that answer from a table of outcomes, and buses that remember: `tests/equivalence/world.py` once more.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Failed;

/// For each step, and for an item of a list (`1/0`) or all others (`*`), what comes of its calls.
pub(super) type Outcomes = BTreeMap<String, BTreeMap<String, Vec<Outcome>>>;

/// What comes of a call.
#[derive(Deserialize, Clone)]
#[serde(untagged)]
pub(super) enum Outcome {
    Ok { ok: Value },
    Error { error: String, message: String },
}

/// What came of a call: a result, or the error's name and cause.
pub(super) type Answer = Result<Value, (String, String)>;

/// The functions and buses of one execution.
pub(super) struct World {
    pub(super) log: Vec<Value>,
    outcomes: Outcomes,
    made: BTreeMap<(String, String), usize>,
}

impl World {
    pub(super) fn new(outcomes: Outcomes) -> Self {
        Self { log: Vec::new(), outcomes, made: BTreeMap::new() }
    }

    /// Calls a function.
    pub(super) fn call(&mut self, function: &str, payload: &Value) -> Result<Answer, Failed> {
        let evc = &payload["evc"];
        let visit = evc["visit"].as_str().unwrap_or_default().split('/');
        let visit: Vec<&str> = visit.map(|part| if is_time(part) { "TIME" } else { part }).collect();
        let around = visit.iter().take_while(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
        let mut items: Vec<u64> = around.map(|part| part.parse()).collect::<Result<_, _>>()?;
        items.extend(evc["item"].as_u64());
        let keys = |value: &Value| value.as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default();
        let mut others: Vec<String> =
            [payload, evc].into_iter().flat_map(|value| -> Vec<String> { keys(value) }).collect();
        others.sort();
        others.dedup();
        let entry = json!({
            "step": evc["step"],
            "items": items,
            "function": function,
            "attempt": evc["attempt"],
            "visit": visit.join("/"),
            "execution": evc["execution"],
            "timed": evc["started"].as_str().is_some_and(is_time),
            "others": others,
            "input": payload.get("input"),
        });
        self.answer(entry, &items)
    }

    /// Puts an event, which says which step it comes from.
    pub(super) fn publish(&mut self, mut event: Value) -> Result<Answer, Failed> {
        let mut detail = event["Detail"].take();
        if detail["metadata"]["occurredAt"].as_str().is_some_and(is_time) {
            detail["metadata"]["occurredAt"] = Value::from("TIME");
        }
        let place = detail["place"].as_str().unwrap_or_default().split('/').filter(|part| !part.is_empty());
        let items: Vec<u64> = place.map(str::parse).collect::<Result<_, _>>()?;
        let entry = json!({
            "step": detail["step"],
            "items": items,
            "bus": event["EventBusName"],
            "source": event["Source"],
            "type": event["DetailType"],
            "detail": detail,
        });
        let answer = self.answer(entry, &items)?;
        Ok(answer.map(|_| json!({ "FailedEntryCount": 0, "Entries": [{ "EventId": "1" }] })))
    }

    fn answer(&mut self, entry: Value, items: &[u64]) -> Result<Answer, Failed> {
        let step = entry["step"].as_str().unwrap_or_default().to_owned();
        self.log.push(entry);
        let key = items.iter().map(u64::to_string).collect::<Vec<_>>().join("/");
        let key = if key.is_empty() { "*".to_owned() } else { key };
        let listed = self.outcomes.get(&step).ok_or_else(|| format!("step `{step}` has no outcomes"))?;
        let listed = listed.get(&key).or_else(|| listed.get("*")).ok_or("no outcome for the other items")?;
        let made = self.made.entry((step, key)).or_default();
        let outcome = listed.get(*made).or(listed.last()).ok_or("no outcome")?;
        *made += 1;
        Ok(match outcome {
            Outcome::Ok { ok } => Ok(ok.clone()),
            Outcome::Error { error, message } => {
                Err((error.clone(), json!({ "errorType": error, "errorMessage": message }).to_string()))
            }
        })
    }
}

/// Whether it is a time as ISO 8601 writes it, in UTC.
fn is_time(text: &str) -> bool {
    let shape = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        10 => byte == b'T',
        _ => byte.is_ascii_digit() || b":.Z".contains(&byte),
    };
    text.len() >= 20 && text.ends_with('Z') && text.bytes().enumerate().all(shape)
}
