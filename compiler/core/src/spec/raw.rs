//! What CloudFormation has beside the properties of a resource: the attributes that `resources:` and `overrides:` share.

use evc_macros::Word;
use schemars::{Schema, SchemaGenerator, json_schema};

use super::decode::{Decode, Decoder};
use super::scalar::{Json, Name};
use crate::source::Spanned;
use crate::yaml::{Node, NodeKind};

impl Decode for Node {
    fn decode(node: &Node, _: &mut Decoder) -> Option<Self> {
        Some(node.clone())
    }
}

/// What a resource of the template has, as the spec says it.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-product-attribute-reference.html>
#[derive(Debug, Clone, Default)]
pub struct Attributes {
    /// `Properties`.
    pub properties: Option<Spanned<Json>>,
    /// `DependsOn`, by names of the spec or logical ids.
    pub depends_on: Vec<Name>,
    /// `Condition`.
    pub condition: Option<Name>,
    /// `DeletionPolicy`.
    pub deletion_policy: Option<Spanned<DeletionPolicy>>,
    /// `UpdateReplacePolicy`.
    pub update_replace_policy: Option<Spanned<UpdateReplacePolicy>>,
    /// `CreationPolicy`.
    pub creation_policy: Option<Spanned<Json>>,
    /// `UpdatePolicy`.
    pub update_policy: Option<Spanned<Json>>,
    /// `Metadata`.
    pub metadata: Option<Spanned<Json>>,
}

impl Attributes {
    /// The trees of raw values in it, each with CloudFormation's name.
    pub fn trees(&self) -> impl Iterator<Item = (&'static str, &Spanned<Json>)> {
        let trees = [
            ("Properties", &self.properties),
            ("CreationPolicy", &self.creation_policy),
            ("UpdatePolicy", &self.update_policy),
            ("Metadata", &self.metadata),
        ];
        trees.into_iter().filter_map(|(name, tree)| Some((name, tree.as_ref()?)))
    }
}

/// What becomes of a resource that leaves the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Word)]
#[word(what = "a deletion policy")]
pub enum DeletionPolicy {
    /// It is deleted.
    #[word(rename = "Delete")]
    Delete,
    /// It stays.
    #[word(rename = "Retain")]
    Retain,
    /// It stays, unless the deployment that makes it fails.
    #[word(rename = "RetainExceptOnCreate")]
    RetainExceptOnCreate,
    /// It is deleted, and a snapshot of it stays.
    #[word(rename = "Snapshot")]
    Snapshot,
}

/// What becomes of the old resource when a change replaces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Word)]
#[word(what = "a policy for replaced resources")]
pub enum UpdateReplacePolicy {
    /// It is deleted.
    #[word(rename = "Delete")]
    Delete,
    /// It stays.
    #[word(rename = "Retain")]
    Retain,
    /// It is deleted, and a snapshot of it stays.
    #[word(rename = "Snapshot")]
    Snapshot,
}

/// What is written as a map of CloudFormation's names.
pub(super) fn a_map(value: &Spanned<Json>, cx: &mut Decoder) {
    if !matches!(value.0.kind, NodeKind::Mapping(_) | NodeKind::Null | NodeKind::Error) {
        cx.mismatch(&value.0, "a map, by the names of CloudFormation");
    }
}

/// The schema of such a map.
pub(super) fn a_map_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["object", "null"]})
}
