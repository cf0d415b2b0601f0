//! What a path is compared with.

use super::Expr;
use super::ast::{Ast, AstKind, Operator};
use crate::source::Spanned;

impl Expr {
    /// The texts that the value under a path is compared with by `=`, `!=` or `in`, each where it is written: `Full` for
    /// `error.name = 'Full'` and the path `error`, `name`.
    pub fn texts_compared_with(&self, path: &[&str]) -> Vec<Spanned<&str>> {
        let mut found = Vec::new();
        self.compared(&self.tree, path, &mut found);
        found
    }

    fn compared<'a>(&'a self, ast: &'a Ast, path: &[&str], found: &mut Vec<Spanned<&'a str>>) {
        if let AstKind::Binary(Operator::Equal | Operator::NotEqual | Operator::In, a, b) = &ast.kind {
            for (one, other) in [(a, b), (b, a)] {
                let mut names = Vec::new();
                if super::names_of(one, &mut names) && names == path {
                    found.extend(texts(other).map(|(text, at)| Spanned::new(text, self.span_of(&at))));
                }
            }
        }
        for child in ast.children() {
            self.compared(child, path, found);
        }
    }
}

/// A text, or those of a list, without their quotes.
fn texts(ast: &Ast) -> impl Iterator<Item = (&str, std::ops::Range<usize>)> {
    let items = match &ast.kind {
        AstKind::Array(items) => items.as_slice(),
        _ => std::slice::from_ref(ast),
    };
    items.iter().filter_map(|item| match &item.kind {
        AstKind::String(text) => Some((text.as_str(), item.range.start + 1..item.range.end.saturating_sub(1))),
        _ => None,
    })
}
