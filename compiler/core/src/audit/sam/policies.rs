//! The roles that SAM makes for functions and state machines without one of their own.
//!
//! <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-policy-templates.html>

use super::nodes::{allow, document, list, map, properties, text};
use crate::audit::template::{Kind, Map, Node, Resource};

/// A policy template whose statements evc knows: what it allows, on what its parameter names.
struct Known {
    name: &'static str,
    parameter: &'static str,
    /// Actions on the resource as it is named: a name or an ARN, which is all the same here.
    actions: &'static [&'static str],
}

/// The policy templates about what events flow through. Others allow what is not known here.
const KNOWN: [Known; 14] = [
    Known {
        name: "SQSPollerPolicy",
        parameter: "QueueName",
        actions: &[
            "sqs:ChangeMessageVisibility",
            "sqs:ChangeMessageVisibilityBatch",
            "sqs:DeleteMessage",
            "sqs:DeleteMessageBatch",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
        ],
    },
    Known { name: "SQSSendMessagePolicy", parameter: "QueueName", actions: &["sqs:SendMessage*"] },
    Known { name: "SNSPublishMessagePolicy", parameter: "TopicName", actions: &["sns:Publish"] },
    Known { name: "LambdaInvokePolicy", parameter: "FunctionName", actions: &["lambda:InvokeFunction"] },
    Known { name: "EventBridgePutEventsPolicy", parameter: "EventBusName", actions: &["events:PutEvents"] },
    Known { name: "StepFunctionsExecutionPolicy", parameter: "StateMachineName", actions: &["states:StartExecution"] },
    Known {
        name: "DynamoDBReadPolicy",
        parameter: "TableName",
        actions: &[
            "dynamodb:GetItem",
            "dynamodb:Scan",
            "dynamodb:Query",
            "dynamodb:BatchGetItem",
            "dynamodb:DescribeTable",
        ],
    },
    Known {
        name: "DynamoDBWritePolicy",
        parameter: "TableName",
        actions: &["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"],
    },
    Known {
        name: "DynamoDBCrudPolicy",
        parameter: "TableName",
        actions: &[
            "dynamodb:GetItem",
            "dynamodb:DeleteItem",
            "dynamodb:PutItem",
            "dynamodb:Scan",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
            "dynamodb:BatchWriteItem",
            "dynamodb:BatchGetItem",
            "dynamodb:DescribeTable",
            "dynamodb:ConditionCheckItem",
        ],
    },
    Known {
        name: "DynamoDBStreamReadPolicy",
        parameter: "TableName",
        actions: &[
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
        ],
    },
    Known {
        name: "KinesisStreamReadPolicy",
        parameter: "StreamName",
        actions: &[
            "kinesis:ListStreams",
            "kinesis:DescribeLimits",
            "kinesis:DescribeStream",
            "kinesis:DescribeStreamSummary",
            "kinesis:GetRecords",
            "kinesis:GetShardIterator",
        ],
    },
    Known {
        name: "S3ReadPolicy",
        parameter: "BucketName",
        actions: &["s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation", "s3:GetObjectVersion"],
    },
    Known { name: "S3WritePolicy", parameter: "BucketName", actions: &["s3:PutObject", "s3:PutObjectAcl"] },
    Known {
        name: "S3CrudPolicy",
        parameter: "BucketName",
        actions: &["s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:DeleteObject", "s3:GetObjectVersion"],
    },
];

/// The role of something that has none of its own: what its `Policies` allow, which `service` may take on. `managed` are the policies
/// of AWS that SAM adds.
pub(super) fn role<'a>(
    of: &Resource<'a>,
    all: &Map<'a>,
    service: &'static str,
    managed: Vec<Node<'a>>,
) -> Resource<'a> {
    let assume = map([
        ("Effect", text("Allow")),
        ("Principal", map([("Service", text(service))])),
        ("Action", text("sts:AssumeRole")),
    ]);
    let mut inline = Vec::new();
    let mut attached = managed;
    for policy in all.get("Policies").map(Node::one_or_many).unwrap_or_default() {
        match statements(policy) {
            Some(statements) => inline.push(map([
                ("PolicyName", text(format!("policy{}", inline.len()))),
                ("PolicyDocument", document(statements)),
            ])),
            None => attached.push(policy.clone()),
        }
    }
    let mut role = properties([
        ("AssumeRolePolicyDocument", document(vec![assume])),
        ("Policies", list(inline)),
        ("ManagedPolicyArns", list(attached)),
    ]);
    if let Some(boundary) = all.entry("PermissionsBoundary") {
        role.entries.push(boundary.clone());
    }
    Resource {
        type_: crate::audit::template::Name::derived("AWS::IAM::Role"),
        place: all.entry("Policies").and_then(|entry| entry.key.place).unwrap_or(of.place),
        origin: of.origin.clone(),
        condition: of.condition.clone(),
        depends_on: Vec::new(),
        deletion_policy: None,
        update_replace_policy: None,
        others: Vec::new(),
        properties: role,
        touched: of.touched,
    }
}

/// The statements of a policy, if they are known: a document, a statement, or a policy template.
fn statements<'a>(policy: &Node<'a>) -> Option<Vec<Node<'a>>> {
    let written = policy.as_map()?;
    if let Some(statement) = written.get("Statement") {
        return Some(statement.one_or_many().to_vec());
    }
    let [only] = written.entries.as_slice() else { return None };
    let known = KNOWN.iter().find(|known| known.name == only.key.text)?;
    let resource = only.value.get(known.parameter)?.clone();
    let mut statement = allow(known.actions, vec![resource]);
    statement.place = only.key.place;
    if let Kind::Map(map) = &mut statement.kind {
        for entry in &mut map.entries {
            entry.value.place = entry.value.place.or(only.key.place);
        }
    }
    Some(vec![statement])
}
