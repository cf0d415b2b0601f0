//! Requests of APIs the whole way that Lambda's take: query, headers and cookies become the input, and a response its status, headers and
//! cookies.

use super::World;
#[cfg(feature = "idempotency")]
use crate::idempotency::Once;
use crate::serve::{App, Guard, Invocation, Unguarded};
use crate::{Function, Source, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A request to a route.
#[derive(Debug, Clone, Default)]
pub struct HttpRequest {
    route: String,
    path: Map<String, Value>,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    cookies: Vec<String>,
    body: Option<String>,
    claims: Option<Value>,
    address: Option<String>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// Headers, by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// `Set-Cookie` headers.
    pub cookies: Vec<String>,
    /// The body as the gateway is given it: base64 where it is bytes.
    pub body: Option<String>,
}

impl HttpRequest {
    /// A request to this route, as the spec writes it: `GET /carts/{cartId}`.
    pub fn to(route: &str) -> Self {
        Self { route: route.to_owned(), ..Self::default() }
    }

    /// With this parameter of the path.
    #[must_use]
    pub fn path(mut self, name: &str, value: &str) -> Self {
        self.path.insert(name.to_owned(), value.into());
        self
    }

    /// With this parameter of the query, beside others of its name.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this header, beside others of its name.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this cookie.
    #[must_use]
    pub fn cookie(mut self, name: &str, value: &str) -> Self {
        self.cookies.push(format!("{name}={value}"));
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// With a token of these claims: an object.
    #[must_use]
    pub fn claims(mut self, claims: Value) -> Self {
        self.claims = Some(claims);
        self
    }

    /// Signed as the webhook of this route is, with this secret, and with this id where it has one. The body comes before.
    #[cfg(feature = "webhooks")]
    #[must_use]
    pub fn signed<F: Function>(self, secret: &str, id: &str) -> Self {
        self.signed_at::<F>(secret, id, Timestamp::now())
    }

    /// The same at another time.
    #[cfg(feature = "webhooks")]
    #[must_use]
    pub fn signed_at<F: Function>(mut self, secret: &str, id: &str, at: Timestamp) -> Self {
        let body = self.body.as_deref().unwrap_or_default().as_bytes();
        if let Some(webhook) = F::WEBHOOKS.iter().find(|webhook| webhook.route == self.route) {
            self.headers.extend(webhook.sign(secret, id, body, at));
        }
        self
    }

    /// From this address.
    #[must_use]
    pub fn from(mut self, address: &str) -> Self {
        self.address = Some(address.to_owned());
        self
    }

    /// As an HTTP API hands it over.
    pub(crate) fn two(&self) -> Value {
        let (method, _) = self.route.split_once(' ').unwrap_or((&self.route, ""));
        let mut headers: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in &self.headers {
            let known = headers.entry(name.to_ascii_lowercase()).or_default();
            *known = if known.is_empty() { value.clone() } else { format!("{known},{value}") };
        }
        let query: Vec<String> =
            self.query.iter().map(|(name, value)| format!("{}={}", percent(name), percent(value))).collect();
        let last: BTreeMap<&String, &String> = self.query.iter().map(|(name, value)| (name, value)).collect();
        json!({
            "version": "2.0", "routeKey": self.route, "rawQueryString": query.join("&"), "queryStringParameters": last,
            "headers": headers, "cookies": self.cookies, "pathParameters": self.path, "body": self.body,
            "requestContext": {
                "requestId": "test",
                "http": { "method": method, "sourceIp": self.address },
                "authorizer": self.claims.as_ref().map(|claims| json!({ "jwt": { "claims": claims } })),
            },
        })
    }

    /// As a REST API does.
    pub(crate) fn one(&self) -> Value {
        let (method, path) = self.route.split_once(' ').unwrap_or((&self.route, ""));
        let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let cookies = (!self.cookies.is_empty()).then(|| ("Cookie".to_owned(), self.cookies.join("; ")));
        for (name, value) in self.headers.iter().cloned().chain(cookies) {
            headers.entry(name).or_default().push(value);
        }
        let mut query: BTreeMap<&String, Vec<&String>> = BTreeMap::new();
        for (name, value) in &self.query {
            query.entry(name).or_default().push(value);
        }
        let last: BTreeMap<&String, Option<&String>> = headers.iter().map(|(name, all)| (name, all.last())).collect();
        let last_of_query: BTreeMap<&&String, Option<&&String>> =
            query.iter().map(|(name, all)| (name, all.last())).collect();
        json!({
            "resource": path, "httpMethod": method, "queryStringParameters": last_of_query,
            "multiValueQueryStringParameters": query, "headers": last, "multiValueHeaders": headers,
            "pathParameters": self.path, "body": self.body,
            "requestContext": {
                "requestId": "test", "httpMethod": method, "identity": { "sourceIp": self.address },
                "authorizer": self.claims.as_ref().map(|claims| json!({ "claims": claims })),
            },
        })
    }
}

/// A text within a query.
fn percent(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

impl HttpResponse {
    /// A header, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(&name.to_ascii_lowercase()).map(String::as_str)
    }

    /// The body as JSON of this type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, crate::Error> {
        crate::payload::decode(self.body.as_deref().unwrap_or("null"))
    }

    /// Of either format.
    pub(crate) fn read(answer: &Value) -> Self {
        let texts = |value: &Value| -> Vec<String> {
            value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let headers = answer["headers"].as_object().into_iter().flatten();
        let headers = headers.filter_map(|(name, value)| Some((name.to_ascii_lowercase(), value.as_str()?.to_owned())));
        let mut cookies = texts(&answer["cookies"]);
        cookies.extend(texts(&answer["multiValueHeaders"]["set-cookie"]));
        Self {
            status: answer["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or_default(),
            headers: headers.collect(),
            cookies,
            body: answer["body"].as_str().map(str::to_owned),
        }
    }
}

impl World {
    /// Sends a request to a function as its API does, and gives what the caller gets: an error is problem JSON with its status. A function
    /// behind both kinds of API gets it as from an HTTP API.
    ///
    /// ```ignore
    /// let request = HttpRequest::to("GET /carts").query("limit", "5").header("If-None-Match", "\"7\"").claims(json!({ "sub": "kim" }));
    /// let answer = world.http::<ListCarts, _>(request, list_carts).await;
    /// assert_eq!((answer.status, answer.header("etag")), (304, Some("\"7\"")));
    /// ```
    pub async fn http<F, H>(&self, request: HttpRequest, handler: H) -> HttpResponse
    where
        F: Function,
        H: AsyncFn(&F, F::Input) -> Result<F::Output, F::Error>,
    {
        self.asked(Unguarded, &request, handler).await
    }

    /// The same of a function with `idempotent: true`. Needs `World::idempotency`.
    #[cfg(feature = "idempotency")]
    pub async fn http_once<F, H>(&self, request: HttpRequest, handler: H) -> HttpResponse
    where
        F: Function,
        H: AsyncFn(&F, F::Input) -> Result<F::Output, F::Error>,
    {
        self.asked(Once, &request, handler).await
    }

    async fn asked<F, H, G>(&self, guard: G, request: &HttpRequest, handler: H) -> HttpResponse
    where
        F: Function,
        H: AsyncFn(&F, F::Input) -> Result<F::Output, F::Error>,
        G: Guard,
    {
        let event = if F::SOURCES.contains(&Source::HttpApi) { request.two() } else { request.one() };
        let deadline = Timestamp::now().after(self.timeout.unwrap_or(super::DEADLINE));
        let invocation = Invocation { request_id: "test".to_owned(), deadline, trace: None };
        let answer = match App::<F, H, G>::new(handler, guard, self.services()) {
            // Boxed: it is large, and so would be each test that calls it.
            Ok(app) => Box::pin(app.invoke(&event.to_string(), &invocation)).await,
            Err(error) => Err(error.into()),
        };
        match answer {
            Ok(text) => HttpResponse::read(&serde_json::from_str(&text).unwrap_or_default()),
            // What no adapter answers: Lambda would say that the invocation failed, and the gateway 500.
            Err(failure) => {
                HttpResponse { status: 500, headers: BTreeMap::new(), cookies: Vec::new(), body: Some(failure.message) }
            }
        }
    }
}
