//! API Gateway: HTTP APIs, whose routes lead to functions, and REST APIs, whose methods lead to functions and to other services.
//!
//! | module | has |
//! | --- | --- |
//! | `http` | HTTP APIs |
//! | `rest` | REST APIs |
//! | `route` | paths, for both |
//! | `token` | tokens and signatures of callers, for both |

mod http;
mod rest;
mod route;
mod token;

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use self::http::Http;
use self::rest::Rest;
pub(crate) use self::route::decoded;
use crate::Refusal;
use crate::iam::Principal;
use crate::jwt::Issuers;
use crate::stack::Stack;
use crate::system::System;
use crate::trace::{HopId, Kind, New, Outcome};

/// What policies call the service.
const SERVICE: &str = "apigateway.amazonaws.com";

/// The longest body that an API takes, bytes.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
pub const BODY_BYTES: usize = 10 * 1024 * 1024;

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `GET`.
    pub method: String,
    /// The path, as it was sent: `/orders/7`.
    pub path: String,
    /// What stands behind the `?`, as it was sent.
    pub query: String,
    /// Names and values, in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The sender's address.
    pub source_ip: String,
}

impl Request {
    /// A header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Names and values, in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What is done with an answer within the system.
type Answer = Box<dyn FnOnce(&mut System, Response) + Send>;

/// Who is given the answer.
pub type Respond = Box<dyn FnOnce(Response) + Send>;

impl Response {
    /// What the gateway itself answers.
    fn of_gateway(status: u16, message: &str) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self { status, headers, body: json!({ "message": message }).to_string().into_bytes() }
    }
}

/// An API.
#[derive(Debug)]
pub struct Api {
    /// Its id, which is part of its address.
    pub id: String,
    /// What the spec calls it: `apis.shop`.
    pub address: String,
    /// The stage, which its paths begin with; none of an HTTP API.
    pub stage: Option<String>,
    kind: KindOf,
}

#[derive(Debug, Clone)]
enum KindOf {
    Http(Arc<Http>),
    Rest(Arc<Rest>),
}

/// The APIs of all stacks.
#[derive(Debug, Default)]
pub struct Apis {
    by_id: IndexMap<String, Api>,
    keys: rest::Keys,
    buckets: rest::Buckets,
    answers: rest::Answers,
}

impl Apis {
    /// Those of the stacks.
    pub(crate) fn of(stacks: &[Arc<Stack>]) -> Result<Self, String> {
        let mut by_id = IndexMap::new();
        for stack in stacks {
            for (_, it) in stack.of_type(&["AWS::ApiGatewayV2::Api"]) {
                let kind = KindOf::Http(Arc::new(Http::of(stack, it)));
                let (id, address) = (it.reference.clone(), it.address.clone());
                by_id.insert(id.clone(), Api { id, address, stage: None, kind });
            }
            for (_, it) in stack.of_type(&["AWS::ApiGateway::RestApi"]) {
                let rest = Rest::of(stack, it)?;
                let (id, address, stage) = (it.reference.clone(), it.address.clone(), Some(rest.stage.clone()));
                by_id.insert(id.clone(), Api { id, address, stage, kind: KindOf::Rest(Arc::new(rest)) });
            }
        }
        Ok(Self { by_id, keys: rest::Keys::of(stacks), ..Self::default() })
    }

    /// Other APIs: keys that were made by hand stay, and so does what has been used of limits.
    pub(crate) fn become_these(&mut self, other: Self) {
        self.by_id = other.by_id;
        self.keys.become_these(other.keys);
        self.answers = rest::Answers::default();
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Api> {
        self.by_id.values()
    }

    /// The keys of the stacks, which open methods: the API that each is for, and its value.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &str)> {
        self.keys.of_stacks()
    }
}

impl System {
    /// The APIs of all stacks.
    pub fn apis(&self) -> &Apis {
        &self.apis
    }

    /// The issuers of tokens.
    pub fn issuers_mut(&mut self) -> &mut Issuers {
        &mut self.issuers
    }

    /// A token with these claims that the first route with tokens takes, which lasts an hour: issuer, audience, scopes and times are
    /// filled in where the claims have none. `None` if no route takes tokens.
    pub fn make_token(&self, mut claims: Map<String, Value>) -> Option<String> {
        let wanted = self.apis.all().find_map(|api| match &api.kind {
            KindOf::Http(http) => http.wants_token(),
            KindOf::Rest(rest) => rest.wants_token(),
        })?;
        let now = self.now_ms() / 1_000;
        for (name, value) in [
            ("iss", json!(wanted.issuer)),
            ("aud", json!(wanted.audience.first())),
            ("scope", json!(wanted.scopes.join(" "))),
            ("iat", json!(now)),
            ("exp", json!(now + 3_600)),
        ] {
            claims.entry(name).or_insert(value);
        }
        Some(self.issuers.make(&claims))
    }

    /// Sends a request to an API.
    pub fn request(&mut self, api: &str, request: Request, respond: Respond) {
        let Some((address, kind)) = self.apis.by_id.get(api).map(|api| (api.address.clone(), api.kind.clone())) else {
            return respond(Response::of_gateway(404, "Not Found"));
        };
        let text = format!("{} {}", request.method, request.path);
        let body =
            serde_json::from_slice(&request.body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&request.body)));
        let hop = self.note(New::running(None, Kind::Request, &address, text, body));
        let respond = answering(hop, respond);
        if request.body.len() > BODY_BYTES {
            return respond(self, Response::of_gateway(413, "Request Too Long"));
        }
        match &kind {
            KindOf::Http(http) => self.request_of_http(http, request, hop, respond),
            KindOf::Rest(rest) => self.request_of_rest(rest, request, hop, respond),
        }
    }
}

impl System {
    /// Whether the gateway may invoke a function: with the role that it is given for it, or else by the policy of the function. `what` calls:
    /// a method of a stage, or an authorizer. Who may not answers 500.
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html>
    fn may_invoke(
        &mut self,
        function: &str,
        role: Option<&str>,
        (api, what): (&str, &str),
        hop: HopId,
    ) -> Result<(), Refusal> {
        let names = self.names();
        let source = format!("arn:aws:execute-api:{}:{}:{api}/{what}", names.region, names.account);
        self.may_do(&Principal::of(SERVICE, role, &source), "lambda:InvokeFunction", function, Some(hop))
    }
}

/// Notes the end of a request.
fn answering(hop: HopId, respond: Respond) -> Answer {
    Box::new(move |system, response| {
        let outcome = if response.status < 400 { Outcome::Done } else { Outcome::Failed(response.status.to_string()) };
        system.note_end(hop, outcome);
        respond(response);
    })
}
