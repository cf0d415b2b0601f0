//! How a discriminated union is written: `one-of` with the names of the records, `by` with the field that tells them apart.

use super::decode::is_word;
use super::{Kind, Tagged, Type, shorthand};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::yaml::{Entry, Mapping, Node, NodeKind};

/// The key that makes a union of a map.
pub(super) const ONE_OF: &str = "one-of";

/// The key of the field whose value tells the records apart.
const BY: &str = "by";

/// The union that a map describes. What is wrong with it has been reported, and makes it a type of which nothing is known.
pub(super) fn union(mapping: &Mapping, span: Span, diagnostics: &mut Vec<Diagnostic>) -> Type {
    let before = diagnostics.len();
    let (mut by, mut members) = (None, Vec::new());
    let mut place = span;
    for Entry { key, value } in &mapping.entries {
        if is_word(key, ONE_OF) {
            place = key.span;
            members = records(value, diagnostics);
        } else if is_word(key, BY) {
            by = field(value, diagnostics);
        } else {
            let message = format!("a type of several records takes `{ONE_OF}` and `{BY}`, found `{}`", key.text);
            let diagnostic = Diagnostic::new(Code::EVC0210, key.span, message)
                .help("a field that all of them have stands in a record that each of them `extends`");
            diagnostics.push(diagnostic.help(format!("a field called `{ONE_OF}` is written `\"{ONE_OF}\": …`")));
        }
    }
    if by.is_none() && diagnostics.len() == before {
        let message = format!("`{ONE_OF}` needs `{BY}`: the field whose value tells which of the records it is");
        let help =
            format!("each record has it with a value of its own: `{BY}: kind`, and `kind: \"'card'\"` in a record");
        diagnostics.push(Diagnostic::new(Code::EVC0210, place, message).help(help));
    }
    match by {
        Some(by) if diagnostics.len() == before => {
            Type { kind: Kind::Tagged(Tagged::declared(by, members, span)), span }
        }
        _ => Type::unread(span),
    }
}

/// The names of the records.
fn records(value: &Node, diagnostics: &mut Vec<Diagnostic>) -> Vec<Type> {
    let items: &[Node] = match &value.kind {
        NodeKind::Sequence(items) => items,
        NodeKind::Error => return Vec::new(),
        NodeKind::Null | NodeKind::Scalar(_) | NodeKind::Mapping(_) => &[],
    };
    if items.is_empty() {
        let message = format!("`{ONE_OF}` takes a list of the names of records, found {}", value.describe());
        diagnostics.push(
            Diagnostic::new(Code::EVC0210, value.span, message)
                .help(format!("for example `{ONE_OF}: [Card, Transfer]`")),
        );
    }
    items.iter().filter_map(|item| record(item, diagnostics)).collect()
}

fn record(item: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Type> {
    let found = match &item.kind {
        NodeKind::Error => return None,
        NodeKind::Scalar(scalar) if shorthand::is_type_name(&scalar.text) => {
            return Some(Type { kind: Kind::Named(scalar.text.clone()), span: item.span });
        }
        NodeKind::Scalar(scalar) => format!("`{}`", scalar.text),
        NodeKind::Null | NodeKind::Sequence(_) | NodeKind::Mapping(_) => item.describe().to_owned(),
    };
    let message = format!("`{ONE_OF}` takes the names of records, found {found}");
    let help = "declare the record under `types:` and write its name here; in Rust, the name is that of the variant";
    diagnostics.push(Diagnostic::new(Code::EVC0210, item.span, message).help(help));
    None
}

fn field(value: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Spanned<String>> {
    match &value.kind {
        NodeKind::Scalar(scalar) if !scalar.text.is_empty() => Some(Spanned::new(scalar.text.clone(), value.span)),
        NodeKind::Error => None,
        NodeKind::Scalar(_) | NodeKind::Null | NodeKind::Sequence(_) | NodeKind::Mapping(_) => {
            let message = format!("`{BY}` takes the name of a field, found {}", value.describe());
            diagnostics
                .push(Diagnostic::new(Code::EVC0210, value.span, message).help(format!("for example `{BY}: kind`")));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{node, render, ty};
    use super::super::{decode, describe};

    #[test]
    fn unions_are_read() {
        assert_eq!(describe(&ty("{ one-of: [Card, Transfer], by: kind }")), "Card | Transfer");
        assert_eq!(describe(&ty("{ \"one-of\": string, by: date }")), "{ one-of: string, by: date }");
    }

    #[test]
    fn what_is_not_right_is_told_where_it_stands() {
        for (text, found) in [
            (
                "{ one-of: [A, B] }",
                "EVC0210 `one-of` needs `by`: the field whose value tells which of the records it is @ one-of",
            ),
            ("{ one-of: [A], by: [k] }", "EVC0210 `by` takes the name of a field, found a list @ [k]"),
            ("{ one-of: [], by: k }", "EVC0210 `one-of` takes a list of the names of records, found a list @ []"),
            ("{ one-of: A, by: k }", "EVC0210 `one-of` takes a list of the names of records, found text @ A"),
            (
                "{ one-of: [{ k: string }], by: k }",
                "EVC0210 `one-of` takes the names of records, found a map @ { k: string }",
            ),
            ("{ one-of: [string], by: k }", "EVC0210 `one-of` takes the names of records, found `string` @ string"),
            (
                "{ one-of: [A], by: k, at: date }",
                "EVC0210 a type of several records takes `one-of` and `by`, found `at` @ at",
            ),
        ] {
            let mut diagnostics = Vec::new();
            decode(&node(text), &mut diagnostics);
            assert_eq!(render(text, &diagnostics), [found], "{text}");
        }
    }
}
