//! What AWS publishes itself: to the account's default bus, with sources that start with `aws.`; its partners publish to buses of their own.

use super::Bus;
use crate::pattern::{AnythingBut, Constraint, MatchKind, Pattern};
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

/// Whether a pattern for this bus may be about events that AWS publishes, which need not be declared: it says no source, or one of which
/// `aws.` may be the start.
pub fn may_be_of_aws(pattern: &Pattern, bus: &Bus) -> bool {
    if bus.kind != BusKind::Default {
        return false;
    }
    let source = pattern.root.fields.iter().find(|field| field.name.value == "source");
    match source.map(|field| &field.constraint) {
        None => true,
        Some(Constraint::Object(_)) => false,
        Some(Constraint::AnyOf(matches)) => matches.iter().any(|one| may_match(&one.kind)),
    }
}

/// Whether a pattern names sources of AWS, rather than to leave them in.
pub fn names_sources(pattern: &Pattern) -> bool {
    pattern.texts("source").is_some_and(|texts| texts.iter().any(|text| is_source(text.value)))
}

fn may_match(kind: &MatchKind) -> bool {
    match kind {
        MatchKind::Text(text) => is_source(text),
        MatchKind::Prefix(text, ignores_case) => {
            let text = if *ignores_case { text.to_lowercase() } else { text.value.clone() };
            text.starts_with(PREFIX) || PREFIX.starts_with(text.as_str())
        }
        MatchKind::EqualsIgnoreCase(text) => is_source(&text.to_lowercase()),
        MatchKind::Wildcard(wildcard) => match wildcard.value.parts.as_slice() {
            [only] => is_source(only),
            [first, ..] => first.starts_with(PREFIX) || PREFIX.starts_with(first.as_str()),
            [] => false,
        },
        MatchKind::AnythingBut(but) => !excludes(but),
        MatchKind::Suffix(..) | MatchKind::Exists(true) => true,
        MatchKind::Exists(false)
        | MatchKind::Null
        | MatchKind::Boolean(_)
        | MatchKind::Number(_)
        | MatchKind::Numeric(_)
        | MatchKind::Cidr(_) => false,
    }
}

/// Whether every source of AWS is among what a pattern does not want.
fn excludes(but: &AnythingBut) -> bool {
    match but {
        AnythingBut::Prefixes(prefixes) => prefixes.iter().any(|prefix| PREFIX.starts_with(prefix.as_str())),
        AnythingBut::Wildcards(wildcards) => wildcards.iter().any(|wildcard| match wildcard.value.parts.as_slice() {
            [first, last] => PREFIX.starts_with(first.as_str()) && last.is_empty(),
            _ => false,
        }),
        AnythingBut::Texts(_) | AnythingBut::Numbers(_) | AnythingBut::Suffixes(_) | AnythingBut::IgnoreCase(_) => {
            false
        }
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
