//! What an expression is sure to meet when a worker on Redis evaluates it: the bounds of `evc_runtime::workflow::expression`, where
//! literals are beyond them.

use super::Expr;
use super::ast::{Ast, AstKind, Operator};
use crate::source::Spanned;

/// How long a text may be: `TEXT` of the runtime.
const TEXT: f64 = 1_048_576.0;
/// How long a list may be: `SEQUENCE_LENGTH` of the runtime.
const LIST: f64 = 131_072.0;
/// The greatest number in Roman numerals: `ROMAN` of the runtime.
const ROMAN: f64 = 1_000_000.0;

impl Expr {
    /// The parts of the expression that are beyond a bound whatever the data, each with what is wrong with it.
    pub fn beyond_bounds(&self) -> Vec<Spanned<String>> {
        let mut found = Vec::new();
        self.look(&self.tree, &mut found);
        found
    }

    fn look(&self, ast: &Ast, found: &mut Vec<Spanned<String>>) {
        found.extend(problem(ast).map(|(at, message)| Spanned::new(message, self.span_of(&at.range))));
        for child in ast.children() {
            self.look(child, found);
        }
    }
}

/// What is wrong with a part, and the smallest text that says it.
fn problem(ast: &Ast) -> Option<(&Ast, String)> {
    match &ast.kind {
        AstKind::Call(function, args) => {
            let AstKind::Variable(name) = &function.kind else { return None };
            match (name.as_str(), args.as_slice()) {
                // The text may be left out, and is the context then.
                ("pad", args) => {
                    let beyond = |arg: &&Ast| number(arg).is_some_and(|width| width.abs() > TEXT);
                    let width = args.iter().take(2).find(beyond)?;
                    Some((width, format!("a text has at most {TEXT} bytes; found a width of {}", number(width)?.abs())))
                }
                ("formatInteger", [value, Ast { kind: AstKind::String(picture), .. }])
                    if picture.starts_with(['i', 'I']) && number(value).is_some_and(|value| value.abs() > ROMAN) =>
                {
                    Some((value, format!("a Roman numeral is at most {ROMAN}; found {}", number(value)?.abs())))
                }
                _ => None,
            }
        }
        AstKind::Binary(Operator::Range, from, to) => {
            let length = number(to)? - number(from)? + 1.0;
            (length > LIST).then(|| (ast, format!("a list has at most {LIST} items; found a range of {length}")))
        }
        _ => None,
    }
}

fn number(ast: &Ast) -> Option<f64> {
    match &ast.kind {
        AstKind::Number(number) => Some(*number),
        AstKind::Negate(inner) => number(inner).map(|number| -number),
        _ => None,
    }
}
