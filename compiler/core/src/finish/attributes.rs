//! What stands beside the properties of a resource: dependencies, conditions, policies, metadata.

use super::raw::Raw;
use super::references::References;
use crate::diagnostics::{Code, Diagnostic};
use crate::plan::value::Value;
use crate::plan::{LogicalId, Plan};
use crate::source::Spanned;
use crate::spec::keys::Word;
use crate::spec::raw::Attributes;
use crate::spec::scalar::{Json, Name};

/// Attributes with their names resolved.
#[derive(Default)]
pub(super) struct Resolved {
    depends_on: Vec<LogicalId>,
    condition: Option<String>,
    deletion_policy: Option<Value>,
    update_replace_policy: Option<Value>,
    creation_policy: Option<Value>,
    update_policy: Option<Value>,
    /// `Metadata`.
    pub(super) metadata: Option<Value>,
}

impl Resolved {
    /// What is said of a resource. What cannot be resolved is reported and left out.
    pub(super) fn of(attributes: &Attributes, plan: &Plan<'_>, raw: &mut Raw<'_, '_>) -> Self {
        let mut tree = |value: &Option<Spanned<Json>>| value.as_ref().and_then(|value| raw.value(&value.value.0));
        let (creation_policy, update_policy) = (tree(&attributes.creation_policy), tree(&attributes.update_policy));
        let metadata = tree(&attributes.metadata);
        let names = attributes.depends_on.iter();
        let depends_on = names.filter_map(|name| depends_on(raw.references, name, &mut raw.diagnostics)).collect();
        let condition = attributes.condition.as_ref().and_then(|name| condition(plan, name, &mut raw.diagnostics));
        let word = |word: &'static str| Some(Value::from(word));
        Self {
            depends_on,
            condition,
            deletion_policy: attributes.deletion_policy.and_then(|policy| word(policy.value.word())),
            update_replace_policy: attributes.update_replace_policy.and_then(|policy| word(policy.value.word())),
            creation_policy,
            update_policy,
            metadata,
        }
    }

    /// Says it of a resource, over what is said already; dependencies are added.
    pub(super) fn apply(self, resource: &mut crate::plan::Resource) {
        for id in self.depends_on {
            if !resource.depends_on.contains(&id) {
                resource.depends_on.push(id);
            }
        }
        let set = |into: &mut Option<Value>, value: Option<Value>| {
            if value.is_some() {
                *into = value;
            }
        };
        set(&mut resource.deletion_policy, self.deletion_policy);
        set(&mut resource.update_replace_policy, self.update_replace_policy);
        set(&mut resource.creation_policy, self.creation_policy);
        set(&mut resource.update_policy, self.update_policy);
        if self.condition.is_some() {
            resource.condition = self.condition;
        }
    }
}

fn depends_on(references: &References<'_>, name: &Name, diagnostics: &mut Vec<Diagnostic>) -> Option<LogicalId> {
    let id = references.id(name);
    if id.is_none() {
        diagnostics.push(references.no_resource(name));
    }
    id.cloned()
}

fn condition(plan: &Plan<'_>, name: &Name, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
    if plan.model.conditions.contains_key(name.as_str()) {
        return Some(name.value.clone());
    }
    let known = plan.model.conditions.keys().map(|known| known.as_str());
    let diagnostic = Diagnostic::new(Code::EVC0101, name.span, format!("there is no condition `{}`", name.value));
    let mut diagnostic = diagnostic.suggest(name, known);
    if diagnostic.help.is_empty() {
        diagnostic = diagnostic.help("declare it under `conditions`");
    }
    diagnostics.push(diagnostic);
    None
}
