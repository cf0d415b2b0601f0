//! `apis:` HTTP and REST APIs, their routes, and who may call them.

mod auth;
mod route;
mod words;

use evc_macros::Word;
use schemars::JsonSchema;

pub use auth::{Auth, Jwt};
pub use route::{Integration, MappingExpr, Operation, Route, Routes, TableRoute};
pub use words::{Header, Method, Origin, ROUTE, RouteText, is_header};

use super::allow::Allows;
use super::decode::{Decode, Decoder};
use super::range::in_range;
use super::range::within;
use super::scalar::{Duration, not_empty, one_or_many, one_or_more};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Spanned;
use crate::yaml::Node;

/// An API: routes, who may call them and how often. Access is logged. Callers are authorized by IAM unless it says otherwise.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Api {
    /// What it is for, for people.
    pub description: Option<String>,
    /// `http` (the default): an API Gateway HTTP API, cheaper and faster, whose routes call functions. `rest`: an API Gateway REST
    /// API, which also checks requests by the types of the spec before anything runs, and starts workflows and reads and writes
    /// tables without a function between.
    #[schemars(default)]
    pub kind: ApiKind,
    /// Who may call it: `iam` (the default), `none` for everybody, `api-key` (of a REST API) or a map with `jwt` (of an HTTP API).
    pub auth: Option<Spanned<Auth>>,
    /// The web pages that may call it from a browser. Without it, none of another origin.
    pub cors: Option<Spanned<Cors>>,
    /// How many requests it takes before it answers 429.
    #[schemars(default)]
    pub throttling: Throttling,
    /// What is called by method and path, such as `POST /carts/{cartId}/items`.
    pub routes: Spanned<Routes>,
    /// Warnings that are fine here, each with the reason.
    #[schemars(default)]
    pub allow: Allows,
}

/// Which of API Gateway's kinds of API it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Word)]
#[word(what = "a kind of API")]
pub enum ApiKind {
    /// An HTTP API.
    #[default]
    Http,
    /// A REST API.
    Rest,
}

/// Which web pages may call an API from a browser, and how.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Cors {
    /// The origins of the pages, such as `https://shop.example`; `"*"` is every page.
    #[schemars(schema_with = "one_or_more::<Origin>")]
    pub origins: Spanned<Vec<Spanned<Origin>>>,
    /// The methods that they may use. By default those of the routes.
    #[schemars(default, schema_with = "one_or_many::<Method>")]
    pub methods: Option<Vec<Spanned<Method>>>,
    /// The headers that they may send. By default `content-type`, `idempotency-key` and what says who calls.
    #[schemars(default, schema_with = "one_or_many::<Header>")]
    pub headers: Option<Vec<Spanned<Header>>>,
    /// How long a browser remembers the answer: up to `1d`, `10m` by default.
    pub max_age: Option<Spanned<Duration>>,
    /// Whether pages may send cookies and other credentials of the browser.
    pub credentials: Option<Spanned<bool>>,
}

/// How many requests are taken before the answer is 429.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Throttling {
    /// Requests a second: 1000 by default.
    #[schemars(range(min = 1, max = MAX_THROTTLE))]
    pub rate: Option<Spanned<u64>>,
    /// Requests at once: 500 by default.
    #[schemars(range(min = 1, max = MAX_THROTTLE))]
    pub burst: Option<Spanned<u64>>,
}

/// More than any account has; by default it is 10,000 a second in a Region
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>).
const MAX_THROTTLE: u64 = 1_000_000;

impl Decode for Api {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "an API")?;
        let description = fields.optional("description", cx);
        let kind = fields.or_default("kind", cx);
        let auth = fields.optional("auth", cx);
        let cors = fields.optional("cors", cx);
        let throttling = fields.or_default("throttling", cx);
        let routes = fields.required::<Spanned<Routes>>("routes", cx);
        let allow = fields.or_default("allow", cx);
        let place = fields.place();
        fields.finish(cx);
        if routes.as_ref().is_some_and(|routes| routes.is_empty()) {
            let diagnostic = Diagnostic::new(Code::EVC0104, place, "an API needs a route");
            cx.report(diagnostic.help("say what is called: `POST /orders: { function: place-order }`"));
        }
        Some(Self { description, kind, auth, cors, throttling, routes: routes?, allow })
    }
}

impl Decode for Throttling {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "throttling")?;
        let throttling = Self { rate: fields.optional("rate", cx), burst: fields.optional("burst", cx) };
        fields.finish(cx);
        in_range(throttling.rate.as_ref(), 1, MAX_THROTTLE, "the rate of requests", cx);
        in_range(throttling.burst.as_ref(), 1, MAX_THROTTLE, "the number of requests at once", cx);
        Some(throttling)
    }
}

/// Browsers remember an answer no longer than a day; Chrome two hours, whatever it says
/// (<https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Access-Control-Max-Age>).
const MAX_AGE: u64 = 86_400;

impl Decode for Cors {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "CORS")?;
        let origins: Option<Spanned<Vec<_>>> = fields.required("origins", cx);
        not_empty(origins.as_ref(), "an origin", cx);
        let methods = fields.optional("methods", cx);
        let headers = fields.optional("headers", cx);
        let max_age = fields.optional("max-age", cx);
        let credentials = fields.optional("credentials", cx);
        fields.finish(cx);
        within(max_age.as_ref(), 0, MAX_AGE, "the time that browsers remember", cx);
        Some(Self { origins: origins?, methods, headers, max_age, credentials })
    }
}
