//! ARNs that the spec says itself: each can be, and those that must be of the stack's own partition, Region or account agree on it.
//!
//! A stack is in one Region of one account, whichever that is. What is in another cannot be used by it, wherever it is deployed.

use crate::aws::regions::{Arn, Impossible};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{CacheKind, CacheSecret, Model, SecretKind};
use crate::source::{Span, Spanned};
use crate::spec::given::Given;
use crate::yaml::{Mapping, Node, NodeKind};

use super::is_published;

/// What of an ARN must be the stack's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Own {
    /// The partition: IAM refuses a policy that names another.
    Partition,
    /// The Region as well: a key, a secret, a layer may be of another account.
    Region,
    /// The account as well, and not the Region, which it has none of: a policy, a role.
    Account,
    /// Both.
    Both,
}

/// An ARN, and what of it must be the stack's own.
struct Fixed<'m> {
    arn: Arn<'m>,
    own: Own,
    what: String,
    place: Span,
    from: From,
}

/// Where an ARN stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    /// Under a key of its own.
    Key,
    /// In raw properties.
    Raw,
    /// Under `may`.
    Permission,
}

impl From {
    /// Whether what cannot be is told here.
    fn tells(self, wrong: &Impossible<'_>) -> bool {
        match self {
            Self::Key => wrong.part != "account",
            Self::Raw => true,
            Self::Permission => false,
        }
    }
}

/// Properties of resources that take the ARN of something of the stack's own Region or account, whatever the resource.
///
/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html> and the pages of what else has them: keys of KMS, layers, streams and
/// queues that Lambda reads are of the Region; roles are passed within an account; certificates and web ACLs are of both.
const PROPERTIES: [(&str, &str, Own); 15] = [
    ("KmsMasterKeyId", ":kms:", Own::Region),
    ("KMSMasterKeyId", ":kms:", Own::Region),
    ("KMSMasterKeyID", ":kms:", Own::Region),
    ("KmsKeyId", ":kms:", Own::Region),
    ("KmsKeyArn", ":kms:", Own::Region),
    ("KmsKeyIdentifier", ":kms:", Own::Region),
    ("Layers", ":lambda:", Own::Region),
    ("EventSourceArn", ":", Own::Region),
    ("AlarmActions", ":sns:", Own::Region),
    ("OKActions", ":sns:", Own::Region),
    ("InsufficientDataActions", ":sns:", Own::Region),
    ("RegionalCertificateArn", ":acm:", Own::Both),
    ("WebACLArn", ":wafv2:", Own::Both),
    ("Role", ":iam:", Own::Account),
    ("PermissionsBoundary", ":iam:", Own::Account),
];

/// What is about other Regions and accounts by what it is for.
const ELSEWHERE: [&str; 4] = ["ReplicaRegions", "Replicas", "ReplicationConfiguration", "RegionConfigurations"];

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let mut told: Vec<Span> = Vec::new();
    for at in 0..model.environments.len() {
        let fixed = fixed(model, at);
        for it in &fixed {
            // Of permissions it is told where policies are, and keys of the spec take accounts of twelve digits alone.
            let Some(wrong) = it.arn.impossible().filter(|wrong| it.from.tells(wrong)) else { continue };
            if !told.contains(&it.place) {
                told.push(it.place);
                diagnostics.push(impossible(it, &wrong));
            }
        }
        for (part, is_own, of) in PARTS {
            let mut held =
                fixed.iter().filter(|it| is_own(it.own) && is_said(of(&it.arn)) && it.arn.impossible().is_none());
            let Some(first) = held.next() else { continue };
            for other in held.filter(|it| of(&it.arn) != of(&first.arn)) {
                if !told.contains(&other.place) {
                    told.push(other.place);
                    diagnostics.push(apart(model, at, (part, of), first, other));
                }
            }
        }
    }
}

type Whose = fn(Own) -> bool;
type Of = for<'t> fn(&Arn<'t>) -> &'t str;

/// The parts of which a stack has one, with whose it must be. AWS's own policies are of the account `aws`.
const PARTS: [(&str, Whose, Of); 3] = [
    ("partition", |_| true, |arn| arn.partition),
    ("Region", |own| matches!(own, Own::Region | Own::Both), |arn| arn.region),
    (
        "account",
        |own| matches!(own, Own::Account | Own::Both),
        |arn| if arn.account == "aws" { "" } else { arn.account },
    ),
];

/// Whether a part is known.
fn is_said(part: &str) -> bool {
    !part.is_empty() && !part.contains(['*', '?', '$', '{'])
}

/// Every ARN of the spec in one environment, the key first.
fn fixed(model: &Model, environment: usize) -> Vec<Fixed<'_>> {
    let mut found = Found(Vec::new());
    if let Some(key) = &model.security.key
        && let Some((given, place)) = key.arn.said().nth(environment)
    {
        found.given(given, Own::Region, "`security.key`", place.unwrap_or(key.span));
    }
    if let Some(boundary) = &model.security.permissions_boundary {
        found.spanned(boundary, Own::Account, "`security.permissions-boundary`");
    }
    for secret in model.secrets.values() {
        if let SecretKind::Imported(arn) = &secret.kind {
            found.spanned(arn, Own::Region, &format!("secret `{}`", secret.head.name));
        }
    }
    for cache in model.caches.values() {
        if let CacheKind::External { secret: Some(CacheSecret::Given(arn)), .. } = &cache.kind {
            found.spanned(arn, Own::Region, &format!("the password of cache `{}`", cache.head.name));
        }
    }
    for api in model.apis.values() {
        if let Some(domain) = &api.domain {
            found.spanned(&domain.certificate, Own::Both, &format!("the certificate of API `{}`", api.head.name));
        }
        if let Some(acl) = &api.web_acl {
            found.spanned(acl, Own::Both, &format!("the web ACL of API `{}`", api.head.name));
        }
    }
    buses(model, &mut found);
    for resource in model.resources.values() {
        let trees = resource.attributes.trees();
        trees.for_each(|(_, tree)| found.properties(&tree.value.0, &format!("resource `{}`", resource.head.name)));
    }
    for (name, change) in &model.overrides {
        change.attributes.trees().for_each(|(_, tree)| found.properties(&tree.value.0, &format!("`{}`", name.value)));
    }
    for function in model.functions.values() {
        for resource in function.may.iter().flat_map(|may| &may.resources.0) {
            if let NodeKind::Scalar(scalar) = &resource.kind
                && let Some(arn) = Arn::parse(&scalar.text)
            {
                let what = format!("what function `{}` may use", function.head.name);
                found.0.push(Fixed { arn, own: Own::Partition, what, place: resource.span, from: From::Permission });
            }
        }
    }
    found.0
}

/// A bus of another Region is for rules that bring events there. Events are put on one, and rules made on one, within its Region.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-region.html>
fn buses<'m>(model: &'m Model, found: &mut Found<'m>) {
    for (id, bus) in model.buses.iter() {
        let Some(arn) = &bus.imported_name else { continue };
        let is_put_on = || model.events.iter().any(|(event, it)| it.bus == id && is_published(model, event));
        let is_read = || model.rules.values().any(|rule| rule.bus == id);
        let own = if is_put_on() || is_read() { Own::Region } else { Own::Partition };
        found.spanned(arn, own, &format!("bus `{}`", bus.head.name));
    }
}

struct Found<'m>(Vec<Fixed<'m>>);

impl<'m> Found<'m> {
    fn spanned(&mut self, given: &'m Spanned<Given<String>>, own: Own, what: &str) {
        self.given(&given.value, own, what, given.span);
    }

    fn given(&mut self, given: &'m Given<String>, own: Own, what: &str, place: Span) {
        if let Given::Here(text) = given {
            self.0.extend(Arn::parse(text).map(|arn| Fixed {
                arn,
                own,
                what: what.to_owned(),
                place,
                from: From::Key,
            }));
        }
    }

    /// What stands in raw properties, however deep.
    fn properties(&mut self, node: &'m Node, what: &str) {
        match &node.kind {
            NodeKind::Mapping(Mapping { entries, .. }) => {
                for entry in entries.iter().filter(|entry| !ELSEWHERE.contains(&entry.key.text.as_str())) {
                    let is = |(name, ..): &&(&str, &str, Own)| *name == entry.key.text;
                    match PROPERTIES.iter().find(is) {
                        Some((name, service, own)) => {
                            self.property(&entry.value, (service, *own), &format!("`{name}` of {what}"));
                        }
                        None => self.properties(&entry.value, what),
                    }
                }
            }
            NodeKind::Sequence(items) => items.iter().for_each(|item| self.properties(item, what)),
            NodeKind::Null | NodeKind::Scalar(_) | NodeKind::Error => {}
        }
    }

    fn property(&mut self, node: &'m Node, (service, own): (&str, Own), what: &str) {
        match &node.kind {
            NodeKind::Scalar(scalar) if scalar.text.contains(service) => {
                let fixed = |arn| Fixed { arn, own, what: what.to_owned(), place: node.span, from: From::Raw };
                self.0.extend(Arn::parse(&scalar.text).map(fixed));
            }
            NodeKind::Sequence(items) => items.iter().for_each(|item| self.property(item, (service, own), what)),
            NodeKind::Null | NodeKind::Scalar(_) | NodeKind::Mapping(_) | NodeKind::Error => {}
        }
    }
}

fn impossible(it: &Fixed<'_>, wrong: &Impossible<'_>) -> Diagnostic {
    let message = format!("there is no {} `{}`", wrong.part, wrong.text);
    let diagnostic = Diagnostic::new(Code::EVC0105, it.place, message);
    match &wrong.help {
        Some(help) => diagnostic.help(help.clone()),
        None => diagnostic,
    }
}

fn apart(model: &Model, environment: usize, (part, of): (&str, Of), one: &Fixed<'_>, other: &Fixed<'_>) -> Diagnostic {
    let (here, there) = (of(&one.arn), of(&other.arn));
    let message = format!("{} is of {part} `{there}`, and {} of `{here}`", other.what, one.what);
    let mut diagnostic = Diagnostic::new(Code::EVC0713, other.place, message)
        .label(format!("{part} `{there}`"))
        .secondary(one.place, format!("{part} `{here}`"))
        .note(format!("both must be of the {part} that the stack is deployed to, which is one"));
    if let [_, _, ..] = model.environments.as_slice()
        && let Some(environment) = model.environments.get(environment)
    {
        diagnostic = diagnostic.note(format!("so it is in environment `{}`", environment.name));
    }
    diagnostic.help("name what there is where the stack is deployed; or say `parameter`, where the key takes it, and let each deployment give it")
}
