//! The statements of policies, whoever's they are.

use std::collections::BTreeMap;

use evc_compiler::aws::iam::matches;
use serde_json::Value;

use super::Asked;
use super::condition;

/// A statement of a policy.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) denies: bool,
    /// `Action`, or `NotAction`.
    actions: Choice,
    /// `Resource`, or `NotResource`; none in a policy that is about what it stands on, as that of who may assume a role.
    resources: Option<Choice>,
    conditions: Value,
    /// Who is meant; none in the policies of roles.
    principals: Option<Principals>,
}

/// What a statement is about, or what it is not about.
#[derive(Debug, Clone)]
struct Choice {
    patterns: Vec<String>,
    is_not: bool,
}

/// Who a statement of a resource's policy is about.
#[derive(Debug, Clone, Default)]
struct Principals {
    everybody: bool,
    services: Vec<String>,
    /// ARNs of roles, and of the account.
    identities: Vec<String>,
    is_not: bool,
}

/// Why a statement does not allow what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Misses {
    /// It is about something else.
    Other,
    /// It is about others.
    Principal,
    /// These conditions do not hold.
    Conditions(String),
}

/// The statements of a policy, whose document may stand as text.
pub(super) fn statements(document: &Value) -> Vec<Statement> {
    raw(document).iter().filter_map(Statement::of).collect()
}

/// The statements of a policy as they are written.
pub(super) fn raw(document: &Value) -> Vec<Value> {
    let parsed = document.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let found = parsed.as_ref().unwrap_or(document).get("Statement");
    let found = found.map(|it| it.as_array().map_or(std::slice::from_ref(it), Vec::as_slice));
    found.unwrap_or_default().to_vec()
}

impl Statement {
    /// `None` if it does not say of which actions it is.
    pub(super) fn of(statement: &Value) -> Option<Self> {
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
            resources: choice("Resource"),
            conditions: statement.get("Condition").cloned().unwrap_or_default(),
            principals: Principals::of(statement),
        })
    }

    /// Whether a statement of a role applies.
    pub(super) fn applies(&self, asked: &Asked, context: &BTreeMap<String, Vec<String>>) -> bool {
        self.resources.is_some() && self.misses(asked, context, |_| true).is_none()
    }

    /// Whether a statement of a resource's policy is about a service.
    pub(super) fn is_of_service(&self, service: &str) -> bool {
        self.principals.as_ref().is_some_and(|it| it.has(|it| it.services.iter().any(|own| own == service)))
    }

    /// The same of a role. That the account is meant does not allow anything by itself: its roles may do what their policies allow.
    pub(super) fn is_of_role(&self, role: &str) -> bool {
        self.principals.as_ref().is_some_and(|it| it.has(|it| it.identities.iter().any(|own| own == role)))
    }

    /// Why it does not apply; `None`: it does. `is_of` says whether it is about who asks.
    pub(super) fn misses(
        &self,
        asked: &Asked,
        context: &BTreeMap<String, Vec<String>>,
        is_of: impl Fn(&Self) -> bool,
    ) -> Option<Misses> {
        let is_on = |pattern: &str| {
            let Some(pattern) = condition::substituted(pattern, context) else { return false };
            // Of what a token leads to, a request does not say the name: who may do it with one thing of the kind, may do it.
            let is_unnamed = asked.resource.ends_with('*') && asked.resource != "*";
            let unnamed = !self.denies && is_unnamed && condition::like_arn(&asked.resource, &pattern);
            unnamed || condition::like_arn(&pattern, &asked.resource)
        };
        let about = self.actions.has(|pattern| matches(pattern, &asked.action))
            && self.resources.as_ref().is_none_or(|it| it.has(is_on));
        if !about {
            return Some(Misses::Other);
        }
        if !is_of(self) {
            return Some(Misses::Principal);
        }
        // What cannot be understood allows nothing, and takes nothing from what is denied.
        let holds = condition::hold(&self.conditions, context).unwrap_or(self.denies);
        (!holds).then(|| Misses::Conditions(condition::unmet(&self.conditions, context).join("; ")))
    }
}

impl Principals {
    fn of(statement: &Value) -> Option<Self> {
        let (value, is_not) = match statement.get("Principal") {
            Some(value) => (value, false),
            None => (statement.get("NotPrincipal")?, true),
        };
        let of = |kind: &str| value.get(kind).map(texts).unwrap_or_default();
        let identities = of("AWS");
        let everybody = value == "*" || identities.iter().any(|it| it == "*");
        Some(Self { everybody, services: of("Service"), identities, is_not })
    }

    fn has(&self, is_it: impl Fn(&Self) -> bool) -> bool {
        (self.everybody || is_it(self)) != self.is_not
    }
}

impl Choice {
    fn has(&self, is_it: impl Fn(&str) -> bool) -> bool {
        self.patterns.iter().any(|pattern| is_it(pattern)) != self.is_not
    }
}

/// A text or a list of texts; numbers and booleans as they are written.
pub(super) fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect()
}
