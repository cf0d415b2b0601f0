//! Paths and expressions: what is none, and so refused or taken for a text.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>,
//! <https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html>

use super::states::{Language, Machine, State};
use crate::audit::template::{Kind, Node};
use crate::audit::text::UNKNOWN;
use crate::diagnostics::{Code, Diagnostic};

/// The fields that may have names that end in `.$`.
const PAYLOADS: [&str; 6] = ["Parameters", "ResultSelector", "ItemSelector", "ItemBatcher", "ItemReader", "Assign"];

/// The fields that are a path, or nothing. `ResultPath` is a place to write, and others a place to read.
const PATHS: [&str; 10] = [
    "InputPath",
    "OutputPath",
    "ResultPath",
    "ItemsPath",
    "SecondsPath",
    "TimestampPath",
    "TimeoutSecondsPath",
    "HeartbeatSecondsPath",
    "ErrorPath",
    "CausePath",
];

pub(super) fn check(machine: &Machine<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for state in machine.states() {
        match state.language {
            Language::Path => paths(machine, state, diagnostics),
            Language::Jsonata => {
                let inner = ["Branches", "ItemProcessor", "Iterator"];
                for entry in state.map.entries.iter().filter(|entry| !inner.contains(&&*entry.key.text)) {
                    jsonata(machine, &entry.value, diagnostics);
                }
            }
        }
    }
}

fn paths(machine: &Machine<'_>, state: &State<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for field in PATHS {
        let Some(node) = state.get(field) else { continue };
        let Some(text) = node.as_text().filter(|text| !text.starts_with('$') && !text.contains(UNKNOWN)) else {
            continue;
        };
        // `ErrorPath` and `CausePath` take a call of a function.
        if text.starts_with("States.") {
            continue;
        }
        let message =
            format!("`{field}` of state `{}` is a path, which starts with `$`, found `{text}`", state.name.text);
        diagnostics.push(Diagnostic::new(Code::EVC1094, machine.place(node), message));
    }
    for field in PAYLOADS {
        if let Some(node) = state.get(field) {
            payload(machine, node, diagnostics);
        }
    }
}

/// Reports values under names that end in `.$` that are neither a path nor a call.
fn payload(machine: &Machine<'_>, node: &Node<'_>, diagnostics: &mut Vec<Diagnostic>) {
    match &node.kind {
        Kind::List(items) => items.iter().for_each(|item| payload(machine, item, diagnostics)),
        Kind::Map(map) => {
            for entry in &map.entries {
                if !entry.key.text.ends_with(".$") {
                    payload(machine, &entry.value, diagnostics);
                    continue;
                }
                let found = match &entry.value.kind {
                    Kind::Text(text)
                        if text.contains(UNKNOWN) || text.starts_with(['$', ' ']) || text.starts_with("States.") =>
                    {
                        continue;
                    }
                    Kind::Text(text) => format!("`{text}`"),
                    Kind::Call(_) | Kind::Error => continue,
                    Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::List(_) | Kind::Map(_) => {
                        entry.value.describe().to_owned()
                    }
                };
                let message = format!("`{}` takes a path or a call of a function, found {found}", entry.key.text);
                let diagnostic = Diagnostic::new(Code::EVC1094, machine.place(&entry.value), message);
                let bare = entry.key.text.trim_end_matches(".$");
                diagnostics.push(diagnostic.help(format!("`{bare}` without the `.$`, if it is meant as it stands")));
            }
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Call(_) | Kind::Error => {}
    }
}

fn jsonata(machine: &Machine<'_>, node: &Node<'_>, diagnostics: &mut Vec<Diagnostic>) {
    match &node.kind {
        Kind::List(items) => items.iter().for_each(|item| jsonata(machine, item, diagnostics)),
        Kind::Map(map) => map.entries.iter().for_each(|entry| {
            if let Some(path) = entry.key.text.strip_suffix(".$") {
                let place = entry.key.place.unwrap_or_else(|| machine.place(&entry.value));
                let message =
                    format!("`{}` is how JSONPath writes it, and the state is written in JSONata", entry.key.text);
                let diagnostic = Diagnostic::new(Code::EVC1094, place, message);
                diagnostics.push(diagnostic.help(format!("`\"{path}\": \"{{% .. %}}\"`")));
            } else {
                jsonata(machine, &entry.value, diagnostics);
            }
        }),
        Kind::Text(text) => {
            if let Some(problem) = expression(text) {
                diagnostics.push(Diagnostic::new(Code::EVC1094, machine.place(node), problem));
            }
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Call(_) | Kind::Error => {}
    }
}

/// What is wrong with a text as JSONata, as far as its brackets and quotes show that.
fn expression(text: &str) -> Option<String> {
    let inner = match (text.starts_with("{%"), text.ends_with("%}")) {
        (false, false) => {
            let padded = text.trim().starts_with("{%") && text.trim().ends_with("%}");
            return padded.then(|| "an expression has no spaces around its `{% %}`".to_owned());
        }
        (true, true) if text.len() >= 4 => text.get(2..text.len() - 2)?,
        (true, _) => return Some("the expression has no `%}` that ends it".to_owned()),
        (false, true) => return Some("the expression has no `{%` that starts it".to_owned()),
    };
    if inner.trim().is_empty() {
        return Some("there is no expression between `{%` and `%}`".to_owned());
    }
    balance(inner)
}

/// A bracket or a quote without its other. Regular expressions may have any, so that what has one is left alone.
fn balance(text: &str) -> Option<String> {
    let mut open: Vec<char> = Vec::new();
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(next) = chars.next() {
        match next {
            '"' | '\'' | '`' => {
                let mut closed = false;
                while let Some(inside) = chars.next() {
                    if inside == '\\' && next != '`' {
                        chars.next();
                    } else if inside == next {
                        closed = true;
                        break;
                    }
                }
                if !closed {
                    return Some(format!("a text in the expression has no {next} that ends it"));
                }
            }
            '/' if chars.peek() == Some(&'*') => {
                let mut last = ' ';
                chars.next();
                let ends = chars.by_ref().any(|inside| std::mem::replace(&mut last, inside) == '*' && inside == '/');
                if !ends {
                    return Some("a comment in the expression has no end".to_owned());
                }
            }
            // After an operand it divides; anywhere else a regular expression starts.
            '/' if !(before.is_alphanumeric() || matches!(before, ')' | ']' | '_' | '`' | '"' | '\'')) => return None,
            '(' | '[' | '{' => open.push(next),
            ')' | ']' | '}' => {
                let wanted = match next {
                    ')' => '(',
                    ']' => '[',
                    _ => '{',
                };
                match open.pop() {
                    Some(opened) if opened == wanted => {}
                    Some(opened) => return Some(format!("`{opened}` in the expression is closed by `{next}`")),
                    None => return Some(format!("`{next}` in the expression closes nothing")),
                }
            }
            _ => {}
        }
        if !next.is_whitespace() {
            before = next;
        }
    }
    open.pop().map(|opened| format!("`{opened}` in the expression is never closed"))
}

#[cfg(test)]
mod tests {
    use super::expression;

    #[test]
    fn brackets_and_quotes_are_in_pairs() {
        for text in [
            "a text",
            "{% $states.input.total %}",
            "{% $map([1..3], function($x) { $x / 2 }) %}",
            "{% \"a)\" & 'b]' & `c}` %}",
            "{% \"a\\\"b\" %}",
            "{% $match(x, /[(]/) %}",
            "{% /* one ( */ 1 %}",
            "{% ($a := 4; $a / 2) %}",
        ] {
            assert_eq!(expression(text), None, "{text}");
        }
        for text in [
            "{% $f( %}",
            "{% a ]%}",
            "{% (a] %}",
            "{% 'a %}",
            "{% a",
            "a %}",
            "{% %}",
            " {% a %} ",
            "{% /* a %}",
            "{%}",
        ] {
            assert!(expression(text).is_some(), "{text}");
        }
    }
}
