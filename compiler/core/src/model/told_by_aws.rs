//! What is known of some events of AWS: which service tells of it, and what is in it.

use super::Event;
use crate::types::{Kind, Types};

/// Detail-types of one service alone.
/// <https://docs.aws.amazon.com/eventbridge/latest/ref/welcome.html>
const TOLD_BY: [(&str, &str); 21] = [
    ("AWS Console Sign In via CloudTrail", "aws.signin"),
    ("AWS Health Event", "aws.health"),
    ("Batch Job State Change", "aws.batch"),
    ("CloudWatch Alarm State Change", "aws.cloudwatch"),
    ("CodeBuild Build State Change", "aws.codebuild"),
    ("CodePipeline Pipeline Execution State Change", "aws.codepipeline"),
    ("EBS Volume Notification", "aws.ec2"),
    ("EC2 Instance State-change Notification", "aws.ec2"),
    ("EC2 Spot Instance Interruption Warning", "aws.ec2"),
    ("ECR Image Action", "aws.ecr"),
    ("ECR Image Scan", "aws.ecr"),
    ("ECS Task State Change", "aws.ecs"),
    ("Glue Job State Change", "aws.glue"),
    ("GuardDuty Finding", "aws.guardduty"),
    ("Object Created", "aws.s3"),
    ("Object Deleted", "aws.s3"),
    ("Object Restore Completed", "aws.s3"),
    ("Object Tags Added", "aws.s3"),
    ("RDS DB Instance Event", "aws.rds"),
    ("Scheduled Event", "aws.events"),
    ("Step Functions Execution Status Change", "aws.states"),
];

/// The details of some, as examples with every field that always comes or may come.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>,
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-instance-state-changes.html>
const DETAILS: [(&str, &str); 2] = [
    (
        "Object Created",
        r#"{"version":"0","bucket":{"name":"shop-receipts"},"object":{"key":"a.png","size":5,"etag":"b1946ac92492d2347c6235b4d2611184",
        "version-id":"IYV3p45BT0ac8hjHg1houSdS1a.Mro8e","sequencer":"617f08299329d189"},"request-id":"N4N7GDK58NMKJ12R",
        "requester":"123456789012","source-ip-address":"203.0.113.1","reason":"PutObject"}"#,
    ),
    ("EC2 Instance State-change Notification", r#"{"instance-id":"i-0123456789abcdef0","state":"running"}"#),
];

/// The values that some fields of the details have: of which detail-type, which field, and what it says.
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-instance-state-changes.html>,
/// <https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html>,
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html>,
/// <https://docs.aws.amazon.com/batch/latest/userguide/job_states.html>,
/// <https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications.html>,
/// <https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html>
const VALUES: [(&str, &str, &[&str]); 6] = [
    (
        "EC2 Instance State-change Notification",
        "state",
        &["pending", "running", "stopping", "stopped", "shutting-down", "terminated"],
    ),
    (
        "Step Functions Execution Status Change",
        "status",
        &["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"],
    ),
    (
        "ECS Task State Change",
        "lastStatus",
        &[
            "PROVISIONING",
            "PENDING",
            "ACTIVATING",
            "RUNNING",
            "DEACTIVATING",
            "STOPPING",
            "DEPROVISIONING",
            "STOPPED",
            "DELETED",
        ],
    ),
    (
        "Batch Job State Change",
        "status",
        &["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED"],
    ),
    ("CodeBuild Build State Change", "build-status", &["IN_PROGRESS", "SUCCEEDED", "FAILED", "STOPPED"]),
    (
        "CodePipeline Pipeline Execution State Change",
        "state",
        &["CANCELED", "FAILED", "RESUMED", "STARTED", "STOPPED", "STOPPING", "SUCCEEDED", "SUPERSEDED"],
    ),
];

impl Event {
    /// The service that tells of such events, where it is another than the one that it is said to be from.
    pub(crate) fn told_by(&self) -> Option<&'static str> {
        let (_, service) = TOLD_BY.iter().find(|(detail_type, _)| *detail_type == self.detail_type.value)?;
        (*service != self.source.value).then_some(service)
    }

    /// The values that a field of the details has, where AWS says which.
    pub(crate) fn values_told(&self, field: &str) -> Option<&'static [&'static str]> {
        let is_it = |(of, name, _): &&(&str, &str, _)| *of == self.detail_type.value && *name == field;
        VALUES.iter().find(is_it).map(|(.., values)| *values)
    }

    /// What the details lack that the spec says they have, or have as something else.
    pub(crate) fn untold(&self, types: &Types) -> Option<String> {
        let (_, example) = DETAILS.iter().find(|(detail_type, _)| *detail_type == self.detail_type.value)?;
        if types.resolve(&self.detail).kind == Kind::Any {
            return None;
        }
        let problems = types.validate(&self.detail, &serde_json::from_str(example).ok()?);
        // Which values it has is another matter.
        let is_told = |reason: &str| reason.starts_with("required field") || reason.starts_with("expected");
        let problem = problems.into_iter().find(|problem| is_told(&problem.reason))?;
        Some(match problem.pointer.as_str() {
            "" => problem.reason,
            at => format!("`{at}`: {}", problem.reason),
        })
    }
}
