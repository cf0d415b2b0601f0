//! The answers of a method, as it declares them.

use crate::plan::value::Value;

/// A response of a method: its status, and the headers that an integration may set in it.
pub(super) fn method_response<'a>(status: u16, headers: impl Iterator<Item = &'a str>) -> Value {
    let headers: Vec<(String, Value)> = headers.map(|name| (header(name), true.into())).collect();
    let parameters = (!headers.is_empty()).then(|| ("ResponseParameters", Value::map(headers)));
    Value::map([("StatusCode", Value::from(status.to_string()))].into_iter().chain(parameters))
}

/// A header of a response, as mappings call it.
pub(super) fn header(name: &str) -> String {
    format!("method.response.header.{name}")
}
