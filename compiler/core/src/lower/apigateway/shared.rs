//! What HTTP and REST APIs have in common: leave to call functions, and the format of access logs.

use crate::model::{Api, ApiKind, Function, Route};
use crate::plan::value::{Part, Value};
use crate::plan::{Resource, arn, ids};

/// The permission of an API to call a function for one route.
pub(super) fn permission(api: &Api, function: &Function, route: &Route, origin: &str) -> Resource {
    // An HTTP API calls in the name of the route as it is written, a REST API in that of the path that was asked for.
    let is_open = |segment: &str| api.kind == ApiKind::Rest && segment.starts_with('{');
    let path: Vec<&str> = route.path.split('/').map(|it| if is_open(it) { "*" } else { it }).collect();
    // Any stage; there is only one.
    let any = format!("/*/{}{}", route.method, path.join("/"));
    let source = arn::of("execute-api", "", [Part::Ref(ids::api(api)), Part::Literal(any)]);
    let properties = [
        ("FunctionName", Value::Ref(ids::function(function))),
        ("Action", "lambda:InvokeFunction".into()),
        ("Principal", "apigateway.amazonaws.com".into()),
        ("SourceArn", source),
    ];
    Resource::new("AWS::Lambda::Permission", origin, route.span, properties)
}

/// The format of an access log: an object on one line, since API Gateway takes no other.
pub(super) fn log_format(fields: &[(&str, &str)]) -> Value {
    let object: serde_json::Map<String, serde_json::Value> =
        fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
    serde_json::Value::Object(object).to_string().into()
}
