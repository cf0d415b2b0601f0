//! The operations of Lambda, but for `Invoke`, which waits: functions, the policies that say who may invoke them, and what reads queues and
//! streams for them.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html>

use std::sync::Arc;

use serde_json::{Value, json};

use super::Function;
use crate::Refusal;
use crate::page::{Paging, page};
use crate::system::System;

const PAGING: Paging = Paging {
    limit: "MaxItems",
    token: "Marker",
    next: "NextMarker",
    most: 50,
    invalid: "InvalidParameterValueException",
};

fn said<'b>(body: &'b Value, name: &str) -> &'b str {
    body.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// What there is not: 404.
pub(crate) fn missing(message: String) -> Refusal {
    Refusal { status: 404, ..Refusal::new("ResourceNotFoundException", message) }
}

impl Function {
    fn told(&self) -> Value {
        json!({
            "FunctionName": self.name,
            "FunctionArn": self.arn,
            "Role": self.role,
            "Timeout": self.timeout_ms / 1_000,
            "MemorySize": self.memory_mb,
            "LoggingConfig": { "LogGroup": self.log_group, "LogFormat": "JSON" },
            "Environment": { "Variables": self.environment },
            "State": "Active",
            "LastUpdateStatus": "Successful",
        })
    }
}

impl System {
    /// A call of Lambda, with the parameters of path, query and body in one object.
    pub(crate) fn lambda(&mut self, operation: &str, body: &Value) -> Result<Value, Refusal> {
        match operation {
            "ListFunctions" => {
                return page(body, PAGING, "Functions", self.functions.all().map(|it| it.told()).collect());
            }
            "ListEventSourceMappings" => {
                return page(body, PAGING, "EventSourceMappings", self.event_source_mappings(body));
            }
            _ => {}
        }
        let name = said(body, "FunctionName");
        let function = self.functions.find(name).cloned();
        let function = function.ok_or_else(|| missing(format!("Function not found: {name}")))?;
        let resources = &mut self.authority.resources;
        match operation {
            "GetFunction" => Ok(json!({ "Configuration": function.told() })),
            "GetFunctionConfiguration" => Ok(function.told()),
            "UpdateFunctionConfiguration" => {
                if let Some(variables) = body.pointer("/Environment/Variables").and_then(Value::as_object) {
                    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                    let variables = variables.iter().map(|(name, value)| (name.clone(), text(value))).collect();
                    self.set_environment(&function.arn, variables);
                }
                Ok(self.functions.find(&function.arn).map_or(Value::Null, |it| it.told()))
            }
            "GetFunctionEventInvokeConfig" => Ok(json!({
                "FunctionArn": format!("{}:$LATEST", function.arn),
                "MaximumRetryAttempts": function.retries,
                "MaximumEventAgeInSeconds": function.max_age_ms / 1_000,
                "DestinationConfig": { "OnSuccess": {}, "OnFailure": { "Destination": function.on_failure } },
            })),
            "GetPolicy" => {
                let statements = resources.written(&function.arn);
                if statements.is_empty() {
                    return Err(missing("The resource you requested does not exist.".to_owned()));
                }
                let policy = json!({ "Version": "2012-10-17", "Id": "default", "Statement": statements });
                Ok(json!({ "Policy": policy.to_string(), "RevisionId": "local" }))
            }
            "AddPermission" => {
                let id = said(body, "StatementId");
                if resources.written(&function.arn).iter().any(|it| said(it, "Sid") == id) {
                    let message = format!("The statement id ({id}) provided already exists.");
                    return Err(Refusal { status: 409, ..Refusal::new("ResourceConflictException", message) });
                }
                resources.add_permission(id, &function.arn, body);
                let added = resources.written(&function.arn).into_iter().find(|it| said(it, "Sid") == id);
                Ok(json!({ "Statement": added.unwrap_or_default().to_string() }))
            }
            "RemovePermission" => {
                let id = said(body, "StatementId");
                let gone = || missing(format!("Statement {id} is not found in resource policy."));
                resources.remove_permission(id, &function.arn).then(|| json!({})).ok_or_else(gone)
            }
            _ => Err(Refusal::unknown_operation("Lambda", operation)),
        }
    }

    /// What reads queues and streams for functions, as the templates say; of one function, or of one source.
    fn event_source_mappings(&self, body: &Value) -> Vec<Value> {
        let resources = self.stacks.iter().flat_map(|stack| stack.of_type(&["AWS::Lambda::EventSourceMapping"]));
        let told = resources.map(|(_, it)| {
            let function = it.text("/FunctionName").and_then(|name| self.functions.find(name)).map(Arc::clone);
            json!({
                "UUID": evc_values::hash::random_id(evc_values::hash::fnv128(&["mapping", &it.name])).to_string(),
                "EventSourceArn": it.text("/EventSourceArn"),
                "FunctionArn": function.map(|it| it.arn.clone()),
                "BatchSize": it.number("/BatchSize"),
                "State": if it.at("/Enabled").is_some() && !it.flag("/Enabled") { "Disabled" } else { "Enabled" },
            })
        });
        let function = self.functions.find(said(body, "FunctionName")).map(|it| it.arn.clone());
        let source = Some(said(body, "EventSourceArn")).filter(|arn| !arn.is_empty());
        let wanted = |it: &Value| {
            function.as_ref().is_none_or(|arn| said(it, "FunctionArn") == arn)
                && source.is_none_or(|arn| said(it, "EventSourceArn") == arn)
        };
        told.filter(wanted).collect()
    }
}
