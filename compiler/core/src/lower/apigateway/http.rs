//! HTTP APIs: their stages, routes, authorizers, and the permission of each route to call its function.

use super::domain;
use super::shared::{Authorizers, asked, authorizer, kept, log_format, permit, permit_to_ask, said, show, watch};
use crate::model::{Api, ApiKind, ApiMetrics, Auth, AuthorizerPlace, Cors, Function, LogOf, Route, Throttling};
use crate::plan::api::{audience, called, issuer};
use crate::plan::builder::{Builder, Group};
use crate::plan::ids::api_suffix as suffix;
use crate::plan::names::Named;
use crate::plan::value::{Part, Value, description, text};
use crate::plan::{LogicalId, Resource, ids};

/// What the access log holds of each request.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html>
const ACCESS_LOG: [(&str, &str); 9] = [
    ("requestId", "$context.requestId"),
    ("time", "$context.requestTime"),
    ("ip", "$context.identity.sourceIp"),
    ("method", "$context.httpMethod"),
    ("route", "$context.routeKey"),
    ("status", "$context.status"),
    ("latency", "$context.responseLatency"),
    ("bytes", "$context.responseLength"),
    ("error", "$context.integrationErrorMessage"),
];

/// Adds each HTTP API.
pub(crate) fn lower(b: &mut Builder<'_>) {
    for (id, api) in b.model.apis.iter().filter(|(_, api)| api.kind == ApiKind::Http) {
        of(b, api);
        show(b, id, api);
        watch(b, api);
    }
}

fn of(b: &mut Builder<'_>, api: &Api) {
    let model = b.model;
    let (id, span) = (ids::api(api), api.head.name_span);
    let origin = if api.declared { format!("API `{}`", api.head.name) } else { "HTTP API".to_owned() };
    let name = b.name(Named::Api, "", &suffix(api), span);
    let about = description(api.head.description.as_ref().or(model.description.as_ref()), 1024);
    let resource = Resource::new("AWS::ApiGatewayV2::Api", &origin, span, [("Name", name)])
        .with("Description", about)
        .and([("ProtocolType", "HTTP".into())])
        .with("CorsConfiguration", api.cors.as_ref().map(cors));
    b.add(&id, resource);
    stage(b, api, &id, &origin);
    domain::add(b, api, &ids::of(&id, "stage"));
    let authorizers = authorizers(b, api, &id);
    let mut integrated: Vec<LogicalId> = Vec::new();
    for route in &api.routes {
        // Other routes are not for HTTP APIs, which a check says.
        let Some(function) = route.function().map(|function| &model.functions[function]) else { continue };
        add_route(b, api, route, function, authorizer(&authorizers, route), &mut integrated);
    }
}

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html>
fn cors(cors: &Cors) -> Value {
    let list = |texts: &mut dyn Iterator<Item = &str>| Value::List(texts.map(Value::from).collect());
    let entries = [
        ("AllowOrigins", list(&mut cors.origins.iter().map(|origin| origin.as_str()))),
        ("AllowMethods", list(&mut cors.methods.iter().map(String::as_str))),
        ("AllowHeaders", list(&mut cors.headers.iter().map(String::as_str))),
        ("MaxAge", Value::seconds(cors.max_age)),
    ];
    let exposed =
        (!cors.exposed.is_empty()).then(|| ("ExposeHeaders", list(&mut cors.exposed.iter().map(String::as_str))));
    let credentials = cors.credentials.map(|_| ("AllowCredentials", true.into()));
    Value::map(entries.into_iter().chain(exposed).chain(credentials))
}

/// The stage `$default`, which deploys itself and has no part in the path, with throttling and an access log.
fn stage(b: &mut Builder<'_>, api: &Api, id: &LogicalId, origin: &str) {
    let model = b.model;
    let span = api.head.name_span;
    let retention = &model.observability.log_retention;
    let group = Group { of: LogOf::Api, prefix: "/aws/vendedlogs/apis/", suffix: &suffix(api), retention };
    let logs = b.log_group(id, &group, origin, span);
    let access_log = Value::map([("DestinationArn", Value::arn(&logs)), ("Format", log_format(&ACCESS_LOG))]);
    let throttled = api.routes.iter().filter_map(|route| Some((route, route.throttling?)));
    let detailed = model.observability.api_metrics == ApiMetrics::OfEachRoute;
    let routes: Vec<(String, Value)> =
        throttled.clone().map(|(route, throttling)| (route.key(), settings(throttling, detailed))).collect();
    let properties = [
        ("ApiId", Value::Ref(id.clone())),
        ("StageName", "$default".into()),
        ("AutoDeploy", true.into()),
        ("DefaultRouteSettings", settings(api.throttling, detailed)),
        ("AccessLogSettings", access_log),
    ];
    let mut stage = Resource::new("AWS::ApiGatewayV2::Stage", format!("stage of the {origin}"), span, properties)
        .with("RouteSettings", (!routes.is_empty()).then(|| Value::Map(routes.into_iter().collect())));
    // A stage that has settings for a route that is not there yet is refused.
    stage.depends_on = throttled.map(|(route, _)| of_route(b, api, route, "route")).collect();
    b.add(&ids::of(id, "stage"), stage);
}

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html>
fn settings(throttling: Throttling, detailed: bool) -> Value {
    Value::map([
        ("ThrottlingRateLimit", Value::count(throttling.rate)),
        ("ThrottlingBurstLimit", Value::count(throttling.burst)),
        ("DetailedMetricsEnabled", detailed.into()),
    ])
}

/// One authorizer for all routes that take the same tokens, or ask the same function. What scopes they need, each route says itself.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html>
fn authorizers<'a>(b: &mut Builder<'_>, api: &'a Api, id: &LogicalId) -> Authorizers<'a> {
    let mut authorizers: Authorizers<'a> = Vec::new();
    let mut tokens = 0;
    for route in &api.routes {
        if authorizer(&authorizers, route).is_some() {
            continue;
        }
        let added = match (&route.auth, route.authorizer) {
            (Auth::Jwt(jwt), _) => {
                tokens += 1;
                let number = if tokens == 1 { String::new() } else { tokens.to_string() };
                let configuration = Value::map([("Issuer", issuer(jwt)), ("Audience", audience(jwt))]);
                let properties = [
                    ("ApiId", Value::Ref(id.clone())),
                    ("Name", format!("jwt{number}").into()),
                    ("AuthorizerType", "JWT".into()),
                    ("IdentitySource", Value::List(vec!["$request.header.Authorization".into()])),
                    ("JwtConfiguration", configuration),
                ];
                let origin = format!("authorizer of {}", called(api));
                let resource = Resource::new("AWS::ApiGatewayV2::Authorizer", origin, route.auth_span, properties);
                let id = ids::of(id, &format!("authorizer{number}"));
                b.add(&id, resource);
                id
            }
            (Auth::Function(_), Some(function)) => ask(b, api, route, &b.model.functions[function], id),
            _ => continue,
        };
        authorizers.push((route, added));
    }
    authorizers
}

/// An authorizer that asks a function. Its answer is a yes or a no, which holds for every route that asks the same with the same.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>
fn ask(b: &mut Builder<'_>, api: &Api, route: &Route, function: &Function, id: &LogicalId) -> LogicalId {
    let (cache, sources) = kept(b.model, function, |place, name| match place {
        AuthorizerPlace::Query => format!("$request.querystring.{name}"),
        AuthorizerPlace::Header => format!("$request.header.{name}"),
        // Cookies are one header.
        AuthorizerPlace::Cookie => "$request.header.Cookie".to_owned(),
        AuthorizerPlace::Said => format!("${}", said(name)),
    });
    let properties = [
        ("ApiId", Value::Ref(id.clone())),
        ("Name", function.head.name.as_str().into()),
        ("AuthorizerType", "REQUEST".into()),
        ("AuthorizerUri", asked(function)),
        ("AuthorizerPayloadFormatVersion", "2.0".into()),
        ("EnableSimpleResponses", true.into()),
        ("AuthorizerResultTtlInSeconds", cache),
    ];
    let origin = format!("authorizer `{}` of {}", function.head.name, called(api));
    let sources = (!sources.is_empty()).then(|| Value::List(sources.into_iter().map(Value::from).collect()));
    let resource = Resource::new("AWS::ApiGatewayV2::Authorizer", &origin, route.auth_span, properties)
        .with("IdentitySource", sources);
    let authorizer = LogicalId::new([id.as_str(), &function.head.name, "authorizer"]);
    b.add(&authorizer, resource);
    permit_to_ask(b, &authorizer, api, function, &origin, route.auth_span);
    authorizer
}

/// The logical id of what belongs to a route. In the stack's own API a function has one route, and the id is made of its name.
fn of_route(b: &Builder<'_>, api: &Api, route: &Route, what: &str) -> LogicalId {
    if let Some(function) = route.function().filter(|_| !api.declared) {
        return ids::of(&ids::function(&b.model.functions[function]), what);
    }
    let method = route.method.to_ascii_lowercase();
    // `/files/{name}` and `/files/{name+}` are two routes.
    let all = if route.path.ends_with("+}") { "all" } else { "" };
    LogicalId::new([ids::api(api).as_str(), &method, &route.path, all, what])
}

fn add_route(
    b: &mut Builder<'_>,
    api: &Api,
    route: &Route,
    function: &Function,
    authorizer: Option<&LogicalId>,
    integrated: &mut Vec<LogicalId>,
) {
    let id = ids::function(function);
    let (origin, integration) = if api.declared {
        let integration = LogicalId::new([ids::api(api).as_str(), &function.head.name, "integration"]);
        (format!("route `{}` of API `{}`", route.key(), api.head.name), integration)
    } else {
        (format!("route of function `{}`", function.head.name), ids::of(&id, "integration"))
    };
    if !integrated.contains(&integration) {
        let properties = [
            ("ApiId", Value::Ref(ids::api(api))),
            ("IntegrationType", "AWS_PROXY".into()),
            ("IntegrationUri", Value::arn(&id)),
            ("PayloadFormatVersion", "2.0".into()),
        ];
        b.add(&integration, Resource::new("AWS::ApiGatewayV2::Integration", &origin, route.span, properties));
        integrated.push(integration.clone());
    }
    let properties = [
        ("ApiId", Value::Ref(ids::api(api))),
        ("RouteKey", route.key().into()),
        ("AuthorizationType", authorization(&route.auth).into()),
    ];
    let resource = Resource::new("AWS::ApiGatewayV2::Route", &origin, route.span, properties)
        .with("AuthorizerId", authorizer.map(|id| Value::Ref(id.clone())))
        .with("AuthorizationScopes", scopes(&route.auth))
        .and([("Target", text(["integrations/".into(), Part::Ref(integration)]))]);
    b.add(&of_route(b, api, route, "route"), resource);
    let what = if api.declared { "permission" } else { "api-permission" };
    let permission = of_route(b, api, route, what);
    permit(b, &permission, api, function, route, &origin);
}

fn authorization(auth: &Auth) -> &'static str {
    match auth {
        Auth::Iam => "AWS_IAM",
        Auth::Jwt(_) => "JWT",
        Auth::Function(_) => "CUSTOM",
        // An HTTP API knows no keys, which a check says; the function checks signatures itself.
        Auth::None | Auth::ApiKey | Auth::Webhook(_) => "NONE",
    }
}

fn scopes(auth: &Auth) -> Option<Value> {
    match auth {
        Auth::Jwt(jwt) if !jwt.scopes.is_empty() => {
            Some(Value::List(jwt.scopes.iter().map(|scope| scope.as_str().into()).collect()))
        }
        _ => None,
    }
}
