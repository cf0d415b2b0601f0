//! Whether a role allows a call, as IAM decides by the policies that the stacks give their roles.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
//!
//! What one call needs is in `asked.rs`, what conditions mean in `condition.rs`.

mod asked;
mod condition;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use evc_compiler::aws::iam::matches;
use indexmap::IndexMap;
use serde_json::Value;

pub use asked::{Asked, Names, asked};

use crate::Stack;
use crate::stack::Resource;

/// The key of conditions on the partition keys of a request. [`asked()`] gives each attribute of its keys, behind a slash; which of them
/// is the partition key, the table says.
const LEADING_KEYS: &str = "dynamodb:LeadingKeys";

/// The roles of all stacks, with what their policies say.
#[derive(Debug, Default)]
pub struct Roles {
    by_arn: IndexMap<String, Role>,
    /// The partition key of each table, and of each index, by its ARN.
    partition_keys: IndexMap<String, String>,
    /// Roles whose policies are gone, as asked for: by name.
    without_policies: BTreeSet<String>,
}

#[derive(Debug)]
struct Role {
    owner: String,
    statements: Vec<Statement>,
    /// What a permissions boundary leaves of them.
    boundary: Option<Vec<Statement>>,
}

#[derive(Debug, Clone)]
struct Statement {
    denies: bool,
    /// `Action`, or `NotAction`.
    actions: Choice,
    /// `Resource`, or `NotResource`.
    resources: Choice,
    conditions: Value,
}

/// What a statement is about, or what it is not about.
#[derive(Debug, Clone)]
struct Choice {
    patterns: Vec<String>,
    is_not: bool,
}

impl Roles {
    /// Those of the stacks, with the policies that stand in them and those that resources of the stacks attach to them.
    pub fn of(stacks: &[Arc<Stack>]) -> Self {
        let mut roles = Self::default();
        for stack in stacks {
            let managed = |reference: &str| {
                let of_stack = |it: &&Resource| it.reference == reference || it.arn == reference;
                let policy = stack.of_type(&["AWS::IAM::ManagedPolicy"]).map(|(_, it)| it).find(of_stack);
                policy.and_then(|it| it.at("/PolicyDocument")).map(statements)
            };
            for (_, it) in stack.of_type(&["AWS::IAM::Role"]) {
                let own =
                    it.list("/Policies").iter().filter_map(|policy| policy.get("PolicyDocument")).flat_map(statements);
                let named =
                    it.list("/ManagedPolicyArns").iter().filter_map(Value::as_str).filter_map(managed).flatten();
                let role = Role {
                    owner: owner(&it.address).to_owned(),
                    statements: own.chain(named).collect(),
                    boundary: it.text("/PermissionsBoundary").and_then(managed),
                };
                roles.by_arn.insert(it.arn.clone(), role);
            }
            for (_, table) in stack.of_type(&["AWS::DynamoDB::Table"]) {
                roles.learn(table);
            }
        }
        for stack in stacks {
            for (_, policy) in stack.of_type(&["AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"]) {
                let Some(document) = policy.at("/PolicyDocument") else { continue };
                let names = policy.list("/Roles").iter().filter_map(Value::as_str).chain(policy.text("/RoleName"));
                for name in names {
                    let named = |(arn, _): &(&String, &mut Role)| arn.ends_with(&format!("/{name}"));
                    if let Some((_, role)) = roles.by_arn.iter_mut().find(named) {
                        role.statements.extend(statements(document));
                    }
                }
            }
        }
        roles
    }

    /// Notes the partition keys of a table and of its indexes.
    fn learn(&mut self, table: &Resource) {
        let key = |schema: Option<&Value>| {
            let keys = schema.and_then(Value::as_array).into_iter().flatten();
            let hash = keys.filter(|key| key.get("KeyType").and_then(Value::as_str) == Some("HASH"));
            hash.filter_map(|key| key.get("AttributeName").and_then(Value::as_str)).map(str::to_owned).next()
        };
        if let Some(key) = key(table.at("/KeySchema")) {
            self.partition_keys.insert(table.arn.clone(), key);
        }
        for index in table.list("/GlobalSecondaryIndexes").iter().chain(table.list("/LocalSecondaryIndexes")) {
            let name = index.get("IndexName").and_then(Value::as_str).unwrap_or_default();
            if let Some(key) = key(index.get("KeySchema")) {
                self.partition_keys.insert(format!("{}/index/{name}", table.arn), key);
            }
        }
    }

    /// Whether a role allows what is asked. What no statement allows is not allowed; a statement that denies it wins.
    ///
    /// A role that no stack has may do everything: what its policies say is not known here.
    pub fn allow(&self, role_arn: &str, asked: &Asked) -> bool {
        let Some(role) = self.by_arn.get(role_arn) else { return true };
        if role_arn.rsplit('/').next().is_some_and(|name| self.without_policies.contains(name)) {
            return false;
        }
        let context = self.context(role_arn, asked);
        let decide = |statements: &[Statement]| {
            let applies = |it: &&Statement| it.applies(asked, &context);
            !statements.iter().filter(|it| it.denies).any(|it| applies(&it))
                && statements.iter().filter(|it| !it.denies).any(|it| applies(&it))
        };
        decide(&role.statements) && role.boundary.as_deref().is_none_or(decide)
    }

    /// Takes all rights from a role, or gives them back; whether there is such a role.
    pub fn set_without_policies(&mut self, name: &str, without: bool) -> bool {
        if without {
            self.without_policies.insert(name.to_owned());
        } else {
            self.without_policies.remove(name);
        }
        self.by_arn.keys().any(|arn| arn.rsplit('/').next() == Some(name))
    }

    /// What the spec calls the thing that has a role: `functions.create-order`. The ARN itself, if no stack has the role.
    pub fn owner<'r>(&'r self, role_arn: &'r str) -> &'r str {
        self.by_arn.get(role_arn).map_or(role_arn, |role| role.owner.as_str())
    }

    /// What conditions are asked of: keys in lower case, whose case does not matter.
    fn context(&self, role_arn: &str, asked: &Asked) -> BTreeMap<String, Vec<String>> {
        let of_request = asked.context.iter().map(|(key, values)| (key.to_ascii_lowercase(), values.clone()));
        let mut context: BTreeMap<String, Vec<String>> = of_request.collect();
        context.insert("aws:principalarn".to_owned(), vec![role_arn.to_owned()]);
        if let Some(account) = role_arn.split(':').nth(4) {
            context.insert("aws:principalaccount".to_owned(), vec![account.to_owned()]);
        }
        let key = self.partition_keys.get(&asked.resource);
        if let Some(values) = key.and_then(|key| asked.context.get(&format!("{LEADING_KEYS}/{key}"))) {
            context.insert(LEADING_KEYS.to_ascii_lowercase(), values.clone());
        }
        context
    }
}

/// Whether a policy that is given as a document allows an action on a resource: that of an authorizer of an API.
pub(crate) fn document_allows(document: &Value, action: &str, resource: &str) -> bool {
    let asked = Asked { action: action.to_owned(), resource: resource.to_owned(), context: BTreeMap::new() };
    let statements = statements(document);
    let applies = |it: &&Statement| it.applies(&asked, &asked.context);
    !statements.iter().filter(|it| it.denies).any(|it| applies(&it))
        && statements.iter().filter(|it| !it.denies).any(|it| applies(&it))
}

/// The thing whose part a role is: its address without the last word.
fn owner(address: &str) -> &str {
    match address.rsplit_once('.') {
        Some((thing, part)) if part.ends_with("role") => thing,
        _ => address,
    }
}

/// The statements of a policy, whose document may stand as text.
fn statements(document: &Value) -> Vec<Statement> {
    let parsed = document.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let found = parsed.as_ref().unwrap_or(document).get("Statement");
    let found = found.map(|it| it.as_array().map_or(std::slice::from_ref(it), Vec::as_slice));
    found.unwrap_or_default().iter().filter_map(Statement::of).collect()
}

impl Statement {
    /// `None` if it says neither of which actions nor of which resources it is.
    fn of(statement: &Value) -> Option<Self> {
        let choice = |name: &str| {
            let (value, is_not) = match statement.get(name) {
                Some(value) => (value, false),
                None => (statement.get(format!("Not{name}"))?, true),
            };
            Some(Choice { patterns: texts(value), is_not })
        };
        Some(Self {
            denies: statement.get("Effect").and_then(Value::as_str) == Some("Deny"),
            actions: choice("Action")?,
            resources: choice("Resource")?,
            conditions: statement.get("Condition").cloned().unwrap_or_default(),
        })
    }

    fn applies(&self, asked: &Asked, context: &BTreeMap<String, Vec<String>>) -> bool {
        let is_on = |pattern: &str| {
            let Some(pattern) = condition::substituted(pattern, context) else { return false };
            // Of what a token leads to, a request does not say the name: who may do it with one thing of the kind, may do it.
            let is_unnamed = asked.resource.ends_with('*') && asked.resource != "*";
            let unnamed = !self.denies && is_unnamed && condition::like_arn(&asked.resource, &pattern);
            unnamed || condition::like_arn(&pattern, &asked.resource)
        };
        let holds = condition::hold(&self.conditions, context);
        self.actions.has(|pattern| matches(pattern, &asked.action))
            && self.resources.has(is_on)
            // What cannot be understood allows nothing, and takes nothing from what is denied.
            && holds.unwrap_or(self.denies)
    }
}

impl Choice {
    fn has(&self, is_it: impl Fn(&str) -> bool) -> bool {
        self.patterns.iter().any(|pattern| is_it(pattern)) != self.is_not
    }
}

/// A text or a list of texts; numbers and booleans as they are written.
fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect()
}

#[cfg(test)]
mod tests;
