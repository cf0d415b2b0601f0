//! Rust as text. Emitters write each item as if a line had no end; a file puts the items apart, and [`layout`] breaks the few
//! lines that are too wide. `rustfmt` has nothing to change about what comes out.

use std::fmt::{Display, Write as _};

use super::layout;

/// The configuration of rustfmt that ships with the generated workspace.
pub(super) const RUSTFMT: &str = "# The width that generated code is written with; hand-written code beside it may have its own rustfmt.toml.\n\
    style_edition = \"2024\"\nmax_width = 89\nuse_small_heuristics = \"Max\"\nmerge_derives = false\n";

/// The items of a file.
#[derive(Debug, Default)]
pub(super) struct Code {
    text: String,
    /// Where the last item begins, if it is a line that stands with others of its kind.
    line: Option<usize>,
}

impl Code {
    /// An item that stands apart from others: its lines, without the line feed at the end.
    pub(super) fn item(&mut self, item: impl Display) {
        self.add(item);
        self.line = None;
    }

    /// An item of one line, which stands with others of its kind: a `use`, a `mod`, an `impl` of a marker.
    pub(super) fn line(&mut self, item: impl Display) {
        let start = self.text.len();
        let before = self.line;
        self.add(item);
        let kind = |text: &str| text.trim_start().split(' ').find(|word| *word != "pub").map(str::to_owned);
        if before.is_some_and(|before| kind(&self.text[before..start]) == kind(&self.text[start..])) {
            self.text.remove(start);
        }
        self.line = Some(start);
    }

    fn add(&mut self, item: impl Display) {
        let start = self.text.len();
        // Writing to a string cannot fail.
        let _ = write!(self.text, "\n{item}\n");
        if self.text[start..].lines().any(layout::may_be_wide) {
            let wide = self.text.split_off(start);
            for line in wide.lines() {
                layout::fold(line, &mut self.text);
                self.text.push('\n');
            }
        }
    }

    /// Whether there are no items.
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether an item has a line that begins so.
    pub(super) fn has_line(&self, start: &str) -> bool {
        self.text.lines().any(|line| line.starts_with(start))
    }

    /// The file: a comment on top, then the items.
    pub(super) fn file(&self, head: &str) -> String {
        head.to_owned() + &self.text
    }
}

/// A text as a literal of Rust.
pub(super) fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for c in text.chars() {
        match c {
            '\'' => literal.push(c),
            // `\0` before a digit would look like an octal escape.
            '\0' => literal.push_str("\\x00"),
            _ => literal.extend(c.escape_debug()),
        }
    }
    literal.push('"');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_stand_apart_and_lines_of_a_kind_together() {
        let mut code = Code::default();
        code.line("mod a;");
        code.line("mod b;");
        code.line("pub use a::*;");
        code.line("use b::*;");
        code.item("fn c() {\n}");
        code.line("impl D for E {}");
        code.item("fn f() {\n}");
        assert_eq!(
            code.file("//! Head.\n"),
            "//! Head.\n\nmod a;\nmod b;\n\npub use a::*;\nuse b::*;\n\nfn c() {\n}\n\nimpl D for E {}\n\nfn f() {\n}\n"
        );
    }

    #[test]
    fn literals_are_what_rust_reads() {
        for text in ["", "a", "'\"\\", "\0", "\x001", "\t\r\n", "\u{7f}\u{85}\u{2028}\u{202e}", "\u{301}é😀", "{{}}"]
        {
            let parsed = syn::parse_str::<syn::LitStr>(&literal(text));
            assert_eq!(parsed.map(|parsed| parsed.value()).ok().as_deref(), Some(text), "{text:?}");
        }
    }
}
