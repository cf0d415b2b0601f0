//! Tokens to text: parsed by `syn`, formatted by `prettyplease`, laid out so that `rustfmt` has nothing to change.

use std::fmt::Write as _;

use proc_macro2::TokenStream;

/// The configuration of rustfmt that ships with the generated workspace: the width and the thresholds of `prettyplease`.
pub(super) const RUSTFMT: &str = "# The width that generated code is written with; hand-written code beside it may have its own rustfmt.toml.\n\
    style_edition = \"2024\"\nmax_width = 89\nuse_small_heuristics = \"Max\"\nmerge_derives = false\n";

/// The widest line.
pub(super) const WIDTH: usize = 89;

/// A file: a comment on top, then the items with an empty line between them.
///
/// # Panics
///
/// If the tokens are no Rust items: a mistake of this backend, which every name and text of a spec is kept from causing.
pub(super) fn file(head: &str, items: TokenStream) -> String {
    let file: syn::File = syn::parse2(items).expect("the backend writes valid Rust");
    let mut text = String::new();
    for line in head.lines() {
        let _ = if line.is_empty() { writeln!(text, "//!") } else { writeln!(text, "//! {line}") };
    }
    let mut before = None;
    for item in file.items {
        let kind = std::mem::discriminant(&item);
        let together = before == Some(kind) && is_line(&item);
        if !together && !text.is_empty() {
            text.push('\n');
        }
        before = is_line(&item).then_some(kind);
        let file = syn::File { shebang: None, frontmatter: None, attrs: Vec::new(), items: vec![item] };
        spaced(&prettyplease::unparse(&file), &mut text);
    }
    text
}

/// Whether an item is one line that stands with others of its kind: a `use`, a `mod`, an `impl` of a marker.
fn is_line(item: &syn::Item) -> bool {
    match item {
        syn::Item::Use(item) => item.attrs.is_empty(),
        syn::Item::Mod(item) => item.attrs.is_empty(),
        syn::Item::Impl(item) => item.attrs.is_empty() && item.items.is_empty(),
        _ => false,
    }
}

/// Copies an item's lines with an empty line between its methods. Headers of `impl` blocks and lists that do not fit on a line
/// are broken as rustfmt does.
fn spaced(item: &str, text: &mut String) {
    let mut before = "";
    let mut lines = item.lines();
    while let Some(line) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        // Between methods, and between constants with documentation.
        let after = before.len() == indent + 1 && before.ends_with('}') || before.ends_with(';');
        let begins = line.trim_start().starts_with("///") || line.trim_start().starts_with("fn ");
        if indent > 0 && after && begins {
            text.push('\n');
        }
        if let Some(ty) = line.strip_prefix("for ") {
            // The second line of an `impl` block's header.
            let body = if ty.ends_with(" {}") { "{\n}" } else { "{" };
            let _ = writeln!(text, "    for {}\n{body}", ty.trim_end_matches(['{', '}', ' ']));
        } else if let Some((constant, count)) = constant(line, lines.clone(), indent) {
            text.push_str(&constant);
            lines.nth(count);
        } else {
            let _ = writeln!(text, "{line}");
        }
        before = line;
    }
}

/// A constant whose value was broken within its brackets, with the value on a line of its own if it fits on one; and how many
/// lines were in the brackets.
fn constant<'l>(line: &str, lines: impl Iterator<Item = &'l str>, indent: usize) -> Option<(String, usize)> {
    let (head, opener) = line.split_once(" = ").filter(|(head, _)| head.contains("const "))?;
    let close = if opener.ends_with('[') { "];" } else { ");" };
    opener.ends_with(['[', '(']).then_some(())?;
    let items: Vec<&str> = lines.map(str::trim).take_while(|line| *line != close).collect();
    let value = format!("{:indent$}    {opener}{}{close}", "", items.join(" ").trim_end_matches(','));
    (value.len() <= WIDTH).then(|| (format!("{head} =\n{value}\n"), items.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    #[test]
    fn items_and_methods_stand_apart() {
        let tokens = quote! {
            use a::b; use c::d;
            impl A { fn one(&self) -> u8 { 1 } #[doc = " Two."] fn two(&self) -> u8 { if true { 1 } else { 2 } } }
            #[doc = " B."] struct B;
        };
        insta::assert_snapshot!(file("Head.\n\nMore.", tokens));
    }
}
