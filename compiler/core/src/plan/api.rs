//! How an API is addressed and called.

use super::value::{Part, Value, text};
use super::{LogicalId, ids};
use crate::model::{Api, ApiKind};
use crate::spec::given::Given;

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

/// A value of an API that the spec gives, or the parameter that each deployment gives it by: `ShopApiCertificate`.
pub(crate) fn given(api: &Api, what: &str, given: &Given<String>) -> Value {
    match given {
        Given::Here(text) => text.as_str().into(),
        Given::Parameter => Value::Ref(parameter(api, what)),
    }
}

/// The parameter of an API for something that the spec does not say.
pub(crate) fn parameter(api: &Api, what: &str) -> LogicalId {
    ids::of(&ids::api(api), what)
}

/// What of an API each deployment may give, with the name of its parameter.
pub(crate) const DOMAIN_NAME: &str = "domain-name";
pub(crate) const CERTIFICATE: &str = "certificate";
pub(crate) const ZONE: &str = "zone";
pub(crate) const WEB_ACL: &str = "web-acl-arn";
