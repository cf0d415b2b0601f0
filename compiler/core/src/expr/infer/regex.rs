//! Regular expressions that are none to JavaScript, by which they are read, or something else: <https://tc39.es/ecma262/#sec-patterns>.

mod foreign;

use foreign::foreign;

use super::Infer;
use super::shape::{Shape, shape};
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::ast::Ast;

impl Infer<'_> {
    /// Reports a regular expression that no engine reads.
    pub(super) fn regex(&mut self, ast: &Ast) {
        let text = self.text(ast);
        let Some((pattern, _)) = text.strip_prefix('/').and_then(|rest| rest.rsplit_once('/')) else { return };
        if let Some(reason) = problem(pattern) {
            let message = format!("`{text}` is not a regular expression: {reason}");
            self.report(Diagnostic::new(Code::EVC0422, self.span(&ast.range), message));
            return;
        }
        let found: Vec<Diagnostic> = foreign(pattern)
            .into_iter()
            .map(|foreign| {
                let start = ast.range.start + 1 + foreign.at;
                let message = format!("`{}` is {} to JavaScript, by which it is read", foreign.written, foreign.is);
                let place = self.span(&(start..start + foreign.written.len()));
                Diagnostic::new(Code::EVC0429, place, message).help(foreign.instead)
            })
            .collect();
        for diagnostic in found {
            self.report(diagnostic);
        }
    }
}

/// The shape of a regular expression, as it is written.
pub(super) fn shape_of(text: &str) -> Option<Shape> {
    let (pattern, _) = text.strip_prefix('/')?.rsplit_once('/')?;
    shape(pattern)
}

/// What is wrong with a pattern; nothing for most.
fn problem(pattern: &str) -> Option<String> {
    let mut rest = pattern;
    // Whether something stands before, that can be repeated.
    let mut repeatable = false;
    while let Some(next) = rest.chars().next() {
        let mut length = next.len_utf8();
        match next {
            '\\' => {
                length += rest[1..].chars().next().map_or(0, char::len_utf8);
                repeatable = !matches!(&rest[..length], "\\b" | "\\B");
            }
            '[' => {
                length = class_length(rest)?;
                if let Some(range) = upside_down(&rest[1..length - 1]) {
                    return Some(format!("the range `{range}` ends before it starts"));
                }
                repeatable = true;
            }
            '*' | '+' | '?' if !repeatable => return Some(format!("there is nothing for `{next}` to repeat")),
            '{' => {
                if let Some((inside, _)) = rest[1..].split_once('}')
                    && let Some(bounds) = counted(inside)
                {
                    length = inside.len() + 2;
                    let written = &rest[..length];
                    if !repeatable {
                        return Some(format!("there is nothing for `{written}` to repeat"));
                    }
                    if matches!(bounds, (least, Some(most)) if most < least) {
                        return Some(format!("`{written}` ends before it starts"));
                    }
                    repeatable = false;
                    // As few as possible.
                    length += usize::from(rest[length..].starts_with('?'));
                } else {
                    repeatable = true;
                }
            }
            '*' | '+' | '?' => {
                length += usize::from(rest[length..].starts_with('?'));
                repeatable = false;
            }
            '(' => {
                for kind in ["(?:", "(?=", "(?!", "(?<=", "(?<!"] {
                    if rest.starts_with(kind) {
                        length = kind.len();
                    }
                }
                if length == 1 && rest.starts_with("(?<") {
                    length = rest.find('>').map_or(length, |end| end + 1);
                } else if length == 1 && rest.starts_with("(?") {
                    return Some("`(?` starts no group".to_owned());
                }
                repeatable = false;
            }
            '|' | '^' => repeatable = false,
            _ => repeatable = true,
        }
        rest = &rest[length..];
    }
    None
}

/// The length of a class of characters, brackets included.
pub(super) fn class_length(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, next) in text.char_indices().skip(1) {
        match next {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ']' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// The first range of a class that has no character.
fn upside_down(class: &str) -> Option<String> {
    let chars: Vec<char> = class.chars().collect();
    // Escapes name kinds of characters, which are not compared.
    if class.contains('\\') {
        return None;
    }
    let mut at = 0;
    while at + 2 < chars.len() {
        if chars[at + 1] == '-' {
            if chars[at] > chars[at + 2] {
                return Some(chars[at..at + 3].iter().collect());
            }
            at += 3;
        } else {
            at += 1;
        }
    }
    None
}

/// The numbers of a counted repetition: `2`, `2,` or `2,3`.
pub(super) fn counted(inside: &str) -> Option<(u64, Option<u64>)> {
    let number = |text: &str| {
        (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().unwrap_or(u64::MAX))
    };
    match inside.split_once(',') {
        None => number(inside).map(|times| (times, Some(times))),
        Some((least, "")) => number(least).map(|least| (least, None)),
        Some((least, most)) => Some((number(least)?, Some(number(most)?))),
    }
}

#[cfg(test)]
mod tests {
    use super::problem;

    #[test]
    fn patterns_of_javascript() {
        for pattern in [
            "a",
            "a*?b+",
            "^a{2,3}$",
            "(a|b)?",
            "[a-z0-9_-]+",
            "\\d{4}-\\d\\d",
            "(?:x)(?=y)(?<n>z)",
            "a{,3}",
            "{",
            "[^\\]]",
            "[-a]",
            "é+",
            "\\/{2}",
            "(?i",
            "",
        ] {
            let is_fine = problem(pattern).is_none();
            assert_eq!(is_fine, pattern != "(?i", "{pattern}");
        }
        for pattern in ["*a", "a**", "a{2,1}", "(+)", "a|*", "[z-a]", "^*", "{2}", "a{1}{2}"] {
            assert!(problem(pattern).is_some(), "{pattern}");
        }
    }
}
