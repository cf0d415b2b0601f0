//! A whole function as Lambda runs it: a process of its own, invoked through a Runtime API of this test, with a DynamoDB of this test
//! behind `AWS_ENDPOINT_URL`. Proves what the in-memory tests cannot: the wiring to `lambda_runtime` and to the SDK.
//!
//! The process is this test binary again, running the same test with [`AS_FUNCTION`] set.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod contract;

use contract::{
    OrderStatus, OrdersKey, ProcessPayment, ProcessPaymentError, ProcessPaymentInput, ProcessPaymentOutput, orders,
};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The handler: what it does depends on the customer.
async fn handle(cx: &ProcessPayment, input: ProcessPaymentInput) -> Result<ProcessPaymentOutput, ProcessPaymentError> {
    let key = OrdersKey { order_id: input.order_id, customer_id: input.customer_id.clone() };
    if input.customer_id == "blocks" {
        // Longer than a claim goes without a renewal.
        std::thread::sleep(Duration::from_secs(6));
    }
    match input.customer_id.as_str() {
        "declined" => Err(ProcessPaymentError::PaymentDeclined("the card was declined".to_owned())),
        "panic" => panic!("secret"),
        "get" => {
            let order = cx.orders().get(&key).consistent().send().await?;
            Ok(ProcessPaymentOutput {
                payment_id: order.map_or("none".to_owned(), |order| order.total_amount.to_string()),
            })
        }
        "conflict" => {
            let update = cx.orders().update(&key).set(orders::STATUS, OrderStatus::Paid);
            cx.transact().update(update).commit().await?;
            Ok(ProcessPaymentOutput { payment_id: "unexpected".to_owned() })
        }
        _ => Ok(ProcessPaymentOutput { payment_id: input.amount.to_string() }),
    }
}

/// Set in the environment of the process that is the function.
const AS_FUNCTION: &str = "EVC_TEST_AS_FUNCTION";

/// What the function sent back: `response` or `error`, and its body.
type Answer = (String, Value);

/// A server that is the Runtime API and DynamoDB.
struct Server {
    events: Sender<String>,
    answers: Receiver<Answer>,
    calls: Arc<Mutex<Vec<(String, Value)>>>,
    address: String,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("address").to_string();
        let (events, next_event) = channel();
        let (answer, answers) = channel();
        let next_event = Arc::new(Mutex::new(next_event));
        let calls: Arc<Mutex<Vec<_>>> = Arc::default();
        let seen = calls.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (next_event, answer, seen) = (next_event.clone(), answer.clone(), seen.clone());
                std::thread::spawn(move || serve(stream, &next_event, &answer, &seen));
            }
        });
        Self { events, answers, calls, address }
    }

    fn invoke(&self, event: &Value) -> Answer {
        self.events.send(event.to_string()).expect("a server");
        self.answers.recv_timeout(Duration::from_mins(1)).expect("an answer")
    }
}

/// Answers the requests of one connection.
fn serve(
    stream: TcpStream,
    events: &Mutex<Receiver<String>>,
    answers: &Sender<Answer>,
    calls: &Mutex<Vec<(String, Value)>>,
) {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    let mut stream = stream;
    while let Some((line, target, body)) = read_request(&mut reader) {
        let path = line.split(' ').nth(1).unwrap_or_default();
        let (status, headers, reply) = if let Some(target) = target {
            calls.lock().expect("calls").push((target.clone(), serde_json::from_str(&body).unwrap_or_default()));
            dynamodb(&target)
        } else if path.ends_with("/invocation/next") {
            let Ok(event) = events.lock().expect("events").recv() else { return };
            let deadline = SystemTime::now().duration_since(UNIX_EPOCH).expect("time").as_millis() + 30_000;
            (
                200,
                format!(
                    "lambda-runtime-aws-request-id: r-1\r\nlambda-runtime-deadline-ms: {deadline}\r\nlambda-runtime-invoked-function-arn: arn:f\r\nlambda-runtime-trace-id: Root=1-abc\r\n"
                ),
                event,
            )
        } else {
            let kind = path.rsplit('/').next().unwrap_or_default().to_owned();
            let _ = answers.send((kind, serde_json::from_str(&body).unwrap_or_default()));
            (202, String::new(), "{}".to_owned())
        };
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.0\r\n{headers}content-length: {}\r\n\r\n",
            reply.len()
        );
        if stream.write_all(format!("{head}{reply}").as_bytes()).is_err() {
            return;
        }
    }
}

fn read_request(reader: &mut impl BufRead) -> Option<(String, Option<String>, String)> {
    let (mut line, mut target, mut length, mut chunked) = (String::new(), None, 0, false);
    reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "x-amz-target" => target = Some(value.to_owned()),
            "content-length" => length = value.parse().ok()?,
            "transfer-encoding" => chunked = value.contains("chunked"),
            _ => {}
        }
    }
    let mut body = Vec::new();
    if chunked {
        read_chunks(reader, &mut body)?;
    } else {
        body.resize(length, 0);
        reader.read_exact(&mut body).ok()?;
    }
    Some((line, target, String::from_utf8(body).ok()?))
}

fn read_chunks(reader: &mut impl BufRead, body: &mut Vec<u8>) -> Option<()> {
    loop {
        let mut size = String::new();
        reader.read_line(&mut size).ok()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk).ok()?;
        body.extend_from_slice(&chunk[..size]);
        if size == 0 {
            return Some(());
        }
    }
}

fn dynamodb(target: &str) -> (u16, String, String) {
    let reply = match target {
        "DynamoDB_20120810.GetItem" => (
            200,
            json!({ "Item": {
            "orderId": { "S": "00000000-0000-0000-0000-000000000001" }, "customerId": { "S": "get" }, "totalAmount": { "N": "109.97" },
            "status": { "S": "PENDING" }, "createdAt": { "S": "2026-11-21T04:50:00.000Z" }, "version": { "N": "3" },
        } }),
        ),
        "DynamoDB_20120810.PutItem" => (200, json!({})),
        "DynamoDB_20120810.TransactWriteItems" => (
            400,
            json!({
                "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", "Message": "Transaction cancelled",
                "CancellationReasons": [{ "Code": "ConditionalCheckFailed", "Message": "The conditional request failed" }],
            }),
        ),
        _ => (500, json!({})),
    };
    (reply.0, String::new(), reply.1.to_string())
}

/// The function's process; ended when the test ends, however it ends.
struct Function(Child);

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

/// The process that runs this test as a function.
fn start_function(server: &Server, test: &str) -> Function {
    let endpoint = format!("http://{}", server.address);
    let process = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", test, "--nocapture"])
        .env_clear()
        .envs([
            (AS_FUNCTION, "1"),
            ("AWS_LAMBDA_RUNTIME_API", server.address.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "process-payment"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("ORDERS_TABLE", "orders-table"),
            ("IDEMPOTENCY_TABLE", "idempotency-table"),
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the function's process");
    Function(process)
}

fn input(customer: &str) -> Value {
    json!({ "orderId": "00000000-0000-0000-0000-000000000001", "customerId": customer, "amount": 29.99 })
}

#[test]
fn a_function_answers_through_the_runtime_api() {
    if std::env::var_os(AS_FUNCTION).is_some() {
        evc_runtime::serve::<ProcessPayment, _>(handle).expect("served");
        return;
    }
    let server = Server::start();
    let mut function = start_function(&server, "a_function_answers_through_the_runtime_api");

    assert_eq!(server.invoke(&input("fine")), ("response".to_owned(), json!({ "paymentId": "29.99" })));
    let step = json!({ "evc": { "execution": "arn:e", "step": "payment", "attempt": 1 }, "input": input("declined") });
    assert_eq!(
        server.invoke(&step),
        ("error".to_owned(), json!({ "errorType": "PaymentDeclined", "errorMessage": "the card was declined" }))
    );
    assert_eq!(
        server.invoke(&input("panic")),
        ("error".to_owned(), json!({ "errorType": "Panic", "errorMessage": "the handler panicked" }))
    );
    let (kind, error) = server.invoke(&json!({ "orderId": 7, "customerId": "secret" }));
    assert_eq!((kind.as_str(), &error["errorType"]), ("error", &json!("InvalidInput")));
    assert_eq!(server.invoke(&input("get")), ("response".to_owned(), json!({ "paymentId": "109.97" })));
    assert_eq!(server.invoke(&input("conflict")).1["errorType"], "Conflict");

    function.0.kill().expect("killed");
    let mut log = String::new();
    function.0.stdout.take().expect("stdout").read_to_string(&mut log).expect("log");
    function.0.wait().expect("ended");

    let calls = server.calls.lock().expect("calls");
    assert_eq!(calls[0].1["TableName"], "orders-table");
    assert_eq!(calls[0].1["ConsistentRead"], true);
    let update = &calls[1].1["TransactItems"][0]["Update"];
    assert_eq!(update["UpdateExpression"], "SET #n0 = :v0 ADD #n1 :v1");
    assert_eq!(update["ConditionExpression"], "attribute_exists(#n2)");
    assert_eq!(update["ExpressionAttributeNames"], json!({ "#n0": "status", "#n1": "version", "#n2": "orderId" }));

    let lines: Vec<Value> = log
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).expect("a JSON line"))
        .collect();
    let declined =
        lines.iter().find(|line| line["error"] == "PaymentDeclined").expect("a line of the declined payment");
    assert_eq!(
        (
            &declined["function"],
            &declined["requestId"],
            &declined["execution"],
            &declined["step"],
            &declined["attempt"],
            &declined["traceId"]
        ),
        (&json!("process-payment"), &json!("r-1"), &json!("arn:e"), &json!("payment"), &json!(1), &json!("Root=1-abc")),
    );
    assert_eq!(
        lines.iter().filter(|line| line.to_string().contains("was declined")).count(),
        1,
        "one line a failure: {log}"
    );
    let invalid =
        lines.iter().find(|line| line["error"] == "InvalidInput").expect("a line of the input that was no input");
    assert_eq!(invalid["requestId"], "r-1");
    assert!(!log.contains("secret"), "payload data in the log: {log}");
}

/// The thread that renews claims has a client of its own: the handler's thread is blocked, and with it the connections of its client.
#[cfg(feature = "idempotency")]
#[test]
fn a_claim_is_renewed_while_its_handler_blocks_the_thread() {
    if std::env::var_os(AS_FUNCTION).is_some() {
        evc_runtime::serve_idempotent::<ProcessPayment, _>(handle).expect("served");
        return;
    }
    let server = Server::start();
    let _function = start_function(&server, "a_claim_is_renewed_while_its_handler_blocks_the_thread");
    // The second time on the connection of the first.
    for execution in ["arn:1", "arn:2"] {
        let step = |customer| json!({ "evc": { "execution": execution, "step": "payment" }, "input": input(customer) });
        assert_eq!(server.invoke(&step("blocks")).0, "response");
        let calls = std::mem::take(&mut *server.calls.lock().expect("calls"));
        let statuses: Vec<_> = calls.iter().map(|(_, call)| &call["Item"]["status"]["S"]).collect();
        assert_eq!(statuses, ["IN_PROGRESS", "IN_PROGRESS", "DONE"]);
        let lease = |call: usize| {
            let lease = calls[call].1["Item"]["leaseUntil"]["N"].as_str().expect("a lease");
            lease.parse::<i64>().expect("milliseconds")
        };
        assert!((4_900..7_000).contains(&(lease(1) - lease(0))), "{} and {}", lease(0), lease(1));
        assert!(calls.iter().all(|(_, call)| call["Item"]["owner"] == calls[0].1["Item"]["owner"]));
        assert_eq!(calls[1].1["ConditionExpression"], calls[2].1["ConditionExpression"]);
    }
}
