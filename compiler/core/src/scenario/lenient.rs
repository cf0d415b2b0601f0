//! Lists and maps of which what can be read is read, so that a mistake in one thing hides none in another.

use indexmap::IndexMap;

use crate::source::Spanned;
use crate::spec::decode::{Decode, Decoder};
use crate::spec::scalar::Name;
use crate::yaml::{Node, NodeKind};

/// A list, or one value alone.
pub(super) fn each<T: Decode>(node: &Node, cx: &mut Decoder) -> Option<Vec<T>> {
    match &node.kind {
        NodeKind::Sequence(items) => {
            Some(items.iter().filter_map(|item| cx.under(None, |cx| T::decode(item, cx))).collect())
        }
        NodeKind::Null => {
            cx.mismatch(node, "a list");
            None
        }
        NodeKind::Scalar(_) | NodeKind::Mapping(_) | NodeKind::Error => Some(T::decode(node, cx).into_iter().collect()),
    }
}

/// A list that has something in it, or one value alone.
pub(super) fn some<T: Decode>(node: &Node, cx: &mut Decoder) -> Option<Spanned<Vec<T>>> {
    if matches!(&node.kind, NodeKind::Sequence(items) if items.is_empty()) {
        cx.bad_value(node.span, "an empty list");
        return None;
    }
    Some(Spanned::new(each(node, cx)?, node.span))
}

/// A map from names.
pub(super) fn named<T: Decode>(node: &Node, cx: &mut Decoder) -> Option<IndexMap<Name, T>> {
    named_by(node, T::decode, cx)
}

/// A map from names to lists, or to one value alone.
pub(super) fn named_lists<T: Decode>(node: &Node, cx: &mut Decoder) -> Option<IndexMap<Name, Vec<T>>> {
    named_by(node, each, cx)
}

fn named_by<T>(node: &Node, read: fn(&Node, &mut Decoder) -> Option<T>, cx: &mut Decoder) -> Option<IndexMap<Name, T>> {
    match &node.kind {
        NodeKind::Null => Some(IndexMap::new()),
        NodeKind::Mapping(mapping) => {
            let mut map = IndexMap::new();
            for entry in &mapping.entries {
                if let Some(value) = cx.under(Some(entry.key.span), |cx| read(&entry.value, cx)) {
                    map.insert(Spanned::new(entry.key.text.clone(), entry.key.span), value);
                }
            }
            Some(map)
        }
        NodeKind::Scalar(_) | NodeKind::Sequence(_) | NodeKind::Error => {
            cx.mismatch(node, "a map from names to values");
            None
        }
    }
}
