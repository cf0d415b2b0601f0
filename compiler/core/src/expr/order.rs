//! Whether an expression bounds something, as in `attempt < 5`, and whether it counts, as in `attempt + 1`.

use super::Expr;
use super::ast::{Ast, AstKind, Operator, Place};
use super::facts::number;

impl Expr {
    /// Whether it compares by order anywhere: by `<`, `<=`, `>` or `>=`. A loop that is left by such a condition counts something.
    pub fn compares_by_order(&self) -> bool {
        compares(&self.tree)
    }

    /// Whether it compares what time it is with what comes from outside, and nothing that it says itself: a deadline that may be at any time.
    pub fn is_deadline_of_data(&self) -> bool {
        let asks_the_time = self.text.contains("$now()") || self.text.contains("$millis()");
        asks_the_time && !has_number(&self.tree) && !self.references().is_empty()
    }

    /// The literal that it adds to a name, if it does no more than that: 1 of `attempt + 1`.
    pub fn steps_by(&self, root: &str) -> Option<f64> {
        let is_root = |ast: &Ast| matches!(&ast.kind, AstKind::Name { name, place: Place::Root, .. } if name == root);
        let AstKind::Binary(operator, a, b) = &alone(&self.tree).kind else { return None };
        match (operator, number(a), number(b)) {
            (Operator::Add, None, Some(by)) if is_root(alone(a)) => Some(by),
            (Operator::Add, Some(by), None) if is_root(alone(b)) => Some(by),
            (Operator::Subtract, None, Some(by)) if is_root(alone(a)) => Some(-by),
            _ => None,
        }
    }
}

impl Expr {
    /// The path that it adds a literal to, and that, if it does no more: `input.attempt` and 1 of `input.attempt + 1`.
    pub fn counts_from(&self) -> Option<(Vec<&str>, f64)> {
        let AstKind::Binary(operator, a, b) = &alone(&self.tree).kind else { return None };
        let (of, by) = match (operator, number(a), number(b)) {
            (Operator::Add, None, Some(by)) => (a, by),
            (Operator::Add, Some(by), None) => (b, by),
            (Operator::Subtract, None, Some(by)) => (a, -by),
            _ => return None,
        };
        let mut names = Vec::new();
        super::names_of(alone(of), &mut names).then_some((names, by)).filter(|_| by != 0.0)
    }

    /// The text that its value starts with whatever the data, if it is put together of that and more.
    pub fn starts_with(&self) -> Option<&str> {
        let mut ast = alone(&self.tree);
        while let AstKind::Binary(Operator::Concatenate, first, _) = &ast.kind {
            ast = alone(first);
        }
        match &ast.kind {
            AstKind::String(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }
}

/// What is inside of parentheses.
fn alone(ast: &Ast) -> &Ast {
    match &ast.kind {
        AstKind::Block(parts) => match parts.as_slice() {
            [only] => alone(only),
            _ => ast,
        },
        _ => ast,
    }
}

fn has_number(ast: &Ast) -> bool {
    matches!(ast.kind, AstKind::Number(_)) || ast.children().into_iter().any(has_number)
}

fn compares(ast: &Ast) -> bool {
    let by_order = match &ast.kind {
        AstKind::Binary(operator, ..) => {
            matches!(operator, Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual)
        }
        _ => false,
    };
    by_order || ast.children().into_iter().any(compares)
}
