//! `overrides:` what of emitted resources the spec says differently.

use evc_macros::Section;

use super::raw::{Attributes, DeletionPolicy, UpdateReplacePolicy, a_map, a_map_schema};
use super::scalar::{Json, Name};
use crate::source::Spanned;

/// What to change on one emitted resource, found by its name in the spec (`rules.placed`, `functions.pay.role`) or by its logical id.
#[derive(Debug, Clone, Section)]
#[section(what = "an override")]
pub struct Override {
    /// Properties by their CloudFormation names: maps are merged, lists of named items and of statements are added to, `null` removes,
    /// anything else replaces.
    #[key(check = a_map, schema = a_map_schema)]
    pub properties: Option<Spanned<Json>>,
    /// What must be there before it, beside what it waits for already: names of the spec or logical ids.
    #[key(default)]
    pub depends_on: Vec<Name>,
    /// The condition, of `conditions`, under which it is made.
    pub condition: Option<Name>,
    /// What becomes of it when it leaves the stack.
    pub deletion_policy: Option<Spanned<DeletionPolicy>>,
    /// What becomes of the old one when a change replaces it.
    pub update_replace_policy: Option<Spanned<UpdateReplacePolicy>>,
    /// When it counts as made.
    #[key(check = a_map, schema = a_map_schema)]
    pub creation_policy: Option<Spanned<Json>>,
    /// How updates of it go on.
    #[key(check = a_map, schema = a_map_schema)]
    pub update_policy: Option<Spanned<Json>>,
    /// Anything for tools that read the template, merged into what is there.
    #[key(check = a_map, schema = a_map_schema)]
    pub metadata: Option<Spanned<Json>>,
}

impl Override {
    /// What it says.
    pub fn attributes(&self) -> Attributes {
        Attributes {
            properties: self.properties.clone(),
            depends_on: self.depends_on.clone(),
            condition: self.condition.clone(),
            deletion_policy: self.deletion_policy,
            update_replace_policy: self.update_replace_policy,
            creation_policy: self.creation_policy.clone(),
            update_policy: self.update_policy.clone(),
            metadata: self.metadata.clone(),
        }
    }
}
