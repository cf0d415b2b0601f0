//! How an API is addressed and called.

use super::ids;
use super::value::{Part, Value, text};
use crate::model::{Api, ApiKind};

/// What an API is called in descriptions: "the HTTP API", "REST API cart".
pub(crate) fn called(api: &Api) -> String {
    match (api.declared, api.kind) {
        (false, _) => "the HTTP API".to_owned(),
        (true, ApiKind::Http) => format!("HTTP API {}", api.head.name),
        (true, ApiKind::Rest) => format!("REST API {}", api.head.name),
    }
}

/// The URL of an API, without a slash at its end.
pub(crate) fn url(api: &Api) -> Value {
    let id = ids::api(api);
    match api.kind {
        ApiKind::Http => Value::Attribute(id, "ApiEndpoint"),
        ApiKind::Rest => text([
            "https://".into(),
            Part::Ref(id),
            ".execute-api.".into(),
            Part::Parameter("AWS::Region"),
            ".".into(),
            Part::Parameter("AWS::URLSuffix"),
            format!("/{}", ids::REST_STAGE).as_str().into(),
        ]),
    }
}
