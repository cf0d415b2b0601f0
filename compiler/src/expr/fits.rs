//! Whether the value of an expression may stand where a type is expected, and what to say if not.

use super::Expr;
use super::infer::{Special, Value, Way, show};
use crate::diagnostics::{Code, Diagnostic};
use crate::types::{Kind, Type, Types};

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
            Way::Exists => diagnostic.help(exists),
            Way::Bounds => {
                diagnostic.help(exists).help("or declare the list with bounds, as `[string; 1..]`: it has items then")
            }
            Way::Says(way) => diagnostic.help(way.clone()),
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
    if let Err(reason) = accepts(expected, &value.ty, types) {
        let message = format!("found {}; expected {}", show(&value.ty), show(expected));
        let mut diagnostic = Diagnostic::new(Code::EVC0414, expr.span, message);
        if let Some(reason) = reason {
            diagnostic = diagnostic.note(reason);
        }
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
    if let Err(reason) = accepts(item, &value.ty, types) {
        let message = format!("found a list of {}; expected {}", show(&value.ty), show(expected));
        let diagnostic = Diagnostic::new(Code::EVC0414, expr.span, message);
        return Some(match reason {
            Some(reason) => diagnostic.note(reason),
            None => diagnostic,
        });
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

/// Whether a value of type `found` can be an `expected`; if not, the reason, where there is more to say than the two types.
fn accepts(expected: &Type, found: &Type, types: &Types) -> Result<(), Option<String>> {
    // A decimal literal is as exact as it is written.
    if let (Kind::Money(_), Kind::Number(range)) = (&types.resolve(expected).kind, &found.kind)
        && range.min.is_some()
        && range.min == range.max
    {
        let literal = Type { kind: Kind::Money(*range), span: found.span };
        return types.accepts(expected, &literal).map_err(|_| None);
    }
    types.accepts(expected, found).map_err(|mismatch| {
        let plain = mismatch.path.is_empty() && !matches!(found.kind, Kind::Enum(_));
        (!plain).then(|| mismatch.to_string())
    })
}
