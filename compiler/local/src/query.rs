//! AWS's query protocol: forms in, XML out. SNS, IAM and STS speak it.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>

use serde_json::{Map, Value, json};

use crate::Refusal;
use crate::sim::apigateway::decoded;

/// A service of this protocol: the version that a form names, what [`System::call`](crate::System::call) knows it by, and the namespace of
/// its answers.
pub(crate) struct Service {
    pub(crate) version: &'static str,
    pub(crate) target: &'static str,
    namespace: &'static str,
}

const SERVICES: [Service; 3] = [
    Service { version: "2010-03-31", target: "SNS", namespace: "http://sns.amazonaws.com/doc/2010-03-31/" },
    Service { version: "2010-05-08", target: "IAM", namespace: "https://iam.amazonaws.com/doc/2010-05-08/" },
    Service { version: "2011-06-15", target: "STS", namespace: "https://sts.amazonaws.com/doc/2011-06-15/" },
];

/// The service of a version.
pub(crate) fn service(version: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|it| it.version == version)
}

/// The parameters of a form: names and values.
pub(crate) fn form(body: &str) -> Map<String, Value> {
    let pairs = body.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (decoded(name, true), json!(decoded(value, true)))).collect()
}

/// The entries of a map in a form, whose keys and values are numbered: `Attributes.entry.1.key`.
pub(crate) fn entries(form: &Value, name: &str) -> Vec<(String, String)> {
    let text = |field: String| form.get(field).and_then(Value::as_str).map(str::to_owned);
    let numbered = (1..).map(|number| {
        let at = |part: &str| text(format!("{name}.entry.{number}.{part}"));
        Some((at("key").or_else(|| at("Name"))?, at("value").or_else(|| at("Value")).unwrap_or_default()))
    });
    numbered.map_while(|it| it).collect()
}

/// An answer.
pub(crate) fn xml(service: &Service, operation: &str, answer: &Result<Value, Refusal>) -> String {
    let namespace = format!("xmlns=\"{}\"", service.namespace);
    match answer {
        Ok(answer) => {
            let fields = written(answer);
            format!(
                "<{operation}Response {namespace}><{operation}Result>{fields}</{operation}Result>\
                 <ResponseMetadata><RequestId>local</RequestId></ResponseMetadata></{operation}Response>"
            )
        }
        Err(refusal) => format!(
            "<ErrorResponse {namespace}><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>local</RequestId></ErrorResponse>",
            escaped(&refusal.code),
            escaped(&refusal.message)
        ),
    }
}

/// A value as the content of an element: items of a list are `member`s.
fn written(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => escaped(text),
        Value::Array(items) => items.iter().map(|item| format!("<member>{}</member>", written(item))).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| format!("<{name}>{}</{name}>", written(value))).collect()
        }
        other => other.to_string(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_answers_are_read_and_written() {
        let read = form("Action=Publish&Message=a%20%26+b&Empty=");
        assert_eq!(Value::Object(read), json!({ "Action": "Publish", "Message": "a & b", "Empty": "" }));
        let map = form("A.entry.1.key=a&A.entry.1.value=1&A.entry.2.key=b&A.entry.2.value=2");
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(entries(&Value::Object(map), "A"), [pair("a", "1"), pair("b", "2")]);
        let sns = service("2010-03-31").expect("SNS");
        let refused = xml(sns, "Publish", &Err(Refusal::new("NotFound", "a < b")));
        assert!(refused.contains("<Code>NotFound</Code><Message>a &lt; b</Message>"), "{refused}");
        let answer = xml(sns, "ListTopics", &Ok(json!({ "Topics": [{ "TopicArn": "t" }], "NextToken": "2" })));
        let content = "<Topics><member><TopicArn>t</TopicArn></member></Topics><NextToken>2</NextToken>";
        assert!(answer.contains(&format!("<ListTopicsResult>{content}</ListTopicsResult>")), "{answer}");
    }
}
