//! What a path is compared with.

use super::Expr;
use super::ast::{Ast, AstKind, Operator, Place};
use crate::source::{Span, Spanned};

impl Expr {
    /// The texts that the value under a path is compared with by `=`, `!=` or `in`, each where it is written: `Full` for
    /// `error.name = 'Full'` and the path `error`, `name`.
    pub fn texts_compared_with(&self, path: &[&str]) -> Vec<Spanned<&str>> {
        let mut found = Vec::new();
        self.compared(&self.tree, path, &mut found);
        found
    }

    /// Where the value of a name is compared with a literal: `tries < 3`.
    pub fn compared_with_literal(&self, name: &str) -> Option<Span> {
        self.literally(&self.tree, name)
    }

    fn literally(&self, ast: &Ast, name: &str) -> Option<Span> {
        if let AstKind::Binary(operator, a, b) = &ast.kind
            && matches!(
                operator,
                Operator::Equal
                    | Operator::NotEqual
                    | Operator::Less
                    | Operator::LessOrEqual
                    | Operator::Greater
                    | Operator::GreaterOrEqual
            )
        {
            let is_literal =
                |ast: &Ast| matches!(ast.kind, AstKind::Number(_) | AstKind::String(_) | AstKind::Boolean(_));
            let is_name =
                |ast: &Ast| matches!(&ast.kind, AstKind::Name { name: own, place: Place::Root, .. } if own == name);
            if (is_name(a) && is_literal(b)) || (is_literal(a) && is_name(b)) {
                return Some(self.span_of(&ast.range));
            }
        }
        ast.children().into_iter().find_map(|child| self.literally(child, name))
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
