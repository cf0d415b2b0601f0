//! Regular expressions of schemas.

use std::collections::HashMap;

use regex_lite::{Regex, RegexBuilder};

/// How large an expression may be, in bytes: one that counts to thousands costs more than it tells.
const LARGEST: usize = 256 * 1024;

/// Expressions that have been used.
#[derive(Debug, Default)]
pub(super) struct Patterns(HashMap<&'static str, Option<Regex>>);

impl Patterns {
    /// Whether an expression is found in a text. One that cannot be read, such as those with classes of Unicode, is found in every text.
    pub(super) fn fits(&mut self, pattern: &'static str, text: &str) -> bool {
        let regex = self.0.entry(pattern).or_insert_with(|| {
            if pattern.is_empty() || pattern.contains(r"\p") {
                return None;
            }
            RegexBuilder::new(pattern).size_limit(LARGEST).build().ok()
        });
        regex.as_ref().is_none_or(|regex| regex.is_match(text))
    }
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
        let read = |pattern: &&&str| RegexBuilder::new(pattern).size_limit(LARGEST).build().is_ok();
        let classes = found.iter().filter(|pattern| pattern.contains(r"\p")).count();
        let readable = found.iter().filter(|pattern| !pattern.contains(r"\p")).filter(read).count();
        let large = found.len() - classes - readable;
        assert!(readable > 2000 && large < 150, "{readable} of {}, {classes} with classes of Unicode", found.len());
    }

    #[test]
    fn what_cannot_be_read_fits() {
        let mut patterns = Patterns::default();
        assert!(patterns.fits("^[a-z]{1,3}$", "abc") && !patterns.fits("^[a-z]{1,3}$", "abcd"));
        assert!(patterns.fits(r"^[\p{L}]+$", "!") && patterns.fits("(", "x"));
    }
}
