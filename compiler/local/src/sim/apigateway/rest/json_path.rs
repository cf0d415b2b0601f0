//! Paths into JSON documents, as `$input.path` and `$input.json` take them: `$.orders[0].lines[*].price`.
//!
//! What they have is names, indexes (from the end if negative), slices, `*`, lists of names or indexes, and `..`. Filters are refused.
//! <https://goessner.net/articles/JsonPath/>

use serde_json::Value;

use crate::velocity::Error;

enum Step {
    Names(Vec<String>),
    Indexes(Vec<i64>),
    Slice(Option<i64>, Option<i64>),
    All,
}

/// What stands at a path; `None` if there is nothing. A path that may find several things finds a list.
pub(super) fn find(document: &Value, path: &str) -> Result<Option<Value>, Error> {
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    let mut found = vec![document.clone()];
    let mut is_list = false;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("..") {
            found = found.iter().flat_map(within).collect();
            is_list = true;
            rest = if after.starts_with('[') { after } else { rest.get(1..).unwrap_or_default() };
        }
        let wrong = || Error::new(format!("`{path}` is no path: `{rest}` is not understood"));
        let (step, left) = step(rest).ok_or_else(wrong)?;
        is_list |= match &step {
            Step::Names(names) => names.len() > 1,
            Step::Indexes(indexes) => indexes.len() > 1,
            Step::Slice(..) | Step::All => true,
        };
        found = found.iter().flat_map(|value| taken(value, &step)).collect();
        rest = left;
    }
    Ok(if is_list { Some(Value::Array(found)) } else { found.into_iter().next() })
}

/// A value and all that is within it.
fn within(value: &Value) -> Vec<Value> {
    let mut all = vec![value.clone()];
    match value {
        Value::Array(items) => all.extend(items.iter().flat_map(within)),
        Value::Object(entries) => all.extend(entries.values().flat_map(within)),
        _ => {}
    }
    all
}

fn step(rest: &str) -> Option<(Step, &str)> {
    if let Some(after) = rest.strip_prefix('.') {
        let end = after.find(['.', '[']).unwrap_or(after.len());
        let (name, left) = after.split_at(end);
        return match name {
            "" => None,
            "*" => Some((Step::All, left)),
            name => Some((Step::Names(vec![name.to_owned()]), left)),
        };
    }
    let (inside, left) = bracketed(rest.strip_prefix('[')?)?;
    let inside = inside.trim();
    if inside == "*" {
        return Some((Step::All, left));
    }
    if inside.starts_with(['\'', '"']) {
        return Some((Step::Names(names(inside)?), left));
    }
    if let Some((from, to)) = inside.split_once(':') {
        let number = |text: &str| if text.is_empty() { Some(None) } else { text.trim().parse().ok().map(Some) };
        return Some((Step::Slice(number(from)?, number(to)?), left));
    }
    let indexes: Option<Vec<i64>> = inside.split(',').map(|index| index.trim().parse().ok()).collect();
    Some((Step::Indexes(indexes?), left))
}

/// What stands before the bracket that closes, and what after it. A bracket within quotes closes nothing.
fn bracketed(rest: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, c) in rest.char_indices() {
        match (quote, c) {
            (None, ']') => return Some((rest.get(..at)?, rest.get(at + 1..)?)),
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

/// Names in quotes, between commas.
fn names(mut inside: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    loop {
        let quote = inside.chars().next().filter(|c| ['\'', '"'].contains(c))?;
        let (name, rest) = inside.get(1..)?.split_once(quote)?;
        names.push(name.to_owned());
        let rest = rest.trim_start();
        if rest.is_empty() {
            return Some(names);
        }
        inside = rest.strip_prefix(',')?.trim_start();
    }
}

fn taken(value: &Value, step: &Step) -> Vec<Value> {
    match (value, step) {
        (Value::Object(entries), Step::Names(names)) => {
            names.iter().filter_map(|name| entries.get(name).cloned()).collect()
        }
        (Value::Object(entries), Step::All) => entries.values().cloned().collect(),
        (Value::Array(items), Step::All) => items.clone(),
        (Value::Array(items), Step::Indexes(indexes)) => {
            indexes.iter().filter_map(|index| items.get(place(*index, items.len())?).cloned()).collect()
        }
        (Value::Array(items), Step::Slice(from, to)) => {
            let end = |index: i64| place(index, items.len()).unwrap_or(if index < 0 { 0 } else { items.len() });
            let (from, to) = (from.map_or(0, end), to.map_or(items.len(), end));
            items.get(from..to.max(from)).unwrap_or_default().to_vec()
        }
        _ => Vec::new(),
    }
}

/// An index, which counts from the end if it is negative.
fn place(index: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    let index = if index < 0 { index.checked_add(length)? } else { index };
    usize::try_from(index).ok().filter(|_| index <= length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_find_what_stands_there() {
        let document =
            json!({ "a": { "b": [1, 2, { "c": "x" }], "d e": true }, "list": [{ "c": 1 }, { "c": 2 }, 3], "n": null });
        for (path, found) in [
            ("$", Some(document.clone())),
            ("$.a.b[0]", Some(json!(1))),
            ("$.a.b[-1].c", Some(json!("x"))),
            ("$['a']['d e']", Some(json!(true))),
            ("$.a.b[2]['c']", Some(json!("x"))),
            ("$.list[*].c", Some(json!([1, 2]))),
            ("$..c", Some(json!(["x", 1, 2]))),
            ("$.a.b[0,1]", Some(json!([1, 2]))),
            ("$.a.b[0:2]", Some(json!([1, 2]))),
            ("$.a.b[-2:]", Some(json!([2, { "c": "x" }]))),
            ("$['list','n']", Some(json!([[{ "c": 1 }, { "c": 2 }, 3], null]))),
            ("$.a.*", Some(json!([[1, 2, { "c": "x" }], true]))),
            ("$.n", Some(json!(null))),
            ("$.none", None),
            ("$.a.none.b", None),
            ("$.list[9]", None),
            ("$.a[0]", None),
        ] {
            assert_eq!(find(&document, path), Ok(found), "{path}");
        }
        for path in ["$.", "$[", "$[?(@.c)]", "$a", "$.a['b", "$.."] {
            assert!(find(&document, path).is_err(), "{path}");
        }
    }
}
