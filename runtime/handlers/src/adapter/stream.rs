//! A batch of DynamoDB stream records: each change is one input, in order, until the first failure, from which Lambda goes on.
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>

use super::{Failure, Incoming, batch, rejected};
use crate::attribute::{self, Item};
use crate::{Payload, payload};
use serde::{Deserialize, Serialize};

/// A change of an item: the input of a function that reads a table's stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change<T> {
    /// What happened to the item.
    pub kind: ChangeKind,
    /// The item before, if there was one and the stream carries old images.
    #[serde(default = "none")]
    pub old: Option<T>,
    /// The item after, if there is one and the stream carries new images.
    #[serde(default = "none")]
    pub new: Option<T>,
    /// Whether DynamoDB removed the item because its time to live was over.
    #[serde(default)]
    pub expired: bool,
}

/// No image; `#[serde(default)]` itself would ask for `T: Default`.
fn none<T>() -> Option<T> {
    None
}

/// What happened to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ChangeKind {
    /// It is new.
    Insert,
    /// It was changed.
    Modify,
    /// It is gone.
    Remove,
}

/// The records of an invocation.
#[derive(Deserialize)]
pub(crate) struct Records {
    #[serde(rename = "Records")]
    pub(crate) records: Vec<Record>,
}

/// One stream record.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    #[serde(rename = "eventID")]
    pub(crate) event_id: String,
    pub(crate) event_name: ChangeKind,
    pub(crate) dynamodb: Images,
    user_identity: Option<Identity>,
}

/// The images of a record.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Images {
    /// When the change was made, seconds since 1970.
    #[cfg(feature = "forwarder")]
    #[serde(default, rename = "ApproximateCreationDateTime")]
    pub(crate) created: Option<f64>,
    /// The key of the item.
    #[cfg(feature = "forwarder")]
    #[serde(default)]
    pub(crate) keys: Item,
    #[serde(default)]
    pub(crate) old_image: Option<Item>,
    #[serde(default)]
    pub(crate) new_image: Option<Item>,
    pub(crate) sequence_number: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    principal_id: Option<String>,
}

/// Who deletes items whose time to live is over.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html>
const TTL_PRINCIPAL: &str = "dynamodb.amazonaws.com";

pub(super) async fn handle(
    text: &str,
    time_left: impl Fn() -> bool,
    answered: &dyn Fn(&Failure),
    deliver: impl AsyncFn(Incoming<'_>) -> Result<String, Failure>,
) -> Result<String, Failure> {
    let event: Records = rejected(payload::decode(text))?;
    for record in &event.records {
        let incoming = Incoming {
            key: Some(record.event_id.clone()),
            is_eager: true,
            ..Incoming::bare(Payload::new(change(record)))
        };
        if !time_left() || deliver(incoming).await.inspect_err(answered).is_err() {
            return Ok(batch::response([record.dynamodb.sequence_number.as_str()])?);
        }
    }
    Ok(batch::response([])?)
}

/// The JSON of a [`Change`]. Written by hand because numbers must stay the text that they are in the table.
fn change(record: &Record) -> String {
    let kind = match record.event_name {
        ChangeKind::Insert => "INSERT",
        ChangeKind::Modify => "MODIFY",
        ChangeKind::Remove => "REMOVE",
    };
    let image = |image: &Option<Item>| image.as_ref().map_or_else(|| "null".to_owned(), attribute::to_json);
    let principal = record.user_identity.as_ref().and_then(|identity| identity.principal_id.as_deref());
    let (old, new, expired) =
        (image(&record.dynamodb.old_image), image(&record.dynamodb.new_image), principal == Some(TTL_PRINCIPAL));
    format!(r#"{{"kind":"{kind}","old":{old},"new":{new},"expired":{expired}}}"#)
}
