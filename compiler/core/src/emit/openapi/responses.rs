//! What callers get: the answer of a success, and what failures look like by status.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of anything that is forgotten here must not compile")]

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::model::{Api, ApiKind, Auth, Integration, Jwt, Model, Route, TableOperation};
use crate::types::Attribute;

/// The schema of what a failure is described by (RFC 9457). Declared types have other names: they start with a capital.
const PROBLEM: &str = "problem";

/// The schema of what an HTTP API itself says of a failure.
const MESSAGE: &str = "message";

/// The schemas of failures.
pub(super) fn schemas(api: &Api) -> BTreeMap<String, Value> {
    let problem = json!({
        "type": "object",
        "description": "What went wrong (RFC 9457).",
        "properties": {
            "title": {"type": "string", "description": "The name of the error."},
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "What went wrong, for people."}
        },
        "required": ["title"]
    });
    let message = json!({
        "type": "object",
        "description": "What API Gateway itself says of a request that it does not pass on.",
        "properties": {"message": {"type": "string"}}
    });
    let mut schemas = BTreeMap::from([(PROBLEM.to_owned(), problem)]);
    if api.kind == ApiKind::Http {
        schemas.insert(MESSAGE.to_owned(), message);
    }
    schemas
}

/// What a success is.
pub(super) fn success(route: &Route) -> &'static str {
    match &route.integration {
        Integration::Function(_) => "Done.",
        Integration::Workflow(_) => "An execution was started.",
        Integration::Table(to) => match to.operation {
            TableOperation::Put { .. } => "The item was stored.",
            TableOperation::Update { .. } => "The item was changed.",
            TableOperation::Get { .. } => "The item.",
            TableOperation::Query { .. } => "The items.",
        },
    }
}

/// The failures of a route: sentences by status, and whether the gateway may be the one that answers.
pub(super) struct Failures {
    by_status: BTreeMap<String, Failure>,
    /// Whether what the gateway answers with is a problem as well.
    gateway_has_problems: bool,
}

#[derive(Default)]
struct Failure {
    sentences: Vec<String>,
    by_handler: bool,
    by_gateway: bool,
}

impl Failures {
    pub(super) fn of(model: &Model, api: &Api, route: &Route) -> Self {
        let gateway_has_problems = api.kind == ApiKind::Rest;
        let mut failures = Self { by_status: BTreeMap::new(), gateway_has_problems };
        failures.of_request(model, route);
        failures.of_caller(model, route);
        match &route.integration {
            Integration::Function(id) => failures.of_function(model, *id),
            Integration::Workflow(_) => {}
            Integration::Table(to) => match to.operation {
                TableOperation::Put { .. } => failures.by_handler(409, "There is an item with this key."),
                TableOperation::Update { .. } | TableOperation::Get { .. } => {
                    failures.by_handler(404, "There is no item with this key.");
                }
                TableOperation::Query { .. } => {}
            },
        }
        failures.by_gateway("429", "Too many requests; later there is room again.");
        failures.by_gateway("5XX", "The request was not done, or not whole.");
        failures.by_handler_of("5XX");
        failures
    }

    fn of_request(&mut self, model: &Model, route: &Route) {
        let request = model.request(route);
        // A table is asked for any text in the path, and has no item with what is no key of one. But a number is a number.
        let is_number = |ty| model.types.attribute(ty) == Some(Attribute::N);
        let looks_at_path = match &route.integration {
            Integration::Table(_) => request.path.iter().any(|parameter| parameter.ty.is_some_and(is_number)),
            Integration::Function(_) | Integration::Workflow(_) => !request.path.is_empty(),
        };
        let needed = request.query.iter().chain(&request.headers).any(|parameter| parameter.required);
        // Headers and cookies that the route names are of some type, also those that may be absent.
        let needed = needed || !route.sources.headers.is_empty() || !request.cookies.is_empty();
        if looks_at_path || needed || !request.query.is_empty() || request.body.is_some() {
            self.by_handler(400, "The request is not what it should be; `detail` says where.");
        }
        if request.body.is_some() && request.is_json() {
            self.by_handler(415, "The body is not JSON.");
        }
    }

    fn of_caller(&mut self, model: &Model, route: &Route) {
        match &route.auth {
            Auth::None => {}
            Auth::Jwt(jwt) => {
                self.by_gateway("401", "The request has no token that is taken.");
                if !jwt.scopes.is_empty() {
                    self.by_gateway("403", "The token has none of the scopes.");
                }
                if route.function().is_some() {
                    self.by_handler(403, &format!("`Forbidden`: {}.", lacking(model, jwt)));
                    if !jwt.groups.is_empty() {
                        let groups: Vec<String> = jwt.groups.iter().map(|group| format!("`{}`", group.value)).collect();
                        self.by_handler(
                            403,
                            &format!(
                                "`Forbidden`: the token is not in a group that may call, {}.",
                                groups.join(" or ")
                            ),
                        );
                    }
                }
            }
            Auth::Webhook(_) => {
                self.by_handler(403, "`Forbidden`: the request is not signed by its sender, or too old.");
            }
            Auth::ApiKey => self.by_gateway("403", "The request has no key that is taken."),
            Auth::Function(name) => {
                if !model.shown(route).is_empty() {
                    self.by_gateway("401", "The request lacks what says who calls.");
                }
                self.by_gateway("403", &format!("`{}` does not let the caller in.", name.value));
            }
            Auth::Iam => self.by_gateway("403", "The request is not signed, or IAM does not let the caller in."),
        }
    }

    fn of_function(&mut self, model: &Model, id: crate::model::Id<crate::model::Function>) {
        let function = &model.functions[id];
        for error in &function.errors {
            self.by_handler(error.status, &format!("`{}`.", error.name.value));
        }
        let writes = |used: &crate::model::TableUse| used.operations.iter().any(|operation| operation.writes());
        if function.tables.iter().any(writes) {
            self.by_handler(409, "`Conflict`: something else changed the same; try again.");
        }
        if function.idempotent.is_some() {
            self.by_handler(409, "`InProgress`: the first request with this `Idempotency-Key` is not done yet.");
        }
        // An outbox knows a key by the row of its event.
        if function.idempotent.is_some() || function.outbox.is_some() {
            self.by_handler(422, "`KeyReused`: the `Idempotency-Key` was used for another request.");
        }
    }

    fn by_handler(&mut self, status: u16, sentence: &str) {
        let failure = self.by_status.entry(status.to_string()).or_default();
        failure.by_handler = true;
        failure.sentences.push(sentence.to_owned());
    }

    fn by_handler_of(&mut self, status: &str) {
        self.by_status.entry(status.to_owned()).or_default().by_handler = true;
    }

    fn by_gateway(&mut self, status: &str, sentence: &str) {
        let failure = self.by_status.entry(status.to_owned()).or_default();
        failure.by_gateway = true;
        failure.sentences.push(sentence.to_owned());
    }

    /// As a document has them; its schemas are at `at`.
    pub(super) fn responses(self, at: &str) -> impl Iterator<Item = (String, Value)> {
        self.by_status.into_iter().map(move |(status, failure)| {
            let mut content = Map::new();
            if failure.by_handler || self.gateway_has_problems {
                let schema = json!({"schema": {"$ref": format!("{at}{PROBLEM}")}});
                content.insert("application/problem+json".to_owned(), schema);
            }
            if failure.by_gateway && !self.gateway_has_problems {
                content.insert("application/json".to_owned(), json!({"schema": {"$ref": format!("{at}{MESSAGE}")}}));
            }
            (status, json!({"description": failure.sentences.join(" "), "content": content}))
        })
    }
}

/// Adds what a failure is to what the spec says of the same status.
pub(super) fn join(known: &mut Value, failure: Value) {
    let (Value::Object(known), Value::Object(mut failure)) = (known, failure) else { return };
    if let (Some(Value::String(about)), Some(why)) =
        (known.get_mut("description"), failure.get("description").and_then(Value::as_str))
    {
        let stop = if about.ends_with('.') { "" } else { "." };
        *about = format!("{about}{stop} {why}");
    }
    if let (Value::Object(content), Some(Value::Object(more))) =
        (known.entry("content").or_insert_with(|| json!({})), failure.remove("content"))
    {
        for (media, schema) in more {
            content.entry(media).or_insert(schema);
        }
    }
}

/// What is wrong with a token that the handler is not asked about.
fn lacking(model: &Model, jwt: &Jwt) -> String {
    let fields = model.token(jwt).and_then(|token| model.types.record(&token.claims)).unwrap_or_default();
    let needed: Vec<String> =
        fields.iter().filter(|(_, field)| !field.optional).map(|(name, _)| format!("`{name}`")).collect();
    match needed.as_slice() {
        [] => "a claim of the token is of another type".to_owned(),
        needed => format!("the token lacks {}, or a claim of it is of another type", needed.join(" or ")),
    }
}
