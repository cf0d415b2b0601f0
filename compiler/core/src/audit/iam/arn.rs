//! ARNs as far as a template tells them: as patterns, of which two can be compared.

use crate::audit::template::{Call, Kind, Node, Part};
use crate::audit::view::{Named, View};

/// What ARNs are known to be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::audit) struct Pattern(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// This character.
    Char(char),
    /// One character: `?`.
    One,
    /// Any characters, or none: `*`, and what is not known.
    Any,
    /// Some characters without a colon or a slash: a Region, a name.
    Word,
    /// The name of the resource that has this logical id.
    NameOf(String),
}

/// What is longer than any ARN is not looked at: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_Resource.html> and others
/// have 2,048 for the longest.
const LONGEST: usize = 2048;

/// What identifies resources of a type: the attribute, or nothing for `Ref`, and the ARN, with `#` for the name and `~` for a Region or an
/// account.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
const ARNS: [(&str, &str, &str); 19] = [
    ("AWS::SQS::Queue", "Arn", "arn:~:sqs:~:~:#"),
    ("AWS::SNS::Topic", "", "arn:~:sns:~:~:#"),
    ("AWS::SNS::Topic", "TopicArn", "arn:~:sns:~:~:#"),
    ("AWS::Lambda::Function", "Arn", "arn:~:lambda:~:~:function:#"),
    ("AWS::Serverless::Function", "Arn", "arn:~:lambda:~:~:function:#"),
    ("AWS::DynamoDB::Table", "Arn", "arn:~:dynamodb:~:~:table/#"),
    ("AWS::DynamoDB::Table", "StreamArn", "arn:~:dynamodb:~:~:table/#/stream/*"),
    ("AWS::Kinesis::Stream", "Arn", "arn:~:kinesis:~:~:stream/#"),
    ("AWS::KinesisFirehose::DeliveryStream", "Arn", "arn:~:firehose:~:~:deliverystream/#"),
    ("AWS::StepFunctions::StateMachine", "", "arn:~:states:~:~:stateMachine:#"),
    ("AWS::StepFunctions::StateMachine", "Arn", "arn:~:states:~:~:stateMachine:#"),
    ("AWS::Events::EventBus", "Arn", "arn:~:events:~:~:event-bus/#"),
    ("AWS::S3::Bucket", "Arn", "arn:~:s3:::#"),
    ("AWS::SecretsManager::Secret", "", "arn:~:secretsmanager:~:~:secret:#"),
    ("AWS::KMS::Key", "Arn", "arn:~:kms:~:~:key/#"),
    ("AWS::Logs::LogGroup", "Arn", "arn:~:logs:~:~:log-group:#:*"),
    ("AWS::IAM::Role", "Arn", "arn:~:iam::~:role/*"),
    ("AWS::CodeBuild::Project", "Arn", "arn:~:codebuild:~:~:project/#"),
    ("AWS::Cognito::UserPool", "Arn", "arn:~:cognito-idp:~:~:userpool/#"),
];

/// Types of which `Ref` gives a name or a URL, which no policy takes for a resource.
const NAMES: [&str; 6] = [
    "AWS::SQS::Queue",
    "AWS::Lambda::Function",
    "AWS::DynamoDB::Table",
    "AWS::Kinesis::Stream",
    "AWS::S3::Bucket",
    "AWS::Events::EventBus",
];

/// `Ref` of one is its ARN, that of the function with the alias's name. A policy on one of the two is not one on the other.
/// <https://docs.aws.amazon.com/lambda/latest/dg/using-aliases.html>
pub(in crate::audit) const ALIAS: &str = "AWS::Lambda::Alias";

impl Pattern {
    /// The ARN of a resource, as the service authorization reference has it: `arn:${Partition}:s3:::${BucketName}`.
    pub(in crate::audit) fn of_reference(arn: &str) -> Self {
        let mut pieces = Vec::new();
        let mut rest = arn;
        while let Some((literal, after)) = rest.split_once("${") {
            pieces.extend(literal.chars().map(of_char));
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            // Others are longer than they look: a function's name comes with a version or an alias.
            pieces.push(match name {
                "Partition" | "Region" | "BucketName" => Piece::Word,
                // What is AWS's own has no account.
                "Account" if arn.contains(":s3:") => Piece::Word,
                _ => Piece::Any,
            });
            rest = after;
        }
        pieces.extend(rest.chars().map(of_char));
        Self(pieces)
    }

    /// The ARN of a resource of the template, by the attribute that gives it. `None`: it is not known how it is made.
    pub(in crate::audit) fn of_resource(resource: Named<'_>, attribute: &str) -> Option<Self> {
        if &*resource.resource.type_.text == ALIAS && attribute.is_empty() {
            return Some(Self(of_alias(resource)));
        }
        let (_, _, arn) =
            ARNS.iter().find(|(type_, by, _)| *type_ == resource.resource.type_.text && *by == attribute)?;
        Some(Self(identified(arn, resource.id).collect()))
    }

    /// What a value in a template is known to be. `None`: it can be anything.
    pub(in crate::audit) fn of_node(view: &View<'_>, node: &Node<'_>) -> Option<Self> {
        let mut pieces = Vec::new();
        add(view, node, &mut pieces)?;
        let starts = pieces.first() != Some(&Piece::Any) || pieces.len() == 1;
        (starts && pieces.len() <= LONGEST).then_some(Self(pieces))
    }

    /// Whether it stands for every resource: `*`, or an ARN that has nothing but the service.
    pub(in crate::audit) fn is_all(&self) -> bool {
        if self.0 == [Piece::Any] {
            return true;
        }
        let after = self.0.split(|piece| *piece == Piece::Char(':')).skip(3);
        let mut any = false;
        for part in after {
            match part {
                [] => {}
                [Piece::Any] => any = true,
                _ => return false,
            }
        }
        any
    }

    /// Whether it is an ARN at all, as far as is known.
    pub(in crate::audit) fn may_be_an_arn(&self) -> bool {
        self.0.first() == Some(&Piece::Any) || self.overlaps(&Self::of_reference("arn:${Partition}:*"))
    }

    /// Whether there may be something that both stand for.
    pub(in crate::audit) fn overlaps(&self, other: &Self) -> bool {
        let mut seen = vec![false; (self.0.len() + 1) * (other.0.len() + 1)];
        overlap(&self.0, &other.0, (0, 0), &mut seen)
    }
}

fn of_char(char: char) -> Piece {
    match char {
        '*' => Piece::Any,
        '?' => Piece::One,
        _ => Piece::Char(char),
    }
}

fn add(view: &View<'_>, node: &Node<'_>, pieces: &mut Vec<Piece>) -> Option<()> {
    match &node.kind {
        Kind::Text(text) => pieces.extend(text.chars().map(of_char)),
        Kind::Call(call) => match &**call {
            Call::Ref(name) => named(view, &name.text, "", pieces),
            Call::GetAtt(name, attribute) => named(view, &name.text, attribute.as_text()?, pieces),
            Call::Sub { parts, bound } => {
                for part in parts {
                    match part {
                        Part::Literal(text) => pieces.extend(text.chars().map(of_char)),
                        Part::Ref(name) => match bound.iter().find(|entry| entry.key.text == name.text) {
                            Some(entry) => add(view, &entry.value, pieces).unwrap_or_else(|| pieces.push(Piece::Any)),
                            None => named(view, &name.text, "", pieces),
                        },
                        Part::GetAtt(name, attribute) => named(view, &name.text, attribute, pieces),
                    }
                }
            }
            Call::Join(separator, list) => {
                let separator = separator.as_text()?;
                for (at, item) in list.as_list()?.iter().enumerate() {
                    if at > 0 {
                        pieces.extend(separator.chars().map(of_char));
                    }
                    add(view, item, pieces).unwrap_or_else(|| pieces.push(Piece::Any));
                }
            }
            _ => return None,
        },
        Kind::Number(text) => pieces.extend(text.chars().map(of_char)),
        Kind::Null | Kind::Bool(_) | Kind::List(_) | Kind::Map(_) | Kind::Error => return None,
    }
    Some(())
}

/// What a reference gives.
fn named(view: &View<'_>, id: &str, attribute: &str, pieces: &mut Vec<Piece>) {
    if matches!(id, "AWS::Partition" | "AWS::Region" | "AWS::AccountId" | "AWS::StackName") {
        pieces.push(Piece::Word);
        return;
    }
    let resource = view.resource(id);
    let type_ = resource.map(|it| &*it.resource.type_.text);
    if let Some(alias) = resource.filter(|_| type_ == Some(ALIAS) && attribute.is_empty()) {
        pieces.extend(of_alias(alias));
        return;
    }
    let arn = ARNS.iter().find(|(of, by, _)| Some(*of) == type_ && *by == attribute);
    match arn {
        Some((_, _, arn)) => pieces.extend(identified(arn, id)),
        None if attribute.is_empty() && type_.is_some_and(|type_| NAMES.contains(&type_) && !type_.contains("SQS")) => {
            pieces.push(Piece::NameOf(id.to_owned()));
        }
        None => pieces.push(Piece::Any),
    }
}

/// The ARN of an alias.
fn of_alias(alias: Named<'_>) -> Vec<Piece> {
    let of = |property: &str| alias.resource.property(property);
    let function = of("FunctionName").and_then(Node::referent).unwrap_or(alias.id);
    let mut pieces: Vec<Piece> = identified("arn:~:lambda:~:~:function:#:", function).collect();
    match of("Name").and_then(Node::as_text) {
        Some(name) => pieces.extend(name.chars().map(Piece::Char)),
        None => pieces.push(Piece::Word),
    }
    pieces
}

/// The ARN of the resource that has this logical id.
fn identified(arn: &str, id: &str) -> impl Iterator<Item = Piece> {
    arn.chars().map(move |char| match char {
        '~' => Piece::Word,
        '#' => Piece::NameOf(id.to_owned()),
        _ => of_char(char),
    })
}

/// The type of the resource whose name or URL a value is, where an ARN is wanted.
pub(in crate::audit) fn is_a_name<'v>(view: &'v View<'_>, node: &Node<'_>) -> Option<&'v str> {
    let Some(Call::Ref(name)) = node.as_call() else { return None };
    let type_ = &*view.resource(&name.text)?.resource.type_.text;
    NAMES.contains(&type_).then_some(type_)
}

/// Whether two patterns have something in common from here on; `seen` are the pairs of places that have been tried.
fn overlap(one: &[Piece], other: &[Piece], (i, j): (usize, usize), seen: &mut [bool]) -> bool {
    let at = i * (other.len() + 1) + j;
    if std::mem::replace(&mut seen[at], true) {
        return false;
    }
    let mut then = |i, j| overlap(one, other, (i, j), seen);
    match (one.get(i), other.get(j)) {
        (None, None) => true,
        (Some(Piece::Any), right) => then(i + 1, j) || (right.is_some() && then(i, j + 1)),
        (left, Some(Piece::Any)) => then(i, j + 1) || (left.is_some() && then(i + 1, j)),
        (None, Some(_)) | (Some(_), None) => false,
        (Some(Piece::NameOf(id)), Some(Piece::NameOf(same))) => id == same && then(i + 1, j + 1),
        (Some(left), Some(right)) => {
            let long = |piece: &Piece| matches!(piece, Piece::Word | Piece::NameOf(_));
            let fits = match (left, right) {
                (Piece::Char(a), Piece::Char(b)) => a == b,
                (Piece::Char(char), it) | (it, Piece::Char(char)) => !long(it) || !matches!(char, ':' | '/'),
                _ => true,
            };
            fits && (then(i + 1, j + 1) || (long(left) && then(i, j + 1)) || (long(right) && then(i + 1, j)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlaps(one: &str, other: &str) -> bool {
        Pattern::of_reference(one).overlaps(&Pattern::of_reference(other))
    }

    #[test]
    fn what_arns_have_in_common() {
        let (bucket, object) =
            ("arn:${Partition}:s3:::${BucketName}", "arn:${Partition}:s3:::${BucketName}/${ObjectName}");
        assert!(overlaps("arn:aws:s3:::mine", bucket) && !overlaps("arn:aws:s3:::mine", object));
        assert!(overlaps("arn:aws:s3:::mine/*", object) && !overlaps("arn:aws:s3:::mine/*", bucket));
        let runbook = "arn:${Partition}:ssm:${Region}:${Account}:automation-definition/${Name}:${Version}";
        assert!(overlaps("arn:aws:ssm:eu-west-1::automation-definition/AWS-RestartEC2Instance:*", runbook));
        assert!(overlaps("arn:aws:s3:::*", bucket) && overlaps("arn:aws:s3:::*", object) && overlaps("*", bucket));
        let function = "arn:${Partition}:lambda:${Region}:${Account}:function:${FunctionName}";
        assert!(overlaps("arn:aws:lambda:eu-west-1:123456789012:function:pay:live", function));
        assert!(overlaps("arn:aws:lambda:*:*:*", function) && !overlaps("arn:aws:sqs:*:*:*", function));
    }

    #[test]
    fn all_is_what_nothing_limits() {
        assert!(Pattern::of_reference("*").is_all() && Pattern::of_reference("arn:aws:s3:::*").is_all());
        assert!(Pattern::of_reference("arn:aws:sqs:*:*:*").is_all());
        assert!(!Pattern::of_reference("arn:aws:s3:::mine/*").is_all());
        assert!(!Pattern::of_reference("arn:aws:logs:*:*:log-group:*").is_all());
    }
}
