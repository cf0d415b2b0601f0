//! Keys of the stack's own: what `may` allows on a bucket, a topic, a queue or a stream that `resources` encrypts with a key needs leave for the
//! key as well, through the service.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html>,
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html>,
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html>,
//! <https://docs.aws.amazon.com/streams/latest/dev/permissions-user-key-KMS.html>,
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html>,
//! <https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html>

use indexmap::IndexMap;

use super::raw::names;
use crate::aws::iam;
use crate::plan::value::{Map, Value};
use crate::plan::{Grant, LogicalId, Plan, Resource, arn};

const KEY: &str = "AWS::KMS::Key";
const ALIAS: &str = "AWS::KMS::Alias";

/// A type that takes a key: the service, where the key stands, and the actions that read and that write what it encrypts.
struct Encrypted {
    type_: &'static str,
    service: &'static str,
    path: &'static [&'static str],
    reads: &'static [&'static str],
    writes: &'static [&'static str],
}

const ENCRYPTED: [Encrypted; 6] = [
    Encrypted {
        type_: "AWS::S3::Bucket",
        service: "s3",
        path: &[
            "BucketEncryption",
            "ServerSideEncryptionConfiguration",
            "*",
            "ServerSideEncryptionByDefault",
            "KMSMasterKeyID",
        ],
        reads: &["s3:GetObject", "s3:GetObjectVersion"],
        // The parts of an object are read again when they are put together.
        writes: &["s3:PutObject"],
    },
    Encrypted {
        type_: "AWS::SNS::Topic",
        service: "sns",
        path: &["KmsMasterKeyId"],
        reads: &[],
        writes: &["sns:Publish"],
    },
    Encrypted {
        type_: "AWS::SQS::Queue",
        service: "sqs",
        path: &["KmsMasterKeyId"],
        reads: &["sqs:ReceiveMessage"],
        writes: &["sqs:SendMessage"],
    },
    Encrypted {
        type_: "AWS::Kinesis::Stream",
        service: "kinesis",
        path: &["StreamEncryption", "KeyId"],
        reads: &["kinesis:GetRecords", "kinesis:SubscribeToShard"],
        writes: &["kinesis:PutRecord", "kinesis:PutRecords"],
    },
    Encrypted {
        type_: "AWS::DynamoDB::Table",
        service: "dynamodb",
        path: &["SSESpecification", "KMSMasterKeyId"],
        reads: &[
            "dynamodb:GetItem",
            "dynamodb:BatchGetItem",
            "dynamodb:Query",
            "dynamodb:Scan",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            "dynamodb:DeleteItem",
            "dynamodb:BatchWriteItem",
        ],
        writes: &[],
    },
    Encrypted {
        type_: "AWS::SecretsManager::Secret",
        service: "secretsmanager",
        path: &["KmsKeyId"],
        reads: &["secretsmanager:GetSecretValue"],
        writes: &["secretsmanager:PutSecretValue", "secretsmanager:UpdateSecret"],
    },
];

/// What else is needed for what these grants allow.
pub(super) fn of_grants(plan: &Plan<'_>, grants: &[Grant]) -> Vec<Grant> {
    // By principal, service and key: whether it is written as well.
    let mut uses: IndexMap<(usize, &str, String), (Value, bool)> = IndexMap::new();
    for (at, grant) in grants.iter().enumerate() {
        for name in grant.resources.iter().flat_map(names) {
            let Some((_, resource)) = plan.resources.get_key_value(name) else { continue };
            let Some(of) = ENCRYPTED.iter().find(|it| it.type_ == resource.type_) else { continue };
            let allows = |actions: &[&str]| {
                actions.iter().any(|known| grant.actions.iter().any(|action| iam::matches(action, known)))
            };
            let (reads, writes) = (allows(of.reads), allows(of.writes));
            if !reads && !writes {
                continue;
            }
            for key in keys(resource, of.path) {
                let Some(key) = arn_of(plan, key) else { continue };
                let used = uses.entry((at, of.service, format!("{key:?}"))).or_insert((key, false));
                used.1 |= writes;
            }
        }
    }
    uses.retain(|(at, ..), (key, writes)| !grants.iter().any(|other| allows(other, &grants[*at], key, *writes)));
    let needed = |((at, service, _), (key, writes)): (_, (Value, bool))| grant(&grants[at], service, key, writes);
    let mut found: Vec<Grant> = Vec::new();
    for grant in uses.into_iter().map(needed) {
        let is_same = |other: &Grant| {
            (&other.role, &other.actions, &other.resources, &other.conditions)
                == (&grant.role, &grant.actions, &grant.resources, &grant.conditions)
        };
        if !found.iter().any(is_same) {
            found.push(grant);
        }
    }
    found
}

/// Whether the spec itself allows a role as much of a key.
fn allows(grant: &Grant, of: &Grant, key: &Value, writes: bool) -> bool {
    let may = |action: &str| grant.actions.iter().any(|allowed| iam::matches(allowed, action));
    let is_on = |resource: &Value| {
        resource == key || !names(key).is_empty() && names(resource) == names(key) || *resource == Value::from("*")
    };
    grant.role == of.role
        && grant.resources.iter().any(is_on)
        && may("kms:Decrypt")
        && (!writes || may("kms:GenerateDataKey"))
}

fn grant(of: &Grant, service: &str, key: Value, writes: bool) -> Grant {
    let actions: &[&str] = if writes { &["kms:Decrypt", "kms:GenerateDataKey"] } else { &["kms:Decrypt"] };
    let via = Map::from_iter([("kms:ViaService", arn::via(service))]);
    Grant {
        actions: actions.iter().map(|action| (*action).to_owned()).collect(),
        resources: vec![key],
        conditions: IndexMap::from([("StringEquals".to_owned(), via)]),
        reason: "uses what a key of `resources` encrypts".to_owned(),
        ..of.clone()
    }
}

/// The keys of a resource.
fn keys<'r>(resource: &'r Resource, path: &[&str]) -> Vec<&'r Value> {
    let Some((first, rest)) = path.split_first() else { return Vec::new() };
    resource.properties.get(first).into_iter().flat_map(|value| at(value, rest)).collect()
}

fn at<'v>(value: &'v Value, path: &[&str]) -> Vec<&'v Value> {
    match (path.split_first(), value) {
        (None, _) => vec![value],
        (Some((&"*", rest)), Value::List(items)) => items.iter().flat_map(|item| at(item, rest)).collect(),
        (Some((key, rest)), Value::Map(map)) => map.get(key).into_iter().flat_map(|value| at(value, rest)).collect(),
        (Some(_), _) => Vec::new(),
    }
}

/// The ARN of the key that a value names: one of the stack by whatever it tells, or through an alias of it, or one by its ARN. An alias of AWS's
/// own keys needs no leave.
fn arn_of(plan: &Plan<'_>, key: &Value) -> Option<Value> {
    if let Value::String(text) = key {
        if arn::is_arn(text) {
            return text.contains(":key/").then(|| key.clone());
        }
        let alias = |it: &&Resource| {
            it.type_ == ALIAS && matches!(it.properties.get("AliasName"), Some(Value::String(name)) if name == text)
        };
        let alias = plan.resources.values().find(alias)?;
        return arn_of(plan, alias.properties.get("TargetKeyId")?);
    }
    let named = names(key);
    let [name] = named.as_slice() else { return None };
    let (id, resource): (&LogicalId, &Resource) = plan.resources.get_key_value(*name)?;
    match resource.type_.as_str() {
        KEY => Some(Value::arn(id)),
        ALIAS => arn_of(plan, resource.properties.get("TargetKeyId")?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::session::{self, Analysis, Planned, analyze_text};

    /// The grants of the function of a spec on what `kms:` or `lambda:` has: actions and resources, and whether there is a condition.
    fn grants(spec: &str) -> Vec<(Vec<String>, usize, bool)> {
        let Analysis { model: Some(model), .. } = analyze_text("spec.yaml", &format!("evc: 1\nservice: shop\n{spec}"))
        else {
            panic!("the spec is read");
        };
        let Planned { plan, .. } = session::plan(&model);
        let is_of = |it: &&crate::plan::Grant, prefix: &str| it.actions.iter().all(|action| action.starts_with(prefix));
        plan.grants
            .iter()
            .filter(|it| is_of(it, "kms:") || is_of(it, "lambda:"))
            .map(|it| (it.actions.clone(), it.resources.len(), !it.conditions.is_empty()))
            .collect()
    }

    #[test]
    fn leave_for_keys_of_resources_follows_from_what_may_be_done() {
        let resources = |encrypted: &str| {
            format!(
                "resources: {{ K: {{ type: AWS::KMS::Key, properties: {{ EnableKeyRotation: true }} }}, B: {{ type: AWS::S3::Bucket, properties: {{ BucketEncryption: {{ ServerSideEncryptionConfiguration: [{{ ServerSideEncryptionByDefault: {{ {encrypted} }} }}] }} }} }} }}\n"
            )
        };
        let function = |actions: &str, more: &str| {
            format!(
                "functions: {{ f: {{ api: POST /f, input: {{ a: string }}, may: [{{ actions: {actions}, resources: \"${{resources.B.Arn}}/*\" }}{more}] }} }}\n"
            )
        };
        let own = resources("SSEAlgorithm: aws:kms, KMSMasterKeyID: { ref: resources.K.Arn }");
        let by_aws = resources("SSEAlgorithm: aws:kms");
        let names = |actions: &[&str]| actions.iter().map(|action| (*action).to_owned()).collect::<Vec<_>>();
        let reads = vec![(names(&["kms:Decrypt"]), 1, true)];
        let writes = vec![(names(&["kms:Decrypt", "kms:GenerateDataKey"]), 1, true)];
        assert_eq!(grants(&(function("s3:GetObject", "") + &own)), reads);
        assert_eq!(grants(&(function("[s3:GetObject, s3:PutObject]", "") + &own)), writes);
        assert_eq!(grants(&(function("s3:DeleteObject", "") + &own)), []);
        assert_eq!(grants(&(function("s3:GetObject", "") + &by_aws)), []);
        // What the spec allows itself is not added.
        let said = ", { actions: kms:Decrypt, resources: { ref: resources.K.Arn } }";
        assert_eq!(grants(&(function("s3:GetObject", said) + &own)), vec![(names(&["kms:Decrypt"]), 1, false)]);
    }

    #[test]
    fn a_function_with_an_alias_may_be_called_by_both_of_its_names() {
        let spec = |by: &str, alias: &str| {
            format!(
                "functions:\n  f: {{ api: POST /f, input: {{ a: string }}, may: [{{ actions: lambda:InvokeFunction, resources: {by} }}] }}\n  g: {{ input: {{ a: string }}{alias} }}\n"
            )
        };
        let by_name = "\"*:function:${functions.g.name}\"";
        for by in ["{ ref: functions.g.arn }", by_name] {
            let count =
                |alias: &str| grants(&spec(by, alias)).iter().map(|(_, resources, _)| *resources).sum::<usize>();
            assert_eq!((count(""), count(", provisioned: 2")), (1, 2), "{by}");
        }
    }
}
