//! Readers of streams, as they are after overrides: each has a filter, ends its retries, keeps what it gives up, and gives a record
//! more time than an invocation may take. What evc makes is so; what an override changes or adds may not be.

use crate::diagnostics::{Code, Diagnostic};
use crate::plan::Resource;
use crate::plan::builder::Builder;
use crate::plan::value::Map;
use crate::plan::value::Value;
use crate::source::Span;

/// How often a batch is tried and how old a record may become when nothing is said: for ever.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>
const FOR_EVER: i64 = -1;

/// The timeout of a function that says none, in seconds.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html>
const TIMEOUT: i64 = 3;

/// Looks at each reader of a stream.
pub(super) fn finish(b: &mut Builder<'_>) {
    let mut found = Vec::new();
    for (id, resource) in &b.plan.resources {
        let Some(reader) = Reader::of(resource) else { continue };
        let at = resource.place();
        reader.check(b, id.as_str(), at, &mut found);
    }
    b.diagnostics.extend(found);
}

/// What a resource says of the stream that it reads.
struct Reader<'r> {
    resource: &'r Resource,
    filters: Option<&'r Value>,
    attempts: Option<&'r Value>,
    age: Option<&'r Value>,
    keeps: bool,
}

impl<'r> Reader<'r> {
    /// A mapping of a stream has a starting position; one of a queue has none.
    fn of(resource: &'r Resource) -> Option<Self> {
        let (filters, stream) = match resource.type_.as_str() {
            "AWS::Lambda::EventSourceMapping" => {
                resource.properties.get("StartingPosition")?;
                (resource.properties.get("FilterCriteria"), &resource.properties)
            }
            "AWS::Pipes::Pipe" => {
                let source = map(resource.properties.get("SourceParameters"))?;
                let kinds = ["DynamoDBStreamParameters", "KinesisStreamParameters"];
                (source.get("FilterCriteria"), kinds.into_iter().find_map(|kind| map(source.get(kind)))?)
            }
            _ => return None,
        };
        Some(Self {
            resource,
            filters: map(filters).and_then(|filters| filters.get("Filters")),
            attempts: stream.get("MaximumRetryAttempts"),
            age: stream.get("MaximumRecordAgeInSeconds"),
            keeps: stream.contains_key("DestinationConfig") || stream.contains_key("DeadLetterConfig"),
        })
    }

    fn check(&self, b: &Builder<'_>, id: &str, at: Span, diagnostics: &mut Vec<Diagnostic>) {
        let report = |code, message: String| {
            let diagnostic = Diagnostic::new(code, at, message).on(self.resource.item());
            if at == self.resource.span {
                diagnostic
            } else {
                diagnostic.secondary(self.resource.span, "it is made because of this")
            }
        };
        if matches!(self.filters, None | Some(Value::List(_))) && !has_items(self.filters) {
            diagnostics.push(
                report(Code::EVC0676, format!("`{id}` reads every record of its stream"))
                    .note("also of items that were deleted or have expired, and each batch costs an invocation")
                    .help("say under `FilterCriteria` which records it is for, as in `{\"eventName\": [\"INSERT\"]}`"),
            );
        }
        let endless = |value: Option<&Value>| matches!(value, None | Some(Value::Integer(FOR_EVER)));
        if endless(self.attempts) && endless(self.age) {
            diagnostics.push(
                report(Code::EVC0677, format!("`{id}` tries a batch that fails for as long as the stream has it"))
                    .note("one record that can never be worked on keeps all behind it from being read, for a day, until both are lost")
                    .help("say `MaximumRetryAttempts`, and where what is given up goes"),
            );
        } else if !self.keeps {
            diagnostics.push(
                report(Code::EVC0677, format!("`{id}` gives a failing batch up, and nothing keeps it"))
                    .help("give it a destination for failures: a queue"),
            );
        }
        let timeout = self.timeout(b);
        if let (Some(Value::Integer(age)), Some(timeout)) = (self.age, timeout)
            && *age >= 0
            && *age < 2 * timeout
        {
            diagnostics.push(
                report(
                    Code::EVC0678,
                    format!("`{id}` gives a record {age} seconds, and one invocation may take {timeout}"),
                )
                .note("a record that is older is given up, also while it waits behind a slow batch")
                .help("raise `MaximumRecordAgeInSeconds`, up to a day, or lower the function's timeout"),
            );
        }
    }

    /// The timeout of the function that gets the records, in seconds, if that is a function of the template.
    fn timeout(&self, b: &Builder<'_>) -> Option<i64> {
        let (Value::Ref(id) | Value::Attribute(id, _)) = self.resource.properties.get("FunctionName")? else {
            return None;
        };
        match b.plan.resources.get(id)?.properties.get("Timeout") {
            Some(Value::Integer(seconds)) => Some(*seconds),
            None => Some(TIMEOUT),
            _ => None,
        }
    }
}

fn map(value: Option<&Value>) -> Option<&Map> {
    match value {
        Some(Value::Map(entries)) => Some(entries),
        _ => None,
    }
}

fn has_items(value: Option<&Value>) -> bool {
    matches!(value, Some(Value::List(items)) if !items.is_empty())
}
