//! What the formats of schemas are, as far as they are told by the text alone.
//!
//! <https://github.com/aws-cloudformation/cfn-lint/blob/main/docs/format_keyword.md>

/// Formats: the regular expression of each, and what it is.
const FORMATS: [(&str, &str, &str); 19] = [
    (
        "AWS::ACM::Certificate.Arn",
        r"^arn:aws[a-zA-Z-]*:acm:[a-z0-9-]+:\d{12}:certificate/.+$",
        "the ARN of a certificate",
    ),
    ("AWS::IAM::Role.Arn", r"^arn:aws[a-zA-Z-]*:iam::\d{12}:role/.+$", "the ARN of a role"),
    ("AWS::EC2::Image.Id", r"^ami-([0-9a-z]{8}|[0-9a-z]{17})$", "the id of an image"),
    ("AWS::KMS::Alias.AliasName", r"^alias/[a-zA-Z0-9:/_-]+$", "the alias of a key"),
    ("AWS::KMS::Key.Arn", r"^arn:aws[a-zA-Z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)/.+$", "the ARN of a key"),
    (
        "AWS::KMS::Key.Id",
        r"^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32}|alias/[a-zA-Z0-9/_-]+)$",
        "the id of a key",
    ),
    ("AWS::Lambda::Function.Arn", r"^arn:aws[a-zA-Z-]*:lambda:[a-z0-9-]+:\d{12}:function:.+$", "the ARN of a function"),
    ("AWS::Logs::LogGroup.Name", r"^[.\-_/#A-Za-z0-9]{1,512}$", "the name of a log group"),
    (
        "AWS::S3::Bucket.Name",
        r"^(?!.*\.\.)(?!.*-\.)(?!.*\.-)[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]$",
        "the name of a bucket",
    ),
    ("AWS::EC2::SecurityGroup.Id", r"^sg-([a-fA-F0-9]{8}|[a-fA-F0-9]{17})$", "the id of a security group"),
    ("AWS::EC2::SecurityGroup.Name", r"^[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]+$", "the name of a security group"),
    ("AWS::SNS::Topic.Arn", r"^arn:aws[a-zA-Z-]*:sns:[a-z0-9-]+:\d{12}:.+$", "the ARN of a topic"),
    ("AWS::EC2::Subnet.Id", r"^subnet-([0-9A-Fa-f]{8}|[0-9A-Fa-f]{17})$", "the id of a subnet"),
    ("AWS::EC2::VPC.Id", r"^vpc-([0-9A-Fa-f]{8}|[0-9A-Fa-f]{17})$", "the id of a VPC"),
    (
        "date-time",
        r"^\d{4}-(0[1-9]|1[0-2])-\d{2}T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$",
        "a date and a time",
    ),
    ("date", r"^\d{4}-(0[1-9]|1[0-2])-\d{2}$", "a date"),
    ("ipv4", r"^(\d{1,3}\.){3}\d{1,3}$", "an address of IPv4"),
    ("ipv4-network", r"^(\d{1,3}\.){3}\d{1,3}/\d{1,2}$", "a block of addresses of IPv4"),
    ("ipv6-network", r"^[0-9a-fA-F:.]+/\d{1,3}$", "a block of addresses of IPv6"),
];

/// The regular expression of a format, and what it is; nothing for those that no text tells.
pub(super) fn of(format: &str) -> Option<(&'static str, &'static str)> {
    FORMATS.iter().find(|(name, ..)| *name == format).map(|(_, pattern, what)| (*pattern, *what))
}
