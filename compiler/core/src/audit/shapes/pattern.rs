//! Regular expressions of schemas.
//!
//! The crate has no classes of Unicode and does not look ahead. Where an expression begins with looking ahead, `^(?!aws:)`, that is an
//! expression of its own; what is beyond ASCII is taken to be of every class.

use std::collections::HashMap;

use regex_lite::{Regex, RegexBuilder};

/// How large an expression may be, in bytes: one that counts to thousands costs more than it tells.
const LARGEST: usize = 256 * 1024;

/// Expressions that have been used.
#[derive(Debug, Default)]
pub(super) struct Patterns(HashMap<&'static str, Option<Expression>>);

impl Patterns {
    /// Whether an expression is found in a text. One that cannot be read is found in every text.
    pub(super) fn fits(&mut self, pattern: &'static str, text: &str) -> bool {
        let expression = self.0.entry(pattern).or_insert_with(|| Expression::read(pattern));
        expression.as_ref().is_none_or(|expression| expression.fits(text))
    }
}

/// An expression in the parts that the crate reads.
#[derive(Debug)]
struct Expression {
    /// What comes first, and whether it has to or must not.
    looks: Vec<(bool, Regex)>,
    main: Regex,
}

impl Expression {
    fn read(pattern: &str) -> Option<Self> {
        let plain = plain(pattern)?;
        let mut rest = plain.strip_prefix('^').unwrap_or(&plain);
        let mut looks = Vec::new();
        while let Some((ahead, has_to)) =
            rest.strip_prefix("(?!").map(|it| (it, false)).or_else(|| rest.strip_prefix("(?=").map(|it| (it, true)))
        {
            let end = end_of_group(ahead)?;
            looks.push((has_to, compiled(&format!("^(?:{})", ahead.get(..end)?))?));
            rest = ahead.get(end + 1..)?;
        }
        let main = if looks.is_empty() { compiled(&plain)? } else { compiled(&format!("^(?:{rest})"))? };
        Some(Self { looks, main })
    }

    fn fits(&self, text: &str) -> bool {
        self.looks.iter().all(|(has_to, look)| look.is_match(text) == *has_to) && self.main.is_match(text)
    }
}

fn compiled(pattern: &str) -> Option<Regex> {
    if pattern.is_empty() { None } else { RegexBuilder::new(pattern).size_limit(LARGEST).build().ok() }
}

/// Where the group ends that has begun.
fn end_of_group(text: &str) -> Option<usize> {
    let (mut depth, mut in_class, mut escaped) = (0_usize, false, false);
    for (at, next) in text.char_indices() {
        match next {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => depth += 1,
            ')' if !in_class && depth == 0 => return Some(at),
            ')' if !in_class => depth -= 1,
            _ => {}
        }
    }
    None
}

/// An expression with ranges in the place of the classes of Unicode.
fn plain(pattern: &str) -> Option<String> {
    let mut out = String::with_capacity(pattern.len());
    let (mut rest, mut in_class) = (pattern, false);
    while let Some(next) = rest.chars().next() {
        rest = rest.get(next.len_utf8()..)?;
        match next {
            '\\' if rest.starts_with(['p', 'P']) => {
                let not = rest.starts_with('P');
                rest = rest.get(1..)?;
                let name = match rest.strip_prefix('{') {
                    Some(braced) => braced.split_once('}')?.0,
                    None => rest.get(..1)?,
                };
                rest = rest.strip_prefix('{').map_or(rest.get(1..), |braced| braced.get(name.len() + 1..))?;
                let class = class(name, not)?;
                let around = if in_class { ["", class, ""] } else { ["[", class, "]"] };
                out.extend(around);
            }
            '\\' => {
                out.push('\\');
                let escaped = rest.chars().next()?;
                out.push(escaped);
                rest = rest.get(escaped.len_utf8()..)?;
            }
            _ => {
                in_class = (in_class || next == '[') && next != ']';
                out.push(next);
            }
        }
    }
    Some(out)
}

/// The characters of a class, as ranges.
fn class(name: &str, not: bool) -> Option<&'static str> {
    Some(match (name, not) {
        ("L" | "Alpha", false) => r"a-zA-Z\u{80}-\u{10FFFF}",
        ("N" | "Nd", false) => r"0-9\u{80}-\u{10FFFF}",
        ("Z" | "Zs", false) => r" \u{80}-\u{10FFFF}",
        ("P", false) => r"!-#%-*,-/:;?@\[-\]_{}\u{80}-\u{10FFFF}",
        ("S", false) => r"$+<=>\^`|~\u{80}-\u{10FFFF}",
        ("M", false) => r"\u{80}-\u{10FFFF}",
        ("C" | "Cc", true) | ("Print", false) => r" -~\u{80}-\u{10FFFF}",
        ("C" | "Cc", false) => r"\x00-\x1F\x7F-\u{10FFFF}",
        ("ASCII", false) => r"\x00-\x7F",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::{self, Shape};

    fn collect(shape: Shape, seen: &mut Vec<Shape>, found: &mut std::collections::BTreeSet<&'static str>) {
        if seen.contains(&shape) {
            return;
        }
        seen.push(shape);
        found.extend(shape.pattern);
        let inner = shape.properties.iter().map(|(_, inner)| *inner).chain(shape.items).chain(shape.additional);
        inner.for_each(|inner| collect(inner, seen, found));
        if let Some(more) = &shape.more {
            found.extend(more.pattern_properties.iter().map(|(pattern, _)| *pattern));
            let inner = more.pattern_properties.iter().map(|(_, inner)| *inner);
            let inner = inner.chain(more.all_of.iter().chain(&more.any_of).chain(&more.one_of).copied());
            inner.for_each(|inner| collect(inner, seen, found));
        }
    }

    #[test]
    fn most_patterns_can_be_read() {
        let mut found = std::collections::BTreeSet::new();
        for name in aws::resource_types() {
            let shape = aws::resource_type(name).map(|it| it.shape);
            collect(shape.expect("a type that is listed is there"), &mut Vec::new(), &mut found);
        }
        let unreadable: Vec<_> = found.iter().filter(|pattern| Expression::read(pattern).is_none()).collect();
        assert!(
            found.len() > 2300 && unreadable.len() < 90,
            "{} of {}: {unreadable:#?}",
            unreadable.len(),
            found.len()
        );
    }

    #[test]
    fn what_cannot_be_read_fits() {
        let mut patterns = Patterns::default();
        assert!(patterns.fits("^[a-z]{1,3}$", "abc") && !patterns.fits("^[a-z]{1,3}$", "abcd"));
        assert!(patterns.fits(r"^[\p{Greek}]+$", "!") && patterns.fits("(", "x"));
    }

    #[test]
    fn classes_of_unicode_are_those_of_ascii_and_whatever_is_beyond() {
        let tags = r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$";
        let mut patterns = Patterns::default();
        assert!(patterns.fits(tags, "Größe 3: a/b") && !patterns.fits(tags, "what?") && !patterns.fits(tags, "a\tb"));
        assert!(patterns.fits(r"^\P{C}+$", "ab") && !patterns.fits(r"^\P{C}+$", "a\nb"));
    }

    #[test]
    fn what_an_expression_looks_for_ahead_is_looked_for_first() {
        let mut patterns = Patterns::default();
        let keys = r"^(?!aws:)[a-zA-Z+-=._:/]+$";
        assert!(patterns.fits(keys, "team") && !patterns.fits(keys, "aws:team") && !patterns.fits(keys, "a b"));
        let both = r"^(?=.{2,5}$)(?!x(y|[)]))[a-z)]+$";
        assert!(
            patterns.fits(both, "abc")
                && !patterns.fits(both, "abcdef")
                && !patterns.fits(both, "xy")
                && !patterns.fits(both, "x)")
        );
    }
}
