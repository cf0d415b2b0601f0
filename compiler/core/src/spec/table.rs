//! `tables:` DynamoDB tables, their keys and indexes.

use std::borrow::Cow;

use evc_macros::Word;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::allow::Allows;
use super::decode::{Decode, Decoder, Item, Section};
use super::range::in_range;
use super::scalar::{Name, TypeExpr};
use crate::source::Spanned;
use crate::yaml::{Node, NodeKind};

/// A DynamoDB table. Encrypted, with point-in-time recovery and on-demand capacity unless it says otherwise.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Table {
    /// What it holds, for people.
    pub description: Option<String>,
    /// The record type of its items.
    pub item: Spanned<TypeExpr>,
    /// The partition key, or the partition key and the sort key: attributes of the item.
    #[schemars(with = "KeyList")]
    pub key: Spanned<Vec<Name>>,
    /// Global secondary indexes.
    #[schemars(default)]
    pub indexes: Section<Index>,
    /// The attribute that holds when an item expires, in seconds since 1970: an `integer` of the item.
    pub ttl: Option<Name>,
    /// The attribute that counts the writes of an item, for optimistic locking: an `integer` of the item.
    pub version: Option<Name>,
    /// What the table's stream carries. Without it there is no stream.
    pub stream: Option<StreamView>,
    /// `on-demand`, or provisioned read and write units.
    #[schemars(default)]
    pub billing: Billing,
    /// Who owns the key that encrypts it: `aws-managed` (KMS key `aws/dynamodb`) or `aws-owned`.
    #[schemars(default)]
    pub encryption: Encryption,
    /// Continuous backups, to restore any second of the last 35 days. On by default.
    pub point_in_time_recovery: Option<bool>,
    /// What becomes of the data when the table leaves the stack: `retain` (the default) or `delete`.
    pub removal: Option<Removal>,
    /// Makes DynamoDB refuse to delete the table.
    pub deletion_protection: Option<bool>,
    /// Warnings that are fine here, each with the reason.
    #[schemars(default)]
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

/// A global secondary index.
#[derive(Debug, Clone)]
pub struct Index {
    /// The partition key, or the partition key and the sort key: attributes of the item.
    pub key: Spanned<Vec<Name>>,
    /// The attributes that the index holds.
    pub projection: Projection,
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

impl Decode for Table {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "a table")?;
        let description = fields.optional("description", cx);
        let item = fields.required("item", cx);
        let key = fields.required("key", cx).and_then(|key| key_of(key, cx));
        let indexes = fields.or_default("indexes", cx);
        let ttl = fields.optional("ttl", cx);
        let version = fields.optional("version", cx);
        let stream = fields.optional("stream", cx);
        let billing = fields.or_default("billing", cx);
        let encryption = fields.or_default("encryption", cx);
        let point_in_time_recovery = fields.optional("point-in-time-recovery", cx);
        let removal = fields.optional("removal", cx);
        let deletion_protection = fields.optional("deletion-protection", cx);
        let allow = fields.or_default("allow", cx);
        fields.finish(cx);
        Some(Self {
            description,
            item: item?,
            key: key?,
            indexes,
            ttl,
            version,
            stream,
            billing,
            encryption,
            point_in_time_recovery,
            removal,
            deletion_protection,
            allow,
        })
    }
}

/// A key is one or two attributes.
fn key_of(key: Spanned<Vec<Name>>, cx: &mut Decoder) -> Option<Spanned<Vec<Name>>> {
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
}

impl Decode for Index {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        if !matches!(node.kind, NodeKind::Mapping(_)) {
            let key = key_of(Spanned::decode(node, cx)?, cx)?;
            return Some(Self { key, projection: Projection::All });
        }
        let mut fields = cx.fields(node, "an index")?;
        let key = fields.required("key", cx).and_then(|key| key_of(key, cx));
        let projection = fields.or_default("projection", cx);
        fields.finish(cx);
        Some(Self { key: key?, projection })
    }
}

impl Decode for Projection {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        match node.kind {
            NodeKind::Sequence(_) => Vec::decode(node, cx).map(Self::Include),
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

impl JsonSchema for Index {
    fn schema_name() -> Cow<'static, str> {
        "Index".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let key = generator.subschema_for::<KeyList>();
        json_schema!({
            "description": "A global secondary index: its key alone, or its key and what it holds.",
            "anyOf": [
                key,
                {
                    "type": "object",
                    "properties": {
                        "key": key,
                        "projection": {
                            "description": "What the index holds: `all`, `keys`, or a list of attributes.",
                            "anyOf": [{"enum": ["all", "keys"]}, {"type": "array", "items": {"type": "string"}}]
                        }
                    },
                    "required": ["key"],
                    "additionalProperties": false
                }
            ]
        })
    }
}
