//! What AWS publishes itself: to the account's default bus, with sources that start with `aws.`; its partners publish to buses of their own.

use super::Bus;
use crate::pattern::{Constraint, MatchKind, Pattern};
use crate::spec::bus::BusKind;

/// What sources of AWS's own events start with, and those of its partners. `PutEvents` takes none of them.
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html>
pub const PREFIX: &str = "aws.";

/// What sources of the events of partners start with, and the names of the buses that these arrive on.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-saas.html>
pub const PARTNER_PREFIX: &str = "aws.partner/";

/// Whether only AWS or a partner of it can have published what has this source.
pub fn is_source(source: &str) -> bool {
    source.starts_with(PREFIX)
}

/// Whether a pattern for this bus may be about events that AWS publishes, which need not be declared.
pub fn may_be_of_aws(pattern: &Pattern, bus: &Bus) -> bool {
    if bus.kind != BusKind::Default {
        return false;
    }
    let source = pattern.root.fields.iter().find(|field| field.name.value == "source");
    match source.map(|field| &field.constraint) {
        None | Some(Constraint::Object(_)) => false,
        Some(Constraint::AnyOf(matches)) => matches.iter().any(|one| match &one.kind {
            MatchKind::Text(text) => is_source(text),
            MatchKind::Prefix(text, _) => text.starts_with(PREFIX) || PREFIX.starts_with(text.as_str()),
            MatchKind::Wildcard(wildcard) => wildcard.value.text.starts_with(PREFIX),
            MatchKind::EqualsIgnoreCase(_)
            | MatchKind::Suffix(..)
            | MatchKind::AnythingBut(_)
            | MatchKind::Exists(_)
            | MatchKind::Null
            | MatchKind::Boolean(_)
            | MatchKind::Number(_)
            | MatchKind::Numeric(_)
            | MatchKind::Cidr(_) => false,
        }),
    }
}

/// The source that was probably meant by one that no service of AWS is known to have: its nearest neighbour. `None` if it is known, or
/// like none: there are more sources than this list has, and new ones each year.
pub fn near_miss(source: &str) -> Option<&'static str> {
    let name = source.strip_prefix(PREFIX)?;
    if source.starts_with(PARTNER_PREFIX) || SOURCES.contains(&name) {
        return None;
    }
    let lower = name.to_lowercase();
    let distance = |known: &str| strsim::damerau_levenshtein(&lower, known);
    SOURCES
        .iter()
        .copied()
        .map(|known| (distance(known), known))
        .filter(|(far, _)| *far <= 1)
        .min()
        .map(|(_, known)| known)
}

/// Sources of services that publish to EventBridge, without their `aws.`.
/// <https://docs.aws.amazon.com/eventbridge/latest/ref/welcome.html>
const SOURCES: &[&str] = &[
    "a2i",
    "access-analyzer",
    "acm",
    "acm-pca",
    "aiops",
    "amplify",
    "apigateway",
    "appconfig",
    "appfabric",
    "appflow",
    "application-autoscaling",
    "application-cost-profiler",
    "application-signals",
    "appmesh",
    "apprunner",
    "appsync",
    "aps",
    "artifact",
    "athena",
    "auditmanager",
    "autoscaling",
    "b2bi",
    "backup",
    "batch",
    "bedrock",
    "billingconductor",
    "braket",
    "budgets",
    "cassandra",
    "chatbot",
    "chime",
    "cleanrooms",
    "cloud9",
    "clouddirectory",
    "cloudformation",
    "cloudfront",
    "cloudhsm",
    "cloudshell",
    "cloudtrail",
    "cloudwatch",
    "codeartifact",
    "codebuild",
    "codecommit",
    "codeconnections",
    "codedeploy",
    "codeguru-reviewer",
    "codepipeline",
    "codestar",
    "codestar-connections",
    "cognito-identity",
    "cognito-idp",
    "cognito-sync",
    "comprehend",
    "compute-optimizer",
    "config",
    "connect",
    "controltower",
    "cost-optimization-hub",
    "ce",
    "databrew",
    "datapipeline",
    "dataexchange",
    "datasync",
    "datazone",
    "dax",
    "deadline",
    "detective",
    "devops-guru",
    "directconnect",
    "discovery",
    "dlm",
    "dms",
    "drs",
    "ds",
    "dynamodb",
    "ebs",
    "ec2",
    "ec2fleet",
    "ec2spotfleet",
    "ecr",
    "ecs",
    "eks",
    "elasticache",
    "elasticbeanstalk",
    "elasticfilesystem",
    "elasticloadbalancing",
    "elasticmapreduce",
    "elastictranscoder",
    "emr",
    "emr-containers",
    "emr-serverless",
    "entityresolution",
    "errorreporting",
    "es",
    "events",
    "evidently",
    "firehose",
    "fis",
    "fms",
    "forecast",
    "frauddetector",
    "fsx",
    "gamelift",
    "geo",
    "glacier",
    "glue",
    "grafana",
    "greengrass",
    "groundstation",
    "guardduty",
    "health",
    "healthlake",
    "honeycode",
    "iam",
    "imagebuilder",
    "inspector",
    "inspector2",
    "internetmonitor",
    "iot",
    "iotanalytics",
    "iotevents",
    "iotfleetwise",
    "iotsitewise",
    "ivs",
    "ivschat",
    "kafka",
    "kafkaconnect",
    "kendra",
    "kinesis",
    "kinesisanalytics",
    "kinesisvideo",
    "kms",
    "lakeformation",
    "lambda",
    "launchwizard",
    "lex",
    "license-manager",
    "lightsail",
    "logs",
    "lookoutmetrics",
    "lookoutvision",
    "m2",
    "macie",
    "macie2",
    "managedservices",
    "mediaconnect",
    "mediaconvert",
    "medialive",
    "mediapackage",
    "mediastore",
    "mediatailor",
    "memorydb",
    "mgn",
    "migrationhub",
    "mobiletargeting",
    "monitoring",
    "mq",
    "mwaa",
    "neptune",
    "network-firewall",
    "networkmanager",
    "nimble",
    "oam",
    "omics",
    "opensearch",
    "opsworks",
    "organizations",
    "osis",
    "outposts",
    "panorama",
    "partnercentral",
    "payment-cryptography",
    "personalize",
    "pipes",
    "polly",
    "private-networks",
    "proton",
    "qldb",
    "quicksight",
    "ram",
    "rds",
    "redshift",
    "redshift-data",
    "redshift-serverless",
    "rekognition",
    "resiliencehub",
    "resource-explorer-2",
    "resource-groups",
    "robomaker",
    "rolesanywhere",
    "route53",
    "route53domains",
    "route53resolver",
    "rum",
    "s3",
    "s3-outposts",
    "s3outposts",
    "sagemaker",
    "savingsplans",
    "scheduler",
    "schemas",
    "secretsmanager",
    "securityhub",
    "securitylake",
    "serverlessrepo",
    "servicecatalog",
    "servicediscovery",
    "servicequotas",
    "ses",
    "shield",
    "signer",
    "signin",
    "simspaceweaver",
    "sms",
    "sms-voice",
    "snowball",
    "sns",
    "sqs",
    "ssm",
    "ssm-contacts",
    "ssm-incidents",
    "ssm-quicksetup",
    "sso",
    "states",
    "storagegateway",
    "sts",
    "support",
    "supportapp",
    "swf",
    "synthetics",
    "tag",
    "textract",
    "timestream",
    "transcribe",
    "transfer",
    "translate",
    "trustedadvisor",
    "verifiedpermissions",
    "vpc-lattice",
    "vpn",
    "waf",
    "wafv2",
    "wellarchitected",
    "wickr",
    "workdocs",
    "workmail",
    "workspaces",
    "xray",
];

#[cfg(test)]
mod tests {
    use super::near_miss;

    #[test]
    fn a_source_is_near_another_or_is_let_be() {
        for (source, near) in [
            ("aws.s33", Some("s3")),
            ("aws.S3", Some("s3")),
            ("aws.stats", Some("states")),
            ("aws.s3", None),
            ("aws.something-new", None),
            ("aws.partner/shop.example.com/1", None),
            ("shop", None),
        ] {
            assert_eq!(near_miss(source), near, "{source}");
        }
    }
}
