//! Errors as problem JSON (RFC 9457): those that a service answers with, and those that the gateway finds itself.

use crate::model::TableOperation;

/// A kind of error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    pub(crate) title: &'static str,
}

impl Problem {
    const BAD_REQUEST: Self = Self { status: 400, title: "InvalidInput" };
    pub(super) const NOT_FOUND: Self = Self { status: 404, title: "NotFound" };
    const CONFLICT: Self = Self { status: 409, title: "Conflict" };
    const THROTTLED: Self = Self { status: 429, title: "Throttled" };
    /// What is not the caller's business.
    pub(crate) const INTERNAL: Self = Self { status: 500, title: "InternalError" };

    /// The body.
    pub(crate) fn body(self, detail: Option<&str>) -> String {
        let Self { status, title } = self;
        let detail = detail.map_or_else(String::new, |detail| format!(r#", "detail": "{detail}""#));
        format!(r#"{{ "title": "{title}", "status": {status}{detail} }}"#)
    }

    /// The body, with the status set to that of the problem whatever response the template belongs to.
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-override-request-response-parameters.html>
    fn overriding(self, detail: &str) -> String {
        let detail = (self.status < 500).then_some(detail);
        format!("#set($context.responseOverride.status = {})\n{}", self.status, self.body(detail))
    }

    /// The same in the template of a success, whose response does not say that it is a problem.
    pub(super) fn instead(self, detail: &str) -> String {
        let kind = "#set($context.responseOverride.header.Content-Type = \"application/problem+json\")";
        format!("{kind}\n{}", self.overriding(detail))
    }
}

/// What is part of every name for a refusal because of too many requests.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html#Programming.Errors.MessagesAndCodes>
const THROTTLING: &[&str] = &["ThroughputExceeded", "Throttl", "LimitExceeded"];

/// The template of what DynamoDB refuses. All of its refusals have the status 400; what they are says `__type`.
///
/// `ValidationException` is the caller's: the request itself is the same every time, so that what is wrong with it is a value, such
/// as an empty key, a number that is none, or an item of more than 400 KB. All else is ours, of which callers learn nothing.
pub(crate) fn of_table(operation: &TableOperation) -> String {
    let condition = match operation {
        TableOperation::Put { .. } => Some((Problem::CONFLICT, "there is an item with this key already")),
        TableOperation::Update { .. } => Some((Problem::NOT_FOUND, "there is no item with this key")),
        TableOperation::Get { .. } | TableOperation::Query { .. } => None,
    };
    let condition = condition.map(|(problem, detail)| (&["ConditionalCheckFailed"] as &[&str], problem, detail));
    let value = (&["ValidationException"] as &[&str], Problem::BAD_REQUEST, "the table does not take these values");
    by_type(condition.into_iter().chain([value]))
}

/// The template of what Step Functions refuses: an input that is too long is the caller's.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html#API_StartExecution_Errors>
pub(crate) fn of_workflow() -> String {
    let types: &[&str] = &["InvalidExecutionInput", "ValidationException", "SerializationException"];
    by_type([(types, Problem::BAD_REQUEST, "the workflow does not take this input")].into_iter())
}

fn by_type<'a>(known: impl Iterator<Item = (&'a [&'a str], Problem, &'a str)>) -> String {
    let throttled = (THROTTLING, Problem::THROTTLED, "there are too many requests at the moment");
    let mut template = "#set($type = $input.path('$.__type'))\n".to_owned();
    for (at, (names, problem, detail)) in known.chain([throttled]).enumerate() {
        let conditions = names.iter().map(|name| format!("$type.contains('{name}')")).collect::<Vec<_>>().join(" || ");
        let word = if at == 0 { "#if" } else { "#elseif" };
        template.extend([word, "(", &conditions, ")\n", &problem.overriding(detail), "\n"]);
    }
    template + &format!("#else\n{}\n#end", Problem::INTERNAL.overriding(""))
}
