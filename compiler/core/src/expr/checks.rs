//! Where an expression says itself that it may fail: by a checked conversion, `$assert` or `$error`.

use super::Expr;
use super::ast::{Ast, AstKind};
use super::conversions::conversion;
use crate::source::Spanned;

impl Expr {
    /// The calls of functions that are there to fail where something is not as it should be, each as it is written.
    pub fn checks(&self) -> Vec<Spanned<String>> {
        let mut found = Vec::new();
        self.collect_checks(&self.tree, &mut found);
        found
    }

    fn collect_checks(&self, ast: &Ast, found: &mut Vec<Spanned<String>>) {
        if let AstKind::Call(function, _) = &ast.kind
            && let AstKind::Variable(name) = &function.kind
            && (conversion(name).is_some() || matches!(name.as_str(), "assert" | "error"))
        {
            let text = self.text.get(ast.range.clone()).unwrap_or(name);
            found.push(Spanned::new(text.to_owned(), self.span_of(&ast.range)));
        }
        for child in ast.children() {
            self.collect_checks(child, found);
        }
    }
}
