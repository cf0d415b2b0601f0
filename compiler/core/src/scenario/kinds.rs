//! Maps that are one of several kinds, told apart by their first word: the key that says what it is.

use schemars::{Schema, SchemaGenerator, json_schema};

use crate::diagnostics::{Code, Diagnostic, list, nearest};
use crate::spec::decode::{Decode, Decoder};
use crate::yaml::{Node, NodeKind};

/// A kind: its key, how it is read, its schema.
pub(super) struct Kind<T> {
    pub(super) key: &'static str,
    pub(super) read: fn(&Node, &mut Decoder) -> Option<T>,
    pub(super) schema: fn(&mut SchemaGenerator) -> Schema,
}

/// Reads a map as the kind whose key it has.
pub(super) fn one_of<T>(node: &Node, what: &str, kinds: &[Kind<T>], cx: &mut Decoder) -> Option<T> {
    let NodeKind::Mapping(mapping) = &node.kind else {
        cx.mismatch(node, &format!("a map that is {what}"));
        return None;
    };
    let keys: Vec<&str> = kinds.iter().map(|kind| kind.key).collect();
    let mut present = mapping.entries.iter().filter_map(|entry| {
        let kind = kinds.iter().find(|kind| kind.key == entry.key.text)?;
        Some((&entry.key, kind))
    });
    match (present.next(), present.next()) {
        (Some((_, kind)), None) => (kind.read)(node, cx),
        (Some((first, _)), Some((second, _))) => {
            let message = format!("{what} is one thing, found `{}` and `{}`", first.text, second.text);
            cx.report(Diagnostic::new(Code::EVC0105, second.span, message).secondary(first.span, "the first is here"));
            None
        }
        (None, _) => {
            let misspelt = mapping.entries.iter().find(|entry| nearest(&entry.key.text, &keys).is_some());
            let (span, message) = match misspelt {
                Some(entry) => (entry.key.span, format!("{what} has no key `{}`", entry.key.text)),
                None => (node.span, format!("{what} needs one of {}", list(&keys))),
            };
            let code = if misspelt.is_some() { Code::EVC0102 } else { Code::EVC0104 };
            let diagnostic = Diagnostic::new(code, span, message);
            cx.report(match misspelt {
                Some(entry) => diagnostic.suggest(&entry.key.text, keys),
                None => diagnostic,
            });
            None
        }
    }
}

/// The schema of such a map.
pub(super) fn schema<T>(about: &str, kinds: &[Kind<T>], generator: &mut SchemaGenerator) -> Schema {
    let one_of: Vec<Schema> = kinds.iter().map(|kind| (kind.schema)(generator)).collect();
    json_schema!({"description": about, "oneOf": one_of})
}

/// Reads a kind, and makes what it is one of of it.
pub(super) fn read<T: Decode, U: From<T>>(node: &Node, cx: &mut Decoder) -> Option<U> {
    T::decode(node, cx).map(U::from)
}
