//! Whether values are the same, as far as what they are is known before they are deployed.

use super::template::{Call, Entry, Kind, Node};
use super::text::Text;

/// A value as text that is the same for the same values. `None` where what it comes to is not known.
pub(super) fn written(node: &Node<'_>) -> Option<String> {
    match &node.kind {
        Kind::Text(text) | Kind::Number(text) => Some(format!("`{text}`")),
        Kind::Bool(value) => Some(format!("`{value}`")),
        Kind::Null => Some("null".to_owned()),
        Kind::List(items) => Some(format!("[{}]", items.iter().map(written).collect::<Option<Vec<_>>>()?.join(","))),
        Kind::Map(map) => {
            let entry = |entry: &Entry<'_>| Some(format!("{}:{}", entry.key.text, written(&entry.value)?));
            let mut entries = map.entries.iter().map(entry).collect::<Option<Vec<_>>>()?;
            entries.sort();
            Some(format!("{{{}}}", entries.join(",")))
        }
        Kind::Call(call) => match &**call {
            Call::Ref(name) => Some(format!("Ref {}", name.text)),
            Call::GetAtt(name, attribute) => Some(format!("GetAtt {} {}", name.text, written(attribute)?)),
            Call::Sub { bound, .. } if bound.is_empty() => Text::of(node).map(|text| format!("Sub {}", text.text)),
            _ => None,
        },
        Kind::Error => None,
    }
}
