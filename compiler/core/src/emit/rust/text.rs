//! Texts of the spec as doc comments, which nothing in a text can break out of.

/// Columns of a doc comment's text, so that lines within an item fit too.
const WIDTH: usize = 80;

/// A paragraph of a doc comment from any text, each line with its line feed. The text is one paragraph of plain words to Markdown
/// and rustdoc: it starts no list, link, tag or code block, whatever is in it. Spans of code in backticks stay.
pub(super) fn paragraph(text: &str) -> String {
    let mut docs = String::with_capacity(text.len() + 8);
    for line in lines(text) {
        docs.push_str("/// ");
        docs.push_str(&line);
        docs.push('\n');
    }
    docs
}

/// A paragraph about a member of an item.
pub(super) fn member_paragraph(text: &str) -> String {
    lines(text).iter().map(|line| format!("    /// {line}\n")).collect()
}

/// Paragraphs with an empty line between them.
pub(super) fn paragraphs<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut docs = String::new();
    for text in texts.into_iter().filter(|text| !text.trim().is_empty()) {
        if !docs.is_empty() {
            docs.push_str("///\n");
        }
        docs.push_str(&paragraph(text));
    }
    docs
}

/// The words of a text in lines that none of them overflows, unless it is longer than a line.
pub(super) fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let text = escape(text);
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        let first = lines.is_empty();
        match lines.last_mut() {
            // A word that would mean something at the start of a line stays where it is.
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH || starts_block(word) => {
                line.push(' ');
                line.push_str(word);
            }
            _ if first && starts_block(word) => lines.push(format!("\\{word}")),
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Whether a line that begins with this word is a list, a heading, a quote, a rule or a fence to Markdown.
fn starts_block(word: &str) -> bool {
    let number = word.trim_end_matches(['.', ')']);
    word.starts_with(['-', '+', '*', '#', '>', '=', '~', '|', '_', ':'])
        || number.len() < word.len() && number.chars().all(|c| c.is_ascii_digit())
}

/// Keeps links, tags and fences from being read as such.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let text = text.replace("```", "'''");
    // A backtick without a partner is one character like any other.
    let mut ticks = text.matches('`').count() & !1;
    // Within backticks Markdown takes a backslash for itself.
    let mut code = false;
    for c in text.chars() {
        if c == '`' && ticks == 0 {
            escaped.push_str("\\`");
            continue;
        }
        ticks -= usize::from(c == '`');
        code ^= c == '`';
        if !code && matches!(c, '[' | ']' | '<' | '>' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Words joined as in prose: `a`, `a and b`, `a, b and c`.
pub(super) fn and(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_one_paragraph_of_words() {
        for (text, expected) in [
            ("An order.", "An order."),
            ("  two\n\n lines\t", "two lines"),
            ("- no list", "\\- no list"),
            ("1. no list", "\\1. no list"),
            ("# no heading", "\\# no heading"),
            ("see [Order] and <b>", "see \\[Order\\] and \\<b\\>"),
            ("`[T]` stays", "`[T]` stays"),
            ("`[T; 1..2]` stays", "`[T; 1..2]` stays"),
            ("an odd ` one", "an odd \\` one"),
            ("```rust", "'''rust"),
            ("*/ {{ ${x} \"quoted\"", "\\*/ {{ ${x} \"quoted\""),
            ("a\u{0}b\rc", "a b c"),
            ("", ""),
        ] {
            assert_eq!(lines(text).join("|"), expected, "{text:?}");
        }
    }

    #[test]
    fn long_texts_are_wrapped_but_never_before_a_marker() {
        let text = format!("{} - after", "word ".repeat(15).trim());
        let lines = lines(&format!("{text} {text}"));
        assert!(lines.iter().all(|line| !line.starts_with('-')), "{lines:?}");
        assert!(lines.len() > 1);
    }
}
