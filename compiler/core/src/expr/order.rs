//! Whether an expression bounds something: a comparison by order, as in `attempt < 5`.

use super::Expr;
use super::ast::{Ast, AstKind, Operator};

impl Expr {
    /// Whether it compares by order anywhere: by `<`, `<=`, `>` or `>=`. A loop that is left by such a condition counts something.
    pub fn compares_by_order(&self) -> bool {
        compares(&self.tree)
    }
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
