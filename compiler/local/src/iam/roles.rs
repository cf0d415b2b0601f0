//! Roles, with the policies that the stacks give them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

use super::statement::{Misses, Statement, statements};
use super::{Asked, Denied, LEADING_KEYS};
use crate::Stack;
use crate::stack::Resource;

/// The roles of all stacks.
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
    address: String,
    place: String,
    /// Who may assume it.
    trust: Vec<Statement>,
    /// The policies that stand in it, by name.
    own: IndexMap<String, Policy>,
    /// The statements of those that are attached to it.
    attached: Vec<Statement>,
    /// What a permissions boundary leaves of them.
    boundary: Option<Vec<Statement>>,
}

#[derive(Debug)]
struct Policy {
    document: Value,
    statements: Vec<Statement>,
}

impl Policy {
    fn of(document: &Value) -> Self {
        Self { document: document.clone(), statements: statements(document) }
    }
}

impl Role {
    fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.own.values().flat_map(|policy| &policy.statements).chain(&self.attached)
    }

    fn shown(&self) -> String {
        super::shown(&self.address, &self.place)
    }

    /// The statement that comes nearest, or the one that is not there.
    fn would_allow(&self, asked: &Asked, context: &BTreeMap<String, Vec<String>>) -> String {
        let unmet = |it: &Statement| match it.misses(asked, context, |_| true) {
            Some(Misses::Conditions(unmet)) => Some(unmet),
            _ => None,
        };
        if let Some(unmet) = self.statements().filter(|it| !it.denies).find_map(unmet) {
            return format!("a statement of {} allows it, if not for its condition: {unmet}", self.shown());
        }
        let Asked { action, resource, .. } = asked;
        format!("{} would allow it with: Allow {action} on {resource}", self.shown())
    }
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
                let named = |policy: &Value| {
                    let name = policy.get("PolicyName").and_then(Value::as_str).unwrap_or_default().to_owned();
                    Some((name, Policy::of(policy.get("PolicyDocument")?)))
                };
                let attached = it.list("/ManagedPolicyArns").iter().filter_map(Value::as_str).filter_map(managed);
                let role = Role {
                    address: it.address.clone(),
                    place: it.place.clone(),
                    trust: it.at("/AssumeRolePolicyDocument").map(statements).unwrap_or_default(),
                    own: it.list("/Policies").iter().filter_map(named).collect(),
                    attached: attached.flatten().collect(),
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
                    if let Some(role) = roles.named(name) {
                        role.attached.extend(statements(document));
                    }
                }
            }
        }
        roles
    }

    /// A role by its name.
    fn named(&mut self, name: &str) -> Option<&mut Role> {
        let suffix = format!("/{name}");
        self.by_arn.iter_mut().find(|(arn, _)| arn.ends_with(&suffix)).map(|(_, role)| role)
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
        self.decide(role_arn, asked, false).is_ok()
    }

    /// The same with the reason. `elsewhere`: the policy of the resource allows it.
    pub(super) fn decide(&self, role_arn: &str, asked: &Asked, elsewhere: bool) -> Result<(), Denied> {
        let Some(role) = self.by_arn.get(role_arn) else { return Ok(()) };
        let context = self.context(role_arn, asked);
        let applies = |it: &&Statement| it.applies(asked, &context);
        let Asked { action, resource, .. } = asked;
        let refused = |because: &str, help: String| {
            let message =
                format!("User: {role_arn} is not authorized to perform: {action} on resource: {resource} {because}");
            Denied { message, help, assumes: false }
        };
        if role.statements().filter(|it| it.denies).any(|it| applies(&it)) {
            let help = format!("a statement of {} denies it", role.shown());
            return Err(refused("with an explicit deny in an identity-based policy", help));
        }
        if name_of(role_arn).is_some_and(|name| self.without_policies.contains(name)) {
            let help = format!("all rights were taken from {} by hand", role.shown());
            return Err(refused(&format!("because no identity-based policy allows the {action} action"), help));
        }
        let allows = |it: &&Statement| !it.denies && it.applies(asked, &context);
        if !elsewhere && !role.statements().any(|it| allows(&it)) {
            let help = role.would_allow(asked, &context);
            return Err(refused(&format!("because no identity-based policy allows the {action} action"), help));
        }
        let bound = |bounds: &Vec<Statement>| {
            !bounds.iter().filter(|it| it.denies).any(|it| applies(&it)) && bounds.iter().any(|it| allows(&it))
        };
        if role.boundary.as_ref().is_some_and(|bounds| !bound(bounds)) {
            let help = format!("the permissions boundary of {} does not allow it", role.shown());
            return Err(refused(&format!("because no permissions boundary allows the {action} action"), help));
        }
        Ok(())
    }

    /// Whether a service may take a role on for a resource of the account. A role that no stack has may be taken on.
    pub(super) fn assumed(
        &self,
        role_arn: &str,
        service: &str,
        context: &BTreeMap<String, Vec<String>>,
    ) -> Result<(), Denied> {
        let Some(role) = self.by_arn.get(role_arn) else { return Ok(()) };
        let asked =
            Asked { action: "sts:AssumeRole".to_owned(), resource: role_arn.to_owned(), context: BTreeMap::new() };
        let misses: Vec<Option<Misses>> =
            role.trust.iter().map(|it| it.misses(&asked, context, |it| it.is_of_service(service))).collect();
        let is = |denies: bool| role.trust.iter().zip(&misses).any(|(it, miss)| it.denies == denies && miss.is_none());
        if is(false) && !is(true) {
            return Ok(());
        }
        let near = misses.into_iter().flatten().find_map(|miss| match miss {
            Misses::Conditions(unmet) => Some(unmet),
            Misses::Other | Misses::Principal => None,
        });
        let help = match near {
            Some(unmet) => format!("who may assume {}: its condition does not hold: {unmet}", role.shown()),
            None => format!("{} would allow it with: Allow sts:AssumeRole to {service}", role.shown()),
        };
        let message = format!("{service} is not authorized to perform: sts:AssumeRole on resource: {role_arn}");
        Err(Denied { message, help, assumes: true })
    }

    /// Takes all rights from a role, or gives them back; whether there is such a role.
    pub fn set_without_policies(&mut self, name: &str, without: bool) -> bool {
        if without {
            self.without_policies.insert(name.to_owned());
        } else {
            self.without_policies.remove(name);
        }
        self.by_arn.keys().any(|arn| name_of(arn) == Some(name))
    }

    /// What the spec calls the thing that has a role: `functions.create-order`. The ARN itself, if no stack has the role.
    pub fn owner<'r>(&'r self, role_arn: &'r str) -> &'r str {
        self.by_arn.get(role_arn).map_or(role_arn, |role| owner(&role.address))
    }

    /// The names of the policies that stand in a role; `None` if there is no such role.
    pub(crate) fn policy_names(&mut self, role: &str) -> Option<Vec<String>> {
        self.named(role).map(|role| role.own.keys().cloned().collect())
    }

    /// A policy that stands in a role.
    pub(crate) fn policy(&mut self, role: &str, name: &str) -> Option<Value> {
        self.named(role)?.own.get(name).map(|policy| policy.document.clone())
    }

    /// Gives a role a policy; whether there is such a role.
    pub(crate) fn put_policy(&mut self, role: &str, name: &str, document: &Value) -> bool {
        let policy = Policy::of(document);
        self.named(role).map(|role| role.own.insert(name.to_owned(), policy)).is_some()
    }

    /// Takes a policy from a role; whether it had it.
    pub(crate) fn delete_policy(&mut self, role: &str, name: &str) -> bool {
        self.named(role).and_then(|role| role.own.shift_remove(name)).is_some()
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

/// The name of a role, by its ARN.
fn name_of(arn: &str) -> Option<&str> {
    arn.rsplit('/').next()
}

/// The thing whose part a role is: its address without the last word.
fn owner(address: &str) -> &str {
    match address.rsplit_once('.') {
        Some((thing, part)) if part.ends_with("role") => thing,
        _ => address,
    }
}
