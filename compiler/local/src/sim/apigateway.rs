//! API Gateway: HTTP APIs, whose routes lead to functions.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api.html>

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::lambda::{Ended, Invoke, Then};
use crate::Refusal;
use crate::iam::Principal;
use crate::jwt::Issuers;
use crate::stack::{Resource, Stack};
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

/// Who may call a route.
#[derive(Debug, Clone)]
enum Auth {
    Nobody,
    Iam,
    Jwt { issuer: String, audience: Vec<String>, scopes: Vec<String> },
    Function { id: String, function: String, identity: Vec<String>, simple: bool },
}

#[derive(Debug)]
struct Route {
    key: String,
    method: Option<String>,
    parts: Vec<Part>,
    function: String,
    auth: Auth,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Parameter(String),
    Rest(String),
}

/// An API.
#[derive(Debug)]
pub struct Api {
    /// Its id, which is part of its address.
    pub id: String,
    /// What the spec calls it: `apis.shop`.
    pub address: String,
    routes: Vec<Arc<Route>>,
    default: Option<Arc<Route>>,
    cors: Option<Value>,
}

/// The APIs of all stacks.
#[derive(Debug, Default)]
pub struct Apis {
    by_id: IndexMap<String, Arc<Api>>,
}

impl Apis {
    /// Those of the stacks.
    pub(crate) fn of(stacks: &[Arc<Stack>]) -> Self {
        let mut by_id = IndexMap::new();
        for stack in stacks {
            for (_, it) in stack.of_type(&["AWS::ApiGatewayV2::Api"]) {
                let of_api = |route: &&Resource| route.text("/ApiId") == Some(it.reference.as_str());
                let routes =
                    stack.resources.values().filter(|it| it.type_ == "AWS::ApiGatewayV2::Route").filter(of_api);
                let routes: Vec<Arc<Route>> =
                    routes.filter_map(|route| self::route(stack, route)).map(Arc::new).collect();
                let (default, routes) = routes.into_iter().partition(|route| route.key == "$default");
                let default: Vec<Arc<Route>> = default;
                let cors = it.at("/CorsConfiguration").cloned();
                let api = Api {
                    id: it.reference.clone(),
                    address: it.address.clone(),
                    routes,
                    default: default.into_iter().next(),
                    cors,
                };
                by_id.insert(api.id.clone(), Arc::new(api));
            }
        }
        Self { by_id }
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Api>> {
        self.by_id.values()
    }
}

fn route(stack: &Stack, route: &Resource) -> Option<Route> {
    let key = route.text("/RouteKey")?.to_owned();
    let (method, path) = key.split_once(' ').unwrap_or(("ANY", ""));
    let integration = route.text("/Target")?.strip_prefix("integrations/")?;
    let integration = stack
        .resources
        .values()
        .find(|it| it.type_ == "AWS::ApiGatewayV2::Integration" && it.reference == integration)?;
    let uri = integration.text("/IntegrationUri")?;
    // The ARN of the function, or that of its invocation with the ARN within: `.../functions/ARN/invocations`.
    let function =
        uri.split_once("/functions/").map_or(uri, |(_, rest)| rest.trim_end_matches("/invocations")).to_owned();
    let auth = match route.text("/AuthorizationType") {
        Some("AWS_IAM") => Auth::Iam,
        Some("JWT" | "CUSTOM") => {
            let authorizer = route.text("/AuthorizerId")?;
            let authorizer = stack
                .resources
                .values()
                .find(|it| it.type_ == "AWS::ApiGatewayV2::Authorizer" && it.reference == authorizer)?;
            let texts = |list: &[Value]| list.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect();
            match authorizer.text("/AuthorizerUri") {
                Some(uri) => Auth::Function {
                    id: authorizer.reference.clone(),
                    function: uri
                        .split_once("/functions/")
                        .map_or(uri, |(_, rest)| rest.trim_end_matches("/invocations"))
                        .to_owned(),
                    identity: texts(authorizer.list("/IdentitySource")),
                    simple: authorizer.flag("/EnableSimpleResponses"),
                },
                None => Auth::Jwt {
                    issuer: authorizer.text("/JwtConfiguration/Issuer").unwrap_or_default().to_owned(),
                    audience: texts(authorizer.list("/JwtConfiguration/Audience")),
                    scopes: texts(route.list("/AuthorizationScopes")),
                },
            }
        }
        _ => Auth::Nobody,
    };
    let parts = path.split('/').filter(|part| !part.is_empty()).map(part).collect();
    let method = (method != "ANY").then(|| method.to_owned());
    Some(Route { key, method, parts, function, auth })
}

fn part(text: &str) -> Part {
    match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        Some(name) => {
            name.strip_suffix('+').map_or_else(|| Part::Parameter(name.to_owned()), |name| Part::Rest(name.to_owned()))
        }
        None => Part::Literal(text.to_owned()),
    }
}

impl Route {
    /// The path parameters, if the route takes the request.
    fn takes(&self, method: &str, path: &[String]) -> Option<Map<String, Value>> {
        if self.method.as_ref().is_some_and(|own| own != method) {
            return None;
        }
        let mut parameters = Map::new();
        let mut rest = path.iter();
        for part in &self.parts {
            match part {
                Part::Literal(text) => (rest.next()? == text).then_some(())?,
                Part::Parameter(name) => {
                    parameters.insert(name.clone(), json!(rest.next()?));
                }
                Part::Rest(name) => {
                    let all: Vec<&str> = rest.by_ref().map(String::as_str).collect();
                    (!all.is_empty()).then_some(())?;
                    parameters.insert(name.clone(), json!(all.join("/")));
                }
            }
        }
        rest.next().is_none().then_some(parameters)
    }

    /// How much a route says of what it takes: the one that says most is chosen. Literals before parameters, these before the rest; a method
    /// before any.
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html#http-api-develop-routes.evaluation>
    fn says(&self) -> (Vec<u8>, bool) {
        let part = |part: &Part| match part {
            Part::Literal(_) => 3,
            Part::Parameter(_) => 2,
            Part::Rest(_) => 1,
        };
        (self.parts.iter().map(part).collect(), self.method.is_some())
    }
}

/// A text with what stands for `%41`, as UTF-8.
pub(crate) fn decoded(text: &str, plus: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let digit =
            |byte: Option<u8>| byte.and_then(|it| char::from(it).to_digit(16)).and_then(|it| u8::try_from(it).ok());
        match byte {
            b'%' => {
                if let (Some(high), Some(low)) = (digit(ahead.next()), digit(ahead.next())) {
                    bytes.push(high << 4 | low);
                    rest = ahead;
                } else {
                    bytes.push(byte);
                }
            }
            b'+' if plus => bytes.push(b' '),
            byte => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Request {
    /// A header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// The event of a request, in the format 2.0.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>
fn event(
    system: &mut System,
    api: &Api,
    route: &Route,
    request: &Request,
    parameters: Map<String, Value>,
    authorizer: Value,
) -> Value {
    let mut headers: Map<String, Value> = Map::new();
    let mut cookies = Vec::new();
    for (name, value) in &request.headers {
        let name = name.to_ascii_lowercase();
        if name == "cookie" {
            cookies.extend(value.split(';').map(|cookie| cookie.trim().to_owned()));
            continue;
        }
        let joined = headers
            .get(&name)
            .and_then(Value::as_str)
            .map_or_else(|| value.clone(), |before| format!("{before},{value}"));
        headers.insert(name, json!(joined));
    }
    let mut query: Map<String, Value> = Map::new();
    for pair in request.query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name, true), decoded(value, true));
        let joined = query
            .get(&name)
            .and_then(Value::as_str)
            .map_or_else(|| value.clone(), |before| format!("{before},{value}"));
        query.insert(name, json!(joined));
    }
    let (body, is_base64) = match std::str::from_utf8(&request.body) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (STANDARD.encode(&request.body), true),
    };
    let host = request.header("host").unwrap_or("localhost").to_owned();
    let id = system.new_id().to_string();
    let account = system.names().account.to_owned();
    let mut context = json!({
        "accountId": account,
        "apiId": api.id,
        "domainName": host,
        "domainPrefix": host.split(['.', ':']).next().unwrap_or_default(),
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.source_ip,
            "userAgent": request.header("user-agent").unwrap_or_default(),
        },
        "requestId": id,
        "routeKey": route.key,
        "stage": "$default",
        "time": system.now(),
        "timeEpoch": system.now_ms(),
    });
    if !authorizer.is_null() {
        context["authorizer"] = authorizer;
    }
    let mut event = json!({
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": context,
        "isBase64Encoded": is_base64,
    });
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !query.is_empty() {
        event["queryStringParameters"] = Value::Object(query);
    }
    if !parameters.is_empty() {
        event["pathParameters"] = Value::Object(parameters);
    }
    if !request.body.is_empty() {
        event["body"] = json!(body);
    }
    event
}

/// What a function's answer is as a response; `None` if it is none.
fn response(answer: &str) -> Option<Response> {
    let json: Value = serde_json::from_str(answer).ok()?;
    let Some(status) = json.get("statusCode") else {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        return Some(Response { status: 200, headers, body: json.to_string().into_bytes() });
    };
    let status = status.as_u64().or_else(|| status.as_str()?.parse().ok()).and_then(|it| u16::try_from(it).ok())?;
    let mut headers = Vec::new();
    for (name, value) in json.get("headers").and_then(Value::as_object).into_iter().flatten() {
        headers.push((name.to_ascii_lowercase(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
    }
    for cookie in json.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        headers.push(("set-cookie".to_owned(), cookie.as_str()?.to_owned()));
    }
    let body = json.get("body").and_then(Value::as_str).unwrap_or_default();
    let body = if json.get("isBase64Encoded") == Some(&json!(true)) {
        STANDARD.decode(body).ok()?
    } else {
        body.as_bytes().to_vec()
    };
    Some(Response { status, headers, body })
}

/// Lists as API Gateway writes them: `[a b]`.
fn claim_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(claim_text).collect::<Vec<_>>().join(" ")),
        other => other.to_string(),
    }
}

/// Who calls, by a token: what API Gateway checks; or the status that is answered.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html>
fn jwt(issuers: &Issuers, request: &Request, auth: (&str, &[String], &[String]), now_ms: u64) -> Result<Value, u16> {
    let (issuer, audience, scopes) = auth;
    let header = request.header("authorization").ok_or(401_u16)?;
    let token = header.strip_prefix("Bearer ").or_else(|| header.strip_prefix("bearer ")).unwrap_or(header);
    let claims = issuers.claims(token.trim(), issuer).ok_or(401_u16)?;
    let is = |name: &str| claims.get(name);
    let audiences: Vec<&str> = match is("aud") {
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(one)) => vec![one],
        _ => is("client_id").and_then(Value::as_str).into_iter().collect(),
    };
    let now = now_ms / 1_000;
    let time = |name: &str| is(name).and_then(Value::as_u64);
    let good = is("iss").and_then(Value::as_str) == Some(issuer)
        && audiences.iter().any(|own| audience.iter().any(|wanted| wanted == own))
        && time("exp").is_some_and(|exp| exp > now)
        && time("nbf").is_none_or(|nbf| nbf <= now);
    if !good {
        return Err(401);
    }
    let own: Vec<&str> = ["scope", "scp"]
        .into_iter()
        .filter_map(is)
        .flat_map(|scopes| match scopes {
            Value::String(text) => text.split(' ').collect(),
            Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        })
        .collect();
    if !scopes.is_empty() && !scopes.iter().any(|scope| own.contains(&scope.as_str())) {
        return Err(403);
    }
    let texts: Map<String, Value> =
        claims.iter().map(|(name, value)| (name.clone(), json!(claim_text(value)))).collect();
    Ok(json!({ "jwt": { "claims": texts, "scopes": if scopes.is_empty() { Value::Null } else { json!(own) } } }))
}

/// Who calls, by a signature: the access key that it names. The signature itself is not looked at.
fn iam(request: &Request, account: &str) -> Result<Value, u16> {
    let header = request.header("authorization").filter(|it| it.starts_with("AWS4-HMAC-SHA256 ")).ok_or(403_u16)?;
    let key = header.split("Credential=").nth(1).and_then(|it| it.split('/').next()).ok_or(403_u16)?;
    let arn = format!("arn:aws:iam::{account}:user/local");
    Ok(json!({ "iam": {
        "accessKey": key, "accountId": account, "callerId": key, "cognitoIdentity": null, "principalOrgId": null, "userArn": arn, "userId": key,
    } }))
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
        let routes = self.apis.by_id.values().flat_map(|api| api.routes.iter().chain(&api.default));
        let auth = routes.map(|route| &route.auth).find(|auth| matches!(auth, Auth::Jwt { .. }))?;
        let Auth::Jwt { issuer, audience, scopes } = auth else { return None };
        let now = self.now_ms() / 1_000;
        for (name, value) in [
            ("iss", json!(issuer)),
            ("aud", json!(audience.first())),
            ("scope", json!(scopes.join(" "))),
            ("iat", json!(now)),
            ("exp", json!(now + 3_600)),
        ] {
            claims.entry(name).or_insert(value);
        }
        Some(self.issuers.make(&claims))
    }

    /// Sends a request to an API.
    pub fn request(&mut self, api: &str, request: Request, respond: Respond) {
        let Some(api) = self.apis.by_id.get(api).cloned() else {
            return respond(Response::of_gateway(404, "Not Found"));
        };
        let text = format!("{} {}", request.method, request.path);
        let body =
            serde_json::from_slice(&request.body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&request.body)));
        let hop = self.note(New::running(None, Kind::Request, &api.address, text, body));
        let respond = Self::answering(&api, &request, hop, respond);
        if request.body.len() > BODY_BYTES {
            return respond(self, Response::of_gateway(413, "Request Too Long"));
        }
        let path: Vec<String> =
            request.path.split('/').filter(|part| !part.is_empty()).map(|part| decoded(part, false)).collect();
        let taking = api.routes.iter().filter_map(|route| Some((route.clone(), route.takes(&request.method, &path)?)));
        let found = taking.max_by_key(|(route, _)| route.says());
        if found.is_none() && request.method == "OPTIONS" && api.cors.is_some() {
            return respond(self, Response { status: 204, headers: Vec::new(), body: Vec::new() });
        }
        let found = found.or_else(|| Some((api.default.clone()?, Map::new())));
        let Some((route, parameters)) = found else { return respond(self, Response::of_gateway(404, "Not Found")) };
        let account = self.names().account.to_owned();
        let who = match &route.auth {
            Auth::Nobody => Ok(Value::Null),
            Auth::Iam => iam(&request, &account),
            Auth::Jwt { issuer, audience, scopes } => {
                jwt(&self.issuers, &request, (issuer, audience, scopes), self.now_ms())
            }
            Auth::Function { id, function, identity, simple } => {
                let source = self.source_of(&api.id, &format!("authorizers/{id}"));
                if self.may_invoke(function, source, hop).is_err() {
                    return respond(self, Response::of_gateway(500, "Internal Server Error"));
                }
                let (function, identity, simple) = (function.clone(), identity.clone(), *simple);
                return self.ask_authorizer(
                    (function, identity, simple),
                    api,
                    route,
                    request,
                    parameters,
                    hop,
                    respond,
                );
            }
        };
        match who {
            Ok(authorizer) => self.call_route(&api, &route, &request, parameters, authorizer, hop, respond),
            Err(status) => {
                let why = missing(&route.auth, status);
                let told = New::done(Some(hop), Kind::Call, &api.address, "lets nobody in", Value::Null);
                self.note(told.with(Outcome::Denied(why.to_owned())));
                let message = if status == 401 { "Unauthorized" } else { "Forbidden" };
                respond(self, Response::of_gateway(status, message));
            }
        }
    }

    /// The ARN of what calls for an API: one of its routes, or an authorizer.
    fn source_of(&self, api: &str, what: &str) -> String {
        let names = self.names();
        format!("arn:aws:execute-api:{}:{}:{api}/{what}", names.region, names.account)
    }

    /// Whether the policy of a function lets the gateway invoke it. Who may not answers 500.
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html>
    fn may_invoke(&mut self, function: &str, source: String, hop: HopId) -> Result<(), Refusal> {
        let who = Principal::Service { service: SERVICE, source };
        self.may_do(&who, "lambda:InvokeFunction", function, Some(hop))
    }

    /// Adds what the API adds to every answer, and notes the end.
    fn answering(api: &Arc<Api>, request: &Request, hop: HopId, respond: Respond) -> Answer {
        let (api, origin) = (api.clone(), request.header("origin").map(str::to_owned));
        let preflight = request.method == "OPTIONS";
        Box::new(move |system, mut response| {
            if let (Some(cors), Some(origin)) = (&api.cors, origin) {
                response.headers.retain(|(name, _)| !name.starts_with("access-control-"));
                response.headers.extend(cors_headers(cors, &origin, preflight));
            }
            let outcome =
                if response.status < 400 { Outcome::Done } else { Outcome::Failed(response.status.to_string()) };
            system.note_end(hop, outcome);
            respond(response);
        })
    }

    #[expect(clippy::too_many_arguments, reason = "all of one request")]
    fn ask_authorizer(
        &mut self,
        (function, identity, simple): (String, Vec<String>, bool),
        api: Arc<Api>,
        route: Arc<Route>,
        request: Request,
        parameters: Map<String, Value>,
        hop: HopId,
        respond: Answer,
    ) {
        let header = |source: &String| request.header(source.strip_prefix("$request.header.")?).map(str::to_owned);
        let identities: Option<Vec<String>> = identity.iter().map(header).collect();
        let Some(identities) = identities else { return respond(self, Response::of_gateway(401, "Unauthorized")) };
        let mut asked = event(self, &api, &route, &request, parameters.clone(), Value::Null);
        asked["type"] = json!("REQUEST");
        let arn = format!(
            "arn:aws:execute-api:us-east-1:{}:{}/$default/{}{}",
            self.names().account,
            api.id,
            request.method,
            request.path
        );
        asked["routeArn"] = json!(arn);
        asked["identitySource"] = json!(identities);
        let then: Then = Box::new(move |system, ended| {
            let Ended::Answer(answer) = ended else {
                return respond(system, Response::of_gateway(500, "Internal Server Error"));
            };
            let answer: Value = serde_json::from_str(&answer).unwrap_or(Value::Null);
            let allowed = if simple {
                answer.get("isAuthorized") == Some(&json!(true))
            } else {
                answer.pointer("/policyDocument/Statement/0/Effect") == Some(&json!("Allow"))
            };
            if !allowed {
                return respond(system, Response::of_gateway(403, "Forbidden"));
            }
            let context = json!({ "lambda": answer.get("context").cloned().unwrap_or_else(|| json!({})) });
            system.call_route(&api, &route, &request, parameters, context, hop, respond);
        });
        self.invoke(Invoke { function, payload: asked.to_string(), cause: Some(hop), waits: false, then });
    }

    #[expect(clippy::too_many_arguments, reason = "all of one request")]
    fn call_route(
        &mut self,
        api: &Api,
        route: &Route,
        request: &Request,
        parameters: Map<String, Value>,
        authorizer: Value,
        hop: HopId,
        respond: Answer,
    ) {
        let (method, path) = route.key.split_once(' ').unwrap_or(("*", &route.key));
        let method = if method == "ANY" { "*" } else { method };
        let source = self.source_of(&api.id, &format!("$default/{method}/{}", path.trim_start_matches('/')));
        if self.may_invoke(&route.function, source, hop).is_err() {
            return respond(self, Response::of_gateway(500, "Internal Server Error"));
        }
        let event = event(self, api, route, request, parameters, authorizer);
        let then: Then = Box::new(move |system, ended| {
            let response = match ended {
                Ended::Answer(answer) => {
                    response(&answer).unwrap_or_else(|| Response::of_gateway(500, "Internal Server Error"))
                }
                Ended::Error { .. } => Response::of_gateway(500, "Internal Server Error"),
                Ended::Throttled => Response::of_gateway(503, "Service Unavailable"),
            };
            respond(system, response);
        });
        self.invoke(Invoke {
            function: route.function.clone(),
            payload: event.to_string(),
            cause: Some(hop),
            waits: false,
            then,
        });
    }
}

/// What a request lacks that is not let in, and how to get it here.
fn missing(auth: &Auth, status: u16) -> &'static str {
    match auth {
        Auth::Iam => {
            "the route takes signed requests (auth: iam): curl --aws-sigv4 aws:amz:us-east-1:execute-api --user local:local"
        }
        Auth::Jwt { .. } if status == 403 => "the token has none of the route's scopes",
        Auth::Jwt { .. } => {
            "the route takes tokens of its issuer: POST /_evc/token at the address of the services makes one"
        }
        Auth::Nobody | Auth::Function { .. } => "the authorizer says no",
    }
}

/// The headers that pages of other origins need.
fn cors_headers(cors: &Value, origin: &str, preflight: bool) -> Vec<(String, String)> {
    let texts = |field: &str| -> Vec<String> {
        let values = cors.get(field).and_then(Value::as_array);
        values.into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect()
    };
    let origins = texts("AllowOrigins");
    let any = origins.iter().any(|it| it == "*");
    if !any && !origins.iter().any(|it| it == origin) {
        return Vec::new();
    }
    let mut headers =
        vec![("access-control-allow-origin".to_owned(), if any { "*".to_owned() } else { origin.to_owned() })];
    if cors.get("AllowCredentials") == Some(&json!(true)) {
        headers.push(("access-control-allow-credentials".to_owned(), "true".to_owned()));
    }
    let mut lists = vec![("ExposeHeaders", "access-control-expose-headers")];
    if preflight {
        lists =
            vec![("AllowMethods", "access-control-allow-methods"), ("AllowHeaders", "access-control-allow-headers")];
        if let Some(age) = cors.get("MaxAge") {
            headers.push(("access-control-max-age".to_owned(), age.to_string()));
        }
    }
    for (field, header) in lists {
        let values = texts(field);
        if !values.is_empty() {
            headers.push((header.to_owned(), values.join(",")));
        }
    }
    headers
}
