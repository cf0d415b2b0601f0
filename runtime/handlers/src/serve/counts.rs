//! What is counted of an invocation, so that Lambda's `Errors`, less `BusinessErrors`, and `Failures` are trouble and nothing else.

#![allow(unreachable_pub, reason = "the macro declares a public enumeration")]

use super::*;
use crate::testing::World;
use serde_json::{Value, json};

crate::function_error! {
    /// What `charge` fails with.
    #[allow(dead_code, reason = "its variants are made by the tests")]
    pub enum ChargeError {
        /// `Declined`.
        Declined("Declined", 422),
    }
    /// Anything else.
    else Other
}

struct Charge;

impl Function for Charge {
    type Input = Value;
    type Output = Value;
    type Error = ChargeError;
    const NAME: &'static str = "charge";
    const SOURCES: &'static [crate::Source] = &[
        crate::Source::Direct,
        crate::Source::Step,
        crate::Source::EventBridge,
        crate::Source::Sqs,
        crate::Source::HttpApi,
        crate::Source::Stream,
    ];

    fn new(_: Context) -> Self {
        Self
    }

    fn bounded(output: &Value) -> Result<(), Error> {
        crate::At::root().field("n").number(&output["n"].as_i64().unwrap_or_default(), ..=5)
    }
}

/// Does what it is told: `"declined"`, the name of a kind, `"panic"`, or well.
async fn charge(_: &Charge, input: Value) -> Result<Value, ChargeError> {
    let text = input.to_string();
    if text.contains("Declined") {
        return Err(ChargeError::Declined("declined".to_owned()));
    }
    assert!(!text.contains("Panic"), "as the test wants it");
    match Kind::ALL.into_iter().find(|kind| text.contains(&format!("\"{}\"", kind.name()))) {
        Some(kind) => Err(Error::new(kind, "as the test wants it").into()),
        None if text.contains("TooMuch") => Ok(json!({ "n": 9 })),
        None => Ok(json!({})),
    }
}

/// Errors that Lambda is given, and what the function counts: business errors and failures.
async fn counted(event: &Value) -> (bool, usize, usize) {
    let (is_error, count, _) = invoked(event).await;
    (is_error, count[0], count[1])
}

/// The same, with the lines that are written.
async fn invoked(event: &Value) -> (bool, [usize; 2], Vec<String>) {
    let app = App::<Charge, _, _>::new(charge, Unguarded, World::new().services()).expect("a function");
    let deadline = Timestamp::now().after(Duration::from_secs(30));
    let invocation = Invocation { request_id: "r".to_owned(), deadline, trace: None };
    let result = app.invoke(&event.to_string(), &invocation).await;
    let count = [metric::BUSINESS, metric::FAILURES].map(|name| app.metrics.values(name).len());
    (result.is_err(), count, app.metrics.take_lines(Timestamp::from_millis(0).expect("a time")))
}

fn request(does: &str) -> Value {
    let context = json!({ "http": { "method": "POST" } });
    json!({ "version": "2.0", "body": json!({ "does": does }).to_string(), "requestContext": context })
}

fn messages(does: &[&str]) -> Value {
    let message = |(at, does): (usize, &&str)| json!({ "messageId": at.to_string(), "body": json!({ "does": does }).to_string(), "eventSource": "aws:sqs" });
    json!({ "Records": does.iter().enumerate().map(message).collect::<Vec<_>>() })
}

#[tokio::test]
async fn an_error_that_lambda_is_given_is_trouble_unless_it_is_of_the_business() {
    for (does, business) in [
        ("Declined", 1),
        // Who called brings these again.
        (Kind::InProgress.name(), 1),
        (Kind::Conflict.name(), 1),
        (Kind::Transient.name(), 0),
        (Kind::AccessDenied.name(), 0),
        (Kind::InvalidInput.name(), 0),
        ("Panic", 0),
    ] {
        assert_eq!(counted(&json!({ "does": does })).await, (true, business, 0), "{does}");
        let event = json!({ "id": "e", "source": "s", "detail-type": "t", "time": "2026-11-21T04:50:00Z", "account": "1",
            "region": "r", "version": "0", "resources": [], "detail": { "does": does } });
        assert_eq!(counted(&event).await, (true, business, 0), "event: {does}");
    }
    assert_eq!(counted(&json!({ "does": "well" })).await, (false, 0, 0));
}

#[tokio::test]
async fn a_request_that_is_answered_with_a_server_error_is_a_failure() {
    for (does, failures) in [
        ("well", 0),
        ("Declined", 0),
        (Kind::InvalidInput.name(), 0),
        (Kind::Conflict.name(), 0),
        (Kind::KeyReused.name(), 0),
        (Kind::Transient.name(), 1),
        (Kind::Timeout.name(), 1),
        (Kind::Internal.name(), 1),
        ("Panic", 1),
    ] {
        assert_eq!(counted(&request(does)).await, (false, 0, failures), "{does}");
    }
}

/// Whoever goes on with an output takes it for what its type says.
#[tokio::test]
async fn an_output_out_of_its_range_is_an_error_of_the_function() {
    assert_eq!(counted(&json!({ "does": "TooMuch" })).await, (true, 0, 0));
    assert_eq!(counted(&request("TooMuch")).await, (false, 0, 1));
    assert_eq!(counted(&messages(&["TooMuch", "well"])).await, (false, 0, 1));
}

#[tokio::test]
async fn messages_that_are_given_back_are_failures_unless_they_are_of_the_business() {
    let event = messages(&["Declined", "Panic", "well", Kind::InProgress.name(), Kind::Throttled.name()]);
    assert_eq!(counted(&event).await, (false, 0, 2));
    let nonsense = json!({ "Records": [{ "messageId": "1", "body": "nonsense", "eventSource": "aws:sqs" }] });
    assert_eq!(counted(&nonsense).await, (false, 0, 1));
}

/// What `tests/alarms/run.py` evaluates the alarms of templates with is what is written. `EVC_BLESS=1` writes it afresh.
#[tokio::test]
async fn the_lines_that_alarms_are_tested_with_are_those_that_are_written() {
    let direct = |does: &str| json!({ "does": does });
    let transient = Kind::Transient.name();
    let cases = [
        ("handed over: business", direct("Declined")),
        ("handed over: in progress", direct(Kind::InProgress.name())),
        ("handed over: trouble", direct(transient)),
        ("answered: business", request("Declined")),
        ("answered: trouble", request(transient)),
        ("given back: business", messages(&["Declined"])),
        ("given back: trouble", messages(&["well", transient])),
    ];
    let mut lines = serde_json::Map::new();
    for (case, event) in cases {
        lines.insert(case.to_owned(), json!(invoked(&event).await.2));
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/alarms/lines.json");
    let text = serde_json::to_string_pretty(&lines).expect("JSON") + "\n";
    if std::env::var_os("EVC_BLESS").is_some() {
        std::fs::write(&path, &text).expect("written");
    }
    assert_eq!(std::fs::read_to_string(path).expect("a file"), text);
}
