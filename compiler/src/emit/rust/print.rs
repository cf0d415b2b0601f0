//! Tokens to text: parsed by `syn`, formatted by `prettyplease`, laid out so that `rustfmt` has nothing to change.

use std::fmt::Write as _;

use proc_macro2::TokenStream;

/// The configuration of rustfmt that ships with the generated workspace: the width and the thresholds of `prettyplease`.
pub(super) const RUSTFMT: &str = "# The width that generated code is written with; hand-written code beside it may have its own rustfmt.toml.\n\
    style_edition = \"2024\"\nmax_width = 89\nuse_small_heuristics = \"Max\"\n";

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
        let together =
            matches!(item, syn::Item::Use(_) | syn::Item::Mod(_)) && before == Some(kind) && undocumented(&item);
        if !together && !text.is_empty() {
            text.push('\n');
        }
        before = Some(kind);
        let file = syn::File { shebang: None, frontmatter: None, attrs: Vec::new(), items: vec![item] };
        spaced(&prettyplease::unparse(&file), &mut text);
    }
    text
}

fn undocumented(item: &syn::Item) -> bool {
    match item {
        syn::Item::Use(item) => item.attrs.is_empty(),
        syn::Item::Mod(item) => item.attrs.is_empty(),
        _ => false,
    }
}

/// Copies an item's lines with an empty line between its methods, and headers of `impl` blocks broken as rustfmt does.
fn spaced(item: &str, text: &mut String) {
    let mut before = "";
    for line in item.lines() {
        let indent = line.len() - line.trim_start().len();
        if indent > 0 && before.len() == indent + 1 && before.ends_with('}') && !line.ends_with('}') {
            text.push('\n');
        }
        match line.split_once(" for ") {
            Some((of, ty)) if line.len() > WIDTH && line.starts_with("impl") => match ty.strip_suffix(" {}") {
                Some(ty) => {
                    let _ = writeln!(text, "{of}\n    for {ty}\n{{\n}}");
                }
                None => {
                    let _ = writeln!(text, "{of}\n    for {}\n{{", ty.trim_end_matches(" {"));
                }
            },
            _ => {
                let _ = writeln!(text, "{line}");
            }
        }
        before = line;
    }
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
