//! Records in the shorthand: `{ sku: string, qty?: integer }` within a text, as in `"[{ sku: string }; 1..10]"`.

use super::shorthand::Parser;
use super::{Field, Kind, Record};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Spanned;

impl Parser<'_> {
    /// What stands after the opening brace of a record, and the closing one.
    pub(super) fn record(&mut self) -> Option<Kind> {
        let mut record = Record::default();
        while self.peek() != Some('}') {
            let name = self.literal()?;
            let optional = self.take('?');
            self.close(':')?;
            if name.text == "extends" && !name.quoted && !optional {
                let base = self.literal()?;
                record.extends = Some(Spanned::new(base.text, base.span));
            } else {
                let ty = self.ty()?;
                if let Some(first) = record.fields.get(&name.text) {
                    let message = format!("field `{}` is declared twice", name.text);
                    let diagnostic = Diagnostic::new(Code::EVC0206, name.span, message);
                    return self.report(diagnostic.secondary(first.name_span, "first here"));
                }
                record.fields.insert(name.text, Field { ty, optional, name_span: name.span });
            }
            if !self.take(',') {
                break;
            }
        }
        self.close('}')?;
        Some(Kind::Record(record))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{node, render, ty};
    use super::super::{decode, describe};

    #[test]
    fn lists_of_records_have_bounds() {
        for text in [
            "[{ sku: string(1..), qty?: integer }; 1..10]",
            "[{ in: { tags: [string; ..3] } }; 2..]",
            "[[string]; 1..]",
            "map({ a: uuid })",
            "{ extends: Line, more: boolean }",
            "{}",
        ] {
            assert_eq!(describe(&ty(&format!("\"{text}\""))), text);
        }
    }

    #[test]
    fn mistakes_in_them_are_found_where_they_stand() {
        for (text, found) in [
            ("\"[{ sku: string; 1..]\"", "EVC0202 expected `}`, found `;` @ ;"),
            ("\"{ a string }\"", "EVC0202 expected `:`, found `s` @ s"),
            ("\"{ a: string, a: uuid }\"", "EVC0206 field `a` is declared twice @ a"),
        ] {
            let mut diagnostics = Vec::new();
            decode(&node(text), &mut diagnostics);
            assert_eq!(render(text, &diagnostics), [found], "{text}");
        }
    }
}
