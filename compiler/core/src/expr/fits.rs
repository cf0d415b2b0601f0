//! Whether the value of an expression may stand where a type is expected, and what to say if not.

use super::Expr;
use super::infer::{Special, Value, WayOut, show};
use crate::diagnostics::{Code, Diagnostic};
use crate::types::{Cause, Kind, Mismatch, Type, Types};

/// Reports what keeps `value` from being an `expected`. An optional place takes a value that may be absent.
pub(super) fn fits(expr: &Expr, value: &Value, expected: &Type, optional: bool, types: &Types) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let text = expr.text.trim();
    if value.special == Special::Function {
        let message = format!("found a function; expected {}", show(expected));
        return vec![Diagnostic::new(Code::EVC0414, expr.span, message).help("call it with `(…)`")];
    }
    if value.special == Special::Null {
        if !types.is_any(expected) {
            let message = format!("found `null`; expected {}", show(expected));
            found.push(Diagnostic::new(Code::EVC0414, expr.span, message));
        }
        return found;
    }
    if let Some(absent) = value.absent.as_ref().filter(|_| !optional) {
        let path = &absent.path;
        let message = format!("`{path}` may be absent; expected {}", show(expected));
        let mut diagnostic = Diagnostic::new(Code::EVC0405, absent.at, message)
            .note("Step Functions fails a state whose expression gives nothing");
        let exists = format!("say what to use instead: `$exists({path}) ? {path} : …`");
        diagnostic = match &absent.way {
            WayOut::Exists => diagnostic.help(exists),
            WayOut::Bounds => {
                diagnostic.help(exists).help("or declare the list with bounds, as `[string; 1..]`: it has items then")
            }
            WayOut::Says(way) => diagnostic.help(way.clone()),
        };
        if let Some(declared) = absent.declared {
            diagnostic = diagnostic.secondary(declared, "declared as optional here");
        }
        found.push(diagnostic);
    }
    if value.many {
        found.extend(many(expr, value, expected, types));
        return found;
    }
    if let Err(mismatch) = types.accepts(expected, &value.ty) {
        let message = format!("found {}; expected {}", show(&value.ty), show(expected));
        let mut diagnostic = misfit(expr, &value.ty, message, &mismatch);
        if text.starts_with('$') && matches!(types.resolve(expected).kind, Kind::String(_)) {
            diagnostic = diagnostic.help("`$string(…)` makes a text of a number");
        }
        found.push(diagnostic);
    }
    found
}

/// Reports a sequence, which may be nothing, one value or a list, where one of these is expected.
fn many(expr: &Expr, value: &Value, expected: &Type, types: &Types) -> Option<Diagnostic> {
    let text = expr.text.trim();
    let resolved = types.resolve(expected);
    if types.is_any(expected) {
        return None;
    }
    let message =
        format!("`{text}` gives nothing, one value or a list, as many as there are; expected {}", show(expected));
    let mut diagnostic = Diagnostic::new(Code::EVC0417, expr.span, message);
    let Kind::List(item, _) = &resolved.kind else {
        return Some(
            diagnostic.help(format!("take the first with `({text})[0]`, or all with `$sum`, `$count` or `$join`")),
        );
    };
    if let Err(mismatch) = types.accepts(item, &value.ty) {
        let message = format!("found a list of {}; expected {}", show(&value.ty), show(expected));
        return Some(misfit(expr, &value.ty, message, &mismatch));
    }
    diagnostic = diagnostic
        .note("JSONata gives the value itself, without a list, when a path through a list finds one")
        .help(format!("write `[{text}]`, which is always a list"));
    // The whole scalar is replaced, in quotes, since a bare `[` would be a list of YAML.
    Some(match super::quoted(&format!("[{text}]")) {
        Some(quoted) => diagnostic.replace("make it a list", expr.span, quoted),
        None => diagnostic,
    })
}

/// A value of type `found` where an `expected` is wanted; `message` says so.
fn misfit(expr: &Expr, found: &Type, message: String, mismatch: &Mismatch) -> Diagnostic {
    if mismatch.cause == Cause::Digits {
        return Diagnostic::new(Code::EVC0419, expr.span, mismatch.to_string());
    }
    let mut diagnostic = Diagnostic::new(Code::EVC0414, expr.span, message);
    // Two plain types say it all.
    if !mismatch.path.is_empty() || matches!(found.kind, Kind::Enum(_)) {
        diagnostic = diagnostic.note(mismatch.to_string());
    }
    if mismatch.cause == Cause::NumberForMoney {
        diagnostic = diagnostic
            .note("what is computed in an expression is binary floating point; `money` is an exact decimal")
            .help(
                "compute it in a function's handler and declare it as `money` there, or write the amount as a literal",
            );
    }
    diagnostic
}
