//! YAML nodes to types: shorthand in scalars, `[T]` for lists, maps for records.
//!
//! In a record, `name?` is optional and `extends: Name` takes over the fields of another record. A field that is itself called
//! `extends` is written with quotes around its name.

use indexmap::IndexMap;

use super::shorthand::{self, Text};
use super::union;
use super::{Field, Kind, Range, Record, Type};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::yaml::{Entry, Key, Mapping, Node, NodeKind, Scalar, ScalarStyle};

/// The type that a node describes; `None` after reporting why it is none. A field whose type is wrong becomes `any`, so that
/// the record is still there for those who name it. Whether names are declared is not looked at here: [`super::Types::check`]
/// does that when all are known.
pub fn decode(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Type> {
    match &node.kind {
        NodeKind::Error => None,
        NodeKind::Null => {
            let message = "expected a type, found nothing";
            diagnostics
                .push(Diagnostic::new(Code::EVC0202, node.span, message).help("for anything at all write `any`"));
            None
        }
        NodeKind::Scalar(scalar) => shorthand::parse(&text(scalar, node.span), diagnostics),
        NodeKind::Sequence(items) => list(items, node.span, diagnostics),
        NodeKind::Mapping(mapping) if mapping.entries.iter().any(|entry| is_word(&entry.key, union::ONE_OF)) => {
            Some(union::union(mapping, node.span, diagnostics))
        }
        NodeKind::Mapping(mapping) => Some(record(mapping, node.span, diagnostics)),
    }
}

/// A scalar's text with where its bytes lie: plain text as it is, quoted text between its quotes if nothing is escaped.
fn text(scalar: &Scalar, span: Span) -> Text<'_> {
    let around = span.range().len().checked_sub(scalar.text.len());
    let offset = match (scalar.style, around) {
        (ScalarStyle::Plain, Some(0)) => Some(0),
        (ScalarStyle::Quoted, Some(2)) => Some(1),
        _ => None,
    };
    Text { content: &scalar.text, span, offset }
}

fn list(items: &[Node], span: Span, diagnostics: &mut Vec<Diagnostic>) -> Option<Type> {
    let [item] = items else {
        let (place, found) =
            items.get(1).map_or((span, "none".to_owned()), |second| (second.span, items.len().to_string()));
        let diagnostic = Diagnostic::new(Code::EVC0202, place, format!("a list has one item type, found {found}"));
        let bounds = |item: &Node| matches!(&item.kind, NodeKind::Scalar(scalar) if scalar.text.contains(".."));
        diagnostics.push(if items.is_empty() {
            diagnostic.help("for example `[string]`")
        } else if items.get(1).is_some_and(bounds) {
            diagnostic.help("bounds on the length stand after a semicolon: `[T; 1..10]`")
        } else {
            diagnostic.help("an enumeration is written `A | B`; items of several types are `[any]`")
        });
        return None;
    };
    let (item, bounds) = match &item.kind {
        NodeKind::Scalar(scalar) => {
            let item = shorthand::parse_item(&text(scalar, item.span), diagnostics)?;
            (item.ty, item.bounds)
        }
        _ => (decode(item, diagnostics)?, Range::default()),
    };
    Some(Type { kind: Kind::List(Box::new(item), bounds), span })
}

fn record(mapping: &Mapping, span: Span, diagnostics: &mut Vec<Diagnostic>) -> Type {
    let mut extends = None;
    let mut fields: IndexMap<String, Field> = IndexMap::new();
    for Entry { key, value } in &mapping.entries {
        if is_word(key, "extends") {
            extends = Some(base(value, diagnostics));
            continue;
        }
        let (name, optional) = key.text.strip_suffix('?').map_or((key.text.as_str(), false), |name| (name, true));
        let name_span = name_span(key, name.len());
        let ty = decode(value, diagnostics).unwrap_or_else(|| Type::unread(value.span));
        if let Some(first) = fields.get(name) {
            let message = format!("field `{name}` is declared twice");
            let diagnostic =
                Diagnostic::new(Code::EVC0206, name_span, message).secondary(first.name_span, "first here");
            diagnostics.push(diagnostic);
            continue;
        }
        fields.insert(name.to_owned(), Field { ty, optional, name_span });
    }
    // Without the base nothing is known of the fields it would bring.
    let Some(extends) = extends.map_or(Some(None), |base| base.map(Some)) else { return Type::unread(span) };
    Type { kind: Kind::Record(Record { extends, exact: false, fields }), span }
}

/// Whether this key is the bare word; in quotes it is a field of that name.
pub(super) fn is_word(key: &Key, word: &str) -> bool {
    key.text == word && key.span.range().len() == word.len()
}

/// The place of a field's name within its key, without quotes and `?`.
fn name_span(key: &Key, len: usize) -> Span {
    match key.span.range().len().checked_sub(key.text.len()) {
        Some(0) => key.span.slice(0, len),
        Some(2) => key.span.slice(1, len),
        _ => key.span,
    }
}

fn base(value: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Spanned<String>> {
    let found = match &value.kind {
        NodeKind::Error => return None,
        NodeKind::Scalar(scalar) if shorthand::is_type_name(&scalar.text) => {
            return Some(Spanned::new(scalar.text.clone(), value.span));
        }
        NodeKind::Scalar(scalar) => format!("`{}`", scalar.text),
        _ => value.describe().to_owned(),
    };
    let message = format!("`extends` takes the name of one record type, found {found}");
    diagnostics.push(
        Diagnostic::new(Code::EVC0205, value.span, message)
            .help("a field called `extends` is written `\"extends\": string`"),
    );
    None
}

#[cfg(test)]
mod tests {
    use super::super::testing::{node, render, ty, types};
    use super::super::{Types, describe};
    use super::*;

    fn problems(text: &str) -> String {
        let mut diagnostics = Vec::new();
        decode(&node(text), &mut diagnostics);
        render(text, &diagnostics).join("; ")
    }

    #[test]
    fn shorthand_reads_back_as_written() {
        for text in [
            "string",
            "string(1..64)",
            "string(..5)",
            "integer(-5..)",
            "number(0.5..1.5)",
            "money(0..)",
            "boolean",
            "uuid",
            "timestamp",
            "date",
            "duration",
            "bytes",
            "any",
            "Order",
            "PENDING | PAID",
            "us-east-1 | v1.0",
            "map(string)",
            "[Order]",
            "[string(1..); 1..10]",
            "[A | B]",
            "{ a: string, b?: [map(uuid)] }",
            "{ extends: Base, c: any }",
            "{}",
        ] {
            assert_eq!(describe(&ty(text)), text);
        }
    }

    #[test]
    fn spelling_is_free_where_it_does_no_harm() {
        for (text, same) in [
            ("  string( 1 .. 64 )", "string(1..64)"),
            ("A|B", "A | B"),
            ("'map([[Order]; ..2])'", "map([[Order]; ..2])"),
            ("\"'on hold'\"", "'on hold'"),
            ("\"'a b' | C\"", "a b | C"),
            ("{ \"extends\": string }", "{ extends: string }"),
        ] {
            assert_eq!(describe(&ty(text)), same, "{text}");
        }
        assert!(matches!(ty("{ \"extends\": string }").kind, Kind::Record(record) if record.extends.is_none()));
    }

    #[test]
    fn problems_point_at_the_smallest_text() {
        for (text, expected) in [
            ("strin", "EVC0201 unknown type `strin` @ strin"),
            ("map(int)", "EVC0201 unknown type `int` @ int"),
            ("string(64)", "EVC0203 expected bounds such as `1..64`, found `64` @ 64"),
            ("string(1..=4)", "EVC0203 bounds include both ends without `=` @ 1..=4"),
            ("string(..)", "EVC0203 expected at least one bound, found `..` @ .."),
            ("string(-1..)", "EVC0203 the length of a string cannot be negative @ -1"),
            ("integer(5..1)", "EVC0203 the bounds are upside down: 5 is more than 1 @ 5..1"),
            ("integer(0.5..)", "EVC0203 expected a whole number as bound, found `0.5` @ 0.5"),
            (
                "integer(..9007199254740992)",
                "EVC0203 `9007199254740992` is beyond ±9007199254740991, the whole numbers that JSON carries exactly @ 9007199254740992",
            ),
            (
                "integer(..99999999999999999999)",
                "EVC0203 `99999999999999999999` is beyond ±9007199254740991, the whole numbers that JSON carries exactly @ 99999999999999999999",
            ),
            (
                "money(0..1234567890.123456)",
                "EVC0203 `1234567890.123456` has more than the 15 significant digits that `money` carries exactly @ 1234567890.123456",
            ),
            (
                "number(a..b)",
                "EVC0203 expected a number as bound, found `a` @ a; EVC0203 expected a number as bound, found `b` @ b",
            ),
            ("uuid(1..2)", "EVC0203 `uuid` takes nothing in parentheses @ (1..2)"),
            ("string(1..2", "EVC0202 expected `)`, found the end @ "),
            ("string)", "EVC0202 expected the end of the type, found `)` @ )"),
            ("string?", "EVC0202 expected the end of the type, found `?` @ ?"),
            ("map", "EVC0202 `map` needs the type of its values @ map"),
            ("\"map(string, integer)\"", "EVC0202 expected `)`, found `,` @ ,"),
            ("A | ", "EVC0202 expected a type, found the end @ "),
            ("A | B | A", "EVC0208 `A` stands twice in this enumeration @ A"),
            ("string | integer", "EVC0209 `string` is a type; `|` joins literals @ string"),
            ("A | null", "EVC0209 `null` cannot be part of an enumeration @ null"),
            ("1 | 2", "EVC0209 `1` is a number; an enumeration holds texts @ 1"),
            ("\"'A\"", "EVC0202 the closing `'` is missing @ 'A"),
            ("[]", "EVC0202 a list has one item type, found none @ []"),
            ("[string, integer]", "EVC0202 a list has one item type, found 2 @ integer"),
            ("[string; 3..1]", "EVC0203 the bounds are upside down: 3 is more than 1 @ 3..1"),
            ("{ a: }", "EVC0202 expected a type, found nothing @ "),
            ("{ a: string, a?: uuid }", "EVC0206 field `a` is declared twice @ a"),
            ("{ extends: string }", "EVC0205 `extends` takes the name of one record type, found `string` @ string"),
            ("{ extends: [A, B] }", "EVC0205 `extends` takes the name of one record type, found a list @ [A, B]"),
            // Escapes move the text about, so the whole scalar is shown.
            ("\"strin\\g(\"", "EVC0202 expected `)`, found the end @ \"strin\\g(\""),
        ] {
            assert_eq!(problems(text), expected, "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        let text = format!("'{}string{}'", "map(".repeat(10_000), ")".repeat(10_000));
        assert!(problems(&text).starts_with("EVC0202 type nested more than 32 levels deep"));
    }

    #[test]
    fn a_wrong_field_leaves_the_record() {
        let mut diagnostics = Vec::new();
        let ty = decode(&node("{ a: strng, b: uuid }"), &mut diagnostics).map(|ty| describe(&ty));
        assert_eq!(ty.as_deref(), Some("{ a: any, b: uuid }"));
        assert_eq!(diagnostics.len(), 1);
    }

    /// A chain of types as long as a file can hold is refused without following it to its end each time.
    #[test]
    fn long_chains_are_refused() {
        for body in ["T{}", "{ x: T{} }", "{ extends: T{} }", "[T{}]", "{ x: { extends: T{} } }"] {
            let names: Vec<(String, String)> =
                (0..5_000).map(|at| (format!("T{at}"), body.replace("{}", &(at + 1).to_string()))).collect();
            let declared: Vec<(&str, &str)> = names.iter().map(|(name, body)| (name.as_str(), body.as_str())).collect();
            let mut types = types(&declared);
            let found = types.check();
            types.cut_endless(&found);
            assert!(found.iter().any(|diagnostic| diagnostic.message.contains("more than 64 levels deep")), "{body}");
            let first = &types.declared["T0"];
            // What extends something of which nothing is known has its own fields at least.
            assert!(types.max_json_bytes(first).is_none_or(|bytes| bytes <= 450), "{body}");
            let accepted = types.accepts(first, &types.declared["T1"]);
            assert_eq!(
                accepted.is_ok(),
                body != "{ x: { extends: T{} } }",
                "where it ends is another level of T1: {body}"
            );
        }
    }

    /// A part of a record that extends the record has all of its fields, that part too.
    #[test]
    fn a_record_within_what_it_extends_has_an_end() {
        for body in ["{ a: string(..1), b: { extends: A } }", "{ b?: [{ extends: A }] }", "{ b: { extends: B } }"] {
            let mut types = types(&[("A", body), ("B", "A")]);
            let found = types.check();
            let messages: Vec<_> = found.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
            assert_eq!(messages, ["type `A` contains itself"], "{body}");
            types.cut_endless(&found);
            assert!(types.max_json_bytes(&types.declared["A"]).is_none_or(|bytes| bytes < 20), "{body}");
            assert_eq!(types.accepts(&types.declared["A"], &types.declared["B"]), Ok(()), "{body}");
        }
    }

    fn checked(declared: &[(&str, &str)]) -> String {
        let types: Types = types(declared);
        types.check().iter().map(|d| format!("{} {}", d.code, d.message)).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn declared_types_are_checked_together() {
        for (declared, expected) in [
            (vec![("A", "{ b: B, c: [map(B)] }"), ("B", "{ x: string }")], ""),
            (vec![("A", "Ordr"), ("Order", "{}")], "EVC0201 unknown type `Ordr`"),
            (vec![("A", "{ extends: Gone }")], "EVC0201 unknown type `Gone`"),
            (vec![("A", "{ a: A }")], "EVC0204 type `A` contains itself"),
            (vec![("A", "[B]"), ("B", "{ extends: C }"), ("C", "{ x?: A }")], "EVC0204 type `A` contains itself"),
            (vec![("A", "{ extends: A }")], "EVC0204 type `A` contains itself"),
            (vec![("A", "{ extends: Id }"), ("Id", "uuid")], "EVC0205 `Id` is not a record and cannot be extended"),
            (
                vec![("A", "{ extends: B, x: uuid }"), ("B", "{ x: string }")],
                "EVC0206 field `x` is already declared in what this record extends",
            ),
            (
                vec![("A", "{ orderId: uuid, order_id: uuid }")],
                "EVC0207 fields `orderId` and `order_id` are both `order_id` in Rust",
            ),
            (
                vec![("A", "{ extends: B, order_id: uuid }"), ("B", "{ orderId: uuid }")],
                "EVC0207 fields `orderId` and `order_id` are both `order_id` in Rust",
            ),
            (
                vec![("A", "{ a.b: uuid }")],
                "EVC0207 `a.b` cannot be the name of a field: an event pattern would take `.` for the way into a record",
            ),
            (
                vec![("A", "{ 2fa: uuid }")],
                "EVC0207 `2fa` cannot be the name of a field: it must start with a letter or `_`",
            ),
            (
                vec![("A", "in-stock | in_stock")],
                "EVC0207 literals `in-stock` and `in_stock` are both `InStock` in Rust",
            ),
            (vec![("A", "\"'+' | B\"")], "EVC0207 literal `+` has no letter or digit to make a Rust name of"),
            (vec![("A", "B | C"), ("B", "uuid")], "EVC0209 `B` is a declared type; `|` joins literals"),
        ] {
            assert_eq!(checked(&declared), expected, "{declared:?}");
        }
    }
}
