//! One tree from two: what several files say of one thing.

use super::{Entry, Mapping, Node, NodeKind};
use crate::source::Span;

/// A key that two trees have with different values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The keys that lead there: `observability.logs.level`.
    pub path: String,
    /// The key in the first tree, whose value is kept.
    pub first: Span,
    /// The key in the second tree.
    pub second: Span,
}

impl Mapping {
    /// Adds the entries of another map, and those of its maps to the maps of the same key. Where both have a value, it has to be
    /// the same.
    #[must_use]
    pub fn merge(&mut self, other: Self) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        merge(self, other, "", &mut conflicts);
        conflicts
    }
}

fn merge(into: &mut Mapping, from: Mapping, above: &str, conflicts: &mut Vec<Conflict>) {
    for Entry { key, value } in from.entries {
        let Some(first) = into.entries.iter_mut().find(|entry| entry.key.text == key.text) else {
            into.entries.push(Entry { key, value });
            continue;
        };
        let path = if above.is_empty() { key.text.clone() } else { format!("{above}.{}", key.text) };
        match (&mut first.value.kind, value.kind) {
            // What could not be read is reported.
            (_, NodeKind::Error) | (NodeKind::Error, _) => {}
            (NodeKind::Mapping(into), NodeKind::Mapping(from)) => merge(into, from, &path, conflicts),
            (known, kind) if is_same(known, &kind) => {}
            _ => conflicts.push(Conflict { path, first: first.key.span, second: key.span }),
        }
    }
}

/// Whether two values mean the same: a number is another value than a text of its digits.
fn is_same(a: &NodeKind, b: &NodeKind) -> bool {
    match (a, b) {
        (NodeKind::Null, NodeKind::Null) => true,
        (NodeKind::Scalar(one), NodeKind::Scalar(other)) => {
            one.text == other.text && one.describe() == other.describe()
        }
        (NodeKind::Sequence(ones), NodeKind::Sequence(others)) => {
            let same = |(one, other): (&Node, &Node)| is_same(&one.kind, &other.kind);
            ones.len() == others.len() && ones.iter().zip(others).all(same)
        }
        (NodeKind::Mapping(ones), NodeKind::Mapping(others)) => {
            let same = |one: &Entry| {
                others.get(&one.key.text).is_some_and(|other| is_same(&one.value.kind, &other.value.kind))
            };
            ones.entries.len() == others.entries.len() && ones.entries.iter().all(same)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;
    use crate::yaml::parse;

    fn map(sources: &mut SourceMap, text: &str) -> Mapping {
        let file = sources.add(std::path::Path::new("spec.yaml"), text);
        match parse(sources, file).0.kind {
            NodeKind::Mapping(mapping) => mapping,
            other => panic!("a map, found {other:?}"),
        }
    }

    /// What one text and then another come to, and the keys that differ.
    fn merged(first: &str, second: &str) -> (Vec<String>, Vec<String>) {
        let mut sources = SourceMap::default();
        let (mut into, from) = (map(&mut sources, first), map(&mut sources, second));
        let conflicts = into.merge(from).into_iter().map(|conflict| conflict.path).collect();
        (into.entries.into_iter().map(|entry| entry.key.text).collect(), conflicts)
    }

    #[test]
    fn maps_are_joined_and_what_differs_is_told() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        for (first, second, keys, differ) in [
            ("a: 1", "b: 2", &["a", "b"][..], &[][..]),
            ("a: 1", "a: 1", &["a"], &[]),
            ("a: {b: [1, x], c: {}}", "a: {b: [1, 'x'], c: {}}", &["a"], &[]),
            ("a: 1", "a: '1'", &["a"], &["a"]),
            ("a: true", "a: false", &["a"], &["a"]),
            ("a: {b: 1, c: 2}", "a: {c: 3, d: 4}", &["a"], &["a.c"]),
            ("a: {b: [1, 2]}", "a: {b: [1]}", &["a"], &["a.b"]),
            ("a: ~", "a: {b: 1}", &["a"], &["a"]),
            ("a: ~", "a: ", &["a"], &[]),
            ("a: [{b: 1}]", "a: [{b: 2}]", &["a"], &["a"]),
        ] {
            assert_eq!(merged(first, second), (words(keys), words(differ)), "{first} and {second}");
        }
    }

    #[test]
    fn what_stands_further_in_is_joined() {
        let mut sources = SourceMap::default();
        let (mut into, from) = (map(&mut sources, "a: {b: {c: 1}}"), map(&mut sources, "a: {b: {d: 2}, e: 3}"));
        assert!(into.merge(from).is_empty());
        let NodeKind::Mapping(a) = &into.entries[0].value.kind else { panic!("a map") };
        let NodeKind::Mapping(b) = &a.entries[0].value.kind else { panic!("a map") };
        assert!(b.get("c").is_some() && b.get("d").is_some() && a.get("e").is_some());
    }
}
