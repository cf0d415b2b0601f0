//! What a service answers when it does not do what it was asked.

use std::fmt;

use serde_json::{Map, Value, json};

/// The answer of a service that refuses a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The error's code, as SDKs know it: `ValidationException`.
    pub code: String,
    /// For people.
    pub message: String,
    /// What else the answer says: `CancellationReasons` of a transaction.
    pub details: Box<Map<String, Value>>,
}

impl Refusal {
    /// The request is wrong: status 400.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { status: 400, code: code.to_owned(), message: message.into(), details: Box::default() }
    }

    /// A parameter is wrong or missing.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    /// The role does not allow the call, in AWS's words.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
    pub fn denied(principal: &str, action: &str, resource: &str) -> Self {
        let message = format!(
            "User: {principal} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action"
        );
        Self::new("AccessDeniedException", message)
    }

    /// The local system does not have the operation.
    pub fn unknown_operation(service: &str, operation: &str) -> Self {
        Self::new("UnknownOperationException", format!("the local system has no operation `{operation}` of {service}"))
    }

    /// The body of the answer in AWS's JSON protocols.
    /// <https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html#operation-error-serialization>
    pub fn body(&self) -> Value {
        let mut body =
            Map::from_iter([("__type".to_owned(), json!(self.code)), ("message".to_owned(), json!(self.message))]);
        body.extend((*self.details).clone());
        Value::Object(body)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Refusal {}
