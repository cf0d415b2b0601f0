//! Discriminated unions: one of several records, which the value of one of their fields tells apart.
//!
//! ```yaml
//! Payment: { one-of: [Card, Transfer], by: kind }
//! ```
//!
//! The records are declared types, each with the field as an enumeration, and no two of them share a value of it. Who follows names
//! comes to the one record that holds what all of them have ([`Tagged::whole`]); who has to know them apart asks [`Types::union`].

use indexmap::IndexMap;

use super::{Kind, MAX_NESTING, Shown, Step, Type, Types, describe};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};

/// One of several records.
#[derive(Debug, Clone, PartialEq)]
pub struct Tagged {
    /// The field by whose value a declared union is told apart. What routes come to that end in different records has none: any two
    /// of them differ in some field.
    pub by: Option<Spanned<String>>,
    /// The records.
    pub members: Vec<Type>,
    /// One record that holds what all of them have.
    pub whole: Box<Type>,
}

impl Tagged {
    /// A union as it is read; which record holds all of its members is known once all types are, see [`Types::unite`].
    pub(super) fn declared(by: Spanned<String>, members: Vec<Type>, span: Span) -> Self {
        Self { by: Some(by), members, whole: Box::new(Type::unread(span)) }
    }
}

impl Types {
    /// Names followed to a union, if they lead to one.
    pub fn union<'a>(&'a self, ty: &'a Type) -> Option<&'a Tagged> {
        let mut current = ty;
        for _ in 0..=MAX_NESTING {
            match &current.kind {
                Kind::Named(name) => current = self.declared.get(name)?,
                Kind::Tagged(tagged) => return Some(tagged),
                _ => return None,
            }
        }
        None
    }

    /// Names followed, but not to the one record that a union is to those who do not tell its records apart.
    pub fn named<'a>(&'a self, ty: &'a Type) -> &'a Type {
        let mut current = ty;
        for _ in 0..=MAX_NESTING {
            let Kind::Named(name) = &current.kind else { return current };
            let Some(next) = self.declared.get(name) else { return current };
            current = next;
        }
        current
    }

    /// The values by which one of the records of a declared union is told from the others.
    pub fn tags<'a>(&'a self, by: &str, member: &'a Type) -> Vec<&'a str> {
        let field = self.record(member).and_then(|fields| fields.get(by).copied());
        match field.map(|field| &self.resolve(&field.ty).kind) {
            Some(Kind::Enum(literals)) => literals.iter().map(|literal| literal.value.as_str()).collect(),
            _ => Vec::new(),
        }
    }

    /// The record of a declared union that has this value in the field by which they are told apart.
    pub fn tagged_by<'a>(&'a self, union: &'a Tagged, value: &str) -> Option<&'a Type> {
        let by = union.by.as_ref()?;
        union.members.iter().find(|member| self.tags(&by.value, member).contains(&value))
    }

    /// What is expected of an object whose fields are written: of a declared union, the record that the written value of the field tells.
    /// `text` is the value of a field, if it is a literal.
    pub fn expected_of<'a>(&'a self, expected: &'a Type, text: impl Fn(&str) -> Option<String>) -> &'a Type {
        let by_value = |union: &'a Tagged| self.tagged_by(union, &text(&union.by.as_ref()?.value)?);
        self.union(expected).and_then(by_value).unwrap_or(expected)
    }

    /// A record apart by the values that a field of it may have: each with the values narrowed to that one. None where the values are
    /// not known.
    pub(super) fn apart(&self, record: &Type, by: &str) -> Option<Vec<(String, Type)>> {
        let optional = self.record(record)?.get(by)?.optional;
        let tags = self.tags(by, record);
        if tags.is_empty() || optional {
            return None;
        }
        let one = |tag: &str| {
            let narrowed = self.narrowed(record, &[Step::Field(by.to_owned())], &Shown::among([tag.to_owned()]))?;
            Some((tag.to_owned(), narrowed))
        };
        tags.into_iter().map(one).collect()
    }

    /// Finds for each declared union the record that holds all of its members. Of one that is not right nothing is known.
    pub fn unite(&mut self) {
        let is_union = |(name, ty): (&String, &Type)| matches!(ty.kind, Kind::Tagged(_)).then(|| name.clone());
        let names: Vec<String> = self.declared.iter().filter_map(is_union).collect();
        // A member that has a field of another union joins with what that one is, whichever comes first in the spec: types without
        // an end are refused, so that as many rounds as there are unions are enough, and most specs take two.
        for _ in 0..names.len().min(MAX_NESTING) {
            let mut changed = false;
            for name in &names {
                let Some(Type { kind: Kind::Tagged(tagged), span }) = self.declared.get(name) else { continue };
                let whole = if union_problems(self, name, tagged).is_empty() {
                    self.whole(&tagged.members).unwrap_or_else(|| Type::unread(*span))
                } else {
                    Type::unread(*span)
                };
                if *tagged.whole != whole
                    && let Some(Type { kind: Kind::Tagged(tagged), .. }) = self.declared.get_mut(name)
                {
                    *tagged.whole = whole;
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
    }

    /// One record that holds what several have.
    fn whole(&self, members: &[Type]) -> Option<Type> {
        match self.join(members)? {
            Type { kind: Kind::Tagged(tagged), .. } => Some(*tagged.whole),
            one => Some(one),
        }
    }
}

/// Everything wrong with a union that is declared under this name.
pub(super) fn union_problems(types: &Types, name: &str, union: &Tagged) -> Vec<Diagnostic> {
    let Some(by) = &union.by else { return Vec::new() };
    let mut found = Vec::new();
    let mut seen: IndexMap<String, (&str, Span)> = IndexMap::new();
    for member in &union.members {
        let Kind::Named(of) = &member.kind else { continue };
        if !types.declared.contains_key(of) {
            // It is said of every name.
            continue;
        }
        let declared = types.named(member);
        match &declared.kind {
            Kind::Record(_) => {}
            // What could not be read, or goes round in a circle, has been reported.
            Kind::Named(_) => continue,
            _ => {
                let what = match &declared.kind {
                    Kind::Tagged(_) => "several records itself".to_owned(),
                    _ => format!("`{}`", describe(declared)),
                };
                let message = format!("`one-of` takes records, and `{of}` is {what}");
                let diagnostic = Diagnostic::new(Code::EVC0210, member.span, message);
                let diagnostic = diagnostic.secondary(declared.span, "declared here");
                found.push(match &declared.kind {
                    Kind::Tagged(_) => diagnostic.help(format!("list the records of `{of}` in its place")),
                    _ => diagnostic.help(format!("make it a record: `{of}: {{ {}: \"'…'\", … }}`", by.value)),
                });
                continue;
            }
        }
        let fields = types.record(member).unwrap_or_default();
        let Some(field) = fields.get(by.value.as_str()) else {
            if types.is_reported(declared) {
                continue;
            }
            let message =
                format!("`{of}` has no field `{}`, by which the records of `{name}` are told apart", by.value);
            let help = format!("give it a value of its own, such as `{}: \"'{}'\"`", by.value, of.to_lowercase());
            let diagnostic = Diagnostic::new(Code::EVC0211, member.span, message);
            found.push(
                diagnostic
                    .secondary(declared.span, "this is the record")
                    .secondary(by.span, "it is named here")
                    .help(help),
            );
            continue;
        };
        let at_field = |message: String| {
            let diagnostic = Diagnostic::new(Code::EVC0211, member.span, message);
            diagnostic.secondary(field.name_span, "the field is declared here")
        };
        if field.optional {
            let message =
                format!("`{}` of `{of}` may be absent, and by it the records of `{name}` are told apart", by.value);
            found.push(at_field(message).help(format!("write `{}` without `?`", by.value)));
            continue;
        }
        let Kind::Enum(literals) = &types.resolve(&field.ty).kind else {
            // What is not declared has been reported.
            if matches!(types.resolve(&field.ty).kind, Kind::Named(_)) {
                continue;
            }
            let message = format!(
                "`{}` of `{of}` is `{}`, and by its value the records of `{name}` are told apart",
                by.value,
                describe(&field.ty)
            );
            let help =
                format!("say which value it has: `{}: \"'{}'\"`, or several: `A | B`", by.value, of.to_lowercase());
            found.push(at_field(message).help(help));
            continue;
        };
        for literal in literals {
            if let Some((other, span)) = seen.get(&literal.value) {
                let twice = Diagnostic::new(Code::EVC0212, member.span, format!("`{of}` is listed twice"));
                let message = format!("`{}` is `{}` both in `{other}` and in `{of}`", by.value, literal.value);
                let same = Diagnostic::new(Code::EVC0212, member.span, message);
                found.push(if *other == of {
                    twice.secondary(*span, "first here").help("list each record once")
                } else {
                    same.secondary(*span, "the other record")
                        .secondary(literal.span, format!("the value of `{of}`"))
                        .help("give each record values of its own")
                });
                break;
            }
            seen.insert(literal.value.clone(), (of, member.span));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ty, types};
    use super::super::{Types, describe};

    fn shop(payment: &str) -> Types {
        types(&[
            ("Card", "{ kind: \"'card'\", number: string(12..19), by?: Issuer }"),
            ("Transfer", "{ kind: SEPA | SWIFT, iban: string }"),
            ("Open", "{ kind: string }"),
            ("Maybe", "{ kind?: \"'maybe'\" }"),
            ("Bare", "{ at: date }"),
            ("Again", "{ kind: SWIFT | 'x' }"),
            ("Issuer", "string"),
            ("Base", "{ kind: \"'base'\" }"),
            ("More", "{ extends: Base, more: boolean }"),
            ("Payment", payment),
            ("Alias", "Payment"),
        ])
    }

    #[test]
    fn what_is_wrong_with_a_union_is_told_once() {
        for (payment, expected) in [
            ("{ one-of: [Card, Transfer, More], by: kind }", ""),
            ("{ one-of: [Card, Gone], by: kind }", "EVC0201 unknown type `Gone`"),
            ("{ one-of: [Card, Issuer], by: kind }", "EVC0210 `one-of` takes records, and `Issuer` is `string`"),
            (
                "{ one-of: [Card, Bare], by: kind }",
                "EVC0211 `Bare` has no field `kind`, by which the records of `Payment` are told apart",
            ),
            (
                "{ one-of: [Card, Open], by: kind }",
                "EVC0211 `kind` of `Open` is `string`, and by its value the records of `Payment` are told apart",
            ),
            (
                "{ one-of: [Card, Maybe], by: kind }",
                "EVC0211 `kind` of `Maybe` may be absent, and by it the records of `Payment` are told apart",
            ),
            ("{ one-of: [Transfer, Again], by: kind }", "EVC0212 `kind` is `SWIFT` both in `Transfer` and in `Again`"),
            ("{ one-of: [Card, Card], by: kind }", "EVC0212 `Card` is listed twice"),
            (
                "{ a: { one-of: [Card, Transfer], by: kind } }",
                "EVC0210 a type of several records has a name of its own",
            ),
        ] {
            let types = shop(payment);
            let found: Vec<String> = types.check().iter().map(|d| format!("{} {}", d.code, d.message)).collect();
            assert_eq!(found.join("; "), expected, "{payment}");
        }
        let endless =
            types(&[("A", "{ k: \"'a'\", b?: U }"), ("B", "{ k: \"'b'\" }"), ("U", "{ one-of: [A, B], by: k }")]);
        let found: Vec<String> = endless.check().iter().map(|d| format!("{} {}", d.code, d.message)).collect();
        assert_eq!(found, ["EVC0204 type `A` contains itself"]);
    }

    #[test]
    fn a_union_is_one_record_to_who_does_not_tell_them_apart() {
        let types = shop("{ one-of: [Card, Transfer], by: kind }");
        let whole = "{ kind: card | SEPA | SWIFT, number?: string(12..19), by?: Issuer, iban?: string }";
        assert_eq!(describe(types.resolve(&ty("Alias"))), whole);
        let union = types.union(types.declared.get("Alias").expect("declared")).expect("a union");
        assert_eq!(types.tagged_by(union, "SWIFT").map(describe).as_deref(), Some("Transfer"));
        assert_eq!(types.tagged_by(union, "cash"), None);
    }

    #[test]
    fn only_values_of_one_of_the_records_are_given() {
        let types = shop("{ one-of: [Card, Transfer], by: kind }");
        let card = "{ kind: \"'card'\", number: string(12..19) }";
        for (found, verdict) in [
            ("Card", "ok"),
            ("Alias", "ok"),
            (card, "ok"),
            ("{ kind: SWIFT | SEPA, iban: string, more: boolean }", "ok"),
            ("{ kind: \"'card'\" }", "required field `number` is missing"),
            ("{ kind: SWIFT | card, iban: string, number: string }", "ok"),
            ("{ kind: SWIFT | card, iban: string }", "required field `number` is missing"),
            ("{ kind: \"'cash'\" }", "`kind`: `cash` is the value of none of the records of `Payment`"),
            (
                "{ kind: string, iban: string }",
                "`kind`: `string` does not tell which of the records of `Payment` it is",
            ),
            ("{ iban: string }", "required field `kind` is missing"),
            ("{ kind?: SWIFT | SEPA, iban: string }", "field `kind` is required, but what is given may lack it"),
            ("any", "ok"),
            ("{ kind: any }", "ok"),
            ("string", "expected `Payment`, found `string`"),
        ] {
            let given = types.accepts(&ty("Payment"), &ty(found));
            assert_eq!(given.map_or_else(|mismatch| mismatch.to_string(), |()| "ok".to_owned()), verdict, "{found}");
        }
        assert!(types.accepts(&ty("Card"), &ty("Payment")).is_err());
        assert!(types.accepts(&ty("{ kind: string }"), &ty("Payment")).is_ok());
        let within = |expected: &str, found: &str| types.within(&ty(expected), &[&ty(found)]).is_ok();
        assert!(within("Payment", "Card") && within("Payment", "Alias") && within("Payment", card));
        assert!(!within("Payment", "{ kind: \"'card'\", number: string }"));
        assert!(!within("Payment", "{ kind: \"'cash'\" }") && !within("Payment", "any"));
        assert!(types.bounds_hold(&ty("Payment"), &ty("{ kind: \"'card'\", number: string }")).is_err());
        assert!(types.bounds_hold(&ty("Payment"), &ty("Card")).is_ok());
        assert!(types.unchecked(&ty("Payment"), &ty("{ kind: any }")).is_some());
        assert!(types.unchecked(&ty("Payment"), &ty("{ kind: \"'card'\", number: any }")).is_some());
        assert!(types.unchecked(&ty("Payment"), &ty("Card")).is_none());
    }
}
