//! HTTP APIs, whose routes lead to functions.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api.html>

mod event;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::route::{self, Path};
use super::token::{self, Wanted};
use super::{Answer, Request, Response};
use crate::jwt::{Issuers, RSA};
use crate::sim::lambda::{Ended, Invoke, Then};
use crate::stack::{Resource, Stack};
use crate::system::System;
use crate::trace::{HopId, Kind, New, Outcome};

/// An HTTP API.
#[derive(Debug)]
pub(super) struct Http {
    pub(super) id: String,
    pub(super) address: String,
    routes: Vec<Arc<Route>>,
    default: Option<Arc<Route>>,
    cors: Option<Value>,
}

/// Who may call a route.
#[derive(Debug, Clone)]
enum Auth {
    Nobody,
    Iam,
    Jwt(Wanted),
    Function(Asked),
}

/// A function that is asked.
#[derive(Debug, Clone)]
struct Asked {
    /// The authorizer's id.
    id: String,
    function: String,
    /// Where stands who calls: `$request.header.X-Session`.
    identity: Vec<String>,
    /// Whether it answers yes or no, and not with a policy.
    simple: bool,
    /// How long its answer is kept, milliseconds.
    kept_ms: u64,
}

#[derive(Debug)]
struct Route {
    key: String,
    method: Option<String>,
    path: Path,
    function: String,
    auth: Auth,
}

impl Http {
    /// An API of a stack.
    pub(super) fn of(stack: &Stack, it: &Resource) -> Self {
        let of_api = |route: &&Resource| route.text("/ApiId") == Some(it.reference.as_str());
        let routes = stack.resources.values().filter(|it| it.type_ == "AWS::ApiGatewayV2::Route").filter(of_api);
        let routes: Vec<Arc<Route>> = routes.filter_map(|route| self::route(stack, route)).map(Arc::new).collect();
        let (default, routes): (Vec<_>, Vec<_>) = routes.into_iter().partition(|route| route.key == "$default");
        let cors = it.at("/CorsConfiguration").cloned();
        let default = default.into_iter().next();
        Self { id: it.reference.clone(), address: it.address.clone(), routes, default, cors }
    }

    /// What the first route with tokens wants.
    pub(super) fn wants_token(&self) -> Option<&Wanted> {
        self.routes.iter().chain(&self.default).find_map(|route| match &route.auth {
            Auth::Jwt(wanted) => Some(wanted),
            _ => None,
        })
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
                Some(uri) => Auth::Function(Asked {
                    id: authorizer.reference.clone(),
                    function: uri
                        .split_once("/functions/")
                        .map_or(uri, |(_, rest)| rest.trim_end_matches("/invocations"))
                        .to_owned(),
                    identity: texts(authorizer.list("/IdentitySource")),
                    simple: authorizer.flag("/EnableSimpleResponses"),
                    kept_ms: authorizer.number("/AuthorizerResultTtlInSeconds").unwrap_or(0) * 1_000,
                }),
                None => Auth::Jwt(Wanted {
                    issuer: authorizer.text("/JwtConfiguration/Issuer").unwrap_or_default().to_owned(),
                    audience: texts(authorizer.list("/JwtConfiguration/Audience")),
                    algorithms: RSA.map(str::to_owned).to_vec(),
                    scopes: texts(route.list("/AuthorizationScopes")),
                }),
            }
        }
        _ => Auth::Nobody,
    };
    let path = Path::parse(path);
    let method = (method != "ANY").then(|| method.to_owned());
    Some(Route { key, method, path, function, auth })
}

impl Route {
    /// The path parameters, if the route takes the request.
    fn takes(&self, method: &str, path: &[String]) -> Option<Map<String, Value>> {
        if self.method.as_ref().is_some_and(|own| own != method) {
            return None;
        }
        self.path.takes(path)
    }

    /// How much a route says of what it takes: the one that says most is chosen. A method before any.
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html#http-api-develop-routes.evaluation>
    fn says(&self) -> (Vec<u8>, bool) {
        (self.path.says(), self.method.is_some())
    }
}

/// Who calls, by a token: what a function is told of it; or the status that is answered.
fn jwt(issuers: &Issuers, request: &Request, wanted: &Wanted, now_ms: u64) -> Result<Value, u16> {
    let token = token::check(issuers, request, wanted, now_ms)?;
    let text = |(name, value): (&String, &Value)| (name.clone(), json!(token::claim_text(value)));
    let texts: Map<String, Value> = token.claims.iter().map(text).collect();
    let scopes = if wanted.scopes.is_empty() { Value::Null } else { json!(token.scopes) };
    Ok(json!({ "jwt": { "claims": texts, "scopes": scopes } }))
}

/// Who calls, by a signature.
fn iam(request: &Request, account: &str) -> Result<Value, u16> {
    let key = token::signed_by(request).ok_or(403_u16)?;
    let arn = format!("arn:aws:iam::{account}:user/local");
    Ok(json!({ "iam": {
        "accessKey": key, "accountId": account, "callerId": key, "cognitoIdentity": null, "principalOrgId": null, "userArn": arn, "userId": key,
    } }))
}

impl System {
    /// Carries out a request of an HTTP API.
    pub(super) fn request_of_http(&mut self, api: &Arc<Http>, request: Request, hop: HopId, respond: Answer) {
        let api = api.clone();
        let respond = with_cors(&api, &request, respond);
        let path = route::parts(&request.path);
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
            Auth::Jwt(wanted) => jwt(&self.issuers, &request, wanted, self.now_ms()),
            Auth::Function(asked) => {
                let asked = asked.clone();
                return self.ask_authorizer(&asked, api, route, request, parameters, hop, respond);
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

    #[expect(clippy::too_many_arguments, reason = "all of one request")]
    fn ask_authorizer(
        &mut self,
        asked: &Asked,
        api: Arc<Http>,
        route: Arc<Route>,
        request: Request,
        parameters: Map<String, Value>,
        hop: HopId,
        respond: Answer,
    ) {
        let header = |source: &String| request.header(source.strip_prefix("$request.header.")?).map(str::to_owned);
        let identities: Option<Vec<String>> =
            asked.identity.iter().map(|source| header(source).filter(|it| !it.is_empty())).collect();
        let Some(identities) = identities else { return respond(self, Response::of_gateway(401, "Unauthorized")) };
        let Asked { id, function, simple, .. } = asked.clone();
        let key = (id, identities);
        if let Some(answer) = self.apis.answers.kept(&key, self.now_ms()) {
            return self.let_in(&answer, simple, &api, &route, &request, parameters, hop, respond);
        }
        let what = format!("authorizers/{}", key.0);
        if self.may_invoke(&function, None, (&api.id, &what), hop).is_err() {
            return respond(self, Response::of_gateway(500, "Internal Server Error"));
        }
        let kept_ms = if key.1.is_empty() { 0 } else { asked.kept_ms };
        let mut asked = event::event(self, &api, &route, &request, parameters.clone(), Value::Null);
        // <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>: it has no body.
        if let Some(asked) = asked.as_object_mut() {
            asked.retain(|name, _| !["body", "isBase64Encoded"].contains(&name.as_str()));
        }
        asked["type"] = json!("REQUEST");
        let arn = format!(
            "arn:aws:execute-api:us-east-1:{}:{}/$default/{}{}",
            self.names().account,
            api.id,
            request.method,
            request.path
        );
        asked["routeArn"] = json!(arn);
        asked["identitySource"] = json!(key.1);
        let then: Then = Box::new(move |system, ended| {
            let Ended::Answer(answer) = ended else {
                return respond(system, Response::of_gateway(500, "Internal Server Error"));
            };
            let answer: Value = serde_json::from_str(&answer).unwrap_or(Value::Null);
            if kept_ms > 0 {
                let until_ms = system.now_ms() + kept_ms;
                system.apis.answers.keep(key, until_ms, answer.clone());
            }
            system.let_in(&answer, simple, &api, &route, &request, parameters, hop, respond);
        });
        self.invoke(Invoke { function, payload: asked.to_string(), cause: Some(hop), waits: false, then });
    }

    /// Goes on as an authorizer has answered.
    #[expect(clippy::too_many_arguments, reason = "all of one request")]
    fn let_in(
        &mut self,
        answer: &Value,
        simple: bool,
        api: &Http,
        route: &Route,
        request: &Request,
        parameters: Map<String, Value>,
        hop: HopId,
        respond: Answer,
    ) {
        let allowed = if simple {
            answer.get("isAuthorized").and_then(Value::as_bool)
        } else {
            answer.pointer("/policyDocument/Statement/0/Effect").map(|effect| effect == "Allow")
        };
        match allowed {
            Some(true) => {
                let context = json!({ "lambda": answer.get("context").cloned().unwrap_or_else(|| json!({})) });
                self.call_route(api, route, request, parameters, context, hop, respond);
            }
            Some(false) => respond(self, Response::of_gateway(403, "Forbidden")),
            None => respond(self, Response::of_gateway(500, "Internal Server Error")),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "all of one request")]
    fn call_route(
        &mut self,
        api: &Http,
        route: &Route,
        request: &Request,
        parameters: Map<String, Value>,
        authorizer: Value,
        hop: HopId,
        respond: Answer,
    ) {
        let (method, path) = route.key.split_once(' ').unwrap_or(("*", &route.key));
        let method = if method == "ANY" { "*" } else { method };
        let what = format!("$default/{method}/{}", path.trim_start_matches('/'));
        // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html
        if self.may_invoke(&route.function, None, (&api.id, &what), hop).is_err() {
            return respond(self, Response::of_gateway(500, "Internal Server Error"));
        }
        let event = event::event(self, api, route, request, parameters, authorizer);
        let then: Then = Box::new(move |system, ended| {
            let response = match ended {
                Ended::Answer(answer) => {
                    event::response(&answer).unwrap_or_else(|| Response::of_gateway(500, "Internal Server Error"))
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

/// Adds the headers of CORS, which the API adds to every answer.
fn with_cors(api: &Arc<Http>, request: &Request, respond: Answer) -> Answer {
    let (api, origin) = (api.clone(), request.header("origin").map(str::to_owned));
    let preflight = request.method == "OPTIONS";
    Box::new(move |system, mut response| {
        if let (Some(cors), Some(origin)) = (&api.cors, origin) {
            response.headers.retain(|(name, _)| !name.starts_with("access-control-"));
            response.headers.extend(cors_headers(cors, &origin, preflight));
        }
        respond(system, response);
    })
}

/// What a request lacks that is not let in, and how to get it here.
fn missing(auth: &Auth, status: u16) -> &'static str {
    match auth {
        Auth::Iam => {
            "the route takes signed requests (auth: iam): curl --aws-sigv4 aws:amz:us-east-1:execute-api --user local:local"
        }
        Auth::Jwt(_) if status == 403 => "the token has none of the route's scopes",
        Auth::Jwt(_) => {
            "the route takes tokens of its issuer: POST /_evc/token at the address of the services makes one"
        }
        Auth::Nobody | Auth::Function(_) => "the authorizer says no",
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
