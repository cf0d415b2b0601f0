//! What regular expressions of other languages have, and JavaScript without its flag `u` takes for something else:
//! <https://tc39.es/ecma262/#sec-regular-expression-patterns-semantics>. JSONata's literals have the flags `i` and `m` alone.

use super::class_length;

/// A part that says something else to JavaScript.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Foreign<'p> {
    /// Its first byte in the pattern.
    pub at: usize,
    /// The part as it is written.
    pub written: &'p str,
    /// What it is to JavaScript.
    pub is: String,
    /// What to write instead.
    pub instead: &'static str,
}

/// Letters that mean something after a backslash, but for those that want more after them.
const ESCAPES: &str = "bBcdDfknrsStvwW";

/// Classes of POSIX, each with what is the same.
const CLASSES: [(&str, &str); 12] = [
    ("alnum", "write `[A-Za-z0-9]`"),
    ("alpha", "write `[A-Za-z]`, and the other letters that there may be: `[A-Za-zÀ-ÿ]`"),
    ("blank", "write `[ \\t]`"),
    ("cntrl", "write `[\\x00-\\x1f]`"),
    ("digit", "write `\\d`"),
    ("graph", "write `[!-~]`"),
    ("lower", "write `[a-z]`"),
    ("print", "write `[ -~]`"),
    ("punct", "list the characters"),
    ("space", "write `\\s`"),
    ("upper", "write `[A-Z]`"),
    ("xdigit", "write `[0-9A-Fa-f]`"),
];

/// Every such part of a pattern, which is one to JavaScript.
pub(super) fn foreign(pattern: &str) -> Vec<Foreign<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = pattern[at..].chars().next() {
        let rest = &pattern[at..];
        match next {
            '\\' => {
                let (length, problem) = escape(rest);
                found.extend(problem.map(|(is, instead)| Foreign { at, written: &rest[..length], is, instead }));
                at += length;
            }
            '[' => {
                let length = class_length(rest).unwrap_or(rest.len());
                if let Some((written, instead)) = named_class(rest) {
                    let is = "a class of `[`, `:` and letters, with a `]` after it,".to_owned();
                    found.push(Foreign { at, written, is, instead });
                    at += written.len();
                } else {
                    found.extend(escapes_in(rest, length).into_iter().map(|it| Foreign { at: it.at + at, ..it }));
                    at += length;
                }
            }
            _ => at += next.len_utf8(),
        }
    }
    found
}

/// The escapes of a class of characters.
fn escapes_in(rest: &str, length: usize) -> Vec<Foreign<'_>> {
    let mut found = Vec::new();
    let mut at = 1;
    while at < length {
        let inner = &rest[at..length];
        let step = if inner.starts_with('\\') {
            let (step, problem) = escape(inner);
            found.extend(problem.map(|(is, instead)| Foreign { at, written: &inner[..step], is, instead }));
            step
        } else {
            inner.chars().next().map_or(1, char::len_utf8)
        };
        at += step;
    }
    found
}

/// The length of an escape, and what it is to JavaScript with what to write instead, if that is not what it is elsewhere.
fn escape(rest: &str) -> (usize, Option<(String, &'static str)>) {
    let Some(letter) = rest[1..].chars().next() else { return (1, None) };
    let length = 1 + letter.len_utf8();
    let hex = |count: usize| {
        let digits = rest.get(2..2 + count);
        digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let braced =
        || rest[2..].split_once('}').filter(|(inside, _)| inside.starts_with('{')).map(|(inside, _)| inside.len() + 3);
    let is_one = match letter {
        'x' => hex(2),
        'u' => hex(4),
        letter => !letter.is_ascii_alphabetic() || ESCAPES.contains(letter),
    };
    if is_one {
        return (length, None);
    }
    let instead = match letter {
        'p' | 'P' => {
            "list the letters that there may be, as in `[A-Za-zÀ-ÿ]`: classes of Unicode want a flag that JSONata has not"
        }
        'u' => "write the character itself, or `\\u` and four hexadecimal digits",
        'x' => "write the character itself, or `\\x` and two hexadecimal digits",
        'A' => "write `^`, which is the start of the text unless there is the flag `m`",
        'z' | 'Z' => "write `$`, which is the end of the text unless there is the flag `m`",
        'h' | 'H' => "write `[ \\t]` for a blank, `[^ \\t]` for anything else",
        'R' => "write `\\r?\\n` for the end of a line",
        'a' => "write `\\x07`",
        'e' => "write `\\x1b`",
        'Q' | 'E' => "write `\\` before each character that is to stand for itself",
        _ => "write the letter alone if it is meant",
    };
    let whole = if matches!(letter, 'p' | 'P' | 'u' | 'x') { braced().unwrap_or(length) } else { length };
    let is = match &rest[length..whole] {
        "" => format!("the letter `{letter}`"),
        braces => format!("the letter `{letter}` and then `{braces}`"),
    };
    (whole, Some((is, instead)))
}

/// A class by its name in POSIX at the start of a text, up to the last of its brackets, and what to write instead.
fn named_class(rest: &str) -> Option<(&str, &'static str)> {
    let start = rest.find("[:").filter(|at| *at > 0)?;
    let inside = &rest[start + 2..];
    let (name, _) = inside.split_once(":]")?;
    // What comes before it is of the same class.
    if class_length(rest)? != start + 2 + name.len() + 2 {
        return None;
    }
    let (_, instead) = CLASSES.iter().find(|(class, _)| *class == name.trim_start_matches('^'))?;
    let end = start + 2 + name.len() + 2;
    let end = if rest[end..].starts_with(']') { end + 1 } else { end };
    Some((&rest[..end], instead))
}

#[cfg(test)]
mod tests {
    use super::foreign;

    #[test]
    fn what_is_javascript_is_left_alone() {
        for pattern in
            [r"\d+\.\w*\s", r"\b\u00e9\x41\cA\0\1\k<n>", r"[^\]\-\/]", "[:a]", "[a:]", r"\\p", "[[:]", r"\-\_\@\é", ""]
        {
            assert_eq!(foreign(pattern), [], "{pattern}");
        }
    }

    #[test]
    fn what_is_of_another_language_is_found_where_it_stands() {
        for (pattern, expected) in [
            (r"\p{L}+", r"\p{L}"),
            (r"a\pLb", r"\p"),
            (r"\Aabc", r"\A"),
            (r"abc\z", r"\z"),
            (r"[a-z\p{Lu}]", r"\p{Lu}"),
            (r"\u{1F600}", r"\u{1F600}"),
            (r"é\h", r"\h"),
            ("x[[:alpha:]]+", "[[:alpha:]]"),
            ("[_[:digit:]]", "[_[:digit:]]"),
            ("[^[:space:]x]", "[^[:space:]"),
        ] {
            let found = foreign(pattern);
            assert_eq!(found.len(), 1, "{pattern}: {found:?}");
            assert_eq!(
                (found[0].written, &pattern[found[0].at..][..expected.len()]),
                (expected, expected),
                "{pattern}"
            );
        }
    }
}
