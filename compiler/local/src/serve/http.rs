//! HTTP: the services as SDKs call them, the Runtime API of Lambda, the interface of the system, and APIs.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::pool::ACCESS_KEY;
use super::{Host, functions};
use crate::faults::Chaos;
use crate::sim::apigateway::decoded;
use crate::sim::apigateway::{self, BODY_BYTES};
use crate::sim::lambda::Ended;
use crate::system::Caller;
use crate::{Refusal, query};

pub(super) type Answer = Response<Full<Bytes>>;

/// The longest body of a call of a service, bytes: a transaction of DynamoDB has 4 MiB of items, and some around them.
pub(super) const CALL_BYTES: usize = 16 * 1024 * 1024;

/// How often a long poll looks whether there is a message.
const POLL: Duration = Duration::from_millis(50);

/// How many first causes are listed unless it is said.
const CAUSES: usize = 20;

/// How long a follower of the trace waits for something new at most.
const FOLLOW: Duration = Duration::from_secs(20);

/// Answers connections, for ever.
pub(super) async fn serve<F, A>(listener: TcpListener, answer: F)
where
    F: Fn(Request<Incoming>, SocketAddr) -> A + Clone + Send + 'static,
    A: Future<Output = Answer> + Send + 'static,
{
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            // Too many files are open: others close theirs meanwhile.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // Small answers go out at once.
        let _ = stream.set_nodelay(true);
        let answer = answer.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let answered = answer(request, peer);
                async move { Ok::<_, Infallible>(answered.await) }
            });
            // Whoever hangs up is not told.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

pub(super) fn text(status: StatusCode, content_type: &str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    if let Ok(value) = content_type.parse() {
        answer.headers_mut().insert(hyper::header::CONTENT_TYPE, value);
    }
    answer
}

pub(super) fn json_answer(status: StatusCode, body: &Value) -> Answer {
    text(status, "application/json", body.to_string())
}

pub(super) async fn body_of(request: Request<Incoming>, most: usize) -> Result<Bytes, Answer> {
    let body = Limited::new(request.into_body(), most).collect().await;
    body.map(http_body_util::Collected::to_bytes)
        .map_err(|error| text(StatusCode::PAYLOAD_TOO_LARGE, "text/plain", error.to_string()))
}

/// A page of another site that has its name resolved to this machine would have that name here.
fn is_local(request: &Request<Incoming>) -> bool {
    let host = request.headers().get(hyper::header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name.is_empty() || name == "localhost" || name.ends_with(".localhost") || name == "127.0.0.1" || name == "[::1]"
}

/// The services, the Runtime API and the interface.
pub(super) async fn services(host: Arc<Host>, request: Request<Incoming>, _: SocketAddr) -> Answer {
    if !is_local(&request) {
        return text(StatusCode::FORBIDDEN, "text/plain", "this is a server of this machine alone");
    }
    let path = request.uri().path().to_owned();
    if let Some(rest) = path.strip_prefix("/fn/") {
        let (number, rest) = rest.split_once('/').unwrap_or((rest, ""));
        return runtime_api(&host, number.parse().unwrap_or(0), rest, request).await;
    }
    if let Some(rest) = path.strip_prefix("/_evc/") {
        return interface(&host, rest, request).await;
    }
    if functions::is_of_lambda(&path) {
        return functions::answer(&host, request).await;
    }
    if path.starts_with("/apikeys") || path.starts_with("/usageplans") {
        return of_apigateway(&host, &path, request).await;
    }
    call(&host, request).await
}

/// A call of API Gateway, whose protocol is REST.
async fn of_apigateway(host: &Arc<Host>, path: &str, request: Request<Incoming>) -> Answer {
    let method = request.method().as_str().to_owned();
    let body = match body_of(request, CALL_BYTES).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let (status, answer) = match host.with(|system| system.apigateway(&method, path, &body)) {
        Ok(answer) => answer,
        Err(refusal) => (refusal.status, refusal.body()),
    };
    json_answer(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), &answer)
}

/// A call of a service in one of AWS's JSON protocols.
async fn call(host: &Arc<Host>, request: Request<Incoming>) -> Answer {
    let header = |name: &str| request.headers().get(name).and_then(|it| it.to_str().ok()).map(str::to_owned);
    let Some(target) = header("x-amz-target") else {
        if request.method() == hyper::Method::POST {
            return query(host, request).await;
        }
        let help = "the local system of evc: AWS services for SDKs (`--endpoint-url`), and /_evc/ for what happens";
        return text(StatusCode::NOT_FOUND, "text/plain", help);
    };
    let caller = caller_of(host, process_of(&request));
    let version = if header("content-type").is_some_and(|it| it.contains("1.1")) { "1.1" } else { "1.0" };
    let body = match body_of(request, CALL_BYTES).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let content_type = format!("application/x-amz-json-{version}");
    let called = match serde_json::from_slice(&body) {
        Ok(body) if target == "AmazonSQS.ReceiveMessage" => receive(host, &caller, &target, body).await,
        Ok(body) => host.with(|system| system.call(&caller, &target, body)),
        Err(error) => Err(Refusal::new("SerializationException", format!("the body is not JSON: {error}"))),
    };
    match called {
        Ok(answer) => text(StatusCode::OK, &content_type, answer.to_string()),
        Err(refusal) => {
            let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
            let mut answer = text(status, &content_type, refusal.body().to_string());
            // What clients of SQS, which spoke another protocol before, take the code from.
            if let (true, Ok(value)) = (target.starts_with("AmazonSQS"), sqs_code(&refusal.code).parse()) {
                answer.headers_mut().insert("x-amzn-query-error", value);
            }
            answer
        }
    }
}

/// Receives messages of a queue; waits for one as long as the call or the queue says.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html>
async fn receive(host: &Arc<Host>, caller: &Caller, target: &str, body: Value) -> Result<Value, Refusal> {
    let wait = Duration::from_secs(super::lock(&host.system).polls_for_seconds(&body));
    let deadline = tokio::time::Instant::now() + wait;
    loop {
        let received = host.with(|system| system.call(caller, target, body.clone()))?;
        let now = tokio::time::Instant::now();
        if received.get("Messages").is_some() || now >= deadline {
            return Ok(received);
        }
        tokio::time::sleep_until(deadline.min(now + POLL)).await;
    }
}

/// An error of SQS as its older protocol names it, and whose fault it is.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-json-faqs.html>
fn sqs_code(code: &str) -> String {
    let older = [
        "BatchEntryIdsNotDistinct",
        "BatchRequestTooLong",
        "EmptyBatchRequest",
        "InvalidBatchEntryId",
        "MessageNotInflight",
        "TooManyEntriesInBatchRequest",
        "UnsupportedOperation",
    ];
    match code {
        "QueueDoesNotExist" => "AWS.SimpleQueueService.NonExistentQueue;Sender".to_owned(),
        code if older.contains(&code) => format!("AWS.SimpleQueueService.{code};Sender"),
        code => format!("{code};Sender"),
    }
}

/// The process that makes a call, by its access key.
pub(super) fn process_of(request: &Request<Incoming>) -> Option<u64> {
    let authorization = request.headers().get("authorization")?.to_str().ok()?;
    let key = authorization.split("Credential=").nth(1)?.split('/').next()?;
    key.strip_prefix(ACCESS_KEY)?.parse().ok()
}

pub(super) fn caller_of(host: &Arc<Host>, process: Option<u64>) -> Caller {
    let of_process = process.and_then(|number| super::lock(&host.pool).of_process(number));
    of_process.map_or_else(Caller::default, |(function, invocation)| Caller {
        role: Some(function.role.clone()),
        cause: invocation.and_then(|invocation| super::lock(&host.system).hop_of(invocation)),
    })
}

/// A call of a service in AWS's query protocol.
async fn query(host: &Arc<Host>, request: Request<Incoming>) -> Answer {
    let caller = caller_of(host, process_of(&request));
    let body = match body_of(request, CALL_BYTES).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let mut form = query::form(&String::from_utf8_lossy(&body));
    let said = |name: &str| form.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (operation, version) = (said("Action"), said("Version"));
    let Some(service) = query::service(&version) else {
        let help = format!("the local system has no service with the version {version} of AWS's query protocol");
        return text(StatusCode::NOT_FOUND, "text/plain", help);
    };
    form.retain(|name, _| !["Action", "Version"].contains(&name.as_str()));
    let target = format!("{}.{operation}", service.target);
    let answer = host.with(|system| system.call(&caller, &target, Value::Object(form)));
    let status = answer.as_ref().map_or_else(|it| it.status, |_| 200);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    text(status, "text/xml", query::xml(service, &operation, &answer))
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>
async fn runtime_api(host: &Arc<Host>, number: u64, path: &str, request: Request<Incoming>) -> Answer {
    let path = path.trim_start_matches("2018-06-01/runtime/");
    if path == "invocation/next" {
        let Some((function, given)) = host.next_invocation(number).await else {
            return text(StatusCode::GONE, "text/plain", "");
        };
        let mut answer = text(StatusCode::OK, "application/json", given.payload);
        let deadline = given.deadline_ms.to_string();
        let trace = format!("Root=1-{:08x}-{:024x};Sampled=0", given.deadline_ms / 1_000, given.invocation);
        for (name, value) in [
            ("lambda-runtime-aws-request-id", given.request_id.as_str()),
            ("lambda-runtime-deadline-ms", &deadline),
            ("lambda-runtime-invoked-function-arn", &function.arn),
            ("lambda-runtime-trace-id", &trace),
        ] {
            if let Ok(value) = value.parse() {
                answer.headers_mut().insert(name, value);
            }
        }
        return answer;
    }
    let body = match body_of(request, CALL_BYTES).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let rest = path.strip_prefix("invocation/").and_then(|rest| rest.split_once('/'));
    let ended = match rest {
        Some((_, "response")) => Ended::Answer(String::from_utf8_lossy(&body).into_owned()),
        Some((_, "error")) => {
            let error: Value = serde_json::from_slice(&body).unwrap_or_default();
            let text = |field: &str| error.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
            Ended::Error { name: text("errorType"), message: text("errorMessage") }
        }
        _ => return text(StatusCode::ACCEPTED, "application/json", r#"{"status":"OK"}"#),
    };
    let request_id = rest.map(|(id, _)| id).unwrap_or_default();
    if host.answered(number, request_id, ended) {
        text(StatusCode::ACCEPTED, "application/json", r#"{"status":"OK"}"#)
    } else {
        text(
            StatusCode::BAD_REQUEST,
            "application/json",
            r#"{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}"#,
        )
    }
}

/// The interface of the system: docs/local.md.
async fn interface(host: &Arc<Host>, path: &str, request: Request<Incoming>) -> Answer {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let asked = |name: &str| {
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(own, _)| *own == name)
            .map(|(_, value)| value.to_owned())
    };
    match (request.method().as_str(), path) {
        ("GET", "trace") => {
            let since = asked("since").and_then(|it| it.parse().ok()).unwrap_or(0);
            let waits = asked("wait").is_some();
            let deadline = tokio::time::Instant::now() + FOLLOW;
            loop {
                let happened = host.happened.notified();
                let (hops, revision) = {
                    let system = super::lock(&host.system);
                    let (hops, revision) = system.trace.since(since);
                    (json!(hops), revision)
                };
                let empty = hops.as_array().is_none_or(Vec::is_empty);
                if !empty || !waits || tokio::time::timeout_at(deadline, happened).await.is_err() {
                    return json_answer(StatusCode::OK, &json!({ "revision": revision, "hops": hops }));
                }
            }
        }
        ("GET", "causes") => {
            let most = asked("most").and_then(|it| it.parse().ok()).unwrap_or(CAUSES);
            let find = asked("find").map(|text| decoded(&text, true)).filter(|text| !text.is_empty());
            let system = super::lock(&host.system);
            json_answer(StatusCode::OK, &json!({ "causes": system.trace.causes(find.as_deref(), most) }))
        }
        ("GET", path) if path.starts_with("trace/") => {
            let number = path.trim_start_matches("trace/").parse().unwrap_or(0);
            let system = super::lock(&host.system);
            match system.trace.get(number).map(|hop| hop.root) {
                Some(root) => json_answer(StatusCode::OK, &json!({ "hops": system.trace.of_root(root) })),
                None => json_answer(
                    StatusCode::NOT_FOUND,
                    &json!({ "message": "there is no such hop, or it is not kept any more" }),
                ),
            }
        }
        ("GET", "system") => {
            let told = super::lock(&host.system).told();
            json_answer(StatusCode::OK, &told)
        }
        ("POST", "clock") => {
            let Some(seconds) = asked("forward").and_then(|it| it.parse().ok()) else {
                return json_answer(
                    StatusCode::BAD_REQUEST,
                    &json!({ "message": "say by how many seconds: ?forward=900" }),
                );
            };
            host.jump(Duration::from_secs(seconds));
            let told = super::lock(&host.system).told();
            json_answer(StatusCode::OK, &told)
        }
        ("POST", "token") => {
            let body = match body_of(request, CALL_BYTES).await {
                Ok(body) if body.is_empty() => Bytes::from_static(b"{}"),
                Ok(body) => body,
                Err(answer) => return answer,
            };
            let Ok(claims) = serde_json::from_slice(&body) else {
                return json_answer(
                    StatusCode::BAD_REQUEST,
                    &json!({ "message": "the body is an object of claims, such as {\"sub\": \"kim\"}" }),
                );
            };
            match super::lock(&host.system).make_token(claims) {
                Some(token) => text(StatusCode::OK, "text/plain", token),
                None => json_answer(StatusCode::NOT_FOUND, &json!({ "message": "no route takes tokens" })),
            }
        }
        ("GET", "faults") => json_answer(StatusCode::OK, &super::lock(&host.system).faults_told()),
        ("PUT", "faults") => {
            let body = match body_of(request, CALL_BYTES).await {
                Ok(body) => body,
                Err(answer) => return answer,
            };
            match String::from_utf8_lossy(&body).parse::<Chaos>() {
                Ok(chaos) => {
                    let told = host.with(|system| {
                        system.set_chaos(Some(chaos.seeded(super::random_seed())));
                        system.faults_told()
                    });
                    json_answer(StatusCode::OK, &told)
                }
                Err(why) => json_answer(StatusCode::BAD_REQUEST, &json!({ "message": why })),
            }
        }
        ("DELETE", "faults") => {
            let told = host.with(|system| {
                system.set_chaos(None);
                system.faults_told()
            });
            json_answer(StatusCode::OK, &told)
        }
        ("PUT" | "DELETE", path) if path.starts_with("faults/crash/") => {
            let (name, crashes) = (path.trim_start_matches("faults/crash/"), request.method() == hyper::Method::PUT);
            if host.with(|system| system.set_crashing(name, crashes)) {
                json_answer(StatusCode::OK, &json!({ "function": name, "crashes": crashes }))
            } else {
                json_answer(StatusCode::NOT_FOUND, &json!({ "message": format!("there is no function {name}") }))
            }
        }
        ("PUT" | "DELETE", path) if path.starts_with("faults/deny/") => {
            let (name, denied) = (path.trim_start_matches("faults/deny/"), request.method() == hyper::Method::PUT);
            if host.with(|system| system.set_without_rights(name, denied)) {
                json_answer(StatusCode::OK, &json!({ "role": name, "without rights": denied }))
            } else {
                json_answer(StatusCode::NOT_FOUND, &json!({ "message": format!("there is no role {name}") }))
            }
        }
        _ => json_answer(
            StatusCode::NOT_FOUND,
            &json!({ "message": "there are /_evc/system, /_evc/trace, /_evc/clock, /_evc/token and /_evc/faults" }),
        ),
    }
}

/// A request of an API.
pub(super) async fn api(host: Arc<Host>, api: String, request: Request<Incoming>, peer: SocketAddr) -> Answer {
    let (parts, body) = request.into_parts();
    let text_of = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text_of(value))).collect();
    let body = match Limited::new(body, BODY_BYTES + 1).collect().await {
        Ok(body) => body.to_bytes().to_vec(),
        Err(_) => return json_answer(StatusCode::PAYLOAD_TOO_LARGE, &json!({ "message": "Request Too Long" })),
    };
    let request = apigateway::Request {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers,
        body,
        source_ip: peer.ip().to_string(),
    };
    let (sender, receiver) = oneshot::channel();
    host.with(|system| {
        system.request(
            &api,
            request,
            Box::new(move |response| {
                // The client may have hung up.
                let _ = sender.send(response);
            }),
        );
    });
    let Ok(response) = receiver.await else {
        return json_answer(StatusCode::INTERNAL_SERVER_ERROR, &json!({ "message": "Internal Server Error" }));
    };
    let mut answer = Response::new(Full::new(Bytes::from(response.body)));
    *answer.status_mut() = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in response.headers {
        if let (Ok(name), Ok(value)) =
            (hyper::header::HeaderName::try_from(name), hyper::header::HeaderValue::try_from(value))
        {
            answer.headers_mut().append(name, value);
        }
    }
    answer
}
