//! Methods that lead to other services, and such that answer without any: templates of requests and of answers.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-integration-settings.html>

use fancy_regex::Regex;
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::super::{Answer, Response, SERVICE};
use super::call::Call;
use super::gateway::Refused;
use crate::Refusal;
use crate::iam::Principal;
use crate::system::System;
use crate::trace::{Kind, New, Outcome};

/// What a method leads to.
#[derive(Debug)]
pub(super) enum Integration {
    /// A function.
    Function(Function),
    /// An action of a service.
    Service(Service),
    /// Nothing: the gateway answers.
    Mock(Mapped),
    /// What the local system does not have.
    Other(String),
}

/// A function.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) arn: String,
    /// The role that it is called with; none if its policy lets the gateway in.
    pub(super) role: Option<String>,
}

/// An action of a service.
#[derive(Debug)]
pub(super) struct Service {
    /// `DynamoDB_20120810.PutItem`.
    pub(super) target: String,
    /// `dynamodb:PutItem`.
    pub(super) action: String,
    /// The role that it is called with.
    pub(super) role: Option<String>,
    pub(super) mapped: Mapped,
}

/// What a service is called on the wire, by its name in the address of an integration.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/integration-request-basic-setup.html>
pub(super) const SERVICES: [(&str, &str); 6] = [
    ("dynamodb", "DynamoDB_20120810"),
    ("states", "AWSStepFunctions"),
    ("events", "AWSEvents"),
    ("sqs", "AmazonSQS"),
    ("ssm", "AmazonSSM"),
    ("secretsmanager", "secretsmanager"),
];

/// What becomes of a body whose content type has no template.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/integration-passthrough-behaviors.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passthrough {
    Never,
    WhenNoTemplates,
    WhenNoMatch,
}

/// The templates of an integration.
#[derive(Debug)]
pub(super) struct Mapped {
    pub(super) passthrough: Passthrough,
    /// Templates of requests by content type.
    pub(super) requests: IndexMap<String, String>,
    pub(super) responses: Vec<Mapping>,
}

/// What becomes of an answer.
#[derive(Debug)]
pub(super) struct Mapping {
    pub(super) status: u16,
    /// Of which statuses; the one without is for all others.
    pub(super) pattern: Option<String>,
    /// Headers with what they are mapped from.
    pub(super) headers: Vec<(String, String)>,
    /// Templates by content type.
    pub(super) templates: IndexMap<String, String>,
}

impl Mapping {
    fn is_of(&self, status: u16) -> bool {
        let fits = |pattern: &str| {
            let whole = Regex::new(&format!("^(?:{pattern})$"));
            whole.is_ok_and(|regex| regex.is_match(&status.to_string()).unwrap_or(false))
        };
        self.pattern.as_deref().is_some_and(fits)
    }
}

impl Mapped {
    /// The text that is sent for a request.
    fn request(&self, call: &Call) -> Result<String, Refused> {
        let body = call.body();
        if let Some(template) = self.requests.get(&call.content_type()) {
            return call
                .render(template, &body)
                .map(|made| made.text)
                .map_err(|error| wrong("request", &error.to_string()));
        }
        match self.passthrough {
            Passthrough::WhenNoMatch => Ok(body),
            Passthrough::WhenNoTemplates if self.requests.is_empty() => Ok(body),
            _ => Err(Refused::new("UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type")),
        }
    }

    /// The response that is made of an answer: by its status, unless a template says otherwise.
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-override-request-response-parameters.html>
    fn response(&self, call: &Call, status: u16, answer: &str) -> Result<Response, Refused> {
        let by_pattern = self.responses.iter().find(|mapping| mapping.is_of(status));
        let chosen = by_pattern.or_else(|| self.responses.iter().find(|mapping| mapping.pattern.is_none()));
        let none =
            || Refused { why: format!("no integration response is for the status {status}"), ..Refused::internal() };
        let chosen = chosen.ok_or_else(none)?;
        let accepted = call.request.header("accept").and_then(|accepted| chosen.templates.get_key_value(accepted));
        let template = accepted
            .or_else(|| chosen.templates.get_key_value("application/json"))
            .or_else(|| chosen.templates.first());
        let mut headers = IndexMap::from([("content-type".to_owned(), "application/json".to_owned())]);
        if let Some((content_type, _)) = template {
            headers.insert("content-type".to_owned(), content_type.clone());
        }
        for (name, from) in &chosen.headers {
            if let Some(value) = of_answer(from, answer).or_else(|| call.mapped(from)) {
                headers.insert(name.to_ascii_lowercase(), value);
            }
        }
        let Some((_, template)) = template else {
            let headers = headers.into_iter().collect();
            return Ok(Response { status: chosen.status, headers, body: answer.as_bytes().to_vec() });
        };
        let made = call.render(template, answer).map_err(|error| wrong("response", &error.to_string()))?;
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        for (name, value) in made.overrides.get("header").and_then(Value::as_object).into_iter().flatten() {
            headers.insert(name.to_ascii_lowercase(), text(value));
        }
        let overridden =
            made.overrides.get("status").and_then(crate::stack::whole).and_then(|it| u16::try_from(it).ok());
        let status = overridden.unwrap_or(chosen.status);
        Ok(Response { status, headers: headers.into_iter().collect(), body: made.text.into_bytes() })
    }
}

/// A part of an answer that a header is mapped from.
fn of_answer(from: &str, answer: &str) -> Option<String> {
    let path = from.strip_prefix("integration.response.body")?;
    let document: Value = serde_json::from_str(answer).ok()?;
    let found = super::json_path::find(&document, &format!("${path}")).ok().flatten()?;
    Some(found.as_str().map_or_else(|| found.to_string(), str::to_owned))
}

/// A template that cannot be rendered: the caller is not told of it.
fn wrong(which: &str, why: &str) -> Refused {
    Refused { why: format!("the template of the {which}: {why}"), ..Refused::internal() }
}

impl System {
    /// Calls an action of a service with the rights of the integration's role, and answers with what its templates make of that.
    pub(super) fn call_service(&mut self, service: &Service, call: &Call, respond: Answer) {
        let sent = match service.mapped.request(call) {
            Ok(sent) => sent,
            Err(refused) => return self.answer_mapped(call, Err(refused), respond),
        };
        let payload: Result<Value, _> = serde_json::from_str(&sent);
        let data = payload.as_ref().cloned().unwrap_or_else(|_| json!(sent));
        let hop = self.note(New::running(Some(call.hop), Kind::Call, &call.api.address, service.action.clone(), data));
        let answer = match (payload, &service.role) {
            (Err(error), _) => {
                Err(Refusal::new("SerializationException", format!("what the template made is not JSON: {error}")))
            }
            (Ok(_), None) => Err(Refusal {
                status: 403,
                ..Refusal::new("MissingAuthenticationTokenException", "the integration has no role")
            }),
            (Ok(payload), Some(role)) => {
                let source = call.source_arn();
                let who = Principal::Assumed { service: SERVICE, role: role.clone(), source };
                self.call_as(&who, Some(hop), &service.target, payload)
            }
        };
        let outcome = answer.as_ref().err().map_or(Outcome::Done, |refusal| Outcome::Failed(refusal.to_string()));
        self.note_end(hop, outcome);
        if let Some(refusal) = answer.as_ref().err().filter(|refusal| refusal.cannot_assume()) {
            let refused = Refused { why: refusal.to_string(), ..Refused::internal() };
            return self.answer_mapped(call, Err(refused), respond);
        }
        let (status, body) = match answer {
            Ok(answer) => (200, answer.to_string()),
            Err(refusal) => (refusal.status, refusal.body().to_string()),
        };
        let response = service.mapped.response(call, status, &body);
        self.answer_mapped(call, response, respond);
    }

    /// Answers without a service: the template of the request says with which status.
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-mock-integration.html>
    pub(super) fn call_nothing(&mut self, mapped: &Mapped, call: &Call, respond: Answer) {
        let response = mapped.request(call).and_then(|made| {
            let status =
                serde_json::from_str(&made).ok().and_then(|made: Value| crate::stack::whole(made.get("statusCode")?));
            let status = status.and_then(|status| u16::try_from(status).ok());
            let none = || wrong("request", "it makes no JSON with a `statusCode`");
            mapped.response(call, status.ok_or_else(none)?, "{}")
        });
        self.answer_mapped(call, response, respond);
    }

    fn answer_mapped(&mut self, call: &Call, response: Result<Response, Refused>, respond: Answer) {
        let response = response.unwrap_or_else(|refused| {
            self.note_refused(call, &refused.why);
            call.refuse(&refused)
        });
        respond(self, response);
    }
}
