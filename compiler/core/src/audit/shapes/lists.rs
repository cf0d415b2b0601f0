//! Items that are in a list twice, as far as what they are is known before it is deployed.

use super::path::Path;
use super::problem::Problem;
use crate::audit::same::written;
use crate::audit::template::Node;
use crate::aws::More;
use crate::diagnostics::Code;
use crate::source::Span;

/// An item that was there before.
#[derive(Debug)]
pub(super) struct Twice {
    place: Option<Span>,
    /// What is the same: `Key`, or nothing for all of it.
    by: String,
    /// The value that is there twice, if it is a text.
    value: Option<String>,
}

impl Twice {
    pub(super) fn report(self, path: &Path<'_>) -> Problem {
        let what = match (self.by.as_str(), self.value) {
            ("", Some(value)) => format!("`{value}`"),
            ("", None) => "an item".to_owned(),
            (by, Some(value)) => format!("`{by}` `{value}`"),
            (by, None) => format!("an item with the same {by}"),
        };
        let message = format!("{} has {what} twice", path.subject());
        Problem::new(Code::EVC1024, self.place.unwrap_or(path.place), message)
    }
}

/// The items that must not be there twice, and are.
pub(super) fn twice(items: &[Node<'_>], more: &More) -> Vec<Twice> {
    if !more.unique_by.is_empty() {
        twice_by(items, &more.unique_by)
    } else if more.unique {
        // Tags are unique by their keys.
        found(items.iter().filter(|item| item.get("Key").is_none()).map(|item| (item, written(item))), "")
    } else {
        Vec::new()
    }
}

/// The items that have the same values of these as others.
pub(super) fn twice_by(items: &[Node<'_>], names: &[&str]) -> Vec<Twice> {
    let by = |item: &Node<'_>| {
        let values: Option<Vec<String>> = names.iter().map(|name| item.get(name).and_then(written)).collect();
        values.map(|values| values.join("\n"))
    };
    if let [name] = names {
        let values = items.iter().filter_map(|item| item.get(name)).map(|value| (value, written(value)));
        return found(values, name);
    }
    found(items.iter().map(|item| (item, by(item))), &names.join(" and "))
}

fn found<'n>(items: impl Iterator<Item = (&'n Node<'n>, Option<String>)>, by: &str) -> Vec<Twice> {
    let (mut seen, mut twice) = (Vec::new(), Vec::new());
    for (item, key) in items {
        let Some(key) = key else { continue };
        if seen.contains(&key) {
            let value = item.as_literal().map(str::to_owned).or_else(|| item.referent().map(str::to_owned));
            twice.push(Twice { place: item.place, by: by.to_owned(), value });
        } else {
            seen.push(key);
        }
    }
    twice
}

/// How many items are different.
pub(super) fn different(items: &[Node<'_>]) -> usize {
    let mut all: Vec<_> = items.iter().filter_map(written).collect();
    all.sort();
    all.dedup();
    all.len()
}
