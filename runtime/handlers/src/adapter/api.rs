//! A request through API Gateway (HTTP API with payload format 2.0 or 1.0, or REST API): JSON in, status and JSON out.
//!
//! The input is the body, or for `GET`, `HEAD` and `DELETE`, which have none, the parameters of the query as strings; those of the path are
//! added to it, and win. Where the function has a [`Route`](crate::request::Route) for the request, that says what comes from where instead. A failure becomes problem JSON (RFC 9457); what is not the caller's business (500) says no more than its name.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use super::caller::Caller;
use super::{Contract, Failure, Incoming, parameters, rejected};
use crate::Bytes;
use crate::request::{Parameter, Place};
use crate::response::{Answer, exposed};
use crate::{Error, Kind, Payload, payload};
#[cfg(feature = "webhooks")]
use crate::{
    Timestamp,
    backend::Services,
    content::sha256,
    webhook::{Claimed, Webhook},
};
use evc_interface::call::IDEMPOTENCY_HEADER;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    #[serde(default)]
    pub(super) headers: Option<BTreeMap<String, String>>,
    /// Format 1.0 has each header and parameter with all its values.
    #[serde(default)]
    pub(super) multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
    #[serde(default)]
    pub(super) path_parameters: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub(super) query_string_parameters: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub(super) multi_value_query_string_parameters: Option<BTreeMap<String, Vec<String>>>,
    /// Format 2.0 has the query as it was sent.
    #[serde(default)]
    pub(super) raw_query_string: Option<String>,
    /// Format 2.0 has cookies apart from the other headers.
    #[serde(default)]
    pub(super) cookies: Option<Vec<String>>,
    /// Format 2.0 has the route: `GET /carts/{cartId}`. Format 1.0 has its path as `resource`.
    #[serde(default)]
    pub(super) route_key: Option<String>,
    #[serde(default)]
    pub(super) resource: Option<String>,
    /// The path as it was asked for, of format 2.0 and of format 1.0.
    #[serde(default)]
    raw_path: Option<String>,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
    #[serde(default, rename = "requestContext")]
    pub(super) context: Option<Box<RawValue>>,
    /// Format 1.0 has the method here too, and some local invokers only here.
    #[serde(default)]
    pub(super) http_method: Option<String>,
}

/// What the gateway says of a request, in either format.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SaidContext {
    #[serde(default)]
    http_method: Option<String>,
    #[serde(default)]
    http: Option<SaidHttp>,
    #[serde(default)]
    identity: Option<SaidIdentity>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SaidHttp {
    method: Option<String>,
    source_ip: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SaidIdentity {
    source_ip: Option<String>,
}

/// Where the gateway says which method a request has: format 1.0 in the context itself, 2.0 in its `http`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MethodContext {
    #[serde(default)]
    http_method: Option<String>,
    #[serde(default)]
    http: Option<HttpContext>,
}

#[derive(Deserialize)]
struct HttpContext {
    method: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    status_code: u16,
    headers: BTreeMap<Cow<'static, str>, String>,
    /// Cookies as payload 2.0 has them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    /// Headers that come several times, as REST APIs and payload 1.0 have them: cookies.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    multi_value_headers: BTreeMap<&'static str, Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_base64_encoded: bool,
}

impl Response {
    fn new(status_code: u16, content_type: &'static str, body: Option<String>) -> Self {
        Self {
            status_code,
            headers: [("content-type".into(), content_type.to_owned())].into(),
            cookies: Vec::new(),
            multi_value_headers: BTreeMap::new(),
            body,
            is_base64_encoded: false,
        }
    }

    /// A response of a function that says more than an output; to a REST API, or as payload 2.0 has it.
    fn of(text: &str, is_rest: bool) -> Result<Self, Error> {
        let mut answer: Answer<'_> = payload::decode(text)?;
        let (status_code, cookies) = (answer.status, std::mem::take(&mut answer.cookies));
        let headers = std::mem::take(&mut answer.headers).into_iter();
        let headers: BTreeMap<Cow<'static, str>, String> = headers.map(|(name, value)| (name.into(), value)).collect();
        let (body, is_base64_encoded) = answer.into_body();
        let (cookies, several) = if is_rest && !cookies.is_empty() {
            (Vec::new(), [("set-cookie", cookies)].into())
        } else {
            (cookies, BTreeMap::new())
        };
        Ok(Self { status_code, headers, cookies, multi_value_headers: several, body, is_base64_encoded })
    }

    /// Adds what lets pages of other origins read this. A page may read the headers of the response itself, too.
    fn allow(&mut self, allowed: Vec<(&'static str, String)>) {
        let exposed = exposed(self.headers.keys());
        let is_open = allowed.iter().any(|(name, _)| *name == "access-control-allow-origin");
        for (name, value) in allowed {
            let known = self.headers.keys().find(|known| known.eq_ignore_ascii_case(name)).cloned();
            match known.and_then(|known| self.headers.get_mut(&known)) {
                // `Vary` is the one header that both may say.
                Some(known) => *known = format!("{known}, {value}"),
                None => drop(self.headers.insert(name.into(), value)),
            }
        }
        if let Some(exposed) = exposed.filter(|_| is_open) {
            self.headers.insert("access-control-expose-headers".into(), exposed);
        }
    }
}

#[derive(Serialize)]
struct Problem<'a> {
    title: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

/// Whether a request context is that of payload format 2.0.
pub(super) fn is_http_context(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Context<'a> {
        #[serde(borrow)]
        http: Option<&'a RawValue>,
    }
    serde_json::from_str::<Context<'_>>(text).is_ok_and(|context| context.http.is_some())
}

pub(super) async fn handle(
    text: &str,
    contract: Contract<'_>,
    is_rest: bool,
    deliver: impl AsyncFn(Incoming<'_>) -> Result<String, Failure>,
) -> Result<String, Failure> {
    let request: Result<Request, Failure> = rejected(payload::decode(text));
    let origin = request.as_ref().ok().and_then(|request| request.header("origin"));
    // An HTTP API adds its own.
    let cors = contract.cors.filter(|_| is_rest);
    let allowed: Vec<(&'static str, String)> = cors.map(|cors| cors.headers(origin)).unwrap_or_default();
    let answered = match request {
        Ok(request) => answer(request, contract, deliver).await,
        Err(failure) => Err(failure),
    };
    let mut response = match answered {
        Ok(answer) if contract.responds => Response::of(&answer, is_rest)?,
        // A function without an output returns nothing: `null`.
        Ok(body) => Response::new(contract.status, "application/json", Some(body).filter(|body| body != "null")),
        Err(failure) => {
            // What the caller did wrong is his business.
            if failure.status >= 500 {
                (contract.answered)(&failure);
            }
            problem(&failure)?
        }
    };
    response.allow(allowed);
    Ok(serde_json::to_string(&response).map_err(Error::other)?)
}

async fn answer(
    request: Request,
    contract: Contract<'_>,
    deliver: impl AsyncFn(Incoming<'_>) -> Result<String, Failure>,
) -> Result<String, Failure> {
    let route = parameters::route(&request, contract.routes);
    let sender = crate::caller::Request::new(request.context.as_deref());
    // Before anything else is read.
    rejected(sender.is_let_in(route, contract.groups))?;
    #[cfg(feature = "webhooks")]
    let verified = verified(&request, route, contract.webhooks).await?;
    #[cfg(not(feature = "webhooks"))]
    let verified: Option<(String, Caller, String)> = None;
    let (key, caller, asks) = if let Some((key, caller, asks)) = verified {
        (Some(key), Some(caller), Some(asks))
    } else {
        // All who send an empty one would have one key.
        let key = request.header(IDEMPOTENCY_HEADER).filter(|key| !key.is_empty()).map(str::to_owned);
        // Only a key is kept apart by caller.
        let caller = key.as_ref().map(|_| rejected(Caller::read(request.context.as_deref()))).transpose()?;
        (key, caller, None)
    };
    let input = match route {
        Some(route) => parameters::input(&request, route),
        None => request.input(),
    };
    let payload = Payload::new(rejected(input)?);
    // Only a key has a record; and no version before had such routes.
    let before = key.as_ref().filter(|_| route.is_none()).and_then(|_| request.input_before());
    deliver(Incoming { key, caller, asks, request: sender, ..Incoming::bare(payload.read_before_as(before)) }).await
}

/// Verifies a request of a webhook: what tells it from others, who sent it, and what it asks for, which is the same in each attempt: senders sign each
/// anew, and count them in headers. `None` where the route is for others. A function with a webhook
/// takes no request by a route that it does not know.
#[cfg(feature = "webhooks")]
async fn verified(
    request: &Request,
    route: Option<&'static crate::request::Route>,
    webhooks: Option<(&'static [Webhook], &Services)>,
) -> Result<Option<(String, Caller, String)>, Failure> {
    let Some((webhooks, services)) = webhooks.filter(|(webhooks, _)| !webhooks.is_empty()) else { return Ok(None) };
    let Some(route) = route else {
        let error = Error::new(Kind::Forbidden, "the request came by no route of the function");
        return rejected(Err(error));
    };
    let Some(webhook) = webhooks.iter().find(|webhook| webhook.route == route.key) else { return Ok(None) };
    let header = |name: &str| parameters::header(request, name).map(Cow::into_owned);
    let body = request.bytes()?;
    let claimed = rejected(Claimed::read(webhook, header, &body, Timestamp::now()))?;
    rejected(claimed.verify(services).await)?;
    let asks = (sha256(&body.0), &request.path_parameters, &request.query_string_parameters);
    let asks = serde_json::to_string(&asks).map_err(Error::other)?;
    Ok(Some((claimed.key, Caller::of_webhook(route.key), asks)))
}

fn problem(failure: &Failure) -> Result<Response, Error> {
    let detail = Some(failure.message.as_str()).filter(|_| failure.status < 500);
    let problem = Problem { title: &failure.name, status: failure.status, detail };
    let body = serde_json::to_string(&problem).map_err(Error::other)?;
    Ok(Response::new(failure.status, "application/problem+json", Some(body)))
}

impl Request {
    /// A header; names are case-insensitive, and REST APIs pass them as they came.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().flatten().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The name of a header that the parameter is and that a REST API got several times.
    pub(super) fn header_given_twice(&self, parameter: &Parameter) -> Option<&'static str> {
        let several = self.multi_value_headers.iter().flatten();
        let of_it = several.filter(|(name, _)| name.eq_ignore_ascii_case(parameter.name));
        let is_several = parameter.place == Place::Header && of_it.flat_map(|(_, values)| values).nth(1).is_some();
        is_several.then_some(parameter.name)
    }

    /// What the gateway says itself of a request: its `method`, its `path`, or the `source-ip` that it came from.
    pub(super) fn said(&self, name: &str) -> Option<String> {
        let context = self.context.as_ref()?;
        let SaidContext { http_method, http, identity } = serde_json::from_str(context.get()).ok()?;
        let (http, identity) = (http.unwrap_or_default(), identity.unwrap_or_default());
        match name {
            "method" => http.method.or(http_method).or_else(|| self.http_method.clone()),
            "path" => self.raw_path.clone().or_else(|| self.path.clone()),
            "source-ip" => http.source_ip.or(identity.source_ip),
            _ => None,
        }
    }

    /// Whether the method is one with a body, as the compiler has it in `Route::has_body`.
    pub(super) fn has_body(&self) -> bool {
        // One that cannot be read says no method.
        let context =
            self.context.as_ref().and_then(|context| serde_json::from_str::<MethodContext>(context.get()).ok());
        let MethodContext { http_method, http } = context.unwrap_or_default();
        let method = http.and_then(|http| http.method).or(http_method);
        let method = method.as_deref().or(self.http_method.as_deref());
        !method.is_some_and(|method| matches!(method, "GET" | "HEAD" | "DELETE"))
    }

    fn input(&self) -> Result<String, Failure> {
        if self.has_body() {
            self.with_parameters(self.text()?, None)
        } else {
            self.with_parameters("{}".to_owned(), self.query_string_parameters.as_ref())
        }
    }

    /// What versions before the lease took for the input: they added the query to any body, and read the body of any method. None if
    /// they refused it.
    fn input_before(&self) -> Option<String> {
        self.with_parameters(self.text().ok()?, self.query_string_parameters.as_ref()).ok()
    }

    /// A body with parameters: those of the path win over it, and it wins over those of the query.
    fn with_parameters(&self, body: String, query: Option<&BTreeMap<String, String>>) -> Result<String, Failure> {
        let path = self.path_parameters.iter().flatten();
        let query = query.into_iter().flatten();
        if path.clone().next().is_none() && query.clone().next().is_none() {
            return Ok(body);
        }
        // Raw values, so that every number of the body stays the text that it is.
        let mut fields: BTreeMap<String, &RawValue> = payload::decode(&body)?;
        let quoted = |(name, value): (&String, &String)| -> Result<_, Error> {
            Ok((name.clone(), serde_json::value::to_raw_value(value).map_err(Error::other)?))
        };
        let path = path.map(quoted).collect::<Result<Vec<_>, _>>()?;
        let query = query.map(quoted).collect::<Result<Vec<_>, _>>()?;
        for (name, value) in &query {
            fields.entry(name.clone()).or_insert(value);
        }
        fields.extend(path.iter().map(|(name, value)| (name.clone(), &**value)));
        Ok(serde_json::to_string(&fields).map_err(Error::other)?)
    }

    /// Whether there is no body.
    pub(super) fn is_empty(&self) -> bool {
        self.body.as_deref().is_none_or(str::is_empty)
    }

    /// The bytes of the body, as they were sent: of a text, those of its UTF-8.
    pub(super) fn bytes(&self) -> Result<Bytes, Error> {
        let body = self.body.as_deref().unwrap_or_default();
        if !self.is_base64_encoded {
            return Ok(Bytes(body.as_bytes().to_vec()));
        }
        Bytes::from_base64(body).map_err(|error| Error::new(Kind::InvalidInput, format!("the body: {error}")))
    }

    /// The JSON of the body; without one, an empty object.
    pub(super) fn text(&self) -> Result<String, Failure> {
        let Some(body) = self.body.as_deref().filter(|body| !body.is_empty()) else {
            return Ok("{}".to_owned());
        };
        if let Some(content_type) = self.header("content-type").filter(|content_type| !is_json(content_type)) {
            let message = format!("expected a body of type `application/json`, found `{content_type}`");
            return Err(Failure {
                name: "UnsupportedMediaType".to_owned(),
                message,
                status: 415,
                is_trouble: false,
                is_refusal: true,
            });
        }
        if !self.is_base64_encoded {
            return Ok(body.to_owned());
        }
        String::from_utf8(self.bytes()?.0).map_err(|_| Error::new(Kind::InvalidInput, "the body is not UTF-8").into())
    }
}

/// `application/json` and `application/…+json`, with or without parameters.
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}
