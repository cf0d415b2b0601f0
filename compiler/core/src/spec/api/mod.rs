//! `apis:` HTTP and REST APIs, their routes, and who may call them.

mod auth;
mod authorizer;
mod domain;
mod route;
mod sources;
pub mod webhook;
mod words;

use evc_macros::{Section, Word};

pub use auth::{Auth, Jwt};
pub use authorizer::{Authorizer, AuthorizerPlace, alone};
use domain::web_acl;
pub use domain::{CERTIFICATE, DOMAIN_NAME, Domain, WEB_ACL, ZONE};
pub use route::{Integration, MappingExpr, Operation, Route, Routes, TableRoute};
pub use sources::{Sources, tokens};
pub use webhook::Webhook;
pub use words::{Header, Method, Origin, RouteText, SUCCESS, is_header};

use super::allow::Allows;
use super::decode::{Decoder, Fields};
use super::given::Given;
use super::scalar::Duration;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Spanned;

/// An API: routes, who may call them and how often. Access is logged. Callers are authorized by IAM unless it says otherwise.
#[derive(Debug, Clone, Section)]
#[section(what = "an API", check = has_a_route)]
pub struct Api {
    /// What it is for, for people.
    pub description: Option<String>,
    /// `http` (the default): an API Gateway HTTP API, cheaper and faster, whose routes call functions. `rest`: an API Gateway REST
    /// API, which also checks requests by the types of the spec before anything runs, and starts workflows and reads and writes
    /// tables without a function between.
    #[key(default)]
    pub kind: ApiKind,
    /// Who may call it: `iam` (the default), `none` for everybody, `api-key` (of a REST API) a map with `jwt`, or one with
    /// the function that is its `authorizer`.
    pub auth: Option<Spanned<Auth>>,
    /// The web pages that may call it from a browser. Without it, none of another origin.
    pub cors: Option<Spanned<Cors>>,
    /// How many requests it takes before it answers 429.
    #[key(default)]
    pub throttling: Throttling,
    /// A domain name of yours that it is called by, beside the one of API Gateway.
    pub domain: Option<Spanned<Domain>>,
    /// The web ACL of AWS WAF that requests pass first: the ARN of one that exists, or `parameter`. Of a REST API alone.
    #[key(pattern = domain::WEB_ACL_OR_PARAMETER, check = web_acl)]
    pub web_acl: Option<Spanned<Given<String>>>,
    /// What is called by method and path, such as `POST /carts/{cartId}/items`.
    pub routes: Spanned<Routes>,
    /// Warnings that are fine here, each with the reason.
    #[key(default)]
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
#[derive(Debug, Clone, Section)]
#[section(what = "CORS")]
pub struct Cors {
    /// The origins of the pages, such as `https://shop.example`; `"*"` is every page.
    #[key(not_empty = "an origin")]
    pub origins: Spanned<Vec<Spanned<Origin>>>,
    /// The methods that they may use. By default those of the routes.
    pub methods: Option<Vec<Spanned<Method>>>,
    /// The headers that they may send. By default `content-type`, `idempotency-key` and what says who calls.
    pub headers: Option<Vec<Spanned<Header>>>,
    /// How long a browser remembers the answer: up to `1d`, `10m` by default.
    #[key(range = Duration::seconds(0)..=MAX_AGE, what = "the time that browsers remember")]
    pub max_age: Option<Spanned<Duration>>,
    /// Whether pages may send cookies and other credentials of the browser.
    pub credentials: Option<Spanned<bool>>,
}

/// How many requests are taken before the answer is 429.
#[derive(Debug, Clone, Default, Section)]
#[section(what = "throttling")]
pub struct Throttling {
    /// Requests a second: 1000 by default.
    #[key(range = 1..=MAX_THROTTLE, what = "the rate of requests")]
    pub rate: Option<Spanned<u64>>,
    /// Requests at once: 500 by default.
    #[key(range = 1..=MAX_THROTTLE, what = "the number of requests at once")]
    pub burst: Option<Spanned<u64>>,
}

/// More than any account has; by default it is 10,000 a second in a Region
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>).
const MAX_THROTTLE: u64 = 1_000_000;

fn has_a_route(api: &Api, fields: &Fields<'_>, cx: &mut Decoder) {
    if api.routes.is_empty() {
        let diagnostic = Diagnostic::new(Code::EVC0104, fields.place(), "an API needs a route");
        cx.report(diagnostic.help("say what is called: `POST /orders: { function: place-order }`"));
    }
}

/// Browsers remember an answer no longer than a day; Chrome two hours, whatever it says
/// (<https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Access-Control-Max-Age>).
const MAX_AGE: Duration = Duration::days(1);
