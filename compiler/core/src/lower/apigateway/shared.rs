//! What HTTP and REST APIs have in common: leave to call functions, the format of access logs, lines on the dashboard.

use indexmap::IndexMap;

use crate::model::{Api, ApiKind, Auth, AuthorizerPlace, Function, Id, Input, Jwt, LogOf, Model, Route};
use crate::plan::alarm::{Alarm, Kind, Metric, Watched, of_log};
use crate::plan::api::called;
use crate::plan::builder::Builder;
use crate::plan::graph::{Graph, Line};
use crate::plan::names::of_stack;
use crate::plan::value::{Part, Value, text};
use crate::plan::{LogicalId, arn, ids};
use crate::source::Span;

/// Lets an API call a function for one route.
pub(super) fn permit(b: &mut Builder<'_>, id: &LogicalId, api: &Api, function: &Function, route: &Route, origin: &str) {
    // An HTTP API calls in the name of the route as it is written, a REST API in that of the path that was asked for.
    let is_open = |segment: &str| api.kind == ApiKind::Rest && segment.starts_with('{');
    let path: Vec<&str> = route.path.split('/').map(|it| if is_open(it) { "*" } else { it }).collect();
    // Any stage; there is only one.
    let any = format!("/*/{}{}", route.method, path.join("/"));
    let source = arn::of("execute-api", "", [Part::Ref(ids::api(api)), Part::Literal(any)]);
    b.permit(id, &ids::function(function), "apigateway.amazonaws.com", source, origin, route.span);
}

/// The format of an access log: an object on one line, since API Gateway takes no other.
pub(super) fn log_format(fields: &[(&str, &str)]) -> Value {
    let object: serde_json::Map<String, serde_json::Value> =
        fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
    serde_json::Value::Object(object).to_string().into()
}

/// The metrics of an API are of its id, or of its name: REST APIs are told apart by their names, and call their errors otherwise.
fn metric(api: &Api, metric: &str) -> (String, (&'static str, Value)) {
    match api.kind {
        ApiKind::Http => (metric.to_owned(), ("ApiId", Value::Ref(ids::api(api)))),
        ApiKind::Rest => {
            let name = text(of_stack().into_iter().chain([ids::api_suffix(api).as_str().into()]));
            (metric.replace("xx", "XXError"), ("ApiName", name))
        }
    }
}

/// Alarms on requests that fail and that take long.
pub(super) fn watch(b: &mut Builder<'_>, api: &Api) {
    let (id, span) = (ids::api(api), api.head.name_span);
    let what = called(api);
    for (kind, name, statistic, suffix, happened) in [
        (Kind::ApiErrors, "5xx", "Sum", "errors", "answered requests with a server error"),
        (Kind::ApiLatency, "Latency", "p99", "latency", "takes long to answer"),
    ] {
        let (name, of) = metric(api, name);
        let metric = Metric::of("AWS/ApiGateway", &name, of).by(statistic);
        let pattern = (kind == Kind::ApiErrors).then_some("{ $.status = \"5*\" }");
        let look = of_log(b.model, LogOf::Api, &ids::of(&id, "logs"), pattern);
        let happened = format!("{what} {happened}");
        b.alarm(Alarm::new(kind, Watched::Api, ids::of(&id, suffix), happened, metric, span).look(look));
    }
}

/// What is asked of an API and how it answers, on the dashboard.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html>
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html>
pub(super) fn show(b: &mut Builder<'_>, id: Id<Api>, api: &Api) {
    let several = b.model.apis.len() > 1;
    for (graph, name) in [
        (Graph::ApiRequests, "Count"),
        (Graph::ApiRequests, "4xx"),
        (Graph::ApiRequests, "5xx"),
        (Graph::ApiLatency, "Latency"),
    ] {
        let label = if several { format!("{} {name}", api.head.name) } else { name.to_owned() };
        let (metric, of) = metric(api, name);
        // In the order of the spec, whatever their kind.
        b.show(graph, Line::new(&label, "AWS/ApiGateway", &metric, [of]).at(id.index()));
    }
}

/// Whether one authorizer takes both.
pub(super) fn same_tokens(one: &Jwt, other: &Jwt) -> bool {
    one.issuer == other.issuer && one.audience == other.audience
}

/// The authorizers of an API: each with a route that it is for, and its logical id.
pub(super) type Authorizers<'m> = Vec<(&'m Route, LogicalId)>;

/// The authorizer of a route, if it has one.
pub(super) fn authorizer<'a>(authorizers: &'a Authorizers<'_>, route: &Route) -> Option<&'a LogicalId> {
    let is_one = |known: &Route| match (&known.auth, &route.auth) {
        (Auth::Jwt(known), Auth::Jwt(jwt)) => same_tokens(known, jwt),
        (Auth::Function(_), Auth::Function(_)) => known.authorizer == route.authorizer,
        _ => false,
    };
    authorizers.iter().find(|(known, _)| is_one(known)).map(|(_, id)| id)
}

/// What API Gateway calls to ask a function who calls.
pub(super) fn asked(function: &Function) -> Value {
    arn::of_integration(
        "lambda:path/2015-03-31/functions/",
        [Part::Attribute(ids::function(function), "Arn"), "/invocations".into()],
    )
}

/// How long an answer of an authorizer is kept, and by what: what every request has that it lets through. Who lacks one of these is
/// answered with 401, and no function is asked. `name` has what a source is called.
pub(super) fn kept(
    model: &Model,
    function: &Function,
    name: impl Fn(AuthorizerPlace, &str) -> String,
) -> (Value, Vec<String>) {
    let Some(authorizer) = &function.authorizer else { return (Value::count(0), Vec::new()) };
    let fields = match &function.input {
        Input::Value(input) => model.types.record(input).unwrap_or_default(),
        Input::Nothing | Input::Events(_) => IndexMap::default(),
    };
    let needed = authorizer.sources().filter(|(_, _, field)| fields.get(field.as_str()).is_some_and(|it| !it.optional));
    let mut sources: Vec<String> = Vec::new();
    for (place, called, _) in needed {
        // What API Gateway says is always there; it only tells answers apart.
        let name = name(place, called);
        if (place != AuthorizerPlace::Said || authorizer.cache.is_some()) && !sources.contains(&name) {
            sources.push(name);
        }
    }
    let cache = authorizer.cache.as_ref().map_or(Value::count(0), |cache| Value::seconds(cache.value));
    (cache, sources)
}

/// What API Gateway calls something of a request that it says itself.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html>
pub(super) fn said(name: &str) -> &'static str {
    match name {
        "method" => "context.httpMethod",
        "path" => "context.path",
        _ => "context.identity.sourceIp",
    }
}

/// Lets an authorizer of an API ask its function, and nothing else of the API.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>
pub(super) fn permit_to_ask(
    b: &mut Builder<'_>,
    authorizer: &LogicalId,
    api: &Api,
    function: &Function,
    origin: &str,
    span: Span,
) {
    let parts = [Part::Ref(ids::api(api)), "/authorizers/".into(), Part::Ref(authorizer.clone())];
    let source = arn::of("execute-api", "", parts);
    b.permit(
        &ids::of(authorizer, "permission"),
        &ids::function(function),
        "apigateway.amazonaws.com",
        source,
        origin,
        span,
    );
}
