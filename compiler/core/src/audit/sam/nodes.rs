//! Values that SAM makes.

use std::borrow::Cow;

use crate::audit::template::{Call, Entry, Kind, Map, Name, Node};

pub(super) fn text<'a>(text: impl Into<Cow<'a, str>>) -> Node<'a> {
    Node::derived(Kind::Text(text.into()))
}

pub(super) fn list(items: Vec<Node<'_>>) -> Node<'_> {
    Node::derived(Kind::List(items))
}

pub(super) fn map<'a>(entries: impl IntoIterator<Item = (&'static str, Node<'a>)>) -> Node<'a> {
    Node::derived(Kind::Map(properties(entries)))
}

pub(super) fn properties<'a>(entries: impl IntoIterator<Item = (&'static str, Node<'a>)>) -> Map<'a> {
    let entry = |(key, value)| Entry { key: Name::derived(key), value };
    Map { entries: entries.into_iter().map(entry).collect() }
}

pub(super) fn reference<'a>(id: &str) -> Node<'a> {
    Node::derived(Kind::Call(Box::new(Call::Ref(Name::derived(id.to_owned())))))
}

pub(super) fn arn<'a>(id: &str) -> Node<'a> {
    Node::derived(Kind::Call(Box::new(Call::GetAtt(Name::derived(id.to_owned()), text("Arn")))))
}

/// A statement that allows actions on resources.
pub(super) fn allow<'a>(actions: &[&'static str], resources: Vec<Node<'a>>) -> Node<'a> {
    let actions = actions.iter().map(|&action| text(action)).collect();
    map([("Effect", text("Allow")), ("Action", list(actions)), ("Resource", list(resources))])
}

pub(super) fn document(statements: Vec<Node<'_>>) -> Node<'_> {
    map([("Version", text("2012-10-17")), ("Statement", list(statements))])
}
