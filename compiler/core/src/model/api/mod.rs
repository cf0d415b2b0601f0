//! APIs: their routes with what each leads to, whom they let in, and what requests carry.

mod caller;
mod mapping;
mod request;
mod resolve;
mod table;
#[cfg(test)]
#[allow(clippy::wildcard_enum_match_arm, reason = "a test fails at what it does not expect")]
mod tests;
mod webhook;

pub(crate) use caller::are_same_claims;
pub(super) use caller::tokens;
pub use caller::{CallerKind, Callers, Token, TokenOf, claim_kind};
pub(crate) use mapping::SUBJECT;
pub use mapping::{CallerFact, Mapping, MappingValue};
pub use request::{Parameter, Request, parameter_kind};
pub(super) use resolve::{apis, routed};

use resolve::OK;
pub use table::{TableOperation, TableRoute};
pub use webhook::Webhook;
pub(super) use webhook::{check_secrets, secrets_of};

use super::graph::{Relates, Relation};
use super::{Function, Head, Id, Input, Model, Thing, Workflow};
use crate::source::{Span, Spanned};
pub use crate::spec::api::{ApiKind, Auth, Authorizer, AuthorizerPlace, Jwt, Sources};
use crate::spec::given::Given;
use crate::spec::scalar::Duration;

/// An API.
#[derive(Debug, Clone)]
pub struct Api {
    /// Name, places, description.
    pub head: Head,
    /// Whether the spec declares it; otherwise it is the stack's own, of the functions that have an `api`.
    pub declared: bool,
    /// Which of API Gateway's kinds of API it is.
    pub kind: ApiKind,
    /// The web pages that may call it.
    pub cors: Option<Cors>,
    /// How many requests it takes.
    pub throttling: Throttling,
    /// The domain name that it is called by.
    pub domain: Option<Domain>,
    /// The web ACL that requests pass first.
    pub web_acl: Option<Spanned<Given<String>>>,
    /// What is called by method and path. Routes that lead to something unknown are left out.
    pub routes: Vec<Route>,
}

/// A domain name of an API.
#[derive(Debug, Clone)]
pub struct Domain {
    /// The name.
    pub name: Spanned<Given<String>>,
    /// The ARN of its certificate.
    pub certificate: Spanned<Given<String>>,
    /// The id of the hosted zone that gets a record for it.
    pub zone: Option<Given<String>>,
}

/// The only stage of a REST API, which is the first part of its paths.
pub const REST_STAGE: &str = "live";

/// The web pages that may call an API from a browser.
#[derive(Debug, Clone)]
pub struct Cors {
    /// Their origins; `*` is every page.
    pub origins: Vec<Spanned<String>>,
    /// The methods that they may use, sorted; without `OPTIONS`.
    pub methods: Vec<String>,
    /// The headers that they may send.
    pub headers: Vec<String>,
    /// The headers of responses that they may read, beside those that every page may.
    pub exposed: Vec<String>,
    /// How long a browser remembers the answer.
    pub max_age: Duration,
    /// Where credentials are allowed, if they are.
    pub credentials: Option<Span>,
    /// Its place.
    pub span: Span,
}

impl Cors {
    /// The origin `*`, if every page may call.
    pub fn any_origin(&self) -> Option<&Spanned<String>> {
        self.origins.iter().find(|origin| origin.as_str() == "*")
    }
}

/// How many requests are taken before the answer is 429.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttling {
    /// Requests a second.
    pub rate: u64,
    /// Requests at once.
    pub burst: u64,
}

/// Requests that one API takes a second, and at once, when the spec does not say: a bound on what a flood costs.
const THROTTLING: Throttling = Throttling { rate: 1000, burst: 500 };

/// A route.
#[derive(Debug, Clone)]
pub struct Route {
    /// The method, in capitals.
    pub method: String,
    /// The path, with parameters in braces.
    pub path: String,
    /// The place of both.
    pub span: Span,
    /// What it is for.
    pub description: Option<String>,
    /// What it leads to.
    pub integration: Integration,
    /// The status of a success.
    pub status: u16,
    /// Where the status is said, if it is.
    pub status_span: Option<Span>,
    /// Who may call it.
    pub auth: Auth,
    /// Where that is said, or the route.
    pub auth_span: Span,
    /// The function that says who calls, where that is one of the spec.
    pub authorizer: Option<Id<Function>>,
    /// How its requests are signed, if another system signs them.
    pub webhook: Option<Box<Webhook>>,
    /// How many requests it takes, if it differs from the rest of the API.
    pub throttling: Option<Throttling>,
    /// What of a function's input comes from where.
    pub sources: Sources,
    /// What of a workflow's input no request brings.
    pub with: Vec<Mapping>,
}

/// What a route leads to.
#[derive(Debug, Clone)]
pub enum Integration {
    /// A function, which answers.
    Function(Id<Function>),
    /// A workflow, of which it starts an execution; the request is its input.
    Workflow(Id<Workflow>),
    /// A table, without a function between.
    Table(Box<TableRoute>),
}

impl Route {
    /// Its method and path: `GET /orders/{orderId}`.
    pub fn key(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The names of the path's parameters, in order.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.path.split('/').filter_map(parameter)
    }

    /// The function that it calls, if it calls one.
    pub fn function(&self) -> Option<Id<Function>> {
        match self.integration {
            Integration::Function(id) => Some(id),
            Integration::Workflow(_) | Integration::Table(_) => None,
        }
    }

    /// Everything that it maps: of a table's attributes, and of a workflow's input.
    pub fn mappings(&self) -> impl Iterator<Item = &Mapping> {
        let of_table = match &self.integration {
            Integration::Table(to) => Some(to.mappings()),
            Integration::Function(_) | Integration::Workflow(_) => None,
        };
        of_table.into_iter().flatten().chain(&self.with)
    }

    /// The tokens that it takes, if those of some groups alone.
    pub fn of_groups(&self) -> Option<&Jwt> {
        match &self.auth {
            Auth::Jwt(jwt) => Some(&**jwt).filter(|jwt| !jwt.groups.is_empty()),
            Auth::Iam | Auth::None | Auth::ApiKey | Auth::Function(_) | Auth::Webhook(_) => None,
        }
    }

    /// Whether requests have a body.
    pub fn has_body(&self) -> bool {
        !matches!(self.method.as_str(), "GET" | "HEAD" | "DELETE")
    }

    /// The place of a parameter of the path.
    pub fn parameter_span(&self, name: &str) -> Span {
        let text = self.key();
        let quote = usize::from(self.span.range().len() > text.len());
        let offset = text.find(&format!("{{{name}")).map_or(0, |at| at + 1);
        self.span.slice(quote + offset, name.len())
    }
}

/// The name of the parameter that a segment of a path is: of `{orderId}` and of `{path+}`.
fn parameter(segment: &str) -> Option<&str> {
    let name = segment.strip_prefix('{')?.strip_suffix('}')?;
    Some(name.strip_suffix('+').unwrap_or(name))
}

impl Model {
    /// The status that a function answers a success with: that of its routes. That all of them say the same is for a check.
    pub fn status(&self, function: Id<Function>) -> u16 {
        self.routes_of(function).next().map_or(OK, |(_, route)| route.status)
    }

    /// Every route of every API.
    pub fn routes(&self) -> impl Iterator<Item = (&Api, &Route)> {
        self.apis.values().flat_map(|api| api.routes.iter().map(move |route| (api, route)))
    }

    /// The APIs that ask a function who calls, once for each route that says so.
    pub fn asked_by(&self, function: Id<Function>) -> impl Iterator<Item = &Api> {
        self.routes().filter(move |(_, route)| route.authorizer == Some(function)).map(|(api, _)| api)
    }

    /// What requests of a route show to its authorizer: what it does not do without, or else all that it looks at.
    pub fn shown<'m>(&'m self, route: &Route) -> Vec<(AuthorizerPlace, &'m str)> {
        let Some(function) = route.authorizer.map(|id| &self.functions[id]) else { return Vec::new() };
        let fields = match &function.input {
            Input::Value(input) => self.types.record(input).unwrap_or_default(),
            Input::Nothing | Input::Events(_) => return Vec::new(),
        };
        let sources = || function.authorizer.iter().flat_map(|authorizer| authorizer.sources());
        let sent = || sources().filter(|(place, ..)| *place != AuthorizerPlace::Said);
        let needed = sent().filter(|(.., field)| fields.get(field.as_str()).is_some_and(|field| !field.optional));
        let needed: Vec<_> = needed.map(|(place, name, _)| (place, name)).collect();
        if needed.is_empty() { sent().map(|(place, name, _)| (place, name)).collect() } else { needed }
    }

    /// The routes that call a function.
    pub fn routes_of(&self, function: Id<Function>) -> impl Iterator<Item = (&Api, &Route)> {
        self.routes().filter(move |(_, route)| route.function() == Some(function))
    }
}

impl Relates for Api {
    fn relate(&self, tell: &mut dyn FnMut(Relation, Thing, Span)) {
        for route in &self.routes {
            if let Some(authorizer) = route.authorizer {
                tell(Relation::Asks, Thing::Function(authorizer), route.auth_span);
            }
        }
        for route in &self.routes {
            match &route.integration {
                Integration::Function(id) => tell(Relation::Routes, Thing::Function(*id), route.span),
                Integration::Workflow(id) => tell(Relation::Routes, Thing::Workflow(*id), route.span),
                Integration::Table(to) => {
                    let writes = to.operation.writes();
                    let relation = if writes { Relation::WritesTable } else { Relation::ReadsTable };
                    tell(relation, Thing::Table(to.table), route.span);
                }
            }
        }
    }
}
