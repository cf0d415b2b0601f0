//! What a service answers when it does not do what it was asked.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::iam::Denied;

/// What a call is refused with that policies do not allow.
const ACCESS_DENIED: &str = "AccessDeniedException";

/// The code of a call for which a service could not take a role on. No API answers it: services tell it in their own words.
const CANNOT_ASSUME: &str = "CannotAssumeRole";

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

    /// Policies do not allow the call, in AWS's words.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
    pub fn denied(denied: &Denied) -> Self {
        Self::new(if denied.assumes { CANNOT_ASSUME } else { ACCESS_DENIED }, denied.message.clone())
    }

    /// Whether policies are the reason.
    pub fn is_denied(&self) -> bool {
        [ACCESS_DENIED, CANNOT_ASSUME].contains(&self.code.as_str())
    }

    /// Whether a service could not take a role on.
    pub(crate) fn cannot_assume(&self) -> bool {
        self.code == CANNOT_ASSUME
    }

    /// Whether what was called is not there.
    pub fn is_missing(&self) -> bool {
        let codes = ["ResourceNotFoundException", "QueueDoesNotExist", "StateMachineDoesNotExist", "NotFound"];
        codes.contains(&self.code.as_str())
    }

    /// The local system does not have the operation.
    pub fn unknown_operation(service: &str, operation: &str) -> Self {
        Self::new("UnknownOperationException", format!("the local system has no operation `{operation}` of {service}"))
    }

    /// Why something could not be delivered, as `EventBridge` names it in a dead letter.
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>
    pub(crate) fn of_delivery(&self) -> &'static str {
        match self.code.as_str() {
            CANNOT_ASSUME => "FAILED_TO_ASSUME_ROLE",
            ACCESS_DENIED => "NO_PERMISSIONS",
            _ if self.is_missing() => "NO_RESOURCE",
            "ValidationException" | "InvalidParameter" | "InvalidParameterValue" | "MissingParameter" => {
                "INVALID_PARAMETER"
            }
            "InvalidExecutionInput" => "INVALID_JSON",
            _ => "ERROR_FROM_TARGET",
        }
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
