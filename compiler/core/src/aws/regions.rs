//! Partitions, Regions and accounts, as ARNs name them.
//!
//! <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>

use crate::aws::iam::matches;
use crate::diagnostics::nearest;

/// Partitions, each with what its Regions start with. The first that fits is it.
const PARTITIONS: [(&str, &[&str]); 8] = [
    ("aws-cn", &["cn-"]),
    ("aws-us-gov", &["us-gov-"]),
    ("aws-iso", &["us-iso-"]),
    ("aws-iso-b", &["us-isob-"]),
    ("aws-iso-e", &["eu-isoe-"]),
    ("aws-iso-f", &["us-isof-"]),
    ("aws-eusc", &["eusc-"]),
    ("aws", &["us-", "eu-", "ap-", "af-", "ca-", "il-", "me-", "mx-", "sa-"]),
];

/// The Regions that there are.
const REGIONS: [&str; 47] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-isoe-west-1",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "sa-west-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
    "us-west-1",
    "us-west-2",
];

/// Where in its area a Region is said to be.
const DIRECTIONS: [&str; 9] =
    ["central", "north", "south", "east", "west", "northeast", "northwest", "southeast", "southwest"];

/// The parts of an ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'t> {
    /// `aws`, `aws-cn`.
    pub partition: &'t str,
    /// The service, `kms`.
    pub service: &'t str,
    /// The Region; nothing for what is of no Region.
    pub region: &'t str,
    /// The account; nothing for what is of no account, or of AWS.
    pub account: &'t str,
    /// The rest.
    pub resource: &'t str,
}

impl<'t> Arn<'t> {
    /// The parts of a text, if it has those of an ARN. A `${AWS::Region}` in it is one.
    pub fn parse(text: &'t str) -> Option<Self> {
        let mut rest = text;
        let mut part = || {
            let (mut depth, mut before) = (0_usize, '\0');
            let end = rest.char_indices().find(|(_, c)| {
                depth = match c {
                    '{' if before == '$' => depth + 1,
                    '}' => depth.saturating_sub(1),
                    _ => depth,
                };
                before = *c;
                *c == ':' && depth == 0
            });
            let (at, _) = end?;
            let (part, after) = rest.split_at(at);
            rest = after.get(1..)?;
            Some(part)
        };
        let [arn, partition, service, region, account] = [part()?, part()?, part()?, part()?, part()?];
        (arn == "arn").then_some(Self { partition, service, region, account, resource: rest })
    }

    /// The first of partition, Region and account that no ARN can have. What has `*` or `?` is a pattern, and what has `$` is known when
    /// it is deployed.
    pub fn impossible(&self) -> Option<Impossible<'t>> {
        partition(self.partition).or_else(|| region(self.partition, self.region)).or_else(|| account(self.account))
    }
}

/// A part of an ARN that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impossible<'t> {
    /// The part: "partition", "Region", "account".
    pub part: &'static str,
    /// What is written there.
    pub text: &'t str,
    /// Why it cannot be, or what may be meant.
    pub help: Option<String>,
}

/// Whether something is known when it is deployed alone.
fn is_open(text: &str) -> bool {
    text.contains('$')
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

fn partition(text: &str) -> Option<Impossible<'_>> {
    let known = || PARTITIONS.iter().map(|(name, _)| *name);
    if is_open(text) || known().any(|name| matches(text, name)) {
        return None;
    }
    let names: Vec<&str> = known().collect();
    let help = nearest(text, &names).map(|near| format!("did you mean `{near}`?"));
    Some(Impossible { part: "partition", text, help })
}

fn region<'t>(of: &str, text: &'t str) -> Option<Impossible<'t>> {
    if text.is_empty() || is_open(text) {
        return None;
    }
    let Some(home) = partition_of(text) else { return no_region(text) };
    if is_open(of) || is_pattern(of) || of == home {
        return None;
    }
    Some(Impossible { part: "Region", text, help: Some(format!("it is one of the partition `{home}`")) })
}

/// Says so if no Region is called this, whatever AWS may build: `eu-wst-1`. A pattern is for a Region if it fits one.
pub fn no_region(text: &str) -> Option<Impossible<'_>> {
    let found =
        if is_pattern(text) { REGIONS.iter().any(|known| matches(text, known)) } else { partition_of(text).is_some() };
    if found || text.is_empty() || is_open(text) {
        return None;
    }
    let help = nearest(text, &REGIONS).map(|near| format!("did you mean `{near}`?"));
    Some(Impossible { part: "Region", text, help })
}

/// The partition that a Region is in, by its name. `None` for what is no name of a Region. One that is not known may be new, where it is
/// called as Regions are.
fn partition_of(region: &str) -> Option<&'static str> {
    let (home, area) = PARTITIONS
        .iter()
        .find_map(|(name, areas)| Some((*name, *areas.iter().find(|area| region.starts_with(**area))?)))?;
    if REGIONS.contains(&region) {
        return Some(home);
    }
    let (place, number) = region.get(area.len()..)?.rsplit_once('-')?;
    let place = place.rsplit('-').next().unwrap_or(place);
    let is_place = DIRECTIONS.contains(&place);
    (is_place && matches!(number.as_bytes(), [b'1'..=b'9'])).then_some(home)
}

fn account(text: &str) -> Option<Impossible<'_>> {
    let is_number = text.starts_with(|first: char| first.is_ascii_digit());
    let right = text.len() == 12 && text.bytes().all(|digit| digit.is_ascii_digit());
    // Services name their own in words, and a pattern leaves open how many digits it stands for.
    if !is_number || right || is_open(text) || (is_pattern(text) && text.len() <= 12) {
        return None;
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let help = match digits {
        12 => format!("an account is written in digits alone: `{}`", text.replace(|c: char| !c.is_ascii_digit(), "")),
        count => format!("an account has 12 digits, this one has {count}"),
    };
    Some(Impossible { part: "account", text, help: Some(help) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_cannot_be_are_told() {
        let part = |arn: &str| Arn::parse(arn).and_then(|arn| arn.impossible()).map(|it| (it.part, it.help));
        for right in [
            "arn:aws:s3:::shop-receipts/*",
            "arn:*:ses:*:*:identity/*",
            "arn:aws:ses:eu-*:1234*:identity/shop.example",
            "arn:aws-cn:ses:cn-north-1:123456789012:identity/shop.example",
            "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/1",
            "arn:aws:kms:eu-west-4:123456789012:key/1",
            "arn:aws:iam::aws:policy/ReadOnlyAccess",
            "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/1",
        ] {
            assert_eq!(part(right), None, "{right}");
        }
        for (wrong, what, says) in [
            ("arn:awss:s3:::a", "partition", "did you mean `aws`?"),
            ("arn:aws:ses:eu-wst-1:123456789012:identity/a", "Region", "did you mean `eu-west-1`?"),
            ("arn:aws:ses:eu-wst-*:123456789012:identity/a", "Region", ""),
            ("arn:aws:ses:cn-north-1:123456789012:identity/a", "Region", "it is one of the partition `aws-cn`"),
            ("arn:aws-cn:ses:eu-west-1:123456789012:identity/a", "Region", "it is one of the partition `aws`"),
            ("arn:aws:ses:eu-west-11:123456789012:identity/a", "Region", ""),
            ("arn:aws:ses:eu-west-1:12345678901:identity/a", "account", "an account has 12 digits, this one has 11"),
            ("arn:aws:ses:eu-west-1:1234-5678-9012:identity/a", "account", "`123456789012`"),
        ] {
            let (found, help) = part(wrong).unwrap_or_default();
            assert_eq!(found, what, "{wrong}");
            assert!(help.unwrap_or_default().contains(says), "{wrong}");
        }
    }
}
