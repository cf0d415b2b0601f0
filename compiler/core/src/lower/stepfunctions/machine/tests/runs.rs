//! Executions of the machines of `fixtures/` and of the order system.

use std::cell::Cell;
use std::path::Path;

use serde_json::{Value as Json, json};

use super::interpreter::{Execution, Failure};
use super::machines_of;

/// What an execution did: `charge(payment) {"orderId":"o"}` for each call, and how it ended.
struct Run {
    calls: Vec<String>,
    payloads: Vec<Json>,
    events: Vec<Json>,
    end: Result<Json, Failure>,
}

/// Runs the first machine of a spec. `answer` is asked with the function and the step.
fn run(spec: &str, input: &Json, mut answer: impl FnMut(&str, &str, &Json) -> Result<Json, Failure>) -> Run {
    let machine = machines_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join(spec)).remove(0);
    let mut by_step = |function: &str, payload: &Json| {
        answer(function.trim_end_matches("FunctionArn"), payload["evc"]["step"].as_str().unwrap_or_default(), payload)
    };
    let (end, execution) = Execution::run(&machine.definition, input, &mut by_step);
    let call = |(function, payload): &(String, Json)| {
        let step = payload["evc"]["step"].as_str().unwrap_or_default();
        format!("{}({step}) {}", function.trim_end_matches("FunctionArn"), payload["input"])
    };
    let calls = execution.calls.iter().map(call).collect();
    let payloads = execution.calls.into_iter().map(|(_, payload)| payload).collect();
    Run { calls, payloads, events: execution.events, end }
}

fn fixture(name: &str) -> String {
    format!("src/lower/stepfunctions/machine/tests/fixtures/{name}.yaml")
}

const ORDERS: &str = "../../specs/orders.yaml";

fn order() -> Json {
    json!({ "orderId": "o-1", "customerId": "c-1", "items": [{ "productId": "p", "quantity": 1, "price": 9.5 }],
        "totalAmount": 109.97, "status": "PENDING", "createdAt": "2026-11-21T00:00:00.000Z" })
}

/// The functions of the order system, all well but those named.
fn shop(fails: &'static [(&str, &str)]) -> impl FnMut(&str, &str, &Json) -> Result<Json, Failure> {
    move |function, _, _| match fails.iter().find(|(failing, _)| *failing == function) {
        Some((_, error)) => Err(Failure::of_function(error, "no luck")),
        None => Ok(json!({ "paymentId": "pay-1", "reservationId": "r-1" })),
    }
}

/// The functions called and the steps that called them.
fn steps(run: &Run) -> Vec<&str> {
    run.calls.iter().map(|call| call.split(' ').next().unwrap_or_default()).collect()
}

#[test]
fn an_order_is_completed() {
    let run = run(ORDERS, &order(), shop(&[]));
    assert!(run.end.is_ok(), "{:?}", run.end);
    let expected =
        ["ProcessPayment(payment)", "ReserveInventory(inventory)", "CompleteOrder(completed)", "Notify(confirmation)"];
    assert_eq!(steps(&run), expected);
    assert_eq!(run.payloads[0]["input"], json!({ "orderId": "o-1", "customerId": "c-1", "amount": 109.97 }));
    assert_eq!(run.payloads[1]["input"]["items"], order()["items"], "a list of one stays a list");
}

#[test]
fn a_declined_payment_reserves_nothing() {
    let run = run(ORDERS, &order(), shop(&[("ProcessPayment", "PaymentDeclined")]));
    assert_eq!(run.end, Err(Failure::new("PaymentDeclined", Some("no luck"))));
    assert_eq!(steps(&run), ["ProcessPayment(payment)", "CompleteOrder(payment-declined)", "Notify(declined-notice)"]);
}

#[test]
fn missing_goods_give_the_payment_back() {
    let run = run(ORDERS, &order(), shop(&[("ReserveInventory", "InventoryUnavailable")]));
    assert_eq!(run.end, Err(Failure::new("InventoryUnavailable", Some("no luck"))));
    let refund = r#"RefundPayment(payment/undo) {"orderId":"o-1","customerId":"c-1"}"#;
    assert_eq!(run.calls[2], refund);
    assert_eq!(steps(&run)[3..], ["CompleteOrder(inventory-failed)", "Notify(out-of-stock-notice)"]);
}

#[test]
fn a_compensation_that_fails_is_no_quiet_end() {
    let run =
        run(ORDERS, &order(), shop(&[("ReserveInventory", "InventoryUnavailable"), ("RefundPayment", "Internal")]));
    let cause = "`payment` could not be undone: Internal";
    assert_eq!(run.end, Err(Failure::new("CompensationFailed", Some(cause))));
}

#[test]
fn a_crash_is_tried_again_and_then_caught() {
    let run = run(ORDERS, &order(), |function, _, _| match function {
        "ProcessPayment" => Err(Failure::new("Runtime.ExitError", Some("RequestId: 1 Error: Runtime exited"))),
        _ => Ok(Json::Null),
    });
    let attempts: Vec<&Json> = run.payloads.iter().take(4).map(|payload| &payload["evc"]["attempt"]).collect();
    assert_eq!(attempts, [0, 1, 2, 3]);
    assert_eq!(run.end, Err(Failure::new("PaymentFailed", Some("RequestId: 1 Error: Runtime exited"))));
    assert_eq!(run.payloads[4]["input"]["orderId"], "o-1");
}

#[test]
fn steps_are_undone_last_first_each_with_its_own_arguments() {
    let count = Cell::new(0);
    let run = run(&fixture("compensate"), &json!({ "id": "x", "nights": 5 }), |function, step, _| {
        count.set(count.get() + 1);
        match (function, step) {
            // The fourth room is full.
            ("Book", "hotel") if count.get() == 4 => Err(Failure::of_function("Full", "no room")),
            _ => Ok(json!({ "ref": count.get() })),
        }
    });
    assert_eq!(run.end, Ok(json!({})));
    let undone = [3, 2, 1].map(|number| format!(r#"Cancel(hotel/undo) {{"id":"x","ref":{number}}}"#));
    assert_eq!(run.calls[4..], undone);
    let mut visits: Vec<String> = run.payloads.iter().map(|payload| payload["evc"]["visit"].to_string()).collect();
    visits.sort();
    visits.dedup();
    assert_eq!(visits.len(), run.payloads.len(), "each round of a loop is work of its own");
}

#[test]
fn nothing_done_is_nothing_undone() {
    let run = run(&fixture("compensate"), &json!({ "id": "x", "nights": 0 }), |_, _, _| {
        Err(Failure::of_function("Full", "no room"))
    });
    assert_eq!((run.end, run.calls.len()), (Ok(json!({})), 1));
}

#[test]
fn branches_have_results_by_name_and_compensation_of_their_own() {
    let answer = |enough: bool| {
        move |function: &str, step: &str, _: &Json| match (function, step) {
            ("Price", _) => Ok(json!({ "amount": 9.99 })),
            ("Stock", "enough") if !enough => Err(Failure::new("Gone", None)),
            _ => Ok(json!({ "count": 3 })),
        }
    };
    let made = run(&fixture("parallel"), &json!({ "id": "i" }), answer(true));
    assert_eq!(made.end, Ok(json!({ "amount": 9.99, "count": 3 })));
    let gone = run(&fixture("parallel"), &json!({ "id": "i" }), answer(false));
    assert_eq!(gone.calls[3..], [r#"Free(ask-stock/undo) {"id":"i","count":3}"#, r#"Tell(sorry) {"text":"Gone "}"#]);
}

#[test]
fn items_of_lists_in_lists_are_told_apart() {
    let boxes = json!({ "boxes": [{ "goods": ["a", "b"], "note": "glass" }, { "goods": ["c"] }, { "goods": [] }] });
    let run = run(&fixture("for-each"), &boxes, |_, _, payload| match payload["input"]["id"].as_str() {
        Some("b") => Err(Failure::of_function("TooBig", "too big")),
        _ => Ok(json!({ "weight": 1 })),
    });
    assert_eq!(run.end, Ok(json!(3)));
    let keys: Vec<String> = run
        .payloads
        .iter()
        .map(|payload| format!("{} {} {}", payload["evc"]["visit"], payload["evc"]["item"], payload["input"]["id"]))
        .collect();
    assert_eq!(keys, [r#""0" 0 "a""#, r#""0" 1 "b""#, r#""1" 0 "c""#]);
    let notes: Vec<Option<&Json>> = run.events.iter().map(|event| event["Detail"].get("note")).collect();
    assert_eq!(notes, [Some(&json!("glass")), None, None], "an optional field that is absent stays away");
    let ids: Vec<&str> =
        run.events.iter().filter_map(|event| event["Detail"]["metadata"]["eventId"].as_str()).collect();
    assert_eq!(ids, ["hash of arn:e/packed/0", "hash of arn:e/packed/1", "hash of arn:e/packed/2"]);
}

#[test]
fn a_loop_ends_when_its_condition_says_so() {
    let count = Cell::new(0);
    let run = run(&fixture("choose"), &json!({ "id": "i", "size": 5 }), |_, _, _| {
        count.set(count.get() + 1);
        Ok(json!({ "done": count.get() == 3, "tries": count.get() }))
    });
    assert_eq!((run.end, run.calls.len()), (Ok(json!({ "id": "i", "state": "nothing to do" })), 3));
}

#[test]
fn text_is_never_taken_for_code() {
    let run = run(&fixture("succeed"), &json!({ "id": "i", "list": ["a"] }), |_, _, _| Ok(Json::Null));
    assert_eq!(run.end, Ok(json!({ "id": "i", "number": 1 })));
}

#[test]
fn an_event_starts_one_execution_named_after_it() {
    let start = |event: &Json, answer: &mut dyn FnMut(&str, &Json) -> Result<Json, Failure>| {
        let machine = machines_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join(ORDERS)).remove(1);
        let (end, execution) = Execution::run(&machine.definition, event, answer);
        (end, execution.calls)
    };
    let id = "6a7e2b6a-3c5e-4b3e-9a51-0d6d1f1f2c3d";
    let long = "x".repeat(81);
    for (given, name) in [
        (json!({ "eventId": "7b1c" }), "7b1c".to_owned()),
        (json!({ "eventId": "with space" }), "hash of with space".to_owned()),
        (json!({ "eventId": long }), format!("hash of {long}")),
        (json!({ "eventId": 7 }), id.to_owned()),
        (json!({}), id.to_owned()),
    ] {
        let event = json!({ "id": id, "detail": { "orderId": "o-1", "metadata": given } });
        let (end, calls) = start(&event, &mut |_, _| Ok(json!({})));
        assert!(end.is_ok());
        assert_eq!((&calls[0].1["Name"], &calls[0].1["Input"]), (&json!(name), &event["detail"]));
    }

    let event = json!({ "id": id, "detail": { "orderId": "o-1" } });
    let exists = Failure::new("StepFunctions.ExecutionAlreadyExistsException", Some("it does"));
    let (end, calls) = start(&event, &mut |_, _| Err(exists.clone()));
    assert_eq!((end, calls.len()), (Ok(json!({})), 1), "a second delivery is no failure");
    let (end, calls) = start(&event, &mut |does, _| match does {
        "start" => Err(Failure::new("StepFunctions.ThrottlingException", None)),
        _ => Ok(json!({})),
    });
    let cause = Some("the event is in the dead-letter queue");
    assert_eq!((end, calls.len()), (Err(Failure::new("NotStarted", cause)), 7), "six attempts, then the queue");
    assert_eq!(calls[6].1["MessageBody"], event, "the whole event is kept");
}

#[test]
fn a_cause_without_a_message_of_its_own_is_still_a_text() {
    let cause = r#"{"nested":{"errorMessage":"deep"}}"#;
    let run = run(ORDERS, &order(), |function, _, _| match function {
        "ProcessPayment" => Err(Failure::new("PaymentDeclined", Some(cause))),
        _ => Ok(Json::Null),
    });
    assert_eq!(run.end, Err(Failure::new("PaymentDeclined", Some(""))));
}

#[test]
fn an_error_goes_where_its_own_name_says_whatever_the_order_written() {
    for (error, step) in [("Conflict", "conflict"), ("Throttled", "hiccup"), ("Internal", "whatever")] {
        let run = run(&fixture("catch"), &json!({ "id": "1" }), |function, _, _| match function {
            "Charge" => Err(Failure::of_function(error, "no luck")),
            _ => Ok(Json::Null),
        });
        assert_eq!(steps(&run).last().copied(), Some(format!("Tell({step})").as_str()), "{error}: {:?}", run.calls);
    }
}

const TRIP: &str = "src/lower/stepfunctions/machine/tests/fixtures/signal.yaml";

#[test]
fn answers_are_results() {
    let input = json!({ "who": "Ada", "guests": ["Bob", "Cy"] });
    let run = run(TRIP, &input, |function, step, payload| {
        Ok(match (function, step, payload["evc"]["item"].as_u64()) {
            ("signal", "permission", _) => json!(true),
            ("signal", _, item) => json!({ "coming": item == Some(1), "seats": 2 }),
            _ => Json::Null,
        })
    });
    assert!(run.end.is_ok(), "{:?}", run.end);
    let asked: Vec<&str> = run.calls.iter().map(|call| call.split(' ').next().unwrap_or_default()).collect();
    assert_eq!(asked, ["Ask(permission)", "Ask(guest)", "Ask(guest)", "Book(seats)"]);
    assert_eq!(run.payloads[3]["input"], json!({ "seats": 1 }), "of those who come");
    let tokens: std::collections::BTreeSet<&str> =
        run.payloads[..3].iter().map(|payload| payload["evc"]["token"].as_str().expect("a token")).collect();
    assert_eq!(tokens.len(), 3, "one each");
}

#[test]
fn who_asks_and_who_answers_may_fail() {
    let input = json!({ "who": "Ada", "guests": [] });
    for failing in ["Ask", "signal"] {
        let run = run(TRIP, &input, |function, _, _| match function {
            _ if function != failing => Ok(Json::Null),
            "Ask" => Err(Failure::of_function("NobodyThere", "no answer at the door")),
            _ => Err(Failure::new("TooLate", None)),
        });
        assert!(run.end.is_ok(), "{:?}", run.end);
        assert_eq!(run.calls.last().map(String::as_str), Some("Book(alone) {\"seats\":1}"), "{failing}");
    }
}

/// An attempt dies and leaves its claim: that many looks at it come before it is over.
fn killed(deaths: u32, looks: u32) -> impl FnMut() -> Result<Json, Failure> {
    let (mut deaths, mut left) = (deaths, 0);
    move || {
        if left > 0 {
            left -= 1;
            return Err(Failure::of_function("InProgress", "another delivery of the same work is running"));
        }
        if deaths > 0 {
            (deaths, left) = (deaths - 1, looks);
            return Err(Failure::new(
                "Runtime.OutOfMemory",
                Some("RequestId: 1 Error: Runtime exited with error: signal: killed"),
            ));
        }
        Ok(json!({ "ref": "r-1" }))
    }
}

/// How often a lease is looked at in vain, at intervals of five seconds.
const LOOKS: u32 = 3;

#[test]
fn idempotent_work_is_done_after_as_many_crashes_as_are_tried_again() {
    let mut pay = killed(3, LOOKS);
    let run =
        run(&fixture("idempotent"), &json!({ "id": "i", "lines": [] }), |function, step, _| match (function, step) {
            ("Pay", "by-default") => pay(),
            _ => Ok(json!({ "ref": "r-2" })),
        });
    assert!(run.end.is_ok(), "{:?}", run.end);
    let attempts = steps(&run).iter().filter(|step| **step == "Pay(by-default)").count();
    assert_eq!(attempts, 13, "three die, and three times three find a claim");
    assert!(steps(&run).contains(&"Archive(all)"), "the workflow goes on: {:?}", run.calls);
}

#[test]
fn work_that_dies_more_often_than_it_is_tried_again_has_failed() {
    let mut pay = killed(4, LOOKS);
    let run =
        run(&fixture("idempotent"), &json!({ "id": "i", "lines": [] }), |function, step, _| match (function, step) {
            ("Pay", "by-default") => pay(),
            _ => Ok(json!({ "ref": "r-2" })),
        });
    assert_eq!(run.end, Ok(json!({})), "the catch of `Transient` takes it: {:?}", run.calls);
    assert!(!steps(&run).contains(&"Archive(all)"), "{:?}", run.calls);
}

#[test]
fn an_idempotent_undo_that_was_interrupted_is_done() {
    let mut refund = killed(1, LOOKS);
    let run =
        run(&fixture("idempotent"), &json!({ "id": "i", "lines": [] }), |function, step, _| match (function, step) {
            ("Refund", "by-default/undo") => refund(),
            ("Pay", "own") => Err(Failure::of_function("Declined", "no luck")),
            _ => Ok(json!({ "ref": "r-2" })),
        });
    assert_eq!(run.end, Ok(json!({})), "the compensation is complete: {:?}", run.calls);
    let undone = steps(&run).iter().filter(|step| **step == "Refund(by-default/undo)").count();
    assert_eq!(undone, 5, "one dies, three find its claim, one does it");
}
