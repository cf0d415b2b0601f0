//! Who may do what, as far as a template tells: statements of policies, wherever they stand, and what a role may do with all of its own.

mod arn;
mod rights;

pub(super) use arn::{ALIAS, Pattern, is_a_name};
pub(super) use rights::{READS, managed_name, rights};

use super::template::{Kind, Node};
use super::view::{Named, View};
use crate::aws::iam::matches;
use crate::source::Span;

/// Whose policy a statement is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// Of who does something: a role, a user, a group.
    Identity,
    /// Of what something is done with: a queue, a topic, a bucket.
    Resource,
    /// Of a role: who may take it on.
    Trust,
}

/// A statement of a policy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Statement<'v> {
    /// The resource that it stands in.
    pub resource: Named<'v>,
    /// Whose policy it is of.
    pub of: Of,
    /// The statement.
    pub node: &'v Node<'v>,
    /// The property that it stands in.
    property: &'static str,
    /// Whether SAM made the resource of another.
    made: bool,
}

/// Where policies stand: the type, the property, the way to a document in it, and whose it is.
const DOCUMENTS: [(&str, &str, &[&str], Of); 21] = [
    ("AWS::IAM::Role", "Policies", &["PolicyDocument"], Of::Identity),
    ("AWS::IAM::User", "Policies", &["PolicyDocument"], Of::Identity),
    ("AWS::IAM::Group", "Policies", &["PolicyDocument"], Of::Identity),
    ("AWS::IAM::Policy", "PolicyDocument", &[], Of::Identity),
    ("AWS::IAM::RolePolicy", "PolicyDocument", &[], Of::Identity),
    ("AWS::IAM::UserPolicy", "PolicyDocument", &[], Of::Identity),
    ("AWS::IAM::GroupPolicy", "PolicyDocument", &[], Of::Identity),
    ("AWS::IAM::ManagedPolicy", "PolicyDocument", &[], Of::Identity),
    ("AWS::IAM::Role", "AssumeRolePolicyDocument", &[], Of::Trust),
    ("AWS::SQS::QueuePolicy", "PolicyDocument", &[], Of::Resource),
    ("AWS::SQS::QueueInlinePolicy", "PolicyDocument", &[], Of::Resource),
    ("AWS::SNS::TopicPolicy", "PolicyDocument", &[], Of::Resource),
    ("AWS::SNS::TopicInlinePolicy", "PolicyDocument", &[], Of::Resource),
    ("AWS::S3::BucketPolicy", "PolicyDocument", &[], Of::Resource),
    ("AWS::SecretsManager::ResourcePolicy", "ResourcePolicy", &[], Of::Resource),
    ("AWS::KMS::Key", "KeyPolicy", &[], Of::Resource),
    ("AWS::Events::EventBus", "Policy", &[], Of::Resource),
    ("AWS::Events::EventBusPolicy", "Statement", &[], Of::Resource),
    ("AWS::DynamoDB::Table", "ResourcePolicy", &["PolicyDocument"], Of::Resource),
    ("AWS::Kinesis::ResourcePolicy", "ResourcePolicy", &[], Of::Resource),
    ("AWS::ECR::Repository", "RepositoryPolicyText", &[], Of::Resource),
];

/// Every statement of every policy.
pub(super) fn statements<'v>(view: &'v View<'_>) -> Vec<Statement<'v>> {
    view.deployed.resources.iter().flat_map(|(id, resource)| of_resource(view, Named { id, resource })).collect()
}

/// The statements that stand in a resource.
fn of_resource<'v>(view: &'v View<'_>, resource: Named<'v>) -> Vec<Statement<'v>> {
    let mut found = Vec::new();
    for document in documents_of(view, resource) {
        let Document { of, node, property, made, .. } = document;
        let statements =
            if document.is_statement() { vec![node] } else { node.get("Statement").into_iter().collect::<Vec<_>>() };
        let statements = statements.into_iter().flat_map(Node::one_or_many).flat_map(alternatives);
        found.extend(statements.map(|node| Statement { resource, of, node, property, made }));
    }
    found
}

/// A policy as a whole, or the one statement that stands in its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Document<'v> {
    /// The resource that it stands in.
    pub resource: Named<'v>,
    /// Whose policy it is.
    pub of: Of,
    /// The policy.
    pub node: &'v Node<'v>,
    /// The property that it stands in.
    pub property: &'static str,
    /// Whether SAM made the resource of another.
    pub made: bool,
}

impl Document<'_> {
    /// Whether it is a statement alone.
    pub(super) fn is_statement(&self) -> bool {
        self.property == "Statement"
    }
}

/// The policies that stand in a resource.
pub(super) fn documents_of<'v>(view: &'v View<'_>, resource: Named<'v>) -> Vec<Document<'v>> {
    let mut found = Vec::new();
    for (_, property, path, of) in DOCUMENTS.iter().filter(|(type_, ..)| *type_ == resource.resource.type_.text) {
        let Some(value) = resource.resource.property(property) else { continue };
        let before = view.template.resources.get(resource.id);
        let made = before.is_none_or(|before| before.type_.text != resource.resource.type_.text);
        let values = value.one_or_many().iter().flat_map(alternatives).filter_map(|one| one.at(path));
        let values = values.flat_map(alternatives);
        found.extend(values.map(|node| Document { resource, of: *of, node, property, made }));
    }
    found
}

/// A value, or both of a `Fn::If`.
pub(super) fn alternatives<'v>(node: &'v Node<'v>) -> Vec<&'v Node<'v>> {
    match node.as_call() {
        Some(super::template::Call::If(_, yes, no)) => [alternatives(yes), alternatives(no)].concat(),
        _ => vec![node],
    }
}

/// An action as a statement names it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written<'v> {
    /// What it names: `sqs:Send*`.
    pub text: &'v str,
    /// Where that stands.
    pub place: Span,
}

impl<'v> Statement<'v> {
    /// Whether it allows something.
    pub(super) fn allows(&self) -> bool {
        self.node.get("Effect").and_then(Node::as_text) == Some("Allow")
    }

    /// Whether somebody wrote this of it: SAM's own policies are as they are.
    pub(super) fn is_written(&self, node: &Node<'_>) -> bool {
        node.place.is_some() || !self.made
    }

    /// Whether somebody wrote its resource as it is: SAM's policy templates take names and make ARNs of them.
    pub(super) fn has_written_resource(&self) -> bool {
        let entry = self.node.as_map().and_then(|map| map.entry("Resource"));
        !self.made || entry.is_some_and(|entry| entry.key.place.is_some())
    }

    /// Where something of it stands.
    pub(super) fn place(&self, node: &Node<'_>) -> Span {
        let key = |node: &Node<'_>| node.as_map().and_then(|map| map.entries.first()).and_then(|entry| entry.key.place);
        node.place
            .or(self.node.place)
            .or_else(|| key(self.node))
            .unwrap_or_else(|| self.resource.place_of(self.property))
    }

    /// The actions that somebody wrote and that are known; what a parameter gives is not.
    pub(super) fn actions(&self) -> Vec<Written<'v>> {
        let items = self.node.get("Action").map(Node::one_or_many).unwrap_or_default();
        items
            .iter()
            .filter(|item| self.is_written(item))
            .filter_map(|item| Some(Written { text: item.as_text()?, place: self.place(item) }))
            .collect()
    }

    /// Whether it may be for an action, as far as is known.
    pub(super) fn names(&self, action: &str) -> bool {
        match (self.node.get("Action"), self.node.get("NotAction")) {
            (Some(actions), _) => {
                actions.one_or_many().iter().any(|item| item.as_text().is_none_or(|text| matches(text, action)))
            }
            (None, Some(others)) => {
                !others.one_or_many().iter().any(|item| item.as_text().is_some_and(|text| matches(text, action)))
            }
            (None, None) => true,
        }
    }

    /// The values of its resources.
    pub(super) fn resources(&self) -> &'v [Node<'v>] {
        self.node.get("Resource").map(Node::one_or_many).unwrap_or_default()
    }

    /// Whether it has a condition of any kind, or one that is not known.
    pub(super) fn has_condition(&self) -> bool {
        self.condition_keys().is_none_or(|keys| !keys.is_empty())
    }

    /// The keys of its conditions, in lower case. `None` if they are not known.
    pub(super) fn condition_keys(&self) -> Option<Vec<String>> {
        let Some(condition) = self.node.get("Condition") else { return Some(Vec::new()) };
        let mut keys = Vec::new();
        for operator in &condition.as_map()?.entries {
            keys.extend(operator.value.as_map()?.entries.iter().map(|entry| entry.key.text.to_ascii_lowercase()));
        }
        Some(keys)
    }

    /// The values of `Principal`, each with its kind: `Service`, `AWS`, or nothing where it is a text alone.
    pub(super) fn principals(&self) -> Vec<(&'v str, &'v Node<'v>)> {
        let Some(principal) = self.node.get("Principal") else { return Vec::new() };
        match &principal.kind {
            Kind::Map(map) => {
                let of = |entry: &'v super::template::Entry<'v>| {
                    entry.value.one_or_many().iter().map(move |node| (&*entry.key.text, node))
                };
                map.entries.iter().flat_map(of).collect()
            }
            Kind::Null
            | Kind::Bool(_)
            | Kind::Number(_)
            | Kind::Text(_)
            | Kind::List(_)
            | Kind::Call(_)
            | Kind::Error => vec![("", principal)],
        }
    }
}
