//! What the policy of the customer's key has to allow: to services that use it on their own, since no role of the stack speaks for them.

use serde_json::{Value, json};

use super::Plan;
use crate::model::Thing;

/// The statements that the owner of the key adds, with `REGION` and `ACCOUNT` for those of the stack. Empty without a key.
///
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html>
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-encryption-key-policy.html>
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html#compatibility-with-aws-services>
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-enable-encryption-for-topic-sqs-queue-subscriptions.html>
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html>
/// <https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html>
pub(crate) fn statements(plan: &Plan<'_>) -> Vec<Value> {
    if plan.model.security.key.is_none() {
        return Vec::new();
    }
    let has = |types: &[&str]| plan.resources.values().any(|it| types.contains(&it.type_.as_str()));
    let own = json!({"StringEquals": {"aws:SourceAccount": "ACCOUNT"}});
    let logs = json!({"StringLike": {"kms:EncryptionContext:SourceArn": "arn:aws:logs:REGION:ACCOUNT:*"}});
    let mut found = Vec::new();
    let mut allow = |sid: &str, service: &str, actions: &[&str], condition: &Value| {
        found.push(json!({
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": actions,
            "Resource": "*",
            "Condition": condition,
        }));
    };
    let both = ["kms:Decrypt", "kms:GenerateDataKey"];
    if has(&["AWS::Logs::LogGroup"]) {
        let groups = "arn:aws:logs:REGION:ACCOUNT:log-group:*";
        let condition = json!({"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}});
        let actions = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"];
        allow("LogGroups", "logs.REGION.amazonaws.com", &actions, &condition);
    }
    if has(&["AWS::StepFunctions::StateMachine", "AWS::Pipes::Pipe"]) {
        allow("LogDelivery", "delivery.logs.amazonaws.com", &["kms:Decrypt*"], &logs);
    }
    if has(&["AWS::Events::EventBus", "AWS::Events::Archive"]) {
        allow("Buses", "events.amazonaws.com", &["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"], &own);
    }
    if has(&["AWS::SQS::QueuePolicy"]) {
        allow("RulesToQueues", "events.amazonaws.com", &both, &own);
    }
    // Messages that services which resources of the spec name put into queues of the spec.
    let brings = |type_: &str| {
        let mut of_type = plan.model.resources.values().filter(|it| it.type_.value == type_);
        of_type.any(|it| it.refers.iter().any(|thing| matches!(thing.value, Thing::Queue(_))))
    };
    if brings("AWS::SNS::Subscription") {
        allow("TopicsToQueues", "sns.amazonaws.com", &both, &own);
    }
    if brings("AWS::S3::Bucket") {
        allow("BucketsToQueues", "s3.amazonaws.com", &both, &own);
    }
    if has(&["AWS::Pipes::Pipe"]) {
        allow("Pipes", "pipes.amazonaws.com", &["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"], &own);
        allow("LogsOfPipes", "pipes.amazonaws.com", &["kms:GenerateDataKey"], &logs);
    }
    if has(&["AWS::SNS::Topic"]) {
        allow("Alarms", "cloudwatch.amazonaws.com", &both, &own);
    }
    found
}
