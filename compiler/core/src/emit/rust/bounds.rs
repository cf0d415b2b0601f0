//! The ranges of the spec in generated code: `impl Bounded` for each record with ranges in it. The runtime checks them on what comes into a
//! function, and on what it hands to somebody who looks no more: outputs, answers, events, inputs of executions.

use std::collections::BTreeSet;
use std::fmt::{Display, Write as _};

use super::names::{Home, Names};
use super::print::{Code, literal};
use crate::types::rust::field_name;
use crate::types::{Kind, Range, Tagged, Type};

/// The implementation for a record, if there are ranges in it.
pub(super) fn of_record(names: &Names<'_>, ty: &Type, name: &str, code: &mut Code) {
    let mut body = Body { names, text: String::new() };
    for (wire, field) in names.model.types.record(ty).unwrap_or_default() {
        let (member, at) = (format!("self.{}", field_name(wire)), format!("at.field({})", literal(wire)));
        if !field.optional {
            body.checks(&field.ty, &Place::value(member), &at, 2, 0);
        } else if is_bounded(names, &field.ty) {
            body.line(2, format_args!("if let Some(value) = &{member} {{"));
            body.checks(&field.ty, &Place::reference("value"), &at, 3, 0);
            body.line(2, "}");
        }
    }
    implementation(name, &body.text, code);
}

/// The implementation for a union, if there are ranges in one of its records.
pub(super) fn of_union(names: &Names<'_>, union: &Tagged, name: &str, code: &mut Code) {
    let mut body = Body { names, text: String::new() };
    if union.members.iter().any(|member| is_bounded(names, member)) {
        body.line(2, "match self {");
        for member in &union.members {
            let variant = names.type_of(member, Home::Types);
            body.line(
                3,
                if is_bounded(names, member) {
                    format!("Self::{variant}(record) => evc_runtime::Bounded::check(record, at)?,")
                } else {
                    format!("Self::{variant}(_) => {{}}")
                },
            );
        }
        body.line(2, "}");
    }
    implementation(name, &body.text, code);
}

/// The implementation for an event that wraps its detail.
pub(super) fn of_wrapper(names: &Names<'_>, detail: &Type, name: &str, code: &mut Code) {
    let mut body = Body { names, text: String::new() };
    body.checks(detail, &Place::value("self.0".to_owned()), "at", 2, 0);
    implementation(name, &body.text, code);
}

/// The body of `decode` for an input that is no record of its own: a list, a bounded text.
pub(super) fn of_input(names: &Names<'_>, ty: &Type) -> String {
    let mut body = Body { names, text: String::new() };
    body.line(2, "let input: Self::Input = payload.decode()?;");
    body.line(2, "let at = evc_runtime::At::root();");
    body.checks(ty, &Place::value("input".to_owned()), "at", 2, 0);
    body.line(2, "Ok(input)");
    body.text
}

/// The statements that check `value` at `at`.
pub(super) fn of_value(names: &Names<'_>, ty: &Type) -> String {
    let mut body = Body { names, text: String::new() };
    body.checks(ty, &Place::value("value".to_owned()), "at", 2, 0);
    body.text
}

/// The method `bounded` of what hands a value on, if there are ranges in its type. `given` is how the value is called and its Rust type.
pub(super) fn method(names: &Names<'_>, ty: &Type, (given, of): (&str, &str)) -> Option<String> {
    if !is_bounded(names, ty) {
        return None;
    }
    let mut body = Body { names, text: String::new() };
    body.line(2, "let at = &evc_runtime::At::root();");
    body.checks(ty, &Place::reference(given), "at", 2, 0);
    body.line(2, "Ok(())");
    let line = format!("    fn bounded({given}: &{of}) -> Result<(), evc_runtime::Error> {{");
    Some(format!("\n{line}\n{}    }}\n", body.text))
}

fn implementation(name: &str, checks: &str, code: &mut Code) {
    if checks.is_empty() {
        return;
    }
    code.item(format_args!(
        "impl evc_runtime::Bounded for {name} {{
    fn check(&self, at: &evc_runtime::At<'_>) -> Result<(), evc_runtime::Error> {{
{checks}        Ok(())
    }}
}}"
    ));
}

/// Whether there are ranges in a type.
pub(super) fn is_bounded(names: &Names<'_>, ty: &Type) -> bool {
    bounded(names, ty, &mut BTreeSet::new())
}

fn bounded<'m>(names: &Names<'m>, ty: &Type, seen: &mut BTreeSet<&'m str>) -> bool {
    match &ty.kind {
        Kind::String(range) => *range != Range::default(),
        Kind::Integer(range) => *range != Range::default(),
        Kind::Number(range) | Kind::Money(range) => *range != Range::default(),
        Kind::List(of, range) => *range != Range::default() || bounded(names, of, seen),
        Kind::Map(of) => bounded(names, of, seen),
        Kind::Record(_) => {
            let fields = names.model.types.record(ty).unwrap_or_default();
            fields.values().any(|field| bounded(names, &field.ty, seen))
        }
        Kind::Tagged(union) => union.members.iter().any(|member| bounded(names, member, seen)),
        Kind::Named(name) => match names.model.types.declared.get_key_value(name) {
            Some((name, ty)) => seen.insert(name) && bounded(names, ty, seen),
            None => false,
        },
        _ => false,
    }
}

/// An expression of a value, or of a reference to one.
struct Place {
    expression: String,
    reference: bool,
}

impl Place {
    fn value(expression: String) -> Self {
        Self { expression, reference: false }
    }

    fn reference(name: &str) -> Self {
        Self { expression: name.to_owned(), reference: true }
    }

    fn borrowed(&self) -> String {
        if self.reference { self.expression.clone() } else { format!("&{}", self.expression) }
    }
}

/// The statements of a function.
struct Body<'a, 'm> {
    names: &'a Names<'m>,
    text: String,
}

impl Body<'_, '_> {
    /// A line at a level of indentation.
    fn line(&mut self, level: usize, text: impl Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{:1$}{text}", "", level * 4);
    }

    /// The statements that check a value. Loops within `depth` others have names of their own.
    fn checks(&mut self, ty: &Type, place: &Place, at: &str, level: usize, depth: usize) {
        if !is_bounded(self.names, ty) {
            return;
        }
        let (value, borrowed) = (&place.expression, place.borrowed());
        let number = if depth == 0 { String::new() } else { depth.to_string() };
        let [index, item, key] = ["index", "item", "key"].map(|name| format!("{name}{number}"));
        match &self.names.model.types.resolve(ty).kind {
            Kind::String(range) => self.line(level, format_args!("{at}.length({borrowed}, {})?;", written(range))),
            Kind::Integer(range) => self.line(level, format_args!("{at}.number({borrowed}, {})?;", written(range))),
            Kind::Number(range) => self.line(level, format_args!("{at}.number({borrowed}, {})?;", decimals(range))),
            Kind::Money(range) => self.line(level, format_args!("{at}.money({borrowed}, {})?;", decimals(range))),
            Kind::List(of, range) => {
                if *range != Range::default() {
                    self.line(level, format_args!("{at}.count({value}.len(), {})?;", written(range)));
                }
                if is_bounded(self.names, of) {
                    self.line(level, format_args!("for ({index}, {item}) in {value}.iter().enumerate() {{"));
                    let at = format!("{at}.item({index})");
                    self.checks(of, &Place::reference(&item), &at, level + 1, depth + 1);
                    self.line(level, "}");
                }
            }
            Kind::Map(of) => {
                self.line(level, format_args!("for ({key}, {item}) in {borrowed} {{"));
                let at = format!("{at}.field({key})");
                self.checks(of, &Place::reference(&item), &at, level + 1, depth + 1);
                self.line(level, "}");
            }
            Kind::Record(_) | Kind::Tagged(_) => {
                // `at` is a reference already where nothing leads on from it.
                let lead = if at == "at" { "" } else { "&" };
                self.line(level, format_args!("evc_runtime::Bounded::check({borrowed}, {lead}{at})?;"));
            }
            _ => {}
        }
    }
}

/// A range of whole numbers.
fn written<T: Display>(range: &Range<T>) -> String {
    let bound = |bound: &Option<T>, before| bound.as_ref().map_or_else(String::new, |bound| format!("{before}{bound}"));
    format!("{}..{}", bound(&range.min, ""), bound(&range.max, "="))
}

/// A range of doubles, which need their point.
fn decimals(range: &Range<f64>) -> String {
    let bound = |bound: Option<f64>, before| bound.map_or_else(String::new, |bound| format!("{before}{bound:?}"));
    format!("{}..{}", bound(range.min, ""), bound(range.max, "="))
}
