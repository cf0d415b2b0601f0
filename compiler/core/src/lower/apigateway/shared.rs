//! What HTTP and REST APIs have in common: leave to call functions, and the format of access logs.

use crate::model::{Api, ApiKind, Function, Route};
use crate::plan::builder::Builder;
use crate::plan::value::{Part, Value};
use crate::plan::{LogicalId, arn, ids};

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
