//! How large the value of an expression may be in JSON. What its type does not bound, its parts may: two bounded texts joined are one.

use super::ast::{Ast, AstKind, Operator, Place};
use super::{Expr, Scope, Template};
use crate::types::{Types, json_bytes};

/// Quotes around a text.
const QUOTES: u64 = 2;

impl Expr {
    /// The most bytes that its value takes as compact JSON; `None` if nothing bounds it.
    pub fn max_json_bytes(&self, scope: &Scope, types: &Types) -> Option<u64> {
        self.bytes(&self.tree, scope, types)
    }

    /// The most bytes that it adds to the list of a name, if that is what it does: `[photos, page.photos]`, `$append(photos, page.photos)`.
    pub fn appended_bytes(&self, root: &str, scope: &Scope, types: &Types) -> Option<u64> {
        let parts: Vec<&Ast> = match &self.tree.kind {
            AstKind::Array(items) => items.iter().collect(),
            AstKind::Call(callee, items) if matches!(&callee.kind, AstKind::Variable(name) if name == "append") => {
                items.iter().collect()
            }
            _ => return None,
        };
        let is_root = |ast: &&Ast| matches!(&ast.kind, AstKind::Name { name, place: Place::Root, .. } if name == root);
        if parts.iter().filter(|part| is_root(part)).count() != 1 {
            return None;
        }
        let added = parts.iter().filter(|part| !is_root(part));
        added.map(|part| self.bytes(part, scope, types)).sum()
    }

    fn bytes(&self, tree: &Ast, scope: &Scope, types: &Types) -> Option<u64> {
        match &tree.kind {
            AstKind::String(text) => Some(json_bytes(text)),
            AstKind::Binary(Operator::Concatenate, left, right) => {
                let text =
                    |part: &Ast| Some(self.bytes(part, scope, types)?.saturating_sub(self.quotes(part, scope, types)));
                text(left)?.checked_add(text(right)?)?.checked_add(QUOTES)
            }
            AstKind::Conditional(_, then, otherwise) => {
                let otherwise = otherwise.as_ref().map_or(Some(0), |otherwise| self.bytes(otherwise, scope, types))?;
                Some(self.bytes(then, scope, types)?.max(otherwise))
            }
            AstKind::Block(parts) if parts.len() == 1 => self.bytes(&parts[0], scope, types),
            AstKind::Object(entries) => {
                let mut total = QUOTES;
                for (key, value) in entries {
                    let both = self.bytes(key, scope, types)?.checked_add(self.bytes(value, scope, types)?)?;
                    // A colon and a comma.
                    total = total.checked_add(both)?.checked_add(2)?;
                }
                Some(total)
            }
            AstKind::Array(items) => {
                let mut total = QUOTES;
                for item in items {
                    total = total.checked_add(self.bytes(item, scope, types)?)?.checked_add(1)?;
                }
                Some(total)
            }
            _ => {
                let checked = self.part(tree).check(scope, types);
                if checked.diagnostics.is_empty() { types.max_json_bytes(&checked.ty) } else { None }
            }
        }
    }

    /// The quotes of a part that is a text in JSON. What is no text is written as it is in JSON where it is joined to one.
    fn quotes(&self, part: &Ast, scope: &Scope, types: &Types) -> u64 {
        let is_text = matches!(&part.kind, AstKind::String(_) | AstKind::Binary(Operator::Concatenate, ..))
            || types.is_text(&self.part(part).check(scope, types).ty);
        if is_text { QUOTES } else { 0 }
    }

    /// A part of it by itself.
    fn part(&self, tree: &Ast) -> Self {
        Self { text: self.text.clone(), tree: tree.clone(), references: Vec::new(), span: self.span }
    }
}

impl Template {
    /// The most bytes that its value takes as compact JSON; `None` if nothing bounds it.
    pub fn max_json_bytes(&self, scope: &Scope, types: &Types) -> Option<u64> {
        match self {
            Self::Expr(expr) => expr.max_json_bytes(scope, types),
            Self::Null(_) => Some("null".len() as u64),
            Self::Error(_) => None,
            Self::Object(fields, _) => {
                let mut total = QUOTES;
                for (key, value) in fields {
                    // The name, a colon and a comma.
                    let name = json_bytes(&key.text).checked_add(2)?;
                    total = total.checked_add(name)?.checked_add(value.max_json_bytes(scope, types)?)?;
                }
                Some(total)
            }
            Self::List(items, _) => {
                let mut total = QUOTES;
                for item in items {
                    total = total.checked_add(item.max_json_bytes(scope, types)?)?.checked_add(1)?;
                }
                Some(total)
            }
        }
    }
}
