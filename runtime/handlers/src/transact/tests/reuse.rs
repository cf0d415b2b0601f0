//! Keys of callers of an API that are used again: by others, and for other things. Whole invocations, as API Gateway sends them.

#![cfg(all(feature = "idempotency", feature = "outbox", feature = "eventbridge"))]

use crate::adapter::Failure;
use crate::contract::{
    Large, OrderEvents, Orders, PaymentProcessed, ProcessPayment, ProcessPaymentError, ProcessPaymentInput,
    ProcessPaymentOutput, order,
};
use crate::idempotency::Once;
use crate::serve::{App, Guard, Invocation, Unguarded, block_on};
use crate::testing::World;
use crate::{Timestamp, Uuid};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::time::Duration;

fn world() -> World {
    let world = World::new().table::<Orders>().outbox::<OrderEvents>().env("ORDERS_BUS", "bus");
    world.raw_table("IDEMPOTENCY_TABLE", &["id"])
}

/// A request for the payment of an order, by the caller whom this authorizer knows.
fn request(authorizer: &Value, key: &str, order: u128, customer: &str) -> String {
    let body = json!({ "orderId": Uuid::from_u128(order), "customerId": customer, "amount": 109.97 });
    json!({
        "version": "2.0", "headers": { "content-type": "application/json", "idempotency-key": key },
        "requestContext": { "accountId": "1", "http": { "method": "POST" }, "authorizer": authorizer },
        "body": body.to_string(), "isBase64Encoded": false,
    })
    .to_string()
}

fn token(subject: &str) -> Value {
    json!({ "jwt": { "claims": { "iss": "https://issuer.example", "sub": subject }, "scopes": null } })
}

fn signed(principal: &str) -> Value {
    json!({ "iam": { "accountId": "1", "callerId": principal, "userArn": "arn:aws:sts::1:assumed-role/r/s" } })
}

/// Status and body of the answer to one request.
fn send<G: Guard, H>(world: &World, guard: G, text: &str, handler: H) -> (u64, Value)
where
    H: AsyncFn(&ProcessPayment, ProcessPaymentInput) -> Result<ProcessPaymentOutput, ProcessPaymentError>,
{
    let app = App::<ProcessPayment, _, _>::new(handler, guard, world.services()).expect("app");
    let deadline = Timestamp::now().after(Duration::from_secs(30));
    let invocation = Invocation { request_id: "r".to_owned(), deadline, trace: None };
    let answer: Result<String, Failure> = block_on(app.invoke(text, &invocation)).expect("runtime");
    let answer: Value = serde_json::from_str(&answer.expect("an answer")).expect("JSON");
    if answer["statusCode"].is_null() {
        // The output of a step.
        return (200, answer);
    }
    let body = answer["body"].as_str().map_or(Value::Null, |body| serde_json::from_str(body).expect("JSON"));
    (answer["statusCode"].as_u64().expect("a status"), body)
}

/// Pays through the outbox, in a function that is not idempotent.
fn pay(world: &World, text: &str) -> (u64, Value) {
    // Its content differs each time, as that of a handler does that stores the time.
    std::thread::sleep(Duration::from_millis(3));
    send(world, Unguarded, text, async |cx: &ProcessPayment, input: ProcessPaymentInput| {
        let paid = PaymentProcessed { order_id: input.order_id, amount: input.amount };
        let mut order = order(&input.customer_id);
        order.order_id = input.order_id;
        cx.transact().put(cx.orders().put(&order)).publish(&paid).commit().await?;
        Ok(ProcessPaymentOutput { payment_id: input.customer_id })
    })
}

fn done(world: &World) -> (usize, usize) {
    (world.items::<Orders>().expect("items").len(), world.events::<OrderEvents>().len())
}

fn ids(world: &World) -> BTreeSet<String> {
    let events = world.events::<OrderEvents>().into_iter().chain(world.published());
    events.map(|event| event.detail["metadata"]["eventId"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn a_key_that_is_used_for_another_request_is_refused_by_the_row_of_its_event() {
    for caller in [json!(null), token("alice"), signed("AROAX:s")] {
        let world = world();
        let first = request(&caller, "k", 1, "c");
        assert_eq!(pay(&world, &first).0, 200);
        assert_eq!(pay(&world, &first), (200, json!({ "paymentId": "c" })));
        let (status, problem) = pay(&world, &request(&caller, "k", 1, "d"));
        assert_eq!((status, &problem["title"]), (422, &json!("KeyReused")));
        assert_eq!(done(&world), (1, 1));
    }
}

/// The row is found by aggregate and id. Work on another aggregate is done, and its event is not taken for the first one's.
#[test]
fn a_key_that_is_used_for_another_aggregate_makes_another_event() {
    let world = world();
    assert_eq!(pay(&world, &request(&json!(null), "k", 1, "c")).0, 200);
    assert_eq!(pay(&world, &request(&json!(null), "k", 2, "c")).0, 200);
    assert_eq!((done(&world), ids(&world).len()), ((2, 2), 2));
}

/// Earlier versions did not store what was asked for. Of a caller's key the event itself is compared; a step has its key to itself.
#[test]
fn rows_of_earlier_versions_are_recognised() {
    let publish = |world: &World, text: &str| {
        std::thread::sleep(Duration::from_millis(3));
        send(world, Unguarded, text, async |cx: &ProcessPayment, input: ProcessPaymentInput| {
            let committed = cx.transact().publish(&Large { text: input.customer_id }).commit().await?;
            Ok(ProcessPaymentOutput { payment_id: committed.before.to_string() })
        })
    };
    let step = |customer: &str| {
        let input = json!({ "orderId": Uuid::from_u128(1), "customerId": customer, "amount": 1 });
        json!({ "evc": { "execution": "arn:e", "step": "pay" }, "input": input }).to_string()
    };
    let caller = |customer: &str| request(&json!(null), "k", 1, customer);
    for (first, other, answer) in [(caller("c"), caller("d"), "KeyReused"), (step("c"), step("d"), "true")] {
        let world = world();
        publish(&world, &first);
        let mut row = world.raw_items("ORDER_EVENTS_TABLE").remove(0);
        assert!(row.remove("request").is_some() && row.remove("transaction").is_some());
        world.put_raw("ORDER_EVENTS_TABLE", row).expect("stored");
        let (_, again) = publish(&world, &first);
        assert_eq!(again["paymentId"], "true", "{again}");
        let (_, again) = publish(&world, &other);
        assert!(again["paymentId"] == answer || again["title"] == answer, "{again}");
        assert_eq!(world.events::<OrderEvents>().len(), 1);
    }
}

#[test]
fn callers_do_not_get_each_others_answers() {
    let (world, runs) = (world(), Cell::new(0));
    let ask = |caller: &Value| {
        let (status, body) = send(&world, Once, &request(caller, "k", 1, "c"), async |_: &ProcessPayment, _| {
            runs.set(runs.get() + 1);
            Ok(ProcessPaymentOutput { payment_id: runs.get().to_string() })
        });
        assert_eq!(status, 200, "{body}");
        body["paymentId"].as_str().expect("an id").to_owned()
    };
    let callers = [json!(null), token("alice"), token("bob"), signed("AROAX:s"), signed("AROAY:s"), signed("AIDAX")];
    let first: Vec<_> = callers.iter().map(&ask).collect();
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), callers.len());
    assert_eq!(callers.iter().map(&ask).collect::<Vec<_>>(), first);
    // Another session of the same role is the same caller.
    assert_eq!(ask(&signed("AROAX:t")), first[3]);
    assert_eq!(runs.get(), callers.len());
}

/// Ids of items, events, messages and counts all come from the delivery's key.
#[test]
fn nobody_can_write_the_key_of_another() {
    let (world, seen) = (world(), RefCell::new(Vec::new()));
    let see = |caller: &Value, key: &str| {
        let handler = async |cx: &ProcessPayment, _| {
            let key = cx.idempotency_key().expect("a key").to_owned();
            seen.borrow_mut().push((key, cx.stable_id(&["order"])));
            Ok(ProcessPaymentOutput { payment_id: String::new() })
        };
        send(&world, Unguarded, &request(caller, key, 1, "c"), handler);
        seen.borrow().last().cloned().expect("it ran")
    };
    let (key, id) = see(&token("alice"), "k");
    assert!(key.starts_with("caller:") && !key.contains("alice"), "{key}");
    assert_eq!(see(&token("alice"), "k"), (key.clone(), id));
    for other in [see(&json!(null), &key), see(&token("bob"), "k"), see(&token("bob"), &key), see(&json!(null), "k")] {
        assert!(other.0 != key && other.1 != id, "{other:?}");
    }
}

/// Without an outbox nothing remembers the key: what is asked for is part of the event's id, so that none is lost.
#[test]
fn a_key_that_is_used_for_another_event_on_the_bus_makes_another_event() {
    let world = world();
    let publish = |customer: &str| {
        let text = request(&json!(null), "k", 1, customer);
        send(&world, Unguarded, &text, async |cx: &ProcessPayment, input: ProcessPaymentInput| {
            let paid = PaymentProcessed { order_id: input.order_id, amount: input.amount };
            cx.publish::<ProcessPayment, _>(&paid).await?;
            Ok(ProcessPaymentOutput { payment_id: String::new() })
        })
    };
    publish("c");
    publish("c");
    assert_eq!((world.published().len(), ids(&world).len()), (2, 1));
    publish("d");
    assert_eq!(ids(&world).len(), 2);
}

/// A card that is declined: the key stays that of the request, and who asks for something else needs another.
#[test]
fn a_request_that_failed_keeps_its_key_and_one_that_could_not_be_read_does_not() {
    let world = world();
    let ask = |text: &str, fail: bool| {
        send(&world, Once, text, async move |_: &ProcessPayment, _| {
            if fail {
                return Err(ProcessPaymentError::PaymentDeclined("declined".to_owned()));
            }
            Ok(ProcessPaymentOutput { payment_id: String::new() })
        })
        .1["title"]
            .clone()
    };
    let caller = token("alice");
    let unreadable = request(&caller, "k", 1, "c").replace("orderId", "orderID");
    assert_eq!(ask(&unreadable, false), "InvalidInput");
    assert_eq!(ask(&request(&caller, "k", 1, "c"), true), "PaymentDeclined");
    assert_eq!(ask(&request(&caller, "k", 1, "d"), false), "KeyReused");
    assert_eq!(ask(&request(&caller, "k", 1, "c"), false), Value::Null);
}

/// Makes an order and pays for it, unless it died between the two. One that goes on where it died skips what is there.
fn make_and_pay(world: &World, dies: bool, goes_on: bool) -> (u64, Value) {
    std::thread::sleep(Duration::from_millis(3));
    let text = request(&json!(null), "k", 1, "c");
    send(world, Unguarded, &text, async move |cx: &ProcessPayment, input: ProcessPaymentInput| {
        let paid = PaymentProcessed { order_id: input.order_id, amount: input.amount };
        let order = crate::contract::Order { order_id: input.order_id, ..order(&input.customer_id) };
        let key = crate::contract::OrdersKey { customer_id: order.customer_id.clone(), order_id: input.order_id };
        let stored = cx.orders().get(&key).consistent().send_versioned().await?;
        if stored.is_none() || !goes_on {
            cx.transact().put(cx.orders().put(&order)).publish(&paid).commit().await?;
        }
        if dies {
            return Err(crate::Error::new(crate::Kind::Panic, "it died").into());
        }
        let update = cx.transact().put(cx.orders().put(&order).if_version(1)).publish(&paid);
        Ok(ProcessPaymentOutput { payment_id: update.commit().await?.before.to_string() })
    })
}

#[test]
fn work_that_goes_on_where_it_died_is_not_taken_for_done() {
    let world = world();
    make_and_pay(&world, true, true);
    let (status, problem) = make_and_pay(&world, false, true);
    assert_eq!((status, done(&world)), (500, (1, 1)), "{problem}");
}

#[test]
fn work_that_does_all_its_transactions_again_is_recognised_by_each() {
    let world = world();
    make_and_pay(&world, true, false);
    for before in ["false", "true"] {
        assert_eq!(make_and_pay(&world, false, false), (200, json!({ "paymentId": before })));
        assert_eq!(done(&world), (1, 2));
    }
}
