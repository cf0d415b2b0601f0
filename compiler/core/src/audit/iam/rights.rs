//! What a role may do, with all policies that the template attaches to it.

use super::{Of, Pattern, Statement, alternatives, of_resource};
use crate::audit::template::{Call, Node, Part};
use crate::audit::view::{Named, View};
use crate::aws::iam::matches;

/// What a role may do.
#[derive(Debug)]
pub(in crate::audit) struct Rights<'v> {
    /// The statements that are known.
    statements: Vec<Statement<'v>>,
    /// Actions that policies of AWS allow on anything.
    managed: Vec<&'static str>,
    /// Whether there is nothing else: no policy from elsewhere, none that is not known before it is deployed.
    pub complete: bool,
}

/// Policies of AWS whose actions about what events flow through are known. They allow them on `*`.
/// <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>
const MANAGED: [(&str, &[&str]); 6] = [
    ("service-role/AWSLambdaBasicExecutionRole", &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]),
    (
        "service-role/AWSLambdaVPCAccessExecutionRole",
        &[
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
            "ec2:CreateNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:DeleteNetworkInterface",
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
        ],
    ),
    (
        "service-role/AWSLambdaSQSQueueExecutionRole",
        &[
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        ],
    ),
    (
        "service-role/AWSLambdaDynamoDBExecutionRole",
        &[
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        ],
    ),
    (
        "service-role/AWSLambdaKinesisExecutionRole",
        &[
            "kinesis:DescribeStream",
            "kinesis:DescribeStreamSummary",
            "kinesis:GetRecords",
            "kinesis:GetShardIterator",
            "kinesis:ListShards",
            "kinesis:ListStreams",
            "kinesis:SubscribeToShard",
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        ],
    ),
    (
        "AWSXRayDaemonWriteAccess",
        &[
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:GetSamplingStatisticSummaries",
        ],
    ),
];

/// What reads a source: its type, the attribute that gives its ARN, and the actions.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions>,
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html>,
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html>
pub(in crate::audit) const READS: [(&str, &str, &[&str]); 3] = [
    ("AWS::SQS::Queue", "Arn", &["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]),
    (
        "AWS::DynamoDB::Table",
        "StreamArn",
        &["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
    ),
    ("AWS::Kinesis::Stream", "Arn", &["kinesis:GetRecords", "kinesis:GetShardIterator"]),
];

/// Policies that are attached to a role by themselves.
const ATTACHED: [&str; 3] = ["AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy"];

/// What a role may do.
pub(in crate::audit) fn rights<'v>(view: &'v View<'_>, role: Named<'v>) -> Rights<'v> {
    let mut rights = Rights { statements: Vec::new(), managed: Vec::new(), complete: true };
    rights.add(view, role);
    if let Some(policies) = role.resource.property("Policies") {
        let known = |one: &Node<'_>| one.as_map().is_some_and(|_| one.at(&["PolicyDocument", "Statement"]).is_some());
        rights.complete &= policies.as_list().is_some_and(|policies| policies.iter().all(known));
    }
    if let Some(arns) = role.resource.property("ManagedPolicyArns") {
        rights.complete &= arns.as_list().is_some();
        for arn in arns.as_list().into_iter().flatten().flat_map(alternatives) {
            rights.attach(view, arn);
        }
    }
    for (id, resource) in &view.deployed.resources {
        let policy = Named { id, resource };
        match &*resource.type_.text {
            // They give rights to what they connect.
            "AWS::Serverless::Connector" => rights.complete = false,
            type_ if ATTACHED.contains(&type_) => match attaches(view, policy, role) {
                Some(true) => rights.add(view, policy),
                Some(false) => {}
                None => rights.complete = false,
            },
            _ => {}
        }
    }
    rights
}

impl<'v> Rights<'v> {
    /// Whether it has the right to do this with that, as far as is known.
    pub(in crate::audit) fn may(&self, view: &View<'_>, action: &str, target: Option<&Pattern>) -> bool {
        if self.statements.iter().any(|statement| denies(statement, action)) {
            return false;
        }
        !self.complete
            || self.managed.iter().any(|managed| matches(managed, action))
            || self.statements.iter().any(|statement| {
                statement.allows() && statement.names(action) && statement_covers(view, statement, target)
            })
    }

    /// What a statement allows and another surely denies: the two, and the action.
    pub(in crate::audit) fn taken_away(&self) -> Vec<(&Statement<'v>, &Statement<'v>, &'v str)> {
        let mut found = Vec::new();
        for allow in self.statements.iter().filter(|statement| statement.allows()) {
            for action in allow.actions() {
                let deny = self.statements.iter().find(|statement| denies(statement, action.text));
                found.extend(deny.map(|deny| (allow, deny, action.text)));
            }
        }
        found
    }

    fn add(&mut self, view: &'v View<'_>, resource: Named<'v>) {
        for statement in of_resource(view, resource).into_iter().filter(|it| it.of == Of::Identity) {
            let effect = statement.node.get("Effect").and_then(Node::as_text);
            let actions = statement.node.get("Action").map(Node::one_or_many).unwrap_or_default();
            self.complete &= effect.is_some() && actions.iter().all(|action| action.as_text().is_some());
            self.statements.push(statement);
        }
        let document = resource.resource.property("PolicyDocument");
        self.complete &= document.is_none_or(|document| document.get("Statement").is_some());
    }

    fn attach(&mut self, view: &'v View<'_>, arn: &Node<'_>) {
        if arn.referent() == Some("AWS::NoValue") {
            return;
        }
        match view.resource_of(arn) {
            Some(policy) if &*policy.resource.type_.text == "AWS::IAM::ManagedPolicy" => self.add(view, policy),
            Some(_) | None => {
                let name = managed_name(arn);
                // SAM takes the name for the ARN.
                let bare = arn.as_text();
                let is = |known: &str| name == Some(known) || (bare.is_some() && bare == known.rsplit('/').next());
                match MANAGED.iter().find(|(known, _)| is(known)) {
                    Some((_, actions)) => self.managed.extend(*actions),
                    None => self.complete = false,
                }
            }
        }
    }
}

/// The name of a policy of AWS, with its path, from its ARN.
pub(in crate::audit) fn managed_name<'n>(arn: &'n Node<'_>) -> Option<&'n str> {
    let text = match arn.as_call() {
        Some(Call::Sub { parts, .. }) => match parts.last() {
            Some(Part::Literal(text)) => Some(&**text),
            Some(Part::Ref(_) | Part::GetAtt(..)) | None => None,
        },
        Some(Call::Join(_, list)) => list.as_list().and_then(<[Node<'_>]>::last).and_then(Node::as_text),
        Some(_) | None => arn.as_text(),
    };
    text.and_then(|text| text.split_once("iam::aws:policy/")).map(|(_, name)| name)
}

/// Whether a policy is attached to a role by what it says. `None`: it is not known.
fn attaches(view: &View<'_>, policy: Named<'_>, role: Named<'_>) -> Option<bool> {
    let named = [policy.resource.property("Roles"), policy.resource.property("RoleName")];
    let mut unknown = false;
    for node in named.into_iter().flatten() {
        if node.as_call().is_some() && node.referent().is_none() {
            unknown = true;
            continue;
        }
        for one in node.one_or_many().iter().flat_map(alternatives) {
            match (one.referent(), one.as_text()) {
                (Some(id), _) if id == role.id => return Some(true),
                // A parameter may be the name of any role.
                (Some(id), _) => unknown |= view.resource(id).is_none() && id != "AWS::NoValue",
                (None, Some(name)) => match role.resource.property("RoleName") {
                    Some(own) if own.as_text() == Some(name) => return Some(true),
                    Some(own) => unknown |= own.as_text().is_none(),
                    None => {}
                },
                (None, None) => unknown = true,
            }
        }
    }
    (!unknown).then_some(false)
}

/// Whether a statement surely forbids an action, whatever allows it.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay.html>
fn denies(statement: &Statement<'_>, action: &str) -> bool {
    let of = |name: &str| statement.node.get(name).map(Node::one_or_many).unwrap_or_default();
    statement.node.get("Effect").and_then(Node::as_text) == Some("Deny")
        && !statement.has_condition()
        && of("Action").iter().any(|it| it.as_text().is_some_and(|text| matches(text, action)))
        && of("Resource").iter().any(|it| it.as_text() == Some("*"))
}

/// Whether a statement may be about a target.
fn statement_covers(view: &View<'_>, statement: &Statement<'_>, target: Option<&Pattern>) -> bool {
    let (Some(target), false) = (target, statement.resources().is_empty()) else { return true };
    statement.resources().iter().flat_map(alternatives).any(|resource| {
        let pattern = Pattern::of_node(view, resource);
        // SAM's policies have names where ARNs come of them.
        pattern.is_none_or(|pattern| !pattern.may_be_an_arn() || pattern.overlaps(target))
    })
}
