//! Examples of what none of several conditions holds for. One that cannot be would mislead: then there is none.

use indexmap::IndexMap;

use super::cover::Case;

/// A case in words, if it is one that can be: what is asked of can be any number, and what it says of one thing leaves the others open.
pub(super) fn example(keys: &[&str], case: &IndexMap<&str, &Case>) -> Option<String> {
    let any_number = |(key, case): (&&str, &&Case)| has_any_number(key) || !matches!(case, Case::Number(_));
    (are_independent(keys) && case.iter().all(any_number)).then(|| told(case)).flatten()
}

/// Whether what is asked of can be any number that its type has: a field, a variable or a count, and nothing that is computed of one.
fn has_any_number(key: &str) -> bool {
    let inner =
        ["$count(", "$length("].iter().find_map(|call| key.strip_prefix(call)?.strip_suffix(')')).unwrap_or(key);
    key.contains(" against ") || !inner.contains([' ', '(', '[', '*', '+', '/', '%'])
}

/// Whether nothing that is asked of has to do with another, as far as their texts say: they name different values.
fn are_independent(keys: &[&str]) -> bool {
    fn names(key: &str) -> Vec<&str> {
        let is_part = |char: char| char.is_alphanumeric() || "_-.$".contains(char);
        let words = key.split(|char| !is_part(char)).map(|word| word.trim_matches(['-', '.']));
        words.filter(|word| word.starts_with(|first: char| first.is_alphabetic() || first == '_')).collect()
    }
    let inside = |a: &str, b: &str| b.strip_prefix(a).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let all: Vec<Vec<&str>> = keys.iter().map(|key| names(key)).collect();
    all.iter().enumerate().all(|(at, one)| {
        let others = all.iter().skip(at + 1).flatten();
        others.into_iter().all(|other| one.iter().all(|name| !inside(name, other) && !inside(other, name)))
    })
}

/// A case in words, if it is of few things.
fn told(case: &IndexMap<&str, &Case>) -> Option<String> {
    let parts = case.iter().map(|(key, value)| match value {
        Case::Number(order) if key.contains(" against ") => {
            let (a, b) = key.split_once(" against ").unwrap_or((key, ""));
            let how = match order.total_cmp(&0.0) {
                std::cmp::Ordering::Less => "less than",
                std::cmp::Ordering::Equal => "the same as",
                std::cmp::Ordering::Greater => "greater than",
            };
            format!("`{a}` is {how} `{b}`")
        }
        Case::Text(text) => format!("`{key}` is `{text}`"),
        Case::Number(number) => format!("`{key}` is {number}"),
        Case::Boolean(value) => format!("`{key}` is {value}"),
        Case::Absent => format!("`{key}` is absent"),
        Case::Other => format!("`{key}` is something else"),
    });
    let parts: Vec<String> = parts.collect();
    (1..=2).contains(&parts.len()).then(|| parts.join(" and "))
}
