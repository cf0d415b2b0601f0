//! The shape of a regular expression: whether it may match the empty text, and which of its groups take part in every match.
//!
//! <https://tc39.es/ecma262/#sec-patterns>; what an empty match does is of JSONata 2.0.6, `evaluateRegex` in
//! <https://github.com/jsonata-js/jsonata/blob/v2.0.6/src/jsonata.js>: it fails with D1004, unless it is at the end of the text.

/// What is known of a pattern.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// Whether it matches the empty text elsewhere than at the end. False where that is not certain.
    pub(super) is_empty: bool,
    /// For each of its groups, whether it takes part in every match.
    pub(super) groups: Vec<bool>,
}

/// The shape of a pattern, without its slashes; none of one that is not read to its end.
pub(super) fn shape(pattern: &str) -> Option<Shape> {
    let mut reader = Reader { rest: pattern, groups: Vec::new() };
    let is_empty = reader.alternatives()?;
    reader.rest.is_empty().then_some(Shape { is_empty, groups: reader.groups })
}

struct Reader<'p> {
    rest: &'p str,
    groups: Vec<bool>,
}

impl Reader<'_> {
    fn take(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Reads up to the end of a group, or of the pattern; says whether it may be empty.
    fn alternatives(&mut self) -> Option<bool> {
        let first = self.groups.len();
        let mut is_empty = self.sequence()?;
        let mut is_one = true;
        while self.take("|") {
            is_empty |= self.sequence()?;
            is_one = false;
        }
        if !is_one {
            self.groups[first..].fill(false);
        }
        Some(is_empty)
    }

    fn sequence(&mut self) -> Option<bool> {
        let mut is_empty = true;
        while !self.rest.is_empty() && !self.rest.starts_with(['|', ')']) {
            let first = self.groups.len();
            let part = self.part()?;
            let is_optional = self.repeated();
            if is_optional {
                self.groups[first..].fill(false);
            }
            is_empty &= part || is_optional;
        }
        Some(is_empty)
    }

    /// Reads one part; says whether it may be empty.
    fn part(&mut self) -> Option<bool> {
        for look in ["(?=", "(?!", "(?<=", "(?<!"] {
            if self.take(look) {
                let first = self.groups.len();
                self.alternatives()?;
                if look.ends_with('!') {
                    self.groups[first..].fill(false);
                }
                return self.take(")").then_some(true);
            }
        }
        if self.take("(?:") {
            let is_empty = self.alternatives()?;
            return self.take(")").then_some(is_empty);
        }
        if self.take("(") {
            if self.take("?<") {
                self.rest = self.rest.split_once('>')?.1;
            } else if self.rest.starts_with('?') {
                return None;
            }
            self.groups.push(true);
            let is_empty = self.alternatives()?;
            return self.take(")").then_some(is_empty);
        }
        if self.take("^") || self.take("\\b") || self.take("\\B") {
            return Some(true);
        }
        if self.rest.starts_with('[') {
            let end = super::regex::class_length(self.rest)?;
            self.rest = &self.rest[end..];
            return Some(false);
        }
        // What a group has matched before may be empty, and `$` is at the end, as a rule: neither is certain.
        let mut chars = self.rest.chars();
        if chars.next()? == '\\' {
            chars.next()?;
        }
        self.rest = chars.as_str();
        Some(false)
    }

    /// Reads how often a part is repeated; says whether it may be left out.
    fn repeated(&mut self) -> bool {
        let is_optional = if self.take("*") || self.take("?") {
            true
        } else if self.take("+") {
            false
        } else if let Some((bounds, rest)) = self.rest.strip_prefix('{').and_then(|rest| rest.split_once('}'))
            && let Some((least, _)) = super::regex::counted(bounds)
        {
            self.rest = rest;
            least == 0
        } else {
            return false;
        };
        self.take("?");
        is_optional
    }
}

#[cfg(test)]
mod tests {
    use super::shape;

    #[test]
    fn what_may_match_the_empty_text() {
        for pattern in
            ["a*", "x?", "", "a|", "(a*)", "(?:a|b*)c?", "^\\s*", "\\b", "(?=[A-Z])", "a{0,2}", "a*?", "[ab]*"]
        {
            assert!(shape(pattern).is_some_and(|shape| shape.is_empty), "{pattern}");
        }
        for pattern in
            ["a", "a+", "a*b", "^a*$", "\\s*$", "[*]", "\\*", "(a|b)", "a{1,}", "(?=a)b", "(a*)\\1", "{", "a{,3}"]
        {
            assert!(shape(pattern).is_some_and(|shape| !shape.is_empty), "{pattern}");
        }
        assert_eq!(shape("(a"), None);
        assert_eq!(shape("(?i)a"), None);
    }

    #[test]
    fn which_groups_take_part() {
        for (pattern, groups) in [
            ("a(b)c", vec![true]),
            ("(a)|b", vec![false]),
            ("(\\d+)(\\.(\\d+))?", vec![true, false, false]),
            ("(?<n>a(b))", vec![true, true]),
            ("(a|(b))", vec![true, false]),
            ("(a)(?!(b))", vec![true, false]),
            ("[(](a)\\(", vec![true]),
            ("(?:(a)){0,1}", vec![false]),
            ("(a)+", vec![true]),
        ] {
            assert_eq!(shape(pattern).map(|shape| shape.groups), Some(groups), "{pattern}");
        }
    }
}
