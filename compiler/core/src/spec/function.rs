//! `functions:` Lambda handlers: what they take, what they may touch, how they run.
//!
//! Errors and idempotency are decoded by hand: each is written in several forms that come to one value.

use std::borrow::Cow;

use evc_macros::{Section, Word};
use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::access::AccessPattern;
use super::allow::Allows;
use super::api::{Auth, Authorizer, RouteText, SUCCESS, Sources, alone, tokens};
use super::decode::{Case, Decode, Decoder, Fields, MAX_NAME, Section, check_name};
use super::keys::Shorthand;
use super::permission::Permission;
use super::range::{Range, in_range};
use super::response::{Response, names, responses};
use super::scalar::{Duration, Json, Name, TypeExpr, map_of, one_or_many};
use super::variable::{Variables, variables};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Spanned;
use crate::types::rust::variant_name;
use crate::yaml::{Node, NodeKind};

/// A Lambda function. Its business logic is the Rust function of the same name in the user's crate.
///
/// What it may do is what it says here, and nothing else: the handler's context and its IAM role are made from these lines.
#[derive(Debug, Clone, Section)]
#[section(what = "a function", check = alone)]
pub struct Function {
    /// What it does, for people.
    pub description: Option<String>,
    /// The route of the stack's own HTTP API that calls it: `POST /orders`, with IAM authorization, or a map that says more. More
    /// routes, and other kinds of API, stand under `apis`.
    pub api: Option<Spanned<ApiRoute>>,
    /// Makes it the authorizer of routes that name it in their `auth`: its `output` is what `cx.caller()` tells of callers whom it lets in, any
    /// error a refusal. What of a request it decides by stands here.
    pub authorizer: Option<Spanned<Authorizer>>,
    /// What it takes. A target of a rule takes the event's detail and needs no `input`.
    pub input: Option<Spanned<TypeExpr>>,
    /// What it returns.
    pub output: Option<Spanned<TypeExpr>>,
    /// What it answers requests with, by name: each with a status of its own, headers, cookies and a body, or the status alone. In place
    /// of an `output`, for a function that APIs call.
    #[key(default, schema = responses, check = names)]
    pub responses: IndexMap<Name, Response>,
    /// The business errors it may return, by name: what `catch` and `retry` in a workflow see. A map gives each the status that
    /// callers of an API get: `{ CartNotFound: 404 }`. It is 422 without.
    #[key(default, check = errors)]
    pub errors: Errors,
    /// The tables it uses and the operations it may call on each: `get`, `query`, `put`, `update`, `delete`, `check`, or `read`
    /// (get and query) and `write` (put, update and delete). A map says more: whose items they are.
    #[key(default, schema = map_of::<Grant>)]
    pub tables: IndexMap<Name, Grant>,
    /// Ways in which it looks for items, by name: each is a method of its context, and all that it may query unless `tables` says more.
    #[key(default)]
    pub queries: Section<AccessPattern>,
    /// The outbox it publishes through, in the transaction that changes its tables.
    pub outbox: Option<Name>,
    /// The events it publishes: through its outbox those that the outbox carries, others by putting them on their bus itself.
    /// Without it, a function with an outbox may publish all that the outbox carries.
    #[key(default)]
    pub publishes: Vec<Name>,
    /// Queues it sends messages to.
    #[key(default)]
    pub sends: Vec<Name>,
    /// Workflows that wait for an answer which this function may give: with `cx.signal`, to whoever gave it the token.
    #[key(default)]
    pub signals: Vec<Name>,
    /// Workflows that it starts, each execution under a name that makes it once, and of which it asks how they are: with
    /// `cx.workflows()`.
    #[key(default)]
    pub starts: Vec<Name>,
    /// Workflows of which it only asks how their executions are: with `cx.workflows()`.
    #[key(default)]
    pub describes: Vec<Name>,
    /// The cache it counts in, and where its circuit breaker is.
    pub cache: Option<Name>,
    /// Answers at once with the error `CircuitOpen` after several failures in a row, instead of calling what fails. All of its
    /// instances share it, in the cache.
    pub circuit_breaker: Option<Spanned<CircuitBreaker>>,
    /// The network that it is in. A function with a cache is in the network of that, without this.
    pub network: Option<Name>,
    /// Configuration that it reads, with `cx.config()`.
    #[key(default)]
    pub config: Vec<Name>,
    /// Secrets that it reads, with `cx.secrets()`.
    #[key(default)]
    pub secrets: Vec<Name>,
    /// Environment variables: texts, or `{ ref: apis.shop.url }` for what an output of this path would tell. Lambda reserves some names.
    #[key(default, schema = variables)]
    pub environment: Variables,
    /// What it may do beyond what follows from the rest: actions of AWS, for the SDK that `cx.aws()` gives it.
    #[key(default)]
    pub may: Vec<Permission>,
    /// How long one invocation may take: {range}. `30s` by default, `29s` with a route, which is all that its caller
    /// waits for.
    #[key(range = TIMEOUT)]
    pub timeout: Option<Spanned<Duration>>,
    /// Memory in MB: {range}, 256 by default.
    #[key(range = MEMORY)]
    pub memory: Option<Spanned<u64>>,
    /// The most invocations at once, reserved for this function: 1 or more.
    #[key(range = 1..=MAX_CONCURRENCY, what = "the concurrency of a function")]
    pub concurrency: Option<Spanned<u64>>,
    /// How many environments of it are kept ready, of its alias `Live`: 1 or more. They are paid for as long as they are there.
    #[key(range = 1..=MAX_CONCURRENCY, what = "the provisioned concurrency of a function")]
    pub provisioned: Option<Spanned<u64>>,
    /// How invocations go over to a new version, by an alias: all at once, or some of them first, back again if an alarm of the function goes
    /// off.
    pub deploy: Option<Spanned<Deploy>>,
    /// Drops duplicates by event id, by `Idempotency-Key` header, or by workflow execution and step.
    pub idempotent: Option<Spanned<Idempotency>>,
    /// Warnings that are fine here, each with the reason.
    #[key(default)]
    pub allow: Allows,
}

/// How invocations go over to a new version, as `CodeDeploy` calls it.
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html#deployment-configuration-lambda>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Word)]
#[word(what = "a way to deploy a function")]
pub enum Deploy {
    /// All of them at once.
    #[word(rename = "AllAtOnce")]
    AllAtOnce,
    /// A tenth, and the others five minutes later.
    #[word(rename = "Canary10Percent5Minutes")]
    Canary5,
    /// A tenth, and the others ten minutes later.
    #[word(rename = "Canary10Percent10Minutes")]
    Canary10,
    /// A tenth, and the others a quarter of an hour later.
    #[word(rename = "Canary10Percent15Minutes")]
    Canary15,
    /// A tenth, and the others half an hour later.
    #[word(rename = "Canary10Percent30Minutes")]
    Canary30,
    /// A tenth more every minute.
    #[word(rename = "Linear10PercentEvery1Minute")]
    Linear1,
    /// A tenth more every two minutes.
    #[word(rename = "Linear10PercentEvery2Minutes")]
    Linear2,
    /// A tenth more every three minutes.
    #[word(rename = "Linear10PercentEvery3Minutes")]
    Linear3,
    /// A tenth more every ten minutes.
    #[word(rename = "Linear10PercentEvery10Minutes")]
    Linear10,
}

impl Deploy {
    /// The configuration of `CodeDeploy`.
    pub fn configuration(self) -> &'static str {
        match self {
            Self::AllAtOnce => "CodeDeployDefault.LambdaAllAtOnce",
            Self::Canary5 => "CodeDeployDefault.LambdaCanary10Percent5Minutes",
            Self::Canary10 => "CodeDeployDefault.LambdaCanary10Percent10Minutes",
            Self::Canary15 => "CodeDeployDefault.LambdaCanary10Percent15Minutes",
            Self::Canary30 => "CodeDeployDefault.LambdaCanary10Percent30Minutes",
            Self::Linear1 => "CodeDeployDefault.LambdaLinear10PercentEvery1Minute",
            Self::Linear2 => "CodeDeployDefault.LambdaLinear10PercentEvery2Minutes",
            Self::Linear3 => "CodeDeployDefault.LambdaLinear10PercentEvery3Minutes",
            Self::Linear10 => "CodeDeployDefault.LambdaLinear10PercentEvery10Minutes",
        }
    }
}

/// What a function may do with a table: operations, or a map with whose items they are about.
#[derive(Debug, Clone, Section)]
#[section(what = "what a function may do with a table", shorthand)]
pub struct Grant {
    /// The operations.
    #[key(schema = one_or_many::<Operation>)]
    pub operations: Spanned<Vec<Operation>>,
    /// Whose items they are about: `caller.sub`, a claim of who calls. It is the partition key of every request that the function makes of the
    /// table, which has no other way to name one.
    #[key(pattern = OWNER, check = owner)]
    pub own: Option<Spanned<String>>,
}

/// The operations alone.
impl Shorthand for Grant {
    fn short(node: &Node, cx: &mut Decoder) -> Option<Self> {
        Some(Self { operations: Spanned::decode(node, cx)?, own: None })
    }
    fn short_schema(generator: &mut SchemaGenerator) -> Schema {
        one_or_many::<Operation>(generator)
    }
}

/// A claim of who calls.
pub(super) const OWNER: &str = r"^caller\..+$";

/// What the claim is called that says whose items are meant, of `caller.sub`.
pub fn claim_of(owner: &str) -> Option<&str> {
    owner.strip_prefix("caller.").filter(|claim| !claim.is_empty())
}

/// Reports an owner that is no claim.
pub(super) fn owner(owner: &Spanned<String>, cx: &mut Decoder) {
    if claim_of(owner).is_none() {
        cx.bad_value(owner.span, format!("`{}` is no claim of who calls", owner.value))
            .help
            .push("write `caller.` and the name of a claim, such as `caller.sub`".to_owned());
    }
}

/// An operation on a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Word)]
#[word(what = "an operation on a table")]
pub enum Operation {
    /// `GetItem`.
    Get,
    /// `Query`, on the table and its indexes.
    Query,
    /// `PutItem`.
    Put,
    /// `UpdateItem`.
    Update,
    /// `DeleteItem`.
    Delete,
    /// `ConditionCheckItem`: in a transaction, a condition on an item that it does not write.
    Check,
    /// `get` and `query`.
    Read,
    /// `put`, `update` and `delete`.
    Write,
}

impl Operation {
    /// The single operations that a word stands for.
    pub fn expand(self) -> &'static [Self] {
        match self {
            Self::Get => &[Self::Get],
            Self::Query => &[Self::Query],
            Self::Put => &[Self::Put],
            Self::Update => &[Self::Update],
            Self::Delete => &[Self::Delete],
            Self::Check => &[Self::Check],
            Self::Read => &[Self::Get, Self::Query],
            Self::Write => &[Self::Put, Self::Update, Self::Delete],
        }
    }

    /// Whether it changes the table.
    pub fn writes(self) -> bool {
        !matches!(self, Self::Get | Self::Query | Self::Read | Self::Check)
    }
}

/// An HTTP route: a method and a path, or these with who may call it and the status of a success.
#[derive(Debug, Clone, Section)]
#[section(what = "an API route", shorthand, check = headers)]
pub struct ApiRoute {
    /// Its method and path.
    #[key(rename = "route")]
    pub text: RouteText,
    /// Who may call it.
    pub auth: Option<Spanned<Auth>>,
    /// The status of a success.
    #[key(range = SUCCESS)]
    pub status: Option<Spanned<u64>>,
    /// Parameters of the query, each with the field of the input that it is.
    #[key(default, schema = map_of::<Name>)]
    pub query: IndexMap<Name, Name>,
    /// Headers, each with the field of the input that it is.
    #[key(default, schema = tokens)]
    pub headers: IndexMap<Name, Name>,
    /// Cookies, each with the field of the input that it is.
    #[key(default, schema = tokens)]
    pub cookies: IndexMap<Name, Name>,
    /// The field of the input that the whole body is.
    pub body: Option<Name>,
    /// What a field of the input is where a request does not bring it, for those that come beside the body.
    #[key(default, schema = map_of::<Json>)]
    pub defaults: IndexMap<Name, Spanned<Json>>,
}

impl ApiRoute {
    /// What of the input comes from where.
    pub fn sources(&self) -> Sources {
        let (query, headers) = (self.query.clone(), self.headers.clone());
        let (cookies, body) = (self.cookies.clone(), self.body.clone());
        Sources { query, headers, cookies, body, defaults: self.defaults.clone() }
    }
}

/// Headers and cookies have names that can be.
fn headers(route: &ApiRoute, _: &Fields<'_>, cx: &mut Decoder) {
    route.sources().check(cx);
}

/// The method and the path alone.
impl Shorthand for ApiRoute {
    fn short(node: &Node, cx: &mut Decoder) -> Option<Self> {
        Some(Self {
            text: RouteText::decode(node, cx)?,
            auth: None,
            status: None,
            query: IndexMap::new(),
            headers: IndexMap::new(),
            cookies: IndexMap::new(),
            body: None,
            defaults: IndexMap::new(),
        })
    }
    fn short_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<RouteText>()
    }
}

/// The business errors of a function.
#[derive(Debug, Clone, Default)]
pub struct Errors(
    /// Each with the status that callers of an API get, if it is said.
    pub Vec<(Name, Option<Spanned<u64>>)>,
);

/// Whether duplicates are dropped, and for how long their results are kept.
#[derive(Debug, Clone, Default)]
pub enum Idempotency {
    /// Every invocation runs the handler.
    #[default]
    Off,
    /// A duplicate gets the stored result.
    On {
        /// How long a result is kept; a day by default.
        retention: Option<Spanned<Duration>>,
    },
}

/// When a function stops trying, and for how long.
#[derive(Debug, Clone, Section)]
#[section(what = "a circuit breaker")]
pub struct CircuitBreaker {
    /// How many failures within the window open it: {range}.
    #[key(range = 1..=1000, what = "the number of failures")]
    pub failures: Spanned<u64>,
    /// How long a failure counts: {range}.
    #[key(range = Duration::seconds(1)..=Duration::days(1), what = "the window of a circuit breaker")]
    pub window: Spanned<Duration>,
    /// How long it stays open before one invocation may try again: {range}.
    #[key(range = Duration::seconds(1)..=Duration::days(1), what = "the time that a circuit breaker is open")]
    pub open: Spanned<Duration>,
}

/// The most invocations at once that a function may reserve. Accounts have 1,000 until they ask for more; 0 would switch the
/// function off (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html>).
pub const MAX_CONCURRENCY: u64 = 100_000;

/// Checks the names of business errors: each is the name of an error in Step Functions and of a variant in Rust.
fn errors(errors: &Errors, cx: &mut Decoder) {
    let mut seen: Vec<(String, &Name)> = Vec::new();
    for (error, _) in &errors.0 {
        let key = crate::yaml::Key { text: error.value.clone(), span: error.span };
        if !check_name(&key, Case::Pascal, "an error", cx) {
            continue;
        }
        let variant = variant_name(error);
        if let Some((_, first)) = seen.iter().find(|(other, _)| *other == variant) {
            let diagnostic = if first.value == error.value {
                Diagnostic::new(Code::EVC0108, error.span, format!("error `{}` is here twice", error.value))
            } else {
                let message = format!("errors `{}` and `{}` are both `{variant}` in Rust", first.value, error.value);
                Diagnostic::new(Code::EVC0106, error.span, message)
                    .note("each error of a function is a variant of one Rust enum")
            };
            cx.report(diagnostic.secondary(first.span, "the first is here"));
        } else {
            seen.push((variant, error));
        }
    }
}

/// Lambda's quotas: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const MEMORY: Range<u64> = Range::new("the memory of a function in MB", 128..=10_240);

/// How long results of what is idempotent are kept. No limit of AWS: what is longer than ten years is a slip, and may be beyond what a
/// timestamp holds.
pub const KEPT: Range<Duration> = Range::new("the retention of results", Duration::seconds(1)..=Duration::days(3650));

/// How long an invocation may take.
pub const TIMEOUT: Range<Duration> =
    Range::new("the timeout of a function", Duration::seconds(1)..=Duration::minutes(15));

impl Decode for Errors {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        if !matches!(node.kind, NodeKind::Mapping(_)) {
            let names: Vec<Name> = Vec::decode(node, cx)?;
            return Some(Self(names.into_iter().map(|name| (name, None)).collect()));
        }
        let statuses: IndexMap<Name, Spanned<u64>> = IndexMap::decode(node, cx)?;
        for status in statuses.values() {
            in_range(Some(status), 400, 599, "the status of an error", cx);
        }
        Some(Self(statuses.into_iter().map(|(name, status)| (name, Some(status))).collect()))
    }
}

impl Decode for Idempotency {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        if !matches!(node.kind, NodeKind::Mapping(_)) {
            let on = bool::decode(node, cx)?;
            return Some(if on { Self::On { retention: None } } else { Self::Off });
        }
        let mut fields = cx.fields(node, "idempotency")?;
        let retention: Option<Spanned<Duration>> = fields.optional("retention", cx);
        if let Some(retention) = &retention {
            KEPT.check(retention, cx);
        }
        fields.finish(cx);
        Some(Self::On { retention })
    }
}

impl JsonSchema for Idempotency {
    fn schema_name() -> Cow<'static, str> {
        "Idempotency".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let retention = generator.subschema_for::<Duration>();
        json_schema!({
            "description": "Whether duplicates are dropped: `true`, or how long results are kept (a day by default).",
            "anyOf": [
                {"type": "boolean"},
                {
                    "type": "object",
                    "minProperties": 0,
                    "properties": {"retention": retention},
                    "additionalProperties": false
                }
            ]
        })
    }
}

impl JsonSchema for Errors {
    fn schema_name() -> Cow<'static, str> {
        "Errors".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let name = json_schema!({"type": "string", "pattern": "^[A-Z][A-Za-z0-9]*$", "maxLength": MAX_NAME});
        json_schema!({
            "description": "Names of errors, or a map from names to the statuses that callers of an API get.",
            "anyOf": [
                name,
                {"type": "array", "items": name},
                {
                    "type": "object",
                    "minProperties": 0,
                    "propertyNames": name,
                    "additionalProperties": {"type": "integer", "minimum": 400, "maximum": 599}
                }
            ],
            "examples": [["PaymentDeclined"], {"CartNotFound": 404, "CartClosed": 409}]
        })
    }
}
