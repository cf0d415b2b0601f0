//! Changes of items as the stream brings them, and the events that they are.

use super::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Saved {
    order_id: String,
    total: crate::Money,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    lines: Vec<Line>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    sku: String,
}

impl Event for Saved {
    const SOURCE: &'static str = "shop";
    const DETAIL_TYPE: &'static str = "Saved";
}

fn changes() -> Changes {
    let mut changes = Changes::of("id");
    changes.insert::<Saved>();
    for (field, from) in [("orderId", "id"), ("total", "total"), ("note", "note"), ("lines", "lines")] {
        changes.copy(field, from);
    }
    changes
}

fn record(kind: &str, image: &Value) -> Record {
    serde_json::from_value(json!({
        "eventID": "abc", "eventName": kind,
        "dynamodb": {
            "ApproximateCreationDateTime": 1_479_499_740.5, "Keys": { "id": { "S": "o-1" } },
            "NewImage": image, "SequenceNumber": "300000000000000499659",
        },
    }))
    .expect("a record")
}

fn image() -> Value {
    json!({
        "id": { "S": "o-1" }, "total": { "N": "109.90" }, "secret": { "S": "x" }, "status": { "S": "NEW" },
        "lines": { "L": [{ "M": { "sku": { "S": "a\"b\n" }, "cost": { "N": "1" } } }] },
    })
}

fn details(changes: &Changes, record: &Record) -> Vec<Value> {
    let read = changes.read(record, "bus").into_iter();
    read.map(|read| serde_json::from_str(&read.expect("an entry").0.detail).expect("JSON")).collect()
}

#[test]
fn an_event_has_its_own_fields_and_nothing_else_of_the_item() {
    let changes = changes();
    let read = changes.read(&record("INSERT", &image()), "bus").remove(0).expect("an entry").0;
    assert_eq!((read.source.as_str(), read.detail_type.as_str(), read.bus.as_str()), ("shop", "Saved", "bus"));
    assert_eq!(read.time.to_string(), "2016-11-18T20:09:00.500Z");
    // Money keeps its digits, text is escaped, and what the event's types do not name is left out.
    assert!(read.detail.contains(r#""total":109.90"#) || read.detail.contains(r#""total":109.9"#), "{}", read.detail);
    let detail: Value = serde_json::from_str(&read.detail).expect("JSON");
    assert_eq!(detail["lines"], json!([{ "sku": "a\"b\n" }]));
    assert_eq!(
        detail["metadata"],
        json!({
            "eventId": "abc", "aggregate": "o-1", "sequence": "300000000000000499659",
            "occurredAt": "2016-11-18T20:09:00.500Z",
        })
    );
    let mut fields: Vec<_> = detail.as_object().expect("an object").keys().cloned().collect();
    fields.sort();
    assert_eq!(fields, ["lines", "metadata", "orderId", "total"]);
}

#[test]
fn only_the_changes_that_were_declared_are_events() {
    let changes = changes();
    assert_eq!(details(&changes, &record("INSERT", &image())).len(), 1);
    assert!(changes.read(&record("MODIFY", &image()), "bus").is_empty());
    // Deleted by somebody or expired: the record has no new image, and is no event.
    assert!(changes.read(&record("REMOVE", &Value::Null), "bus").is_empty());
}

#[test]
fn conditions_choose_among_several_events_of_a_change() {
    let mut changes = Changes::of("id");
    for (name, status) in [("Paid", "PAID"), ("New", "NEW")] {
        changes.update::<Saved>();
        changes.named(name);
        for (field, from) in [("orderId", "id"), ("total", "total"), ("lines", "lines")] {
            changes.copy(field, from);
        }
        changes.only_if(&["status"]);
        changes.is_text(status);
    }
    let found = details(&changes, &record("MODIFY", &image()));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["metadata"]["eventId"], "abc/New");
}

#[test]
fn every_condition_holds_for_what_it_says_and_for_nothing_else() {
    let item: Item = serde_json::from_value(json!({
        "s": { "S": "abc" }, "n": { "N": "5" }, "b": { "BOOL": true }, "m": { "M": { "s": { "S": "abc" } } },
    }))
    .expect("an item");
    let holds = |path: &'static [&'static str], is: Is| {
        at(&item, path).is_some_and(|value| Test { path, any: vec![is] }.any.iter().any(|is| is.holds(value)))
    };
    assert!(holds(&["s"], Is::Text("abc")) && !holds(&["s"], Is::Text("ab")));
    assert!(holds(&["s"], Is::Prefix("ab")) && !holds(&["s"], Is::Prefix("b")));
    assert!(holds(&["s"], Is::NoneOf(&["x"])) && !holds(&["s"], Is::NoneOf(&["x", "abc"])));
    assert!(holds(&["n"], Is::Number("5")) && !holds(&["n"], Is::Number("50")) && !holds(&["n"], Is::Text("5")));
    assert!(holds(&["b"], Is::Boolean(true)) && !holds(&["b"], Is::Boolean(false)));
    assert!(holds(&["m", "s"], Is::Text("abc")) && !holds(&["m", "x"], Is::NoneOf(&["a"])));
    assert!(!holds(&["s", "s"], Is::Text("abc")));
}

#[test]
fn an_item_that_is_no_such_event_is_poison_that_names_the_field_and_not_its_value() {
    let mut broken = image();
    broken["total"] = json!({ "S": "a secret" });
    let poison = changes().read(&record("INSERT", &broken), "bus").remove(0).expect_err("poison");
    assert!(poison.reason.contains("total") && !poison.reason.contains("secret"), "{}", poison.reason);
}
