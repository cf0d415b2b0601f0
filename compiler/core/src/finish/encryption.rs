//! The customer's key: on everything that keeps something, with what roles must be allowed for it.
//!
//! The key is not the stack's. What its own policy has to allow to services is in [`crate::plan::key`].

use indexmap::IndexMap;

use super::raw::names;
use crate::aws::iam;
use crate::model::SecretKind;
use crate::plan::builder::{Builder, Role, Why};
use crate::plan::value::Value;
use crate::plan::{Grant, LogicalId, Resource, arn, ids, secret};
use crate::source::Span;

/// The types that take a key as one property.
const KEY_OF: [(&str, &str); 10] = [
    ("AWS::ElastiCache::ReplicationGroup", "KmsKeyId"),
    ("AWS::ElastiCache::ServerlessCache", "KmsKeyId"),
    ("AWS::Events::Archive", "KmsKeyIdentifier"),
    ("AWS::Events::EventBus", "KmsKeyIdentifier"),
    ("AWS::Logs::LogGroup", "KmsKeyId"),
    ("AWS::Pipes::Pipe", "KmsKeyIdentifier"),
    ("AWS::SNS::Topic", "KmsMasterKeyId"),
    ("AWS::SQS::Queue", "KmsMasterKeyId"),
    ("AWS::SecretsManager::Secret", "KmsKeyId"),
    ("AWS::Serverless::Function", "KmsKeyArn"),
];

/// How long a state machine uses one data key, in seconds: what Step Functions has by default, written out.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_EncryptionConfiguration.html>
const REUSE_SECONDS: i64 = 300;

/// Encrypts everything that evc makes and that takes a key.
pub(super) fn finish(b: &mut Builder<'_>) {
    let Some((key, span)) = key(b) else { return };
    for resource in b.plan.resources.values_mut() {
        encrypt(resource, &key);
    }
    let mut uses = uses_of_grants(b, &key, &b.plan.grants);
    uses.extend(uses_of_their_own(b));
    uses.extend(uses_of_executions(b));
    uses.extend(uses_of_given_secrets(b));
    for (of, contexts) in uses {
        allow(b, &key, &of, contexts, span);
    }
}

/// What roles must be allowed for the key so that they may do what further grants say: grants of their own.
pub(super) fn of_grants(b: &mut Builder<'_>, grants: &[Grant]) -> Vec<Grant> {
    let Some((key, span)) = key(b) else { return Vec::new() };
    let derived = b.plan.grants.len();
    for (of, contexts) in uses_of_grants(b, &key, grants) {
        allow(b, &key, &of, contexts, span);
    }
    b.plan.grants.split_off(derived)
}

/// The key, and where the spec says it.
fn key(b: &mut Builder<'_>) -> Option<(Value, Span)> {
    let key = b.model.security.key.as_ref()?;
    let (setting, span) = (key.arn.clone(), key.span);
    Some((b.shared_setting("EncryptionKey", &setting, arn::of_key), span))
}

fn encrypt(resource: &mut Resource, key: &Value) {
    match resource.type_.as_str() {
        "AWS::DynamoDB::Table" => {
            let own = [("SSEEnabled", true.into()), ("SSEType", "KMS".into()), ("KMSMasterKeyId", key.clone())];
            resource.properties.insert("SSESpecification", Value::map(own));
        }
        "AWS::StepFunctions::StateMachine" => {
            let own = [
                ("Type", "CUSTOMER_MANAGED_KMS_KEY".into()),
                ("KmsKeyId", key.clone()),
                ("KmsDataKeyReusePeriodSeconds", Value::Integer(REUSE_SECONDS)),
            ];
            resource.properties.insert("EncryptionConfiguration", Value::map(own));
        }
        type_ => {
            let Some((_, property)) = KEY_OF.iter().find(|(known, _)| *known == type_) else { return };
            // A queue has one or the other.
            resource.properties.shift_remove("SqsManagedSseEnabled");
            resource.properties.insert(*property, key.clone());
        }
    }
}

/// What a role does with the key: for which service, or itself, and in which context.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Use {
    role: LogicalId,
    principal: String,
    via: Option<&'static str>,
    actions: &'static [&'static str],
    context: &'static str,
    reason: &'static str,
}

const DECRYPT: &[&str] = &["kms:Decrypt"];
const BOTH: &[&str] = &["kms:Decrypt", "kms:GenerateDataKey"];

/// What follows from what roles may do with what is encrypted.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html>
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html>
/// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html>
fn uses_of_grants(b: &Builder<'_>, key: &Value, grants: &[Grant]) -> IndexMap<Use, Vec<Value>> {
    let mut uses: IndexMap<Use, Vec<Value>> = IndexMap::new();
    for grant in grants {
        for name in grant.resources.iter().flat_map(names) {
            let Some((id, resource)) = b.plan.resources.get_key_value(name) else { continue };
            let (via, context, value, reason) = match resource.type_.as_str() {
                _ if !is_encrypted(resource, key) => continue,
                "AWS::SQS::Queue" => ("sqs", "aws:sqs:arn", Value::arn(id), "uses queues that the key encrypts"),
                "AWS::DynamoDB::Table" => {
                    ("dynamodb", "aws:dynamodb:tableName", Value::Ref(id.clone()), "uses tables that the key encrypts")
                }
                "AWS::SecretsManager::Secret" => {
                    ("secretsmanager", "SecretARN", Value::Ref(id.clone()), "reads secrets that the key encrypts")
                }
                _ => continue,
            };
            let of = Use {
                role: grant.role.clone(),
                principal: grant.principal.clone(),
                via: Some(via),
                actions: if grant.actions.iter().any(|action| sends(action)) { BOTH } else { DECRYPT },
                context,
                reason,
            };
            let contexts = uses.entry(of).or_default();
            if !contexts.contains(&value) {
                contexts.push(value);
            }
        }
    }
    uses
}

/// Whether an action, which may be one of several by `*`, sends messages.
fn sends(action: &str) -> bool {
    iam::matches(action, "sqs:SendMessage")
}

/// Whether a resource has this key, and not one that the spec gave it itself.
fn is_encrypted(resource: &Resource, key: &Value) -> bool {
    let own = match resource.properties.get("SSESpecification") {
        Some(Value::Map(specification)) => specification.get("KMSMasterKeyId"),
        _ => KEY_OF
            .iter()
            .find(|(type_, _)| *type_ == resource.type_)
            .and_then(|(_, name)| resource.properties.get(name)),
    };
    own == Some(key)
}

/// What functions and state machines need for what they are themselves: variables, and definitions, executions and logs.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html>
/// <https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html>
fn uses_of_their_own(b: &Builder<'_>) -> Vec<(Use, Vec<Value>)> {
    let mut uses = Vec::new();
    for resource in b.plan.resources.values() {
        let property = |name: &str| resource.properties.get(name);
        let own = |role: &LogicalId, actions, context, reason| Use {
            role: role.clone(),
            principal: resource.origin.clone(),
            via: None,
            actions,
            context,
            reason,
        };
        match resource.type_.as_str() {
            "AWS::Serverless::Function" => {
                let (Some(Value::Attribute(role, _)), Some(Value::Text(name))) =
                    (property("Role"), property("FunctionName"))
                else {
                    continue;
                };
                let of = own(role, DECRYPT, "aws:lambda:FunctionArn", "has variables that the key encrypts");
                uses.push((of, vec![arn::of("lambda", "function:", name.clone())]));
            }
            "AWS::StepFunctions::StateMachine" => {
                let (Some(Value::Attribute(role, _)), Some(Value::Text(name))) =
                    (property("RoleArn"), property("StateMachineName"))
                else {
                    continue;
                };
                let of = own(role, BOTH, "aws:states:stateMachineArn", "runs what the key encrypts");
                uses.push((of, vec![arn::of("states", "stateMachine:", name.clone())]));
                let of = own(role, &["kms:GenerateDataKey"], "SourceArn", "writes a log that the key encrypts");
                uses.push((of, vec![arn::of("logs", "*", [])]));
            }
            _ => {}
        }
    }
    uses
}

/// What functions need that ask how executions are which they have started: their input and output are in the answer.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html>
fn uses_of_executions(b: &Builder<'_>) -> IndexMap<Use, Vec<Value>> {
    let model = b.model;
    let mut uses: IndexMap<Use, Vec<Value>> = IndexMap::new();
    for function in model.functions.values() {
        let started = function.described().map(|start| &model.workflows[start.value]);
        let started: Vec<Value> = started.filter(|workflow| workflow.redis().is_none()).map(arn::of_workflow).collect();
        let id = ids::function(function);
        let Some(resource) = b.plan.resources.get(&id).filter(|_| !started.is_empty()) else { continue };
        let Some(Value::Attribute(role, _)) = resource.properties.get("Role") else { continue };
        let of = Use {
            role: role.clone(),
            principal: resource.origin.clone(),
            via: Some("states"),
            actions: DECRYPT,
            context: "aws:states:stateMachineArn",
            reason: "reads executions that the key encrypts",
        };
        uses.entry(of).or_default().extend(started);
    }
    uses
}

/// What functions need that read secrets which exist already: those may have the key, which nothing here says.
/// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html>
/// <https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html>
fn uses_of_given_secrets(b: &Builder<'_>) -> IndexMap<Use, Vec<Value>> {
    let model = b.model;
    let mut uses: IndexMap<Use, Vec<Value>> = IndexMap::new();
    for function in model.functions.values() {
        for read in function.all_secrets() {
            let given = &model.secrets[read.value];
            let (via, context) = match given.kind {
                SecretKind::Own(_) => continue,
                SecretKind::Imported(_) => ("secretsmanager", "SecretARN"),
                SecretKind::Parameter(_) => ("ssm", "PARAMETER_ARN"),
            };
            let Some(resource) = b.plan.resources.get(&ids::function(function)) else { continue };
            let Some(Value::Attribute(role, _)) = resource.properties.get("Role") else { continue };
            let of = Use {
                role: role.clone(),
                principal: resource.origin.clone(),
                via: Some(via),
                actions: DECRYPT,
                context,
                reason: "reads secrets that the key may encrypt",
            };
            uses.entry(of).or_default().push(secret::arn(given));
        }
    }
    uses
}

fn allow(b: &mut Builder<'_>, key: &Value, of: &Use, contexts: Vec<Value>, span: Span) {
    let role = Role { id: of.role.clone(), principal: of.principal.clone() };
    let mut why = Why::new(of.reason, span);
    if let Some(service) = of.via {
        why = why.only_if("StringEquals", "kms:ViaService", arn::via(service));
    }
    let context = format!("kms:EncryptionContext:{}", of.context);
    let why = why.only_if("StringEquals", &context, Value::one_or_many(contexts));
    b.grant(&role, of.actions, [key.clone()], why);
}
