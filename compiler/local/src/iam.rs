//! Whether somebody may do something, as IAM decides by the policies that the stacks give their roles and resources.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
//!
//! Roles are in `roles.rs`, policies of resources in `resources.rs`, what both are made of in `statement.rs`. What one call needs is in
//! `asked.rs`, what conditions mean in `condition.rs`.

mod asked;
mod condition;
mod resources;
mod roles;
mod statement;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

pub use asked::{Asked, Names, asked};
pub use roles::Roles;

use self::resources::Resources;
use self::statement::statements;
use crate::Stack;

/// The key of conditions on the partition keys of a request. [`asked()`] gives each attribute of its keys, behind a slash; which of them
/// is the partition key, the table says.
const LEADING_KEYS: &str = "dynamodb:LeadingKeys";

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// Who calls with the credentials of a role: its ARN.
    Role(String),
    /// A service that takes a role on: its name, such as `pipes.amazonaws.com`, the ARN of the role, and that of what it does it for.
    Assumed {
        /// The service.
        service: &'static str,
        /// The role.
        role: String,
        /// The pipe, the rule, the schedule, the state machine.
        source: String,
    },
    /// A service by itself, which the policy of a resource has to let in: its name, and the ARN of what it does it for.
    Service {
        /// The service.
        service: &'static str,
        /// The rule, the topic, the route.
        source: String,
    },
}

impl Principal {
    /// A service that takes this role on, or acts by itself if there is none.
    pub(crate) fn of(service: &'static str, role: Option<&str>, source: &str) -> Self {
        let source = source.to_owned();
        match role {
            Some(role) => Self::Assumed { service, role: role.to_owned(), source },
            None => Self::Service { service, source },
        }
    }

    /// The ARN of the role that decides, if one does.
    pub(crate) fn role(&self) -> Option<&str> {
        match self {
            Self::Role(role) | Self::Assumed { role, .. } => Some(role),
            Self::Service { .. } => None,
        }
    }
}

/// Why somebody may not do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// In AWS's words.
    pub message: String,
    /// What would allow it: the statement that is not there, or the one whose condition does not hold, with its place in the spec.
    pub help: String,
    /// Whether it is the role that could not be taken on.
    pub assumes: bool,
}

impl std::fmt::Display for Denied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}; {}", self.message, self.help)
    }
}

/// What all policies of all stacks say.
#[derive(Debug, Default)]
pub struct Authority {
    pub(crate) roles: Roles,
    pub(crate) resources: Resources,
}

impl Authority {
    /// That of the stacks.
    pub fn of(stacks: &[Arc<Stack>]) -> Self {
        Self { roles: Roles::of(stacks), resources: Resources::of(stacks) }
    }

    /// Whether somebody may do what is asked. A role of the account needs a statement of its own or of the resource, a service one of the
    /// resource; one that denies it wins.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn decide(&self, who: &Principal, asked: &Asked) -> Result<(), Denied> {
        match who {
            Principal::Role(role) => self.decide_role(role, asked),
            Principal::Assumed { service, role, source } => {
                self.roles.assumed(role, service, &of_service(service, source))?;
                self.decide_role(role, asked)
            }
            Principal::Service { service, source } => {
                let mut context = of_request(asked);
                context.extend(of_service(service, source));
                self.resources.service(service, asked, &context)
            }
        }
    }

    /// What the spec calls whoever asks.
    pub(crate) fn who<'a>(&'a self, who: &'a Principal) -> &'a str {
        match who {
            Principal::Role(role) => self.roles.owner(role),
            Principal::Assumed { source, .. } | Principal::Service { source, .. } => self.resources.called(source),
        }
    }

    fn decide_role(&self, role: &str, asked: &Asked) -> Result<(), Denied> {
        let mut context = of_request(asked);
        context.insert("aws:principalarn".to_owned(), vec![role.to_owned()]);
        if let Some(denied) = self.resources.denies(role, asked, &context) {
            return Err(denied);
        }
        self.roles.decide(role, asked, self.resources.allows(role, asked, &context))
    }
}

/// The keys that a request brings, in lower case.
fn of_request(asked: &Asked) -> BTreeMap<String, Vec<String>> {
    asked.context.iter().map(|(key, values)| (key.to_ascii_lowercase(), values.clone())).collect()
}

/// The keys of a request that a service makes for a resource of the account.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourcearn>
fn of_service(service: &str, source: &str) -> BTreeMap<String, Vec<String>> {
    let account = source.split(':').nth(4).unwrap_or_default();
    let keys = [
        ("aws:sourcearn", source),
        ("aws:sourceaccount", account),
        ("aws:principalservicename", service),
        ("aws:principalisawsservice", "true"),
        ("aws:securetransport", "true"),
    ];
    keys.into_iter().map(|(key, value)| (key.to_owned(), vec![value.to_owned()])).collect()
}

/// Whether a policy that is given as a document allows an action on a resource: that of an authorizer of an API.
pub(crate) fn document_allows(document: &Value, action: &str, resource: &str) -> bool {
    let asked = Asked { action: action.to_owned(), resource: resource.to_owned(), context: BTreeMap::new() };
    let statements = statements(document);
    let is = |denies: bool| statements.iter().any(|it| it.denies == denies && it.applies(&asked, &asked.context));
    is(false) && !is(true)
}

/// What the spec calls a policy, and where it says so.
fn shown(address: &str, place: &str) -> String {
    if place.is_empty() { format!("`{address}`") } else { format!("`{address}` ({place})") }
}

#[cfg(test)]
mod enforced;
#[cfg(test)]
mod tests;
