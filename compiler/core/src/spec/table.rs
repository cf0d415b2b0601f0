//! `tables:` DynamoDB tables, their keys and indexes.
//!
//! Billing and projections are decoded by hand: each is a word or something else, and an enum in the model as well.

use std::borrow::Cow;

use evc_macros::{Section, Word};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::allow::Allows;
use super::decode::{Decode, Decoder, Item, Section};
use super::keys::Shorthand;
use super::range::{in_range, not_empty};
use super::scalar::{Name, TypeExpr};
use crate::source::Spanned;
use crate::yaml::{Node, NodeKind};

/// A DynamoDB table. Encrypted, with point-in-time recovery and on-demand capacity unless it says otherwise.
#[derive(Debug, Clone, Section)]
#[section(what = "a table")]
pub struct Table {
    /// What it holds, for people.
    pub description: Option<String>,
    /// The record type of its items.
    pub item: Spanned<TypeExpr>,
    /// The partition key, or the partition key and the sort key: attributes of the item.
    #[key(decode = key, schema = key_schema)]
    pub key: Spanned<Vec<Name>>,
    /// Global secondary indexes.
    #[key(default)]
    pub indexes: Section<Index>,
    /// The attribute that holds when an item expires, in seconds since 1970: an `integer` of the item.
    pub ttl: Option<Name>,
    /// The attribute that counts the writes of an item, for optimistic locking: an `integer` of the item.
    pub version: Option<Name>,
    /// What the table's stream carries. Without it there is no stream.
    pub stream: Option<StreamView>,
    /// `on-demand`, or provisioned read and write units.
    #[key(default)]
    pub billing: Billing,
    /// Who owns the key that encrypts it: `aws-managed` (KMS key `aws/dynamodb`) or `aws-owned`.
    /// `aws-managed` by default, where `security` has no `key`.
    pub encryption: Option<Spanned<Encryption>>,
    /// Continuous backups, to restore any second of the last 35 days. On by default.
    pub point_in_time_recovery: Option<bool>,
    /// What becomes of the data when the table leaves the stack: `retain` (the default) or `delete`.
    pub removal: Option<Removal>,
    /// Makes DynamoDB refuse to delete the table.
    pub deletion_protection: Option<bool>,
    /// Warnings that are fine here, each with the reason.
    #[key(default)]
    pub allow: Allows,
}

/// What becomes of a resource that holds data when it leaves the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Word)]
#[word(what = "a removal policy")]
pub enum Removal {
    /// It stays, outside of the stack.
    Retain,
    /// It is deleted with its data.
    Delete,
}

/// The images a stream record carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Word)]
#[word(what = "a view of a stream")]
pub enum StreamView {
    /// The item as it is after the change.
    NewImage,
    /// The item before and after the change.
    NewAndOldImages,
}

/// How capacity is paid for.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Billing {
    /// By request.
    #[default]
    OnDemand,
    /// By units that are always there.
    Provisioned {
        /// Read capacity units.
        read: u64,
        /// Write capacity units.
        write: u64,
    },
}

/// Who owns the encryption key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Word)]
#[word(what = "an owner of the key")]
pub enum Encryption {
    /// AWS manages a key in this account; its use shows in `CloudTrail`.
    #[default]
    AwsManaged,
    /// DynamoDB's own key; free and not visible.
    AwsOwned,
}

/// A global secondary index: its key alone, or its key and what it holds.
#[derive(Debug, Clone, Section)]
#[section(what = "an index", shorthand)]
pub struct Index {
    /// The partition key, or the partition key and the sort key: attributes of the item.
    #[key(decode = key, schema = key_schema)]
    pub key: Spanned<Vec<Name>>,
    /// What the index holds: `all`, `keys`, or a list of attributes.
    #[key(default, schema = projection_schema)]
    pub projection: Projection,
}

/// The key alone.
impl Shorthand for Index {
    fn short(node: &Node, cx: &mut Decoder) -> Option<Self> {
        Some(Self { key: key(node, cx)?, projection: Projection::All })
    }
    fn short_schema(generator: &mut SchemaGenerator) -> Schema {
        key_schema(generator)
    }
}

/// What an index holds of an item.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Projection {
    /// All of it.
    #[default]
    All,
    /// The keys of the table and of the index.
    Keys,
    /// The keys and these attributes.
    Include(Vec<Name>),
}

fn projection_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"anyOf": [{"enum": ["all", "keys"]}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]})
}

fn key_schema(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<KeyList>()
}

/// A key is one or two attributes.
fn key(node: &Node, cx: &mut Decoder) -> Option<Spanned<Vec<Name>>> {
    let key: Spanned<Vec<Name>> = Spanned::decode(node, cx)?;
    if (1..=2).contains(&key.len()) {
        return Some(key);
    }
    let message =
        format!("a key is a partition attribute and perhaps a sort attribute, found {} attributes", key.len());
    cx.bad_value(key.span, message);
    None
}

/// More capacity units than any quota allows: what is too much is up to the account. DynamoDB takes no less than 1
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ProvisionedThroughput.html>).
const MAX_UNITS: u64 = 1_000_000_000;

impl Decode for Billing {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        if let NodeKind::Scalar(_) = node.kind {
            return cx.word(node, "a way of billing", &[("on-demand", ())]).map(|()| Self::OnDemand);
        }
        let mut fields = cx.fields(node, "provisioned capacity")?;
        let read: Option<Spanned<u64>> = fields.required("read", cx);
        let write: Option<Spanned<u64>> = fields.required("write", cx);
        fields.finish(cx);
        in_range(read.as_ref(), 1, MAX_UNITS, "the read capacity of a table", cx);
        in_range(write.as_ref(), 1, MAX_UNITS, "the write capacity of a table", cx);
        Some(Self::Provisioned { read: read?.value, write: write?.value })
    }
}

impl Item for Index {
    const WHAT: &'static str = "an index";
    // https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GlobalSecondaryIndex.html
    const MIN_NAME: usize = 3;
}

impl Decode for Projection {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        match node.kind {
            NodeKind::Sequence(_) => {
                let attributes: Spanned<Vec<Name>> = Spanned::decode(node, cx)?;
                not_empty(&attributes, "an attribute", cx);
                Some(Self::Include(attributes.value))
            }
            _ => cx
                .word(
                    node,
                    "a projection, or a list of attributes",
                    &[("all", ProjectionWord::All), ("keys", ProjectionWord::Keys)],
                )
                .map(|word| match word {
                    ProjectionWord::All => Self::All,
                    ProjectionWord::Keys => Self::Keys,
                }),
        }
    }
}

#[derive(Clone, Copy)]
enum ProjectionWord {
    All,
    Keys,
}

/// Schema only: one attribute, or a list of one or two.
struct KeyList;

impl JsonSchema for KeyList {
    fn schema_name() -> Cow<'static, str> {
        "Key".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The partition key, or the partition key and the sort key.",
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2}
            ],
            "examples": ["orderId", ["orderId", "customerId"]]
        })
    }
}

impl JsonSchema for Billing {
    fn schema_name() -> Cow<'static, str> {
        "Billing".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let units = json_schema!({"type": "integer", "minimum": 1, "maximum": MAX_UNITS});
        json_schema!({
            "description": "`on-demand`, or provisioned read and write units.",
            "anyOf": [
                {"const": "on-demand"},
                {
                    "type": "object",
                    "properties": {"read": units, "write": units},
                    "required": ["read", "write"],
                    "additionalProperties": false
                }
            ]
        })
    }
}
