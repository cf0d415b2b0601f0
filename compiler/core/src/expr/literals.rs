//! Number literals: those that the value of an expression may be, and whether they arrive as they are written.

use super::Expr;
use super::ast::{Ast, AstKind};
use crate::diagnostics::{Code, Diagnostic};
use crate::types::{Kind, MAX_INTEGER, MAX_MONEY_DIGITS, Type, Types, significant_digits};

/// Whether this is a whole number that doubles cannot tell from its neighbours. A decimal point or an exponent says that it is
/// meant to be a double.
pub(super) fn is_inexact(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', ' ']);
    let whole = !digits.is_empty() && digits.chars().all(|digit| digit.is_ascii_digit());
    whole && digits.parse::<u64>().map_or(true, |value| value > MAX_INTEGER.unsigned_abs())
}

/// Reports the literals in an expression that end up where `expected` has `money`, and have more digits than that carries.
pub(super) fn too_precise(expr: &Expr, expected: &Type, types: &Types) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    walk(expr, &expr.tree, expected, types, &mut found);
    found
}

fn walk(expr: &Expr, ast: &Ast, expected: &Type, types: &Types, diagnostics: &mut Vec<Diagnostic>) {
    match (&ast.kind, &types.resolve(expected).kind) {
        (AstKind::Number(_), Kind::Money(_)) => {
            diagnostics.extend(digits_diagnostic(expr, ast));
        }
        (AstKind::Negate(inner) | AstKind::Bind { value: inner, .. }, _) => {
            walk(expr, inner, expected, types, diagnostics);
        }
        (AstKind::Conditional(_, then, otherwise), _) => {
            walk(expr, then, expected, types, diagnostics);
            if let Some(otherwise) = otherwise {
                walk(expr, otherwise, expected, types, diagnostics);
            }
        }
        (AstKind::Block(parts), _) => {
            if let Some(last) = parts.last() {
                walk(expr, last, expected, types, diagnostics);
            }
        }
        (AstKind::Array(items), Kind::List(item, _)) => {
            for value in items {
                walk(expr, value, item, types, diagnostics);
            }
        }
        (AstKind::Object(entries), Kind::Map(value)) => {
            for (_, given) in entries {
                walk(expr, given, value, types, diagnostics);
            }
        }
        (AstKind::Object(entries), Kind::Record(_)) => {
            let of = types.expected_of(expected, |name| super::fits::text_of(entries, name));
            let fields = types.record(of).unwrap_or_default();
            for (key, given) in entries {
                if let AstKind::String(name) = &key.kind
                    && let Some(field) = fields.get(name.as_str())
                {
                    walk(expr, given, &field.ty, types, diagnostics);
                }
            }
        }
        _ => {}
    }
}

/// Reports a number literal with more digits than money carries.
pub(super) fn digits_diagnostic(expr: &Expr, literal: &Ast) -> Option<Diagnostic> {
    let digits = significant_digits(&expr.text[literal.range.clone()]);
    (digits > MAX_MONEY_DIGITS).then(|| {
        let message = format!("`money` has at most {MAX_MONEY_DIGITS} significant digits; found {digits}");
        Diagnostic::new(Code::EVC0419, expr.span_of(&literal.range), message)
    })
}
