//! How large a regular expression is: what searching with it takes, and what making it takes.
//!
//! The library searches with an automaton, in the time of the text's length times that of the pattern with its counted repetitions
//! written out (<https://docs.rs/regex/latest/regex/#untrusted-patterns>), and looks at no clock meanwhile. It makes the automaton anew
//! for each call, and one of a class such as `\w`, which has some seven hundred ranges, takes as long as searching a page.

/// How many parts a pattern may have.
pub const PARTS: u64 = 2_000;

/// What a pattern comes to, with its counted repetitions written out: `a{3}b` has four parts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// What may match: characters and classes, and the ways between them.
    pub parts: u64,
    /// What it takes to make the automaton, in microseconds or so.
    pub made_of: u64,
}

impl Size {
    const fn one(made_of: u64) -> Self {
        Self { parts: 1, made_of }
    }

    fn and(self, other: Self) -> Self {
        Self { parts: self.parts.saturating_add(other.parts), made_of: self.made_of.saturating_add(other.made_of) }
    }

    /// So many times, or some fewer. Each time that may be the last is a way to what follows.
    fn times(self, count: u64, fewer: u64) -> Self {
        Self {
            parts: self.parts.saturating_mul(count).saturating_add(fewer),
            made_of: self.made_of.saturating_mul(count),
        }
    }
}

/// A part that is one character, a way or an end.
const PLAIN: Size = Size::one(2);
/// All characters but some.
const NEGATED: Size = Size::one(10);
/// `\d` and `\s`, of all scripts.
const FEW_RANGES: Size = Size::one(75);
/// `\w`, `\b` and `\p{..}`.
const MANY_RANGES: Size = Size::one(500);

/// What a pattern comes to. It need not be one that the library takes.
pub fn size(pattern: &str) -> Size {
    let mut rest = pattern.chars();
    // For each open group what is done of it, and the last part, which a repetition would repeat.
    let (mut outer, mut done, mut last) = (Vec::new(), Size::default(), Size::default());
    while let Some(char) = rest.next() {
        let part = match char {
            '(' => {
                outer.push((done.and(last), PLAIN));
                (done, last) = (Size::default(), Size::default());
                skip_flags(&mut rest);
                continue;
            }
            ')' => {
                let inner = done.and(last);
                let (before, group) = outer.pop().unwrap_or_default();
                (done, last) = (before, inner.and(group));
                continue;
            }
            '*' | '+' | '?' => {
                last = last.and(PLAIN);
                continue;
            }
            '{' => match counted(&mut rest) {
                Some((count, fewer)) => {
                    last = last.times(count, fewer);
                    continue;
                }
                None => PLAIN,
            },
            '[' => class(&mut rest),
            '\\' => escaped(&mut rest),
            '.' => NEGATED,
            _ => PLAIN,
        };
        (done, last) = (done.and(last), part);
    }
    outer.into_iter().fold(done.and(last), |all, (before, group)| all.and(before).and(group))
}

/// Goes past `?:`, `?i:`, `?P<name>` and the like: they match nothing.
fn skip_flags(rest: &mut std::str::Chars<'_>) {
    let Some(after) = rest.as_str().strip_prefix('?') else { return };
    if let Some(end) = after.find([':', '>', ')']) {
        // What ends a group is read as such.
        *rest = after[end..].chars();
        if !after[end..].starts_with(')') {
            rest.next();
        }
    }
}

/// How often `{n}`, `{n,}` or `{n,m}` repeats at most, how many times fewer it may be, and goes past it.
fn counted(rest: &mut std::str::Chars<'_>) -> Option<(u64, u64)> {
    let (counts, after) = rest.as_str().split_once('}')?;
    let number = |text: &str| {
        let digits = text.trim();
        let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
        if !is_number || digits.is_empty() { None } else { Some(digits.parse().unwrap_or(u64::MAX)) }
    };
    let (least, most) = match counts.split_once(',') {
        Some((least, most)) => (number(least), number(most)),
        None => (number(counts), number(counts)),
    };
    let count = most.max(least)?;
    *rest = after.chars();
    // Without an end, what repeats for ever is one time of them.
    let fewer = most.map_or(1, |most| most.saturating_sub(least.unwrap_or(0)));
    Some((count.max(1), fewer))
}

/// Goes past a class, with those in it.
fn class(rest: &mut std::str::Chars<'_>) -> Size {
    let mut size = PLAIN;
    let mut depth = 1;
    // A bracket that comes first is one of its characters.
    let mut is_first = true;
    while depth > 0
        && let Some(char) = rest.next()
    {
        let was_first = std::mem::take(&mut is_first);
        match char {
            '\\' => size.made_of = size.made_of.saturating_add(escaped(rest).made_of),
            '[' => {
                depth += 1;
                is_first = !rest.as_str().starts_with(':');
            }
            ']' if !was_first => depth -= 1,
            '^' if was_first => {
                size.made_of = size.made_of.saturating_add(NEGATED.made_of);
                is_first = true;
            }
            _ => {}
        }
    }
    size
}

/// What an escape stands for, and goes past it.
fn escaped(rest: &mut std::str::Chars<'_>) -> Size {
    let (size, is_named) = match rest.next() {
        Some('w' | 'W' | 'b' | 'B') => (MANY_RANGES, false),
        Some('p' | 'P') => (MANY_RANGES, true),
        Some('d' | 'D' | 's' | 'S') => (FEW_RANGES, false),
        Some('x' | 'u' | 'U') => (PLAIN, true),
        _ => (PLAIN, false),
    };
    if is_named
        && rest.as_str().starts_with('{')
        && let Some((_, after)) = rest.as_str().split_once('}')
    {
        *rest = after.chars();
    }
    size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_written_out() {
        let parts = |pattern| size(pattern).parts;
        for (pattern, expected) in [
            ("", 0),
            ("abc", 3),
            ("a*b+c?", 6),
            ("a{3}", 3),
            ("a{3}b", 4),
            ("a{2,}", 3),
            ("a{,4}", 8),
            ("a{2,5}", 8),
            ("a{0}", 1),
            ("[]a-z]{4}", 4),
            ("[^]a]{4}", 4),
            ("[[:alpha:]&&[^x]]{4}", 4),
            (r"\d{4}", 4),
            (r"\w{4}", 4),
            (r"\p{L}{4}", 4),
            (r"\pL{4}", 5),
            (r"\x{41}{4}", 4),
            (r"\{4}", 3),
            ("(ab){10}", 30),
            ("(?:ab){10}", 30),
            ("(?<name>ab){10}", 30),
            ("(?i)ab", 3),
            ("((a{10}){10}){10}", 1_110),
            ("a|b", 3),
            ("a{99999999999999999999}", u64::MAX),
        ] {
            assert_eq!(parts(pattern), expected, "{pattern}");
        }
        // Whatever it is.
        for pattern in ["(", ")", "[", "\\", "{", "a{", "(?", "(?i", "[[", "[^", r"\p{", "}", "a{x}", "((((", "))))"] {
            assert!(parts(pattern) < 16, "{pattern}");
        }
    }
}
