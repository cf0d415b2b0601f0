//! Faults by chance on virtual time: the order system comes out right under hundreds of seeds, and what AWS excludes does not happen.
//!
//! The handlers are a model of those in `specs/orders/`: each decision is written together with the event that tells of it, on the
//! condition that the order is still as it was seen.

#![allow(clippy::expect_used, clippy::panic, reason = "what a test expects")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, Mutex};

use evc_local::faults::Chaos;
use evc_local::sim::apigateway::{Request, Response};
use evc_local::sim::dynamodb::Kept;
use evc_local::sim::lambda::Ended;
use evc_local::system::Caller;
use evc_local::trace::Kind;
use evc_local::{Refusal, Stack, System};
use serde_json::{Value, json};

use support::{Call, START_MS, pass, settle, stack};

/// How many seeds are tried, unless `EVC_SEEDS` says otherwise.
const SEEDS: u64 = 200;

/// Orders of each seed.
const ORDERS: usize = 3;

/// How often an SDK calls, the first time included.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
const ATTEMPTS: usize = 3;

/// The order system, in which nothing has happened yet.
fn orders(seed: u64) -> System {
    static STACK: LazyLock<Arc<Stack>> =
        LazyLock::new(|| stack("orders.yaml", include_str!("../../../specs/orders.yaml")));
    System::new(vec![STACK.clone()], Kept::Memory, START_MS, seed).expect("a system")
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A handler while it runs.
struct Handler<'h> {
    system: &'h mut System,
    call: &'h Call,
}

impl Handler<'_> {
    /// Calls a service as the function, as often as an SDK does.
    fn call(&mut self, target: &str, body: &Value) -> Result<Value, Refusal> {
        let cause = self.system.hop_of(self.call.invocation);
        let caller = Caller { role: Some(self.call.function.role.clone()), cause };
        let mut answer = Err(Refusal::new("Never", "called"));
        for _ in 0..ATTEMPTS {
            answer = self.system.call(&caller, target, body.clone());
            if !matches!(&answer, Err(refusal) if refusal.code == "ThrottlingException") {
                break;
            }
        }
        answer
    }

    fn variable(&self, name: &str) -> &str {
        self.call.function.environment.get(name).expect("a variable")
    }

    fn order(&mut self, key: &Value) -> Result<Value, Refusal> {
        let body = json!({ "TableName": self.variable("ORDERS_TABLE"), "Key": key, "ConsistentRead": true });
        Ok(self.call("DynamoDB_20120810.GetItem", &body)?["Item"].clone())
    }

    /// The write of an event's row.
    fn row(&self, order: &str, detail_type: &str, detail: &Value) -> Value {
        let id = format!("{order}-{detail_type}");
        let mut detail = detail.clone();
        detail["metadata"] = json!({ "eventId": id });
        let source = if detail_type == "Order Created" { "order.service" } else { "payment.service" };
        let item = json!({
            "aggregate": { "S": order }, "eventId": { "S": id }, "source": { "S": source },
            "detailType": { "S": detail_type }, "detail": { "S": detail.to_string() },
        });
        json!({ "Put": { "TableName": self.variable("ORDER_EVENTS_OUTBOX"), "Item": item } })
    }

    /// Sets attributes of an order on a condition, together with an event.
    fn decide(&mut self, key: &Value, status: &str, set: (&str, &str), event: Option<&str>) -> Result<(), Refusal> {
        let table = self.variable("ORDERS_TABLE");
        let update = json!({ "Update": {
            "TableName": table, "Key": key,
            "UpdateExpression": format!("SET #set = :set{}", if set.0 == "status" { "" } else { ", #status = :to" }),
            "ConditionExpression": "#status = :from",
            "ExpressionAttributeNames": { "#status": "status", "#set": set.0 },
            "ExpressionAttributeValues": { ":from": { "S": status }, ":set": { "S": set.1 }, ":to": { "S": after(status) } },
        } });
        let mut items = vec![update];
        if set.0 == "status" {
            let values = items[0].pointer_mut("/Update/ExpressionAttributeValues").and_then(Value::as_object_mut);
            values.expect("values").remove(":to");
        }
        items.extend(event.map(|event| self.row(text(key, "/orderId/S"), event, &json!({}))));
        self.call("DynamoDB_20120810.TransactWriteItems", &json!({ "TransactItems": items })).map(|_| ())
    }
}

/// The status that follows on one if all goes well.
fn after(status: &str) -> &'static str {
    if status == "PENDING" { "PAID" } else { "INVENTORY_RESERVED" }
}

fn failed(name: &str) -> Ended {
    Ended::Error { name: name.to_owned(), message: String::new() }
}

/// What becomes of a call that was refused: as the runtime names it.
fn refused(refusal: &Refusal) -> Ended {
    failed(match refusal.code.as_str() {
        "ThrottlingException" => "Throttled",
        "TransactionCanceledException" | "ConditionalCheckFailedException" => "Conflict",
        _ => panic!("{refusal}"),
    })
}

fn done(answer: &Value) -> Ended {
    Ended::Answer(answer.to_string())
}

/// The handlers of the order system. Of three orders, the second is declined and the goods of the third are missing.
fn handler(system: &mut System, call: &Call) -> Ended {
    let mut handler = Handler { system, call };
    let input = &call.event["input"];
    let key = json!({ "orderId": { "S": input["orderId"] }, "customerId": { "S": input["customerId"] } });
    let order = text(input, "/orderId").to_owned();
    let answer = match call.name() {
        "create-order" => create_order(&mut handler),
        "process-payment" => {
            handler.order(&key).and_then(|item| match (text(&item, "/status/S"), &item["paymentId"]) {
                (_, paid) if !paid.is_null() => Ok(done(&json!({ "paymentId": paid["S"] }))),
                ("PENDING", _) if order.ends_with('1') => {
                    let failing = Some("Payment Failed");
                    handler.decide(&key, "PENDING", ("status", "PAYMENT_FAILED"), failing)?;
                    Ok(failed("PaymentDeclined"))
                }
                ("PENDING", _) => {
                    let payment = format!("pay_{order}");
                    handler.decide(&key, "PENDING", ("paymentId", &payment), Some("Payment Processed"))?;
                    Ok(done(&json!({ "paymentId": payment })))
                }
                ("PAYMENT_FAILED", _) => Ok(failed("PaymentDeclined")),
                (status, _) => panic!("a payment of an order that is {status}"),
            })
        }
        "reserve-inventory" => handler.order(&key).and_then(|item| match text(&item, "/status/S") {
            "PAID" if order.ends_with('2') => {
                let failing = Some("Inventory Unavailable");
                handler.decide(&key, "PAID", ("status", "INVENTORY_FAILED"), failing)?;
                Ok(failed("InventoryUnavailable"))
            }
            "PAID" => {
                let reservation = format!("res_{order}");
                handler.decide(&key, "PAID", ("reservationId", &reservation), Some("Inventory Reserved"))?;
                Ok(done(&json!({ "reservationId": reservation })))
            }
            "INVENTORY_FAILED" => Ok(failed("InventoryUnavailable")),
            _ => Ok(done(&json!({ "reservationId": format!("res_{order}") }))),
        }),
        "refund-payment" => handler.order(&key).and_then(|item| {
            let status = text(&item, "/status/S").to_owned();
            if item["paymentId"].is_null() || !item["refundId"].is_null() {
                return Ok(done(&json!({})));
            }
            refund(&mut handler, &key, &status)?;
            Ok(done(&json!({})))
        }),
        "complete-order" => complete(&mut handler, &key, text(input, "/status")),
        "notify" => Ok(done(&json!({ "notificationId": "note" }))),
        _ if call.function.address.starts_with("outboxes.") => Ok(forward(&mut handler)),
        other => panic!("{other} is not called"),
    };
    answer.unwrap_or_else(|refusal| refused(&refusal))
}

fn refund(handler: &mut Handler<'_>, key: &Value, status: &str) -> Result<(), Refusal> {
    let order = text(key, "/orderId/S").to_owned();
    let update = json!({ "Update": {
        "TableName": handler.variable("ORDERS_TABLE"), "Key": key, "UpdateExpression": "SET refundId = :refund",
        "ConditionExpression": "attribute_not_exists(refundId) AND #status = :status",
        "ExpressionAttributeNames": { "#status": "status" },
        "ExpressionAttributeValues": { ":refund": { "S": format!("ref_{order}") }, ":status": { "S": status } },
    } });
    let items = json!([update, handler.row(&order, "Payment Refunded", &json!({}))]);
    handler.call("DynamoDB_20120810.TransactWriteItems", &json!({ "TransactItems": items })).map(|_| ())
}

/// Sets a final status, if it follows on the one that there is.
fn complete(handler: &mut Handler<'_>, key: &Value, status: &str) -> Result<Ended, Refusal> {
    let before = match status {
        "COMPLETED" => ["INVENTORY_RESERVED", "COMPLETED", ""],
        "PAYMENT_FAILED" => ["PENDING", "PAID", "PAYMENT_FAILED"],
        _ => ["PAID", "INVENTORY_RESERVED", "INVENTORY_FAILED"],
    };
    let update = json!({
        "TableName": handler.variable("ORDERS_TABLE"), "Key": key, "UpdateExpression": "SET #status = :status",
        "ConditionExpression": "#status IN (:a, :b, :c)", "ExpressionAttributeNames": { "#status": "status" },
        "ExpressionAttributeValues": {
            ":status": { "S": status }, ":a": { "S": before[0] }, ":b": { "S": before[1] }, ":c": { "S": before[2] },
        },
    });
    handler.call("DynamoDB_20120810.UpdateItem", &update)?;
    Ok(Ended::Answer("null".to_owned()))
}

fn create_order(handler: &mut Handler<'_>) -> Result<Ended, Refusal> {
    let order: Value = serde_json::from_str(text(&handler.call.event, "/body")).expect("a body");
    let id = text(&order, "/orderId").to_owned();
    let item = json!({ "orderId": { "S": id }, "customerId": { "S": "c" }, "createdAt": { "S": "now" }, "status": { "S": "PENDING" } });
    let put = json!({ "Put": { "TableName": handler.variable("ORDERS_TABLE"), "Item": item, "ConditionExpression": "attribute_not_exists(orderId)" } });
    let items = json!([put, handler.row(&id, "Order Created", &order)]);
    match handler.call("DynamoDB_20120810.TransactWriteItems", &json!({ "TransactItems": items })) {
        Err(refusal) if refusal.code == "ThrottlingException" => Err(refusal),
        // It was created before.
        Ok(_) | Err(_) => Ok(done(&json!({ "statusCode": 201, "body": "{}" }))),
    }
}

/// Puts the rows of a batch on the bus, in their order.
fn forward(handler: &mut Handler<'_>) -> Ended {
    let records = handler.call.event["Records"].as_array().expect("records").clone();
    for record in &records {
        let row = &record["dynamodb"]["NewImage"];
        let entry = json!({
            "EventBusName": handler.variable("EVENT_BUS_NAME"), "Source": row["source"]["S"],
            "DetailType": row["detailType"]["S"], "Detail": row["detail"]["S"],
        });
        if handler.call("AWSEvents.PutEvents", &json!({ "Entries": [entry] })).is_err() {
            let sequence = &record["dynamodb"]["SequenceNumber"];
            return done(&json!({ "batchItemFailures": [{ "itemIdentifier": sequence }] }));
        }
    }
    done(&json!({}))
}

/// Places an order as a careful client does: again under the same id until it is told that there is one.
fn place(system: &mut System, id: &str) {
    let order = json!({ "orderId": id, "customerId": "c", "totalAmount": 5, "items": [] });
    let api = system.apis().all().next().expect("an API").id.clone();
    for _ in 0..20 {
        let answered: Arc<Mutex<Option<Response>>> = Arc::default();
        let answer = answered.clone();
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let body = order.to_string().into_bytes();
        let request = Request { method: "POST".into(), path: "/orders".into(), body, headers, ..Request::default() };
        system.request(&api, request, Box::new(move |response| *answer.lock().expect("a lock") = Some(response)));
        pass(system, 1_000, &mut handler);
        if answered.lock().expect("a lock").as_ref().is_some_and(|response| response.status == 201) {
            return;
        }
    }
    panic!("{id} was not created in twenty attempts");
}

/// The items of a table.
fn items(system: &mut System, function: &str, variable: &str) -> Vec<Value> {
    let function = system.functions().all().find(|it| it.address == function).expect("a function").clone();
    let asked = json!({ "TableName": function.environment[variable] });
    let answer = system.call(&Caller::default(), "DynamoDB_20120810.Scan", asked).expect("items");
    answer["Items"].as_array().expect("items").clone()
}

/// Each execution's status and error, by the order that it is about.
fn executions(system: &mut System) -> Vec<(String, String, String)> {
    let mut call = |operation: &str, body: Value| {
        system.call(&Caller::default(), &format!("AWSStepFunctions.{operation}"), body).expect("an answer")
    };
    let machines = call("ListStateMachines", json!({}));
    let is_it = |it: &&Value| it["name"] == "orders-dev-fulfil-order";
    let machine = machines["stateMachines"].as_array().expect("machines").iter().find(is_it).expect("it").clone();
    let listed = call("ListExecutions", json!({ "stateMachineArn": machine["stateMachineArn"] }));
    let mut all = Vec::new();
    for execution in listed["executions"].as_array().expect("executions") {
        let told = call("DescribeExecution", json!({ "executionArn": execution["executionArn"] }));
        let input: Value = serde_json::from_str(text(&told, "/input")).expect("JSON");
        all.push((
            text(&input, "/orderId").to_owned(),
            text(&told, "/status").to_owned(),
            text(&told, "/error").to_owned(),
        ));
    }
    all
}

/// What a seed came to: the faults that happened, by kind, and how many executions ended since a step without a way out had failed.
fn run(seed: u64) -> (BTreeMap<String, usize>, usize) {
    let mut system = orders(seed);
    let chaos = "duplicate=20%,reorder=20%,delay=20%,throttle=10%,kill=10%".parse::<Chaos>().expect("faults");
    system.set_chaos(Some(chaos.seeded(seed)));
    let ids: Vec<String> = (0..ORDERS).map(|number| format!("o-{number}")).collect();
    for id in &ids {
        place(&mut system, id);
    }
    pass(&mut system, 1_800_000, &mut handler);

    let rows = items(&mut system, "functions.create-order", "ORDER_EVENTS_OUTBOX");
    let told = |order: &str, kind: &str| {
        rows.iter().filter(|row| text(row, "/aggregate/S") == order && text(row, "/detailType/S") == kind).count()
    };
    let on_the_bus: BTreeSet<&str> = system
        .trace
        .all()
        .filter(|hop| hop.kind == Kind::Event)
        .map(|hop| text(&hop.data, "/detail/metadata/eventId"))
        .collect();
    for row in &rows {
        assert!(on_the_bus.contains(text(row, "/eventId/S")), "seed {seed}: {row} was not published");
    }
    let orders = items(&mut system, "functions.create-order", "ORDERS_TABLE");
    assert_eq!(orders.len(), ORDERS, "seed {seed}");
    let mut of_all = executions(&mut system);
    of_all.sort();
    assert_eq!(of_all.iter().map(|(id, ..)| id).collect::<Vec<_>>(), ids.iter().collect::<Vec<_>>(), "seed {seed}");
    let mut given_up = 0;
    for (id, status, error) in &of_all {
        let order = orders.iter().find(|order| text(order, "/orderId/S") == id).expect("an order");
        let (paid, refunded) = (told(id, "Payment Processed"), told(id, "Payment Refunded"));
        let at = format!("seed {seed}, {id}: {status} {error}, {order}");
        assert_eq!(paid, usize::from(!order["paymentId"].is_null()), "{at}");
        assert_eq!(refunded, usize::from(!order["refundId"].is_null()), "{at}");
        let legal = match (status.as_str(), error.as_str()) {
            ("SUCCEEDED", _) => text(order, "/status/S") == "COMPLETED" && (paid, refunded) == (1, 0),
            ("FAILED", "PaymentDeclined") => text(order, "/status/S") == "PAYMENT_FAILED" && paid == 0,
            ("FAILED", "PaymentFailed") => text(order, "/status/S") == "PAYMENT_FAILED" && paid == refunded,
            ("FAILED", "InventoryUnavailable" | "ReservationFailed") => {
                text(order, "/status/S") == "INVENTORY_FAILED" && (paid, refunded) == (1, 1)
            }
            // A step that nothing is done about has failed four times. Its alarm tells; nobody pays twice.
            (
                "FAILED",
                "Runtime.ExitError" | "Throttled" | "Lambda.TooManyRequestsException" | "CompensationFailed",
            ) => {
                given_up += 1;
                paid <= 1 && refunded <= paid
            }
            _ => false,
        };
        assert!(legal, "{at}");
    }
    let mut faults = BTreeMap::new();
    for hop in system.trace.all().filter(|hop| hop.kind == Kind::Fault) {
        *faults.entry(hop.text.split(':').next().unwrap_or_default().to_owned()).or_default() += 1;
    }
    (faults, given_up)
}

#[test]
fn orders_come_out_right_whatever_happens_on_the_way() {
    let seeds = std::env::var("EVC_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS);
    let (mut faults, mut given_up) = (BTreeMap::<String, usize>::new(), 0);
    for seed in 0..seeds {
        let (of_seed, given_up_of_seed) = run(seed);
        given_up += given_up_of_seed;
        for (kind, count) in of_seed {
            *faults.entry(kind).or_default() += count;
        }
    }
    let kinds: Vec<&str> = faults.keys().map(String::as_str).collect();
    assert_eq!(kinds, ["delay", "duplicate", "kill", "reorder", "throttle"], "{faults:?}");
    assert!(faults.values().all(|count| *count as u64 > seeds / 4), "{faults:?}");
    let orders = usize::try_from(seeds).expect("a number") * ORDERS;
    assert!(given_up * 20 < orders, "{given_up} of {orders} executions were given up");
}

/// The same seed gives the same hops, to the last.
#[test]
fn a_seed_repeats_all_faults() {
    assert_eq!(run(11), run(11));
    assert_ne!(run(11).0, run(12).0);
}

/// Without faults nothing of it happens: no hop tells of any.
#[test]
fn nothing_happens_before_it_is_asked_for_and_after_it_is_over() {
    let mut system = orders(1);
    place(&mut system, "o-0");
    system.set_chaos(Some("duplicate=100%".parse().expect("faults")));
    system.set_chaos(None);
    place(&mut system, "o-3");
    settle(&mut system, &mut handler);
    assert!(!system.trace.all().any(|hop| hop.kind == Kind::Fault));
}
