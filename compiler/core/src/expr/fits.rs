//! Whether the value of an expression may stand where a type is expected, and what to say if not. Objects, lists and the sides of a
//! condition that are written in the expression are looked into, so that the smallest part is blamed.

use super::Expr;
use super::ast::{Ast, AstKind};
use super::infer::{Absent, Found, Parts, Special, Value, WayOut, show};
use super::template::without;
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::types::{Cause, Field, Kind, Mismatch, Type, Types, describe};

/// Reports what keeps what was found of an expression from being an `expected`. An optional place takes a value that may be absent.
pub(super) fn fits(expr: &Expr, found: &Found, expected: &Type, optional: bool, types: &Types) -> Vec<Diagnostic> {
    let mut fits = Fits { expr, types, parts: &found.parts, looks: Looks::Misfits, diagnostics: Vec::new() };
    fits.part(&expr.tree, &found.value, expected, optional);
    fits.diagnostics
}

/// Says where a part of an expression, of which nothing is known, is given where a type is expected. The secondary label is where it is
/// said that nothing is known, if it is elsewhere. An optional place takes a value that may be absent.
pub(super) fn unchecked(expr: &Expr, found: &Found, expected: &Type, optional: bool, types: &Types) -> Vec<Diagnostic> {
    let mut fits = Fits { expr, types, parts: &found.parts, looks: Looks::Unchecked, diagnostics: Vec::new() };
    fits.part(&expr.tree, &found.value, expected, optional);
    fits.diagnostics
}

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looks {
    /// What does not fit.
    Misfits,
    /// What fits only because nothing is known of it.
    Unchecked,
}

struct Fits<'a> {
    looks: Looks,
    expr: &'a Expr,
    types: &'a Types,
    parts: &'a Parts,
    diagnostics: Vec<Diagnostic>,
}

impl Fits<'_> {
    /// A part of the expression that is what is expected, or one of several that may be.
    fn part(&mut self, ast: &Ast, value: &Value, expected: &Type, optional: bool) {
        match (&ast.kind, &self.types.resolve(expected).kind) {
            (AstKind::Block(parts), _) => {
                if let Some(last) = parts.last() {
                    return self.part(last, value, expected, optional);
                }
            }
            (AstKind::Bind { value: inner, .. }, _) => return self.part(inner, value, expected, optional),
            (AstKind::Conditional(_, then, Some(otherwise)), _) => {
                if let (Some(then_value), Some(other_value)) = (self.found(then), self.found(otherwise)) {
                    self.part(then, &then_value, expected, optional);
                    return self.part(otherwise, &other_value, expected, optional);
                }
            }
            (AstKind::Object(entries), Kind::Record(_)) if is_plain(entries) => {
                let of = self.types.expected_of(expected, |name| text_of(entries, name));
                // Of several records, the value as a whole tells which it may be.
                if self.types.union(of).is_none() {
                    return self.object(ast, entries, of);
                }
            }
            (AstKind::Object(entries), Kind::Map(of)) if is_plain(entries) => {
                for (_, entry) in entries {
                    self.entry(entry, of, true);
                }
                return;
            }
            (AstKind::Array(items), Kind::List(of, _)) => {
                let before = self.diagnostics.len();
                for item in items {
                    self.item(item, of);
                }
                if self.diagnostics.len() > before {
                    return;
                }
            }
            _ => {}
        }
        self.value(ast, value, expected, optional);
    }

    /// Whether this is the position in a `for-each`, of which no condition says more, where a number is expected that the first is not.
    fn is_first_round(&self, ast: &Ast, value: &Value, expected: &Type) -> bool {
        let is_index =
            matches!(&ast.kind, AstKind::Name { name, place: super::ast::Place::Root, .. } if name == "index");
        let is_any = matches!(self.types.resolve(&value.ty).kind, Kind::Integer(range) if range.min == Some(0));
        let is_beyond =
            matches!(self.types.resolve(expected).kind, Kind::Integer(range) if range.min.is_some_and(|min| min > 0));
        is_index && is_any && is_beyond
    }

    fn found(&self, ast: &Ast) -> Option<Value> {
        self.parts.get(&ast.range).cloned()
    }

    fn entry(&mut self, ast: &Ast, expected: &Type, optional: bool) {
        if let Some(value) = self.found(ast) {
            self.part(ast, &value, expected, optional);
        }
    }

    /// The fields of an object that is written in the expression, as those of a map of YAML are.
    fn object(&mut self, ast: &Ast, entries: &[(Ast, Ast)], expected: &Type) {
        let known = self.types.record(expected).unwrap_or_default();
        let named = |key: &Ast| if let AstKind::String(name) = &key.kind { Some(name.clone()) } else { None };
        let is_checked = self.looks == Looks::Misfits;
        for (key, entry) in entries {
            let Some(name) = named(key) else { continue };
            if !is_checked && !known.contains_key(name.as_str()) {
                continue;
            }
            let Some(field) = known.get(name.as_str()) else {
                let of = if matches!(expected.kind, Kind::Named(_)) {
                    format!(" of `{}`", describe(expected))
                } else {
                    String::new()
                };
                let inner = key.range.start + 1..key.range.end.saturating_sub(1);
                let message = format!("unknown field `{name}`{of}");
                let diagnostic = Diagnostic::new(Code::EVC0416, self.expr.span_of(&inner), message);
                let diagnostic = if super::shift(self.expr.span, &self.expr.text).is_some() {
                    diagnostic.suggest(&name, known.keys().copied())
                } else {
                    diagnostic
                };
                self.diagnostics.push(diagnostic);
                continue;
            };
            self.entry(entry, &field.ty, field.optional);
        }
        if !is_checked {
            return;
        }
        let given: Vec<String> = entries.iter().filter_map(|(key, _)| named(key)).collect();
        let names: Vec<&str> = known.keys().copied().collect();
        // One that is written wrong is not missing as well.
        let is_misspelt = |given: &str, name: &str| !known.contains_key(given) && nearest(given, &names) == Some(name);
        let missing = |name: &str, field: &Field| {
            !field.optional && given.iter().all(|given| given != name && !is_misspelt(given, name))
        };
        let missing: Vec<(&str, &Field)> =
            known.iter().map(|(name, field)| (*name, *field)).filter(|(name, field)| missing(name, field)).collect();
        self.diagnostics.extend(without(&missing, self.expr.span_of(&ast.range)));
    }

    /// An item of a list that is written in the expression: one element, or a list whose elements are added.
    fn item(&mut self, item: &Ast, expected: &Type) {
        let Some(value) = self.found(item) else { return };
        if item.is_list() {
            return self.part(item, &value, expected, true);
        }
        let is_list = value.element(self.types).1;
        if !is_list {
            return self.part(item, &value, expected, true);
        }
        // What makes each of the elements, if it is written here.
        let each = match &item.kind {
            AstKind::Path(_, right) => right,
            AstKind::Call(callee, arguments) => match (&callee.kind, arguments.as_slice()) {
                (AstKind::Variable(name), [_, Ast { kind: AstKind::Lambda { body, .. }, .. }]) if name == "map" => body,
                _ => item,
            },
            _ => item,
        };
        let is_one_list = value.many && Value::of(value.ty.clone()).element(self.types).1;
        if is_one_list && self.looks == Looks::Misfits && self.types.accepts(expected, &value.ty).is_ok() {
            return self.spread(item, expected);
        }
        match (&each.kind, self.found(each)) {
            (AstKind::Object(_) | AstKind::Block(_) | AstKind::Conditional(..), _)
                if !std::ptr::eq(each, item) && value.many =>
            {
                self.part(each, &Value { many: false, ..value.clone() }, expected, true);
            }
            _ => {
                let element = value.item(self.types);
                self.value(item, &element, expected, true);
            }
        }
    }

    /// Lists, of which one alone would be taken apart.
    fn spread(&mut self, item: &Ast, expected: &Type) {
        let text = self.expr.text[item.range.clone()].to_owned();
        let message = format!(
            "`{text}` gives nothing, one list or a list of several; expected each as {} in a list",
            show(expected)
        );
        self.diagnostics.push(
            Diagnostic::new(Code::EVC0417, self.expr.span_of(&item.range), message)
                .note("JSONata gives the list itself, not in another one, when there is one, and its elements are added one by one")
                .help(format!("write `{text}[]`, which stays a list of lists")),
        );
    }

    fn value(&mut self, ast: &Ast, value: &Value, expected: &Type, optional: bool) {
        let value = &value.clone().listed();
        let is_whole = std::ptr::eq(ast, &raw const self.expr.tree);
        let part = Part {
            at: if is_whole { self.expr.span } else { self.expr.span_of(&ast.range) },
            text: if is_whole { self.expr.text.trim() } else { &self.expr.text[ast.range.clone()] },
            first: first_of(ast, self.expr.text[ast.range.clone()].trim()),
            is_whole,
            is_exact: super::shift(self.expr.span, &self.expr.text).is_some(),
        };
        if self.looks == Looks::Misfits && self.is_first_round(ast, value, expected) {
            let message = format!("`index` is 0 in the first round; expected {}", show(expected));
            self.diagnostics.push(Diagnostic::new(Code::EVC0414, part.at, message).help("write `index + 1`"));
            return;
        }
        if self.looks == Looks::Misfits {
            self.diagnostics.extend(plainly(&part, value, expected, optional, self.types));
            return;
        }
        let item = if value.many { list_item(expected, self.types) } else { None };
        let text = part.text;
        if value.unsure && !optional && matches!(self.types.resolve(expected).kind, Kind::Any) {
            let message = format!("nothing is known about `{text}`: that it is there is not checked");
            let help = format!(
                "say the type of what it is a field of where that is declared, or ask for it: `$exists({text}) ? {text} : …`"
            );
            self.diagnostics.push(Diagnostic::new(Code::EVC0423, part.at, message).help(help));
            return;
        }
        let Some(any) = self.types.unchecked(item.as_ref().unwrap_or(expected), &value.ty) else { return };
        let message = format!("nothing is known about `{text}`: that it is {} is not checked", show(expected));
        let mut diagnostic = Diagnostic::new(Code::EVC0423, part.at, message);
        if !self.expr.span.range().contains(&any.span.range().start) || any.span.file != self.expr.span.file {
            diagnostic = diagnostic.secondary(any.span, "`any` stands here");
        }
        self.diagnostics.push(diagnostic.help(match form(&self.types.resolve(expected).kind) {
            Some(form) => {
                format!("say its type where it is declared, or ask for it: `$type({text}) = '{form}' ? {text} : …`")
            }
            None => "say its type where it is declared".to_owned(),
        }));
    }
}

/// How the first value of a part is taken. JSONata loses what stands after the parentheses around a call where a function ends.
pub(super) fn first_of(ast: &Ast, text: &str) -> String {
    if matches!(ast.kind, AstKind::Call(..)) { format!("{text}[0]") } else { format!("({text})[0]") }
}

/// The type of the items of a list.
fn list_item(ty: &Type, types: &Types) -> Option<Type> {
    if let Kind::List(item, _) = &types.resolve(ty).kind { Some((**item).clone()) } else { None }
}

/// What `$type` says of values of a kind that it tells from all others.
fn form(kind: &Kind) -> Option<&'static str> {
    match kind {
        Kind::String(_) => Some("string"),
        Kind::Number(_) => Some("number"),
        Kind::Boolean => Some("boolean"),
        _ => None,
    }
}

/// The text that is written as a field of an object.
pub(super) fn text_of(entries: &[(Ast, Ast)], name: &str) -> Option<String> {
    let is_key = |key: &Ast| matches!(&key.kind, AstKind::String(key) if key == name);
    entries.iter().find_map(|(key, value)| match &value.kind {
        AstKind::String(text) if is_key(key) => Some(text.clone()),
        _ => None,
    })
}

/// Whether all keys are written.
fn is_plain(entries: &[(Ast, Ast)]) -> bool {
    entries.iter().all(|(key, _)| matches!(key.kind, AstKind::String(_)))
}

/// A part of an expression, for messages.
struct Part<'a> {
    at: crate::source::Span,
    text: &'a str,
    /// How its first value is taken.
    first: String,
    /// Whether it is the whole expression.
    is_whole: bool,
    /// Whether its place is exact, so that it can be replaced.
    is_exact: bool,
}

/// What keeps a value from being an `expected`, without a look into it.
fn plainly(part: &Part<'_>, value: &Value, expected: &Type, optional: bool, types: &Types) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if value.special == Special::Function {
        let message = format!("found a function; expected {}", show(expected));
        return vec![Diagnostic::new(Code::EVC0414, part.at, message).help("call it with `(…)`")];
    }
    if (value.special == Special::Null || value.null) && !types.is_any(expected) {
        let what = if value.null { "what may be `null`" } else { "`null`" };
        let message = format!("found {what}; expected {}", show(expected));
        return vec![Diagnostic::new(Code::EVC0414, part.at, message).help(
            "an optional field is left out where there is no value: `condition ? value`, with nothing after it",
        )];
    }
    if value.special == Special::Null {
        return found;
    }
    if let Some(absent) = value.absent.as_ref().filter(|_| !optional) {
        found.push(absent_diagnostic(absent, &format!("expected {}", show(expected))));
    }
    if value.many {
        found.extend(many(part, value, expected, optional, types));
        return found;
    }
    if let Err(mismatch) = types.accepts(expected, &value.ty) {
        let message = format!("found {}; expected {}", show(&value.ty), show(expected));
        let mut diagnostic = misfit(part, &value.ty, message, &mismatch);
        if let (Kind::List(..), Kind::Union(members)) = (&types.resolve(expected).kind, &types.resolve(&value.ty).kind)
            && members.iter().any(|member| matches!(types.resolve(member).kind, Kind::List(..)))
        {
            diagnostic = diagnostic.help(format!("write `[{}]`, which is always a list", part.text));
        }
        if let Some(way) = way_to(&types.resolve(expected).kind, &types.resolve(&value.ty).kind, part.text) {
            diagnostic = diagnostic.help(way);
        }
        if part.text.starts_with('$') && matches!(types.resolve(expected).kind, Kind::String(_)) {
            diagnostic = diagnostic.help("`$string(…)` makes a text of a number");
        }
        found.push(diagnostic);
    }
    found
}

/// The conversion of a text, or a number, to what is expected.
fn way_to(expected: &Kind, found: &Kind, text: &str) -> Option<String> {
    let from_text = |function: &str, what: &str| {
        Some(format!("`${function}({text})` gives the {what} that a text says, and fails where it says none"))
    };
    match (expected, found) {
        (Kind::Uuid, Kind::String(_)) => from_text("toUuid", "UUID"),
        (Kind::Timestamp, Kind::String(_) | Kind::Date) => from_text("toTimestamp", "timestamp"),
        (Kind::Date, Kind::String(_) | Kind::Timestamp) => from_text("toDate", "date"),
        (Kind::Enum(literals), Kind::String(_)) => {
            let all: Vec<String> = literals.iter().map(|literal| format!("'{}'", literal.value)).collect();
            Some(format!(
                "`$toOneOf({text}, [{}])` gives the text, and fails where it is none of these",
                all.join(", ")
            ))
        }
        (Kind::Integer(_), Kind::Number(_)) => {
            Some(format!("`$round({text})`, `$floor({text})` or `$ceil({text})` makes it whole"))
        }
        _ => None,
    }
}

/// Says that a part may give nothing where that cannot be.
pub(super) fn absent_diagnostic(absent: &Absent, expected: &str) -> Diagnostic {
    let path = &absent.path;
    let message = match &absent.side {
        Some(side) => format!("`{path}` is missing {}; {expected}", side.when),
        None => format!("`{path}` may be absent; {expected}"),
    };
    let diagnostic = Diagnostic::new(Code::EVC0405, absent.at, message)
        .note("Step Functions fails a state whose expression gives nothing");
    let exists = format!("say what to use instead: `$exists({path}) ? {path} : …`");
    let diagnostic = match &absent.way {
        WayOut::Exists => diagnostic.help(exists),
        WayOut::Bounds => {
            diagnostic.help(exists).help("or declare the list with bounds, as `[string; 1..]`: it has items then")
        }
        WayOut::Says(way) => diagnostic.help(way.clone()),
    };
    match (&absent.side, absent.declared) {
        (Some(side), _) => diagnostic.secondary(side.span, "what comes of this lacks it"),
        (None, Some(declared)) => diagnostic.secondary(declared, "declared as optional here"),
        (None, None) => diagnostic,
    }
}

/// Reports a sequence, which may be nothing, one value or a list, where one of these is expected.
fn many(part: &Part<'_>, value: &Value, expected: &Type, optional: bool, types: &Types) -> Option<Diagnostic> {
    let text = part.text;
    let resolved = types.resolve(expected);
    if types.is_any(expected) {
        if optional || !value.may_be_absent() || value.absent.is_some() {
            return None;
        }
        let message = format!("`{text}` gives nothing where there is none; expected a value");
        return Some(
            Diagnostic::new(Code::EVC0405, part.at, message)
                .note("Step Functions fails a state whose expression gives nothing")
                .help(format!("write `[{text}]`, which is always a list")),
        );
    }
    let message =
        format!("`{text}` gives nothing, one value or a list, as many as there are; expected {}", show(expected));
    let mut diagnostic = Diagnostic::new(Code::EVC0417, part.at, message);
    let Kind::List(item, _) = &resolved.kind else {
        return Some(
            diagnostic.help(format!("take the first with `{}`, or all with `$sum`, `$count` or `$join`", part.first)),
        );
    };
    if let Err(mismatch) = types.accepts(item, &value.ty) {
        let message = format!("found a list of {}; expected {}", show(&value.ty), show(expected));
        return Some(misfit(part, &value.ty, message, &mismatch));
    }
    let is_list = value.element(types).1 && Value::of(value.ty.clone()).element(types).1;
    let list = if is_list { format!("[{text}[]]") } else { format!("[{text}]") };
    diagnostic = diagnostic
        .note("JSONata gives the value itself, without a list, when a path through a list finds one")
        .help(format!("write `{list}`, which is always a list"));
    // The whole scalar is replaced, in quotes, since a bare `[` would be a list of YAML.
    let mended = if part.is_whole { super::quoted(&list) } else { part.is_exact.then_some(list) };
    Some(match mended {
        Some(mended) => diagnostic.replace("make it a list", part.at, mended),
        None => diagnostic,
    })
}

/// A value of type `found` where an `expected` is wanted; `message` says so.
fn misfit(part: &Part<'_>, found: &Type, message: String, mismatch: &Mismatch) -> Diagnostic {
    if mismatch.cause == Cause::Digits {
        return Diagnostic::new(Code::EVC0419, part.at, mismatch.to_string());
    }
    let mut diagnostic = Diagnostic::new(Code::EVC0414, part.at, message);
    // Two plain types say it all.
    if !mismatch.path.is_empty() || matches!(found.kind, Kind::Enum(_) | Kind::Union(_)) {
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
