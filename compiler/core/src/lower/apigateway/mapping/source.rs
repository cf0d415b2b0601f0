//! Where a value of a request stands in a template.

use super::attribute;
use super::escaped;
use crate::model::{CallerFact, MappingValue};
use crate::types::{Type, Types};

/// The lines that a template starts with, so that what it refers to is there.
pub(super) fn preamble<'v>(values: impl Iterator<Item = &'v MappingValue>) -> String {
    let mut lines = String::new();
    for value in values {
        let line = match value {
            MappingValue::Body(_) => "#set($body = $input.path('$'))\n".to_owned(),
            MappingValue::Header(name) => format!("#set({} = \"{}\")\n", variable("header", name), header(name)),
            MappingValue::Literal(serde_json::Value::String(text)) if !is_plain(text) => {
                format!("#set({} = '{text}')\n", variable("text", text))
            }
            _ => continue,
        };
        if !lines.contains(&line) {
            lines.push_str(&line);
        }
    }
    lines
}

/// A header within a text in double quotes. Headers come as the caller wrote them; in HTTP/2, that is in small letters.
pub(crate) fn header(name: &str) -> String {
    let read = |name: &str| format!("$!input.params().get('header').get('{name}')");
    let small = name.to_ascii_lowercase();
    if small == name { read(name) } else { read(name) + &read(&small) }
}

/// A variable for a name: `$headerXTrace`. Two names that differ in other characters than letters and digits alone would share
/// it; the numbers of those keep them apart.
fn variable(what: &str, name: &str) -> String {
    let encode = |c: char| if c.is_ascii_alphanumeric() { c.to_string() } else { format!("_{:x}_", u32::from(c)) };
    format!("${what}_{}", name.chars().map(encode).collect::<String>())
}

/// Whether a text means in a template what it says.
fn is_plain(text: &str) -> bool {
    !text.contains(['$', '#', '\\'])
}

/// A value as an attribute of DynamoDB.
pub(super) fn attribute(types: &Types, value: &MappingValue, stored: &Type, given: &Type) -> String {
    let is_text = |ty| types.attribute(ty) == Some(crate::types::Attribute::S);
    match value {
        MappingValue::Body(path) => attribute::of_body(types, &body(path), stored, given),
        MappingValue::Literal(serde_json::Value::Bool(value)) => format!(r#"{{ "BOOL": {value} }}"#),
        MappingValue::Literal(serde_json::Value::Number(number)) => format!(r#"{{ "N": "{number}" }}"#),
        MappingValue::Literal(_) => format!(r#"{{ "S": "{}" }}"#, text(value)),
        MappingValue::RequestTime if !is_text(stored) => r#"{ "N": "$context.requestTimeEpoch" }"#.to_owned(),
        MappingValue::RequestTime | MappingValue::RequestId => format!(r#"{{ "S": "{}" }}"#, text(value)),
        MappingValue::Caller(CallerFact::Claim(name)) => format!(r#"{{ "S": {} }}"#, claim(name)),
        MappingValue::Caller(fact) => format!(r#"{{ "S": "{}" }}"#, escaped(&caller(fact))),
        MappingValue::Path(_) | MappingValue::Query(_) | MappingValue::Header(_) => {
            attribute::of_text(types, &parameter(value), stored)
        }
    }
}

/// A value as plain JSON, for an answer; none for what stands in the body, which is gone by then.
pub(super) fn plain(types: &Types, value: &MappingValue, stored: &Type) -> Option<String> {
    let is_number = types.attribute(stored) == Some(crate::types::Attribute::N);
    Some(match value {
        MappingValue::Body(_) => return None,
        MappingValue::Literal(literal @ (serde_json::Value::Bool(_) | serde_json::Value::Number(_))) => {
            literal.to_string()
        }
        MappingValue::Caller(CallerFact::Claim(name)) => claim(name),
        _ if is_number => match value {
            MappingValue::RequestTime => "$context.requestTimeEpoch".to_owned(),
            // DynamoDB has taken it for a number.
            _ => parameter(value),
        },
        _ => format!("\"{}\"", text(value)),
    })
}

/// A field of the body.
pub(super) fn body(path: &[String]) -> String {
    path.iter().fold("$body".to_owned(), |value, name| format!("{value}.get('{name}')"))
}

/// Whether a field of the body is there.
pub(super) fn is_there(path: &[String]) -> String {
    let steps = (0..path.len()).map(|at| format!("{}.containsKey('{}')", body(&path[..at]), path[at]));
    steps.collect::<Vec<_>>().join(" && ")
}

/// What stands beside the body.
pub(super) fn parameter(value: &MappingValue) -> String {
    match value {
        MappingValue::Path(name) => format!("$input.params().get('path').get('{name}')"),
        MappingValue::Query(name) => format!("$input.params().get('querystring').get('{name}')"),
        MappingValue::Header(name) => variable("header", name),
        _ => String::new(),
    }
}

/// What API Gateway says of who calls.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html>
pub(super) fn caller(fact: &CallerFact) -> String {
    match fact {
        CallerFact::Claim(name) => claim(name),
        CallerFact::Said(name) => format!("$context.authorizer.{name}"),
        CallerFact::KeyId => "$context.identity.apiKeyId".to_owned(),
        CallerFact::Account => "$context.identity.accountId".to_owned(),
        CallerFact::Arn => "$context.identity.userArn".to_owned(),
    }
}

/// A claim as JSON, a text with its quotes.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-jwt-authorizer-claims.html>
fn claim(name: &str) -> String {
    format!("$context.authorizer.claims.{name}")
}

/// The inside of a JSON string.
fn text(value: &MappingValue) -> String {
    match value {
        MappingValue::RequestId => escaped("$context.requestId"),
        MappingValue::Caller(fact) => escaped(&caller(fact)),
        MappingValue::RequestTime => "$context.requestTimeEpoch".to_owned(),
        MappingValue::Literal(serde_json::Value::String(text)) if is_plain(text) => {
            let quoted = serde_json::Value::from(text.as_str()).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        }
        MappingValue::Literal(serde_json::Value::String(text)) => escaped(&variable("text", text)),
        _ => escaped(&parameter(value)),
    }
}
