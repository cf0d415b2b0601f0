//! From what a function is invoked with to its inputs, and from their ends to what it answers: the other side of the runtime's adapters.

use evc_compiler::model::{Function, Input, Model, parameter_kind};
use evc_compiler::scenario::find_route;
use evc_interface::call::{ENVELOPE, EXECUTION, IDEMPOTENCY_HEADER, INPUT, ITEM, STEP, TOKEN, VISIT};
use serde_json::{Map, Value, json};

use crate::sim::lambda::Ended;

/// One input of an invocation.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    /// What the function is given.
    pub(super) input: Value,
    /// Who calls: the claims of a token.
    pub(super) caller: Value,
    /// What is the same in each delivery of the same work.
    pub(super) key: Option<String>,
    /// The id of its record, in a batch.
    record: Option<String>,
}

/// How an invocation came.
#[derive(Debug, Clone)]
pub(super) struct Deliveries {
    pub(super) all: Vec<Delivery>,
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    Request { route: String, refused: Option<String> },
    Step { step: String, execution: String, token: Option<String> },
    Batch,
    Bare,
}

/// How the handling of one input ended.
#[derive(Debug, Clone)]
pub(super) enum End {
    /// An output.
    Answer(Value),
    /// A response of a function that has several: its status, and its body.
    Response(u16, Value),
    Error {
        name: String,
        message: String,
    },
    /// The process dies.
    Crash,
}

impl Deliveries {
    /// Reads the payload of an invocation.
    pub(super) fn read(model: &Model, function: &Function, payload: &Value) -> Self {
        let one = |input: Value, key: Option<String>, form| Self {
            all: vec![Delivery { input, caller: Value::Null, key, record: None }],
            form,
        };
        if let (Some(envelope), Some(input)) = (payload.get(ENVELOPE), payload.get(INPUT)) {
            let text = |field: &str| {
                envelope.get(field).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            };
            let (step, execution) = (text(STEP).unwrap_or_default(), text(EXECUTION).unwrap_or_default());
            let (item, visit) = (text(ITEM).unwrap_or_default(), text(VISIT).unwrap_or_default());
            let key = format!("{execution} {step} {item} {visit}");
            return one(input.clone(), Some(key), Form::Step { step, execution, token: text(TOKEN) });
        }
        if payload.pointer("/requestContext").is_some() {
            return Self::request(model, function, payload);
        }
        if let Some(records) = payload.get("Records").and_then(Value::as_array) {
            let all = records.iter().map(of_record).collect();
            return Self { all, form: Form::Batch };
        }
        if payload.get("detail-type").is_some() && payload.get("detail").is_some() {
            return one(of_event(payload), event_key(payload), Form::Bare);
        }
        one(payload.clone(), None, Form::Bare)
    }

    fn request(model: &Model, function: &Function, payload: &Value) -> Self {
        let text = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str);
        let method = text("/requestContext/http/method").or_else(|| text("/httpMethod")).unwrap_or_default();
        let path = text("/rawPath").or_else(|| text("/path")).unwrap_or_default();
        let route = format!("{method} {path}");
        let headers = payload.get("headers").and_then(Value::as_object);
        let header = |wanted: &str| {
            let found = headers?.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.and_then(|(_, value)| value.as_str())
        };
        let key = header(IDEMPOTENCY_HEADER).map(|key| format!("{} {key}", function.head.name));
        let body = text("/body").unwrap_or_default();
        let mut refused = None;
        let mut input =
            if let Ok(Value::Object(fields)) = serde_json::from_str(if body.is_empty() { "{}" } else { body }) {
                fields
            } else {
                refused = Some("the body is no JSON object".to_owned());
                Map::new()
            };
        if let Some((_, found)) = find_route(model, &route) {
            let request = model.request(found);
            if let Some((field, _)) = request.whole {
                input =
                    Map::from_iter([(field.to_owned(), serde_json::from_str(body).unwrap_or_else(|_| body.into()))]);
                refused = None;
            }
            let at = |place: &str, name: &str| payload.pointer(place)?.get(name)?.as_str();
            let cookies =
                payload.get("cookies").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            let cookies: Vec<(&str, &str)> = cookies.filter_map(|cookie| cookie.split_once('=')).collect();
            let beside = (request.path.iter().map(|it| (it, at("/pathParameters", it.name))))
                .chain(request.query.iter().map(|it| (it, at("/queryStringParameters", it.name))))
                .chain(request.headers.iter().map(|it| (it, header(it.name))))
                .chain(
                    request
                        .cookies
                        .iter()
                        .map(|it| (it, cookies.iter().find(|(name, _)| *name == it.name).map(|(_, value)| *value))),
                );
            for (parameter, given) in beside {
                if parameter.name.eq_ignore_ascii_case(IDEMPOTENCY_HEADER) {
                    continue;
                }
                let kind = parameter.ty.and_then(|ty| parameter_kind(&model.types, ty));
                let value = given.map(|text| typed(kind, text)).or_else(|| parameter.default.clone());
                if let Some(value) = value {
                    input.insert(parameter.field.to_owned(), value);
                }
            }
        }
        let input = Value::Object(input);
        if let (None, Input::Value(ty)) = (&refused, &function.input) {
            let problems = model.types.validate(ty, &input);
            refused = problems.first().map(|problem| format!("{}: {}", problem.pointer, problem.reason));
        }
        let claims = ["/requestContext/authorizer/jwt/claims", "/requestContext/authorizer/claims"];
        let caller = claims.iter().find_map(|way| payload.pointer(way)).cloned().unwrap_or_default();
        Self { all: vec![Delivery { input, caller, key, record: None }], form: Form::Request { route, refused } }
    }

    /// Why the runtime refuses it, before the handler runs.
    pub(super) fn refused(&self) -> Option<&str> {
        match &self.form {
            Form::Request { refused, .. } => refused.as_deref(),
            Form::Step { .. } | Form::Batch | Form::Bare => None,
        }
    }

    /// The step that waits with a token, if one does: execution, step, token.
    pub(super) fn token(&self) -> Option<(&str, &str, &str)> {
        match &self.form {
            Form::Step { step, execution, token: Some(token) } => Some((execution, step, token)),
            Form::Step { .. } | Form::Request { .. } | Form::Batch | Form::Bare => None,
        }
    }

    /// What the function answers when each of its inputs has ended so.
    pub(super) fn ended(&self, model: &Model, function: &Function, ends: &[End]) -> Ended {
        if ends.iter().any(|end| matches!(end, End::Crash)) {
            let message = "Error: Runtime exited with error: exit status 1".to_owned();
            return Ended::Error { name: "Runtime.ExitError".to_owned(), message };
        }
        match &self.form {
            Form::Request { route, .. } => {
                let route = find_route(model, route).map(|(_, route)| route);
                let success = route.map_or(200, |route| route.status);
                let response = match ends.first() {
                    Some(End::Answer(answer)) => response(success, "application/json", answer),
                    Some(End::Response(status, body)) => response(*status, "application/json", body),
                    Some(End::Error { name, message }) => {
                        let status = status(function, name);
                        let mut problem = json!({ "title": name, "status": status });
                        if status < 500 {
                            problem["detail"] = message.as_str().into();
                        }
                        response(status, "application/problem+json", &problem)
                    }
                    Some(End::Crash) | None => response(500, "application/json", &Value::Null),
                };
                Ended::Answer(response.to_string())
            }
            Form::Batch => {
                let failed = self.all.iter().zip(ends).filter(|(_, end)| matches!(end, End::Error { .. }));
                let failed: Vec<Value> =
                    failed.map(|(delivery, _)| json!({ "itemIdentifier": delivery.record })).collect();
                Ended::Answer(json!({ "batchItemFailures": failed }).to_string())
            }
            Form::Step { .. } | Form::Bare => match ends.first() {
                Some(End::Error { name, message }) => Ended::Error { name: name.clone(), message: message.clone() },
                Some(End::Answer(answer) | End::Response(_, answer)) => Ended::Answer(answer.to_string()),
                Some(End::Crash) | None => Ended::Answer(Value::Null.to_string()),
            },
        }
    }
}

/// The status that an API answers an error with.
fn status(function: &Function, name: &str) -> u16 {
    let own = function.errors.iter().find(|error| error.name.as_str() == name).map(|error| error.status);
    let of_runtime = evc_interface::Kind::ALL.iter().find(|kind| kind.name() == name).map(|kind| kind.status());
    own.or(of_runtime).unwrap_or(500)
}

fn response(status: u16, content_type: &str, body: &Value) -> Value {
    let mut response = json!({ "statusCode": status, "headers": { "content-type": content_type } });
    if !body.is_null() {
        response["body"] = body.to_string().into();
    }
    response
}

/// A text beside the body as a value of its kind.
fn typed(kind: Option<&str>, text: &str) -> Value {
    match kind {
        Some("Integer" | "Number" | "Boolean") => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
        Some(list @ ("Texts" | "Integers" | "Numbers" | "Booleans")) => {
            text.split(',').map(|text| typed(list.strip_suffix('s'), text)).collect()
        }
        _ => text.into(),
    }
}

/// What a function takes of an event.
fn of_event(event: &Value) -> Value {
    event.get("detail").cloned().unwrap_or_default()
}

/// What tells the event of a delivery from all others.
fn event_key(event: &Value) -> Option<String> {
    let id = event.pointer("/detail/metadata/eventId").or_else(|| event.get("id"));
    id.and_then(Value::as_str).map(str::to_owned)
}

fn of_record(record: &Value) -> Delivery {
    let text = |field: &str| record.get(field).and_then(Value::as_str);
    let id = text("messageId").map(str::to_owned);
    let body: Value = text("body").and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
    if body.get("detail-type").is_some() && body.get("detail").is_some() {
        return Delivery {
            input: of_event(&body),
            caller: Value::Null,
            key: event_key(&body).or_else(|| id.clone()),
            record: id,
        };
    }
    let input = if text("body").is_some() { body } else { record.clone() };
    Delivery { input, caller: Value::Null, key: id.clone(), record: id }
}
