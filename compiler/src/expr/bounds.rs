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
        found.extend(problem(ast, &self.tree).map(|(at, message)| Spanned::new(message, self.span_of(&at.range))));
        for child in ast.children() {
            self.look(child, found);
        }
    }
}

/// What is wrong with a part, and the smallest text that says it.
fn problem<'a>(ast: &'a Ast, whole: &Ast) -> Option<(&'a Ast, String)> {
    match &ast.kind {
        AstKind::Call(function, args) => {
            let AstKind::Variable(name) = &function.kind else { return None };
            if binds(whole, name) {
                return None;
            }
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
        AstKind::Bind { name, value, .. } => {
            let AstKind::Lambda { params, body } = &value.kind else { return None };
            let hidden = params.iter().any(|(param, _)| param == name);
            (!hidden && always_calls(body, name))
                .then(|| (&**value, format!("`${name}` calls itself whatever it is given, and so never ends")))
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

/// Whether the expression has a function or a value of its own with this name.
fn binds(ast: &Ast, wanted: &str) -> bool {
    let here = match &ast.kind {
        AstKind::Bind { name, .. } | AstKind::Focus(_, name) => name == wanted,
        AstKind::Lambda { params, .. } => params.iter().any(|(param, _)| param == wanted),
        _ => false,
    };
    here || ast.children().into_iter().any(|child| binds(child, wanted))
}

/// Whether evaluating this always calls the function: not in a branch, nor for each of what may be nothing.
fn always_calls(ast: &Ast, name: &str) -> bool {
    let calls = |ast: &Ast| always_calls(ast, name);
    match &ast.kind {
        AstKind::Call(function, args) => {
            matches!(&function.kind, AstKind::Variable(called) if called == name) && !args.iter().any(is_placeholder)
                || args.iter().any(calls)
        }
        AstKind::Path(first, _)
        | AstKind::Filter(first, _)
        | AstKind::Sort(first, _)
        | AstKind::Group(first, _)
        | AstKind::Binary(Operator::And | Operator::Or, first, _)
        | AstKind::Conditional(first, ..) => calls(first),
        AstKind::Lambda { .. } | AstKind::Transform(_) => false,
        _ => ast.children().into_iter().any(calls),
    }
}

fn is_placeholder(ast: &Ast) -> bool {
    matches!(ast.kind, AstKind::Placeholder)
}
