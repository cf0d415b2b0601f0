//! Clients before servers that accept connections and do not answer, answer late, or answer some requests only.

use super::*;
use crate::attribute::{Attribute, Item};
use crate::backend::BoxFuture;
use crate::publish::{Bus, Entry, EventBridge};
use crate::queue::{Message, Sender, Sqs};
use crate::table::{Action, Comparison, DynamoDb, Lookup, Store, Test, Write, WriteKind};
use crate::{Error, Timestamp};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use std::io::{Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// What a server does with its first connection, and with those after it.
#[derive(Debug, Clone, Copy)]
enum Answers {
    Never,
    After(Duration),
    FromTheSecond,
    /// The head of an answer at once, and the rest of it never.
    InPart,
    /// So many requests, and none after them.
    First(usize),
    /// Closes the connection when it has a request.
    Closes,
    /// The same, with an error of the service's own.
    Fails,
    /// No time for the first request.
    ThrottlesTheFirst,
    /// Does what the first request asks for, without an answer; refuses the second one, whose condition does not hold any more.
    LosesTheFirst,
    /// The same of an answer to a step.
    LosesTheFirstSignal,
}

/// A service.
struct Server {
    address: String,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Server {
    fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(AtomicUsize::new(0));
        let (count, seen) = (connections.clone(), requests.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let number = count.fetch_add(1, Ordering::SeqCst);
                let seen = seen.clone();
                std::thread::spawn(move || serve(stream, answers, number, &seen));
            }
        });
        Self { address, connections, requests }
    }

    async fn config(&self) -> SdkConfig {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        aws_config::defaults(BehaviorVersion::latest())
            .region(aws_config::Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(format!("http://{}", self.address))
            .http_client(http_client())
            .load()
            .await
    }
}

/// Answers each request of a connection with an empty object, if at all.
fn serve(mut stream: TcpStream, answers: Answers, number: usize, seen: &AtomicUsize) {
    let mut buffer = vec![0; 65536];
    while stream.read(&mut buffer).is_ok_and(|bytes| bytes > 0) {
        let request = seen.fetch_add(1, Ordering::SeqCst);
        let text = match answers {
            Answers::Never => continue,
            Answers::FromTheSecond if number == 0 => continue,
            Answers::First(requests) if request >= requests => continue,
            Answers::LosesTheFirst | Answers::LosesTheFirstSignal if request == 0 => continue,
            Answers::LosesTheFirstSignal => answer("400 Bad Request", &error("TaskTimedOut")),
            Answers::LosesTheFirst if request == 1 => {
                answer("400 Bad Request", &error("ConditionalCheckFailedException"))
            }
            Answers::Closes => return,
            Answers::Fails => answer("500 Internal Server Error", &error("InternalServerError")),
            Answers::ThrottlesTheFirst if request == 0 => answer("400 Bad Request", &error("ThrottlingException")),
            Answers::After(time) => {
                std::thread::sleep(time);
                answer("200 OK", "{}")
            }
            Answers::InPart => answer("200 OK", "{}").trim_end_matches("{}").to_owned(),
            Answers::FromTheSecond | Answers::First(_) | Answers::ThrottlesTheFirst | Answers::LosesTheFirst => {
                answer("200 OK", "{}")
            }
        };
        if stream.write_all(text.as_bytes()).is_err() {
            return;
        }
    }
}

fn answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// The body of an answer that is an error.
fn error(code: &str) -> String {
    format!(r#"{{"__type":"com.amazonaws.service#{code}","message":"no"}}"#)
}

fn key() -> Item {
    [("id".to_owned(), Attribute::S("1".to_owned()))].into()
}

// Boxed: the loading of a configuration is a future of many kilobytes.
fn get(server: &Server) -> BoxFuture<'_, Result<Option<Item>, Error>> {
    Box::pin(async {
        let lookup = Lookup { table: "t".to_owned(), key: key(), consistent: true };
        DynamoDb::new(&server.config().await).get(lookup).await
    })
}

fn write(server: &Server, kind: WriteKind) -> BoxFuture<'_, Result<(), Error>> {
    Box::pin(async {
        let write = Write { table: "t".to_owned(), kind, condition: None };
        DynamoDb::new(&server.config().await).write(write, false).await.map_err(Error::from)
    })
}

/// Runs a call in so much time; what came of it and how long it took.
async fn timed<T>(time: u64, call: impl Future<Output = Result<T, Error>>) -> (Result<T, Error>, Duration) {
    let start = Instant::now();
    // More than it should take, and less than without an end.
    let limit = Duration::from_millis(time) + Duration::from_secs(2);
    let call = Box::pin(deadline::within(Duration::from_millis(time), call));
    (tokio::time::timeout(limit, call).await.expect("the call ends by itself"), start.elapsed())
}

#[tokio::test]
async fn a_call_of_any_service_ends_with_the_time_that_is_left() {
    let server = Server::start(Answers::Never);
    let config = server.config().await;
    let entry = Entry {
        bus: "b".to_owned(),
        source: "s".to_owned(),
        detail_type: "t".to_owned(),
        detail: "{}".to_owned(),
        time: Timestamp::now(),
        trace: None,
    };
    let message = Message {
        url: format!("http://{}/1/q", server.address),
        body: "{}".to_owned(),
        event_id: None,
        group: None,
        trace: None,
    };
    let (bus, queues) = (EventBridge::new(&config), Sqs::new(&config));
    let steps = client!(aws_sdk_sfn, &config);
    let secrets = client!(aws_sdk_secretsmanager, &config);
    let calls: [(&str, BoxFuture<'_, Result<(), Error>>); 7] = [
        ("dynamodb:GetItem", Box::pin(async { get(&server).await.map(drop) })),
        ("dynamodb:PutItem", Box::pin(write(&server, WriteKind::Put(key())))),
        (
            "dynamodb:TransactWriteItems",
            Box::pin(async {
                let write = Write { table: "t".to_owned(), kind: WriteKind::Put(key()), condition: None };
                DynamoDb::new(&server.config().await)
                    .transact(vec![write], &[], "token".to_owned())
                    .await
                    .map_err(Error::from)
            }),
        ),
        ("events:PutEvents", Box::pin(async { bus.put_events(vec![entry]).await.map(drop) })),
        (
            "states:SendTaskSuccess",
            Box::pin(async {
                let sent = steps.send_task_success().task_token("t").output("{}").send().await;
                sent.map(drop).map_err(|error| failure("states:SendTaskSuccess", &error))
            }),
        ),
        (
            "secretsmanager:GetSecretValue",
            Box::pin(async {
                let read = secrets.get_secret_value().secret_id("s").send().await;
                read.map(drop).map_err(|error| failure("secretsmanager:GetSecretValue", &error))
            }),
        ),
        ("sqs:SendMessage", Box::pin(async { queues.send(message).await.map(drop) })),
    ];
    for (operation, call) in calls {
        let (result, took) = timed(300, call).await;
        let error = result.expect_err("nobody answers");
        assert_eq!(error.kind(), Kind::Timeout, "{operation}: {error}");
        assert!(error.message().contains(operation) && error.kind().is_retryable(), "{operation}: {error}");
        assert!(took < Duration::from_millis(900), "{operation}: {took:?}");
    }
}

#[tokio::test]
async fn an_answer_of_which_only_the_head_comes_is_none() {
    let (result, _) = timed(300, get(&Server::start(Answers::InPart))).await;
    assert_eq!(result.expect_err("half an answer").kind(), Kind::Timeout);
}

#[tokio::test]
async fn a_slow_service_has_the_time_that_there_is() {
    let server = Server::start(Answers::After(Duration::from_millis(300)));
    let (result, took) = timed(900, get(&server)).await;
    assert_eq!(result.expect("an answer"), None);
    assert!(took >= Duration::from_millis(300), "{took:?}");
    assert_eq!(timed(100, get(&server)).await.0.expect_err("too late").kind(), Kind::Timeout);
}

#[tokio::test]
async fn a_connection_that_hangs_is_given_up_while_there_is_time_for_another() {
    let server = Server::start(Answers::FromTheSecond);
    let (result, took) = timed(4_500, get(&server)).await;
    assert_eq!(result.expect("an answer"), None);
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert_eq!(server.connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_write_that_keeps_a_lease_is_sent_again_soon() {
    let server = Server::start(Answers::FromTheSecond);
    let store = DynamoDb::new(&server.config().await);
    let write = Write { table: "t".to_owned(), kind: WriteKind::Put(key()), condition: Some(Test::NotExists("id")) };
    let (result, took) = timed(30_000, async { store.write(write, true).await.map_err(Error::from) }).await;
    result.expect("an answer");
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test]
async fn what_adds_is_not_done_again_because_its_answer_is_slow() {
    let one = Attribute::N("1".to_owned());
    for (action, connections) in [(Action::Add("n", one.clone()), 1..=1), (Action::Set("n", one), 2..=3)] {
        let server = Server::start(Answers::Never);
        // Time enough for a second attempt on a busy machine.
        let (result, _) = timed(4_000, write(&server, WriteKind::Update(key(), vec![action]))).await;
        assert_eq!(result.expect_err("nobody answers").kind(), Kind::Timeout);
        let made = server.connections.load(Ordering::SeqCst);
        assert!(connections.contains(&made), "{made} connections");
    }
}

#[tokio::test]
async fn what_adds_is_not_done_again_because_its_answer_was_lost() {
    for answers in [Answers::Closes, Answers::Fails] {
        let server = Server::start(answers);
        let action = Action::Add("n", Attribute::N("1".to_owned()));
        let (result, _) = timed(4_000, write(&server, WriteKind::Update(key(), vec![action]))).await;
        let error = result.expect_err("nobody says that it was done");
        assert_eq!(
            (error.kind(), server.requests.load(Ordering::SeqCst)),
            (Kind::Transient, 1),
            "{answers:?}: {error}"
        );
        assert!(error.message().contains("nobody knows whether it was done"), "{error}");
    }
}

#[tokio::test]
async fn what_adds_is_done_again_if_it_was_refused_for_the_moment() {
    let server = Server::start(Answers::ThrottlesTheFirst);
    let action = Action::Add("n", Attribute::N("1".to_owned()));
    timed(4_000, write(&server, WriteKind::Update(key(), vec![action]))).await.0.expect("the second time");
    assert_eq!(server.requests.load(Ordering::SeqCst), 2);
}

/// What a handler does with `cx.carts().put(&changed).if_version(version).send()`, where it adds to what it read.
#[tokio::test]
async fn work_is_not_done_again_because_it_met_its_own_write() {
    let writes = [WriteKind::Put(key()), WriteKind::Delete(key()), WriteKind::Update(key(), vec![Action::Remove("n")])];
    for kind in writes {
        let server = Server::start(Answers::LosesTheFirst);
        let store = DynamoDb::new(&server.config().await);
        let context = crate::testing::World::new().context("f");
        let delivery = context.delivery().clone();
        let delivery =
            crate::context::Delivery { deadline: Timestamp::now().after(Duration::from_secs(4)), ..delivery };
        let metrics = Arc::new(crate::observe::Metrics::new("n".to_owned(), "f"));
        let context = crate::Context::new(context.services().clone(), metrics, delivery);
        let work = async || {
            let version = Test::Compare("version", Comparison::Equal, Attribute::N("1".to_owned()));
            let write = Write { table: "t".to_owned(), kind: kind.clone(), condition: Some(version) };
            store.write(write, false).await.map_err(Error::from)
        };
        let (done, _) = timed(1_500, context.retry_conflicts(work)).await;
        let error = done.expect_err("there is no answer");
        assert!(error.kind() == Kind::Timeout && error.message().contains("nobody knows"), "{kind:?}: {error}");
        assert_eq!(server.requests.load(Ordering::SeqCst), 1, "{kind:?}");
    }
}

#[tokio::test]
async fn an_answer_to_a_step_is_not_told_of_itself_that_it_came_too_late() {
    use crate::signal::StepFunctions;
    for succeeds in [true, false] {
        let server = Server::start(Answers::LosesTheFirstSignal);
        let steps = client!(aws_sdk_sfn, &server.config().await);
        let output = serde_json::json!({});
        let call = if succeeds { steps.succeed("t", &output) } else { steps.fail("t", "Refused", "no") };
        let error = timed(4_000, call).await.0.expect_err("there is no answer");
        assert!(error.kind() == Kind::Timeout && error.message().contains("nobody knows"), "{error}");
        assert_eq!(server.requests.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn what_changes_nothing_more_and_meets_no_condition_may_be_repeated() {
    let one = || Attribute::N("1".to_owned());
    let set = || WriteKind::Update(key(), vec![Action::Set("n", one())]);
    let add = || WriteKind::Update(key(), vec![Action::Add("n", one())]);
    let closed = || Some(Test::Compare("n", Comparison::Less, one()));
    for (kind, condition, expected) in [
        (WriteKind::Put(key()), None, true),
        (WriteKind::Put(key()), Some(Test::NotExists("id")), false),
        (WriteKind::Delete(key()), None, true),
        (WriteKind::Delete(key()), Some(Test::Exists("id")), false),
        (set(), None, true),
        (set(), Some(Test::Exists("id")), true),
        (set(), Some(Test::Exists("n")), false),
        (set(), closed(), false),
        (add(), None, false),
        (add(), Some(Test::Exists("id")), false),
    ] {
        let write = Write { table: "t".to_owned(), kind, condition };
        assert_eq!(write.may_repeat(), expected, "{write:?}");
    }
}

/// Nobody listens there.
#[tokio::test]
async fn a_call_that_found_no_connection_did_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let server = Server { address, connections: Arc::default(), requests: Arc::default() };
    let action = Action::Add("n", Attribute::N("1".to_owned()));
    let (result, _) = timed(4_000, write(&server, WriteKind::Update(key(), vec![action]))).await;
    let error = result.expect_err("no server");
    assert!(error.kind() == Kind::Transient && !error.message().contains("nobody knows"), "{error}");
}

#[tokio::test]
async fn when_the_time_is_over_nothing_is_called() {
    let server = Server::start(Answers::After(Duration::ZERO));
    let late = deadline::within(Duration::from_millis(1), async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        get(&server).await
    });
    assert_eq!(late.await.expect_err("too late").kind(), Kind::Timeout);
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);
    // Without a deadline, as some local invokers have none.
    assert_eq!(get(&server).await.expect("an answer"), None);
}

#[test]
fn an_attempt_is_a_share_and_neither_a_moment_nor_minutes() {
    for (time, share) in [(200, 200), (1_500, 1_000), (3_000, 1_000), (15_000, 5_000), (600_000, 10_000)] {
        assert_eq!(attempt(Duration::from_millis(time)), Duration::from_millis(share), "{time}");
    }
}

/// A whole function whose idempotency table does not answer: the handler does not run, and the answer is out before the deadline.
#[tokio::test]
async fn a_guard_whose_table_does_not_answer_ends_in_time() {
    use crate::contract::{ProcessPayment, ProcessPaymentError, ProcessPaymentInput, ProcessPaymentOutput};
    use crate::idempotency::Once;
    use crate::serve::{App, Invocation};

    const STEP: &str = r#"{"evc": {"execution": "arn:e", "step": "payment"},
        "input": {"orderId": "00000000-0000-0000-0000-000000000001", "customerId": "c", "amount": 109.97}}"#;
    // The claim hangs; the claim is written, and what comes after the handler hangs: its failure is the answer, or its result.
    for (answered, hangs, expected) in [(0, false, "Timeout"), (1, false, "PaymentDeclined"), (1, true, "Timeout")] {
        let server = Server::start(Answers::First(answered));
        let services = crate::testing::World::new().env("IDEMPOTENCY_TABLE", "t").services();
        let store: Arc<dyn Store> = Arc::new(DynamoDb::new(&server.config().await));
        let services = crate::backend::Services { tables: tokio::sync::OnceCell::new_with(Some(store)), ..services };
        let runs = AtomicUsize::new(0);
        let handler = async |_: &ProcessPayment, _: ProcessPaymentInput| {
            runs.fetch_add(1, Ordering::SeqCst);
            if hangs {
                std::future::pending::<()>().await;
            }
            Err::<ProcessPaymentOutput, _>(ProcessPaymentError::PaymentDeclined("declined".to_owned()))
        };
        let app = App::<ProcessPayment, _, _>::new(handler, Once, services).expect("an app");
        let time = Duration::from_millis(1_200);
        let deadline = Timestamp::now().after(time);
        let invocation = Invocation { request_id: "r".to_owned(), deadline, trace: None };
        let start = Instant::now();
        let ended = tokio::time::timeout(time * 3, app.invoke(STEP, &invocation)).await.expect("it ends by itself");
        assert_eq!(ended.expect_err("a failure").name, expected);
        assert!(start.elapsed() < time, "{answered} {hangs}: {:?}", start.elapsed());
        assert_eq!(runs.load(Ordering::SeqCst), answered);
    }
}
