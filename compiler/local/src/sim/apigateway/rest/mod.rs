//! REST APIs: methods that lead to functions, and straight to other services by mapping templates.
//!
//! | module | has |
//! | --- | --- |
//! | `read` | an API of a stack |
//! | `call` | a request on its way, with what a template sees of it |
//! | `authorizer` | who may call a method |
//! | `keys` | API keys, usage plans, throttles |
//! | `schema` | models: JSON Schema, draft 4 |
//! | `proxy` | functions |
//! | `integration` | other services, and answers without any |
//! | `objects` | `$input` and `$util` of templates |
//! | `json_path` | the paths of `$input.path` |
//! | `gateway` | what the gateway answers itself |
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-rest-api.html>

mod authorizer;
mod call;
mod gateway;
mod integration;
mod json_path;
mod keys;
mod objects;
mod proxy;
mod read;
mod schema;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

pub(super) use self::authorizer::Answers;
use self::authorizer::Auth;
use self::call::Call;
use self::gateway::{GatewayResponse, Refused};
use self::integration::Integration;
pub(super) use self::keys::{Buckets, Keys};
use super::route::{self, Path};
use super::token::Wanted;
use super::{Answer, Request};
use crate::system::System;
use crate::trace::{HopId, Kind, New, Outcome};

/// How long an integration may take, milliseconds.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
const INTEGRATION_MS: u64 = 29_000;

/// A REST API.
#[derive(Debug)]
pub(super) struct Rest {
    pub(super) id: String,
    pub(super) address: String,
    /// The name of its stage, which paths begin with.
    pub(super) stage: String,
    variables: Map<String, Value>,
    methods: Vec<Arc<Method>>,
    /// What the gateway answers itself, by kind.
    responses: HashMap<String, GatewayResponse>,
    /// How often methods may be called: path, method, and how often.
    limits: Vec<(String, String, Limit)>,
    account: String,
    region: String,
}

/// How often something may be called: a bucket of tokens.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html>
#[derive(Debug, Clone, Copy, PartialEq)]
struct Limit {
    /// Tokens a second.
    rate: f64,
    /// Tokens that a full bucket has.
    burst: f64,
}

/// A method of a resource.
#[derive(Debug)]
struct Method {
    /// `POST`; `ANY` for all.
    name: String,
    /// `/orders/{id}`.
    resource: String,
    path: Path,
    auth: Auth,
    needs_key: bool,
    /// Schemas of bodies by content type; empty if bodies are not checked.
    models: IndexMap<String, Value>,
    /// Parameters that a request must have, if they are checked: `method.request.path.id`.
    required: Vec<String>,
    integration: Integration,
}

impl Rest {
    /// What the first method with tokens wants.
    pub(super) fn wants_token(&self) -> Option<&Wanted> {
        self.methods.iter().find_map(|method| method.auth.wants_token())
    }

    /// The method that a request is for, with its path parameters. First the resource is found that says most of the path.
    fn method(&self, name: &str, path: &[String]) -> Option<(Arc<Method>, Map<String, Value>)> {
        let taking = self.methods.iter().filter_map(|method| Some((method, method.path.takes(path)?)));
        let taking: Vec<_> = taking.collect();
        let most = taking.iter().map(|(method, _)| method.path.says()).max()?;
        let of_resource = taking.into_iter().filter(|(method, _)| method.path.says() == most);
        let fitting = of_resource.filter(|(method, _)| method.name == name || method.name == "ANY");
        let found = fitting.max_by_key(|(method, _)| method.name == name)?;
        Some((found.0.clone(), found.1))
    }
}

impl System {
    /// Carries out a request of a REST API.
    pub(super) fn request_of_rest(&mut self, api: &Arc<Rest>, request: Request, hop: HopId, respond: Answer) {
        let mut call = Call::new(self, api, request, hop);
        let mut path = route::parts(&call.request.path);
        if path.first() != Some(&api.stage) {
            // The address is that of no stage: https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-call-api.html
            let why = format!("paths begin with the stage: /{}{}", api.stage, call.request.path);
            self.note_refused(&call, &why);
            return respond(self, super::Response::of_gateway(403, "Forbidden"));
        }
        path.remove(0);
        let Some((method, parameters)) = api.method(&call.request.method, &path) else {
            let refused = Refused::new("MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token");
            return respond(self, call.refuse(&refused));
        };
        call.at(&method, parameters);
        let followed = Box::new(move |system: &mut Self, call, refused| system.check_rest(call, refused, respond));
        self.authorize_rest(call, followed, hop);
    }

    /// What is checked of a request when it is known who sends it; then the integration is called.
    fn check_rest(&mut self, mut call: Call, refused: Option<Refused>, respond: Answer) {
        let refused = refused.or_else(|| self.admit(&mut call).and_then(|()| call.validate()).err());
        let Some(refused) = refused else { return self.integrate(&call, respond) };
        self.note_refused(&call, &refused.why);
        respond(self, call.refuse(&refused));
    }

    /// Calls the integration, which has 29 seconds.
    fn integrate(&mut self, call: &Call, respond: Answer) {
        let late = call.refuse(&Refused::new("INTEGRATION_TIMEOUT", "Endpoint request timed out"));
        let once = Arc::new(Mutex::new(Some(respond)));
        let of_timer = once.clone();
        let timer = self.after(INTEGRATION_MS, move |system| {
            if let Some(respond) = taken(&of_timer) {
                respond(system, late);
            }
        });
        let respond: Answer = Box::new(move |system, response| {
            system.cancel(timer);
            if let Some(respond) = taken(&once) {
                respond(system, response);
            }
        });
        let Some(method) = call.method.clone() else { return };
        match &method.integration {
            Integration::Function(function) => self.call_proxy(function, call, respond),
            Integration::Service(service) => self.call_service(service, call, respond),
            Integration::Mock(mapped) => self.call_nothing(mapped, call, respond),
            Integration::Other(kind) => {
                self.note_refused(call, &format!("the local system has no integrations {kind}"));
                let response = call.refuse(&Refused::internal());
                respond(self, response);
            }
        }
    }

    /// Notes why a request was not let through.
    fn note_refused(&mut self, call: &Call, why: &str) {
        let told = New::done(Some(call.hop), Kind::Call, &call.api.address, "lets nobody in", json!(null));
        self.note(told.with(Outcome::Denied(why.to_owned())));
    }
}

/// Who is to be answered, once.
fn taken(once: &Mutex<Option<Answer>>) -> Option<Answer> {
    once.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
}
