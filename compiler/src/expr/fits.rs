//! Whether the value of an expression may stand where a type is expected, and what to say if not.

use super::Expr;
use super::infer::{Special, Value};
use crate::diagnostics::{Code, Diagnostic};
use crate::types::{Kind, Type, Types, describe};

/// Reports what keeps `value` from being an `expected`. An optional place takes a value that may be absent.
pub(super) fn fits(expr: &Expr, value: &Value, expected: &Type, optional: bool, types: &Types) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let text = expr.text.trim();
    if value.special == Special::Function {
        let message = format!("found a function; expected {}", name(expected));
        return vec![Diagnostic::new(Code::EVC0414, expr.span, message).help("call it with `(…)`")];
    }
    if value.special == Special::Null {
        if !types.is_any(expected) {
            let message = format!("found `null`; expected {}", name(expected));
            found.push(Diagnostic::new(Code::EVC0414, expr.span, message));
        }
        return found;
    }
    if let Some(absent) = value.absent.as_ref().filter(|_| !optional) {
        let path = &absent.path;
        let message = format!("`{path}` may be absent; expected {}", name(expected));
        let mut diagnostic = Diagnostic::new(Code::EVC0405, absent.at, message)
            .note("Step Functions fails a state whose expression gives nothing")
            .help(format!("say what to use instead: `$exists({path}) ? {path} : …`"));
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
        let message = format!("found {}; expected {}", name(&value.ty), name(expected));
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
        format!("`{text}` gives nothing, one value or a list, as many as there are; expected {}", name(expected));
    let mut diagnostic = Diagnostic::new(Code::EVC0417, expr.span, message);
    let Kind::List(item, _) = &resolved.kind else {
        return Some(
            diagnostic.help(format!("take the first with `({text})[0]`, or all with `$sum`, `$count` or `$join`")),
        );
    };
    if let Err(reason) = accepts(item, &value.ty, types) {
        let message = format!("found a list of {}; expected {}", name(&value.ty), name(expected));
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

/// Whether a value of type `actual` can be an `expected`; the reason, if there is more to say than the two types.
///
/// Bounds are checked where the value arrives; here only values that cannot ever be in bounds are refused.
fn accepts(expected: &Type, actual: &Type, types: &Types) -> Result<(), Option<String>> {
    let (expected, actual) = (types.resolve(expected), types.resolve(actual));
    match (&expected.kind, &actual.kind) {
        (Kind::Any | Kind::Named(_), _) | (_, Kind::Any | Kind::Named(_)) => Ok(()),
        (Kind::Enum(allowed), Kind::Enum(found)) => match found.iter().find(|literal| !allowed.contains(literal)) {
            None => Ok(()),
            Some(outside) => Err(Some(format!("`{}` is none of `{}`", outside.value, describe(expected)))),
        },
        (
            Kind::String(_),
            Kind::String(_) | Kind::Uuid | Kind::Timestamp | Kind::Date | Kind::Duration | Kind::Bytes | Kind::Enum(_),
        ) => Ok(()),
        // A literal is taken at its word.
        (Kind::Uuid | Kind::Timestamp | Kind::Date | Kind::Duration | Kind::Bytes, Kind::Enum(literal))
            if literal.len() == 1 =>
        {
            Ok(())
        }
        (Kind::Integer(bounds), Kind::Integer(found)) => {
            let below = found.max.zip(bounds.min).is_some_and(|(max, min)| max < min);
            let above = found.min.zip(bounds.max).is_some_and(|(min, max)| min > max);
            if below || above { Err(None) } else { Ok(()) }
        }
        (Kind::Number(_), Kind::Integer(_) | Kind::Number(_) | Kind::Money(_))
        | (Kind::Money(_), Kind::Integer(_) | Kind::Money(_)) => Ok(()),
        (Kind::Money(_), Kind::Number(range)) if range.min.is_some() && range.min == range.max => Ok(()),
        (Kind::Money(_), Kind::Number(_)) => {
            Err(Some("a `number` is a double; `money` has at most 15 significant digits".into()))
        }
        (Kind::List(expected, _), Kind::List(actual, _)) | (Kind::Map(expected), Kind::Map(actual)) => {
            accepts(expected, actual, types)
        }
        (Kind::Record(_), Kind::Record(_)) => {
            let (wanted, given) =
                (types.record(expected).unwrap_or_default(), types.record(actual).unwrap_or_default());
            for (name, field) in wanted {
                match given.get(name) {
                    None if field.optional => {}
                    None => return Err(Some(format!("the field `{name}` is missing"))),
                    Some(found) if found.optional && !field.optional => {
                        return Err(Some(format!("the field `{name}` may be absent")));
                    }
                    Some(found) => accepts(&field.ty, &found.ty, types).map_err(|reason| {
                        let message = || {
                            format!(
                                "the field `{name}` is {}; expected {}",
                                self::name(&found.ty),
                                self::name(&field.ty)
                            )
                        };
                        Some(reason.unwrap_or_else(message))
                    })?,
                }
            }
            Ok(())
        }
        (Kind::Map(value), Kind::Record(_)) => {
            types.record(actual).unwrap_or_default().values().try_for_each(|field| accepts(value, &field.ty, types))
        }
        (one, other) if one == other => Ok(()),
        _ => Err(None),
    }
}

/// A type for messages.
fn name(ty: &Type) -> String {
    format!("`{}`", describe(ty))
}
