//! Times that an expression says itself, or counts from now on: what a wait ends at.

use super::Expr;
use super::ast::{Ast, AstKind, Operator};
use super::bounds::number;

/// A time that is known as far as it can be before the expression is evaluated.
#[derive(Debug, Clone, PartialEq)]
pub enum Until<'e> {
    /// It is written.
    At(&'e str),
    /// So many milliseconds from then on.
    FromNow(f64),
}

impl Expr {
    /// The time that it is, if it is written, or counted from now on.
    pub fn until(&self) -> Option<Until<'_>> {
        until(&self.tree)
    }
}

fn until(ast: &Ast) -> Option<Until<'_>> {
    match &ast.kind {
        AstKind::String(text) => Some(Until::At(text)),
        AstKind::Block(parts) => match parts.as_slice() {
            [only] => until(only),
            _ => None,
        },
        AstKind::Call(..) if is_call(ast, "now") => Some(Until::FromNow(0.0)),
        AstKind::Call(function, arguments) => {
            let AstKind::Variable(name) = &function.kind else { return None };
            let [millis] = arguments.as_slice() else { return None };
            (name == "fromMillis").then(|| from_now(millis))?.map(Until::FromNow)
        }
        _ => None,
    }
}

/// How much is added to now, in milliseconds.
fn from_now(ast: &Ast) -> Option<f64> {
    match &ast.kind {
        AstKind::Call(..) if is_call(ast, "millis") => Some(0.0),
        AstKind::Block(parts) => match parts.as_slice() {
            [only] => from_now(only),
            _ => None,
        },
        AstKind::Binary(Operator::Add, one, other) => from_now(one)
            .zip(number(other))
            .or_else(|| from_now(other).zip(number(one)))
            .map(|(from, more)| from + more),
        AstKind::Binary(Operator::Subtract, one, other) => {
            from_now(one).zip(number(other)).map(|(from, less)| from - less)
        }
        _ => None,
    }
}

fn is_call(ast: &Ast, wanted: &str) -> bool {
    matches!(&ast.kind, AstKind::Call(function, arguments)
        if arguments.is_empty() && matches!(&function.kind, AstKind::Variable(name) if name == wanted))
}
