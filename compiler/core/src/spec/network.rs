//! `networks:` VPCs: made by this stack with what its functions need, or there already.

use evc_macros::{Section, Word};

use super::allow::Allows;
use super::decode::{Decoder, Fields};
use super::given::Given;
use super::keys::Word as _;
use super::scalar::one_or_more;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Spanned;

/// A VPC for caches and the functions that use them. Without a `vpc`, the stack makes one: private subnets, a gateway endpoint
/// for DynamoDB, interface endpoints for what its functions call and nothing else.
#[derive(Debug, Clone, Section)]
#[section(what = "a network", whole, check = lists)]
pub struct Network {
    /// What it is for, for people.
    pub description: Option<String>,
    /// The addresses of a VPC that this stack makes: a block of `/16` to `/24`, `10.0.0.0/16` without it.
    #[key(pattern = CIDR, check = is_cidr)]
    pub cidr: Option<Spanned<String>>,
    /// In how many zones a VPC that this stack makes has subnets: {range}, 2 without it.
    #[key(range = 2..=6, what = "the number of zones")]
    pub zones: Option<Spanned<u64>>,
    /// A VPC that exists already: its id, or `parameter` for a parameter of the template.
    pub vpc: Option<Spanned<Given<String>>>,
    /// The private subnets to use in a VPC that exists already: their ids, or `parameter` for a parameter of the template.
    #[key(schema = one_or_more::<String>)]
    pub subnets: Option<Spanned<Given<Vec<Spanned<String>>>>>,
    /// Further security groups that functions get in a VPC that exists already: their ids, or `parameter` for a parameter of
    /// the template.
    #[key(schema = one_or_more::<String>)]
    pub security_groups: Option<Spanned<Given<Vec<Spanned<String>>>>>,
    /// The services that a VPC which exists already has endpoints for.
    #[key(default)]
    pub reaches: Vec<Spanned<Service>>,
    /// Whether there is a way to the internet, through NAT gateways: made by this stack, one a zone, or there already. Functions
    /// that call anything else than AWS and the cache need it.
    pub nat: Option<Spanned<bool>>,
    /// Warnings that are fine here, each with the reason.
    #[key(default)]
    pub allow: Allows,
}

/// A service of AWS that a function calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Word)]
#[word(what = "a service that endpoints are known for")]
pub enum Service {
    /// DynamoDB: tables, outboxes, what idempotent functions have done.
    #[word(rename = "dynamodb")]
    DynamoDb,
    /// EventBridge: events that are put on a bus.
    Events,
    /// Lambda: functions that are invoked.
    Lambda,
    /// Secrets Manager: tokens of caches.
    #[word(rename = "secretsmanager")]
    SecretsManager,
    /// SQS: messages that are sent.
    Sqs,
    /// Systems Manager: configuration, and secrets of Parameter Store.
    Ssm,
    /// Step Functions: executions that are started or answered.
    States,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 7] =
        [Self::DynamoDb, Self::Events, Self::Lambda, Self::SecretsManager, Self::Sqs, Self::Ssm, Self::States];

    /// How the language and the names of endpoints write it.
    /// <https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html>
    pub fn key(self) -> &'static str {
        self.word()
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::DynamoDb => "DynamoDB",
            Self::Events => "EventBridge",
            Self::Lambda => "Lambda",
            Self::SecretsManager => "Secrets Manager",
            Self::Sqs => "SQS",
            Self::Ssm => "Systems Manager",
            Self::States => "Step Functions",
        }
    }
}

/// A block of IPv4 addresses as a VPC of ours has one, from `/16` to `/24`.
const CIDR: &str =
    r"^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])/(1[6-9]|2[0-4])$";

/// The first address of a block and the length of its prefix: `/16`, the largest that a VPC has, to `/24`, of which sixteen
/// subnets are the smallest that there are (<https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html>).
pub fn cidr(text: &str) -> Option<(std::net::Ipv4Addr, u32)> {
    let (address, prefix) = text.split_once('/')?;
    let is_plain = prefix.len() == 2 && prefix.bytes().all(|byte| byte.is_ascii_digit());
    let prefix: u32 = prefix.parse().ok().filter(|prefix| is_plain && (16..=24).contains(prefix))?;
    Some((address.parse().ok()?, prefix))
}

fn is_cidr(text: &Spanned<String>, cx: &mut Decoder) {
    if cidr(text).is_none() {
        cx.bad_value(text.span, format!("`{}` is not a block of addresses for a VPC", text.value))
            .help
            .push("write an IPv4 address and a prefix of `/16` to `/24`, such as `10.0.0.0/16`".to_owned());
    }
}

fn lists(network: &Network, _: &Fields<'_>, cx: &mut Decoder) {
    for (list, what) in [(&network.subnets, "a subnet"), (&network.security_groups, "a security group")] {
        if let Some(list) = list
            && list.here().is_some_and(Vec::is_empty)
        {
            cx.bad_value(list.span, format!("expected at least {what}, found none"));
        }
        let named = list.as_ref().and_then(|list| list.here()).map_or(&[][..], Vec::as_slice);
        for (at, one) in named.iter().enumerate() {
            if let Some(first) = named[..at].iter().find(|other| other.value == one.value) {
                let message = format!("`{}` is listed twice", one.value);
                let diagnostic = Diagnostic::new(Code::EVC0108, one.span, message);
                cx.report(diagnostic.secondary(first.span, "the first is here").help("name each once"));
            }
        }
    }
}
