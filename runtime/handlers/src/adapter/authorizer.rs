//! The question of an API who calls, and its answer: leave with what the function says of the caller, or a refusal.
//!
//! | | HTTP API, format 2.0 with simple responses | REST API |
//! | --- | --- | --- |
//! | leave | `isAuthorized: true` | a policy that allows the whole stage |
//! | a refusal | `isAuthorized: false` | a policy that denies the whole stage |
//! | of the caller | `context` | `context`, with `principalId` |
//!
//! An answer that API Gateway keeps is that of every route which asks the same: a policy for the one method that was asked about would refuse
//! the others, or let them pass. A refusal is what the spec says that the function fails with, and a request that is not what it decides by. Everything else is an error of the invocation, to which
//! API Gateway answers 500, and keeps nothing.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>,
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html>

use super::api::Request;
use super::{Contract, Failure, Incoming, parameters, rejected};
use crate::{Error, Kind, Payload, payload};
use evc_interface::call::{AUTHORIZER, SUBJECT};
use evc_interface::limits::AUTHORIZER_CONTEXT_BYTES;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What is asked about: `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    #[serde(default)]
    method_arn: Option<String>,
}

pub(super) async fn handle(
    text: &str,
    contract: Contract<'_>,
    is_rest: bool,
    deliver: impl AsyncFn(Incoming<'_>) -> Result<String, Failure>,
) -> Result<String, Failure> {
    let request: Request = rejected(payload::decode(text))?;
    let stage = is_rest.then(|| rejected(stage(text))).transpose()?;
    let answered = match rejected(input(&request, &contract)) {
        // Nothing of the request but what the function decides by: an answer that is kept holds for others.
        Ok(input) => deliver(Incoming::bare(Payload::new(input))).await,
        Err(failure) => Err(failure),
    };
    let answer = match answered {
        Ok(output) => {
            let context = rejected(context(&output, contract.name))?;
            match &stage {
                Some(stage) => {
                    json!({ "principalId": context.get(SUBJECT), "policyDocument": policy("Allow", stage), "context": context })
                }
                None => json!({ "isAuthorized": true, "context": context }),
            }
        }
        Err(failure) if failure.is_refusal => match &stage {
            Some(stage) => json!({ "principalId": "nobody", "policyDocument": policy("Deny", stage) }),
            None => json!({ "isAuthorized": false }),
        },
        Err(failure) => return Err(failure),
    };
    Ok(answer.to_string())
}

fn input(request: &Request, contract: &Contract<'_>) -> Result<String, Failure> {
    let Some(route) = contract.routes.first() else { return Ok("{}".to_owned()) };
    // By which of several values an answer is kept is documented nowhere.
    if let Some(name) = route.parameters.iter().find_map(|parameter| request.header_given_twice(parameter)) {
        return Err(Error::new(Kind::InvalidInput, format!("the header `{name}` is given several times")).into());
    }
    parameters::input(request, route)
}

/// The ARN of every method of the stage.
fn stage(text: &str) -> Result<String, Error> {
    let asked: Asked = payload::decode(text)?;
    let arn = asked.method_arn.unwrap_or_default();
    let mut parts = arn.splitn(3, '/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(api), Some(stage), Some(_)) => Ok(format!("{api}/{stage}/*")),
        _ => Err(Error::new(Kind::InvalidInput, "the question names no method of an API")),
    }
}

fn policy(effect: &str, resource: &str) -> Value {
    let statement = json!({ "Action": "execute-api:Invoke", "Effect": effect, "Resource": resource });
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

/// What the function says of the caller, each value as a text: the one form that both kinds of API hand on as it is. Of a list, its JSON.
fn context(output: &str, authorizer: &str) -> Result<Map<String, Value>, Error> {
    let refuse = |why: String| Error::new(Kind::Configuration, why);
    let said: Map<String, Value> = payload::decode(output)?;
    let mut context = Map::new();
    for (name, value) in said {
        let text = match value {
            Value::Null => continue,
            Value::String(text) => text,
            Value::Bool(_) | Value::Number(_) | Value::Array(_) => value.to_string(),
            Value::Object(_) => return Err(refuse(format!("the authorizer says `{name}`, which cannot be handed on"))),
        };
        context.insert(name, Value::String(text));
    }
    if context.get(SUBJECT).and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(refuse("the authorizer says no `sub`: all its callers would be one".to_owned()));
    }
    context.insert(AUTHORIZER.to_owned(), authorizer.into());
    let bytes = serde_json::to_string(&context).map_err(Error::other)?.len();
    if bytes > AUTHORIZER_CONTEXT_BYTES {
        let message =
            format!("the authorizer says {bytes} bytes of the caller, and {AUTHORIZER_CONTEXT_BYTES} are handed on");
        return Err(refuse(message));
    }
    Ok(context)
}

#[cfg(test)]
mod tests;
