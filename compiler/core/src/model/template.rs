//! The input template of a pipe: an event made of texts of a stream record.
//!
//! A pipe puts the text that stands at a path into the template. It "doesn't escape values", and a path that leads nowhere puts
//! nothing there. So an event can be made only of values that are always there and hold no character that JSON escapes.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html>

use super::{ChangeEvent, Changes, CopiedField, Model, Outbox};
use crate::types::{Attribute, Kind, Type, Types};

/// The longest template that a pipe takes, in characters.
/// <https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeTargetParameters.html>
pub const MAX_TEMPLATE: usize = 8192;

/// Why a pipe cannot copy a field as it is; `None` if it can.
pub fn why_not(types: &Types, copied: &CopiedField<'_>) -> Option<&'static str> {
    if copied.item_field.optional {
        return Some("may be absent, and a pipe leaves nothing out");
    }
    if !copied.item_name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) {
        return Some("has a name that is no part of a path that a pipe reads");
    }
    not_as_it_is(types, &copied.item_field.ty)
}

/// Why the value of an attribute cannot be copied into JSON as it is stored; `None` if it can.
pub fn not_as_it_is(types: &Types, ty: &Type) -> Option<&'static str> {
    match &types.resolve(ty).kind {
        // Base64, digits, letters, hyphens and colons.
        Kind::Uuid | Kind::Timestamp | Kind::Date | Kind::Duration | Kind::Bytes | Kind::Boolean => None,
        Kind::Enum(literals) if literals.iter().all(|literal| is_plain(&literal.value)) => None,
        Kind::String(_) | Kind::Enum(_) => Some("may hold quotes or line breaks, which a pipe does not escape"),
        Kind::Integer(_) | Kind::Number(_) | Kind::Money(_) => {
            Some("is a number, which a stream has as text and a pipe cannot turn into a number")
        }
        Kind::List(..) | Kind::Map(_) | Kind::Record(_) => {
            Some("has parts, which a pipe copies as DynamoDB stores them")
        }
        Kind::Any | Kind::Named(_) | Kind::Union(_) | Kind::Tagged(..) => {
            Some("can be anything, and a pipe copies only what it knows the form of")
        }
    }
}

/// Whether JSON writes a text as it is.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c >= ' ' && !matches!(c, '"' | '\\' | '<' | '>'))
}

/// The template of one event.
pub fn of_change(model: &Model, outbox: &Outbox, changes: &Changes, change: &ChangeEvent) -> String {
    let table = &model.tables[changes.table.value];
    let mut entries: Vec<String> = Vec::new();
    for copied in model.copied_fields(changes, change) {
        let attribute = model.types.attribute(&copied.item_field.ty).unwrap_or(Attribute::S);
        let path = format!("<$.dynamodb.NewImage.{}.{}>", copied.item_name, attribute.as_str());
        entries.push(format!("{}: {}", quoted(copied.name), value(&path, attribute)));
    }
    let id = match outbox.events_of(change.kind) {
        0 | 1 => "<$.eventID>".to_owned(),
        _ => format!("<$.eventID>/{}", model.events[change.event.value].head.name),
    };
    let mut metadata = vec![format!("\"eventId\": \"{id}\"")];
    if let Some(key) = table.key.first() {
        let attribute = model.types.field_at(&table.item, &[key.as_str()]).ok();
        let attribute = attribute.and_then(|place| model.types.attribute(place.ty)).unwrap_or(Attribute::S);
        metadata.push(format!("\"aggregate\": \"<$.dynamodb.Keys.{}.{}>\"", key.as_str(), attribute.as_str()));
    }
    metadata.push("\"sequence\": \"<$.dynamodb.SequenceNumber>\"".to_owned());
    entries.push(format!("\"metadata\": {{{}}}", metadata.join(", ")));
    format!("{{{}}}", entries.join(", "))
}

/// Text stands in quotes, which a pipe leaves as they are; a boolean stands alone.
fn value(path: &str, attribute: Attribute) -> String {
    if attribute == Attribute::Bool { path.to_owned() } else { format!("\"{path}\"") }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
