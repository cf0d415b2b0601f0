//! Conditions on items as DynamoDB stores them: the part of the pattern language that works on a stream record.
//!
//! A stream record holds each attribute with its type (`{"status": {"S": "PAID"}}`), and numbers as text. What can be said about
//! such a value is that it is one of some values, or a text that starts with something or is none of some texts. A pattern that
//! says more is not for a stream.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_StreamRecord.html>

use crate::pattern::{AnythingBut, Constraint, MatchKind, Object, Pattern};
use crate::source::Span;
use crate::types::{Attribute, Kind, Type, Types};

/// A condition on one field of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldTest {
    /// The way to the field, through records.
    pub path: Vec<String>,
    /// How its value is stored.
    pub attribute: Attribute,
    /// What it may be: one of these holds.
    pub any: Vec<Is>,
}

/// What a stored value may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Is {
    /// This text.
    Text(String),
    /// This whole number, as DynamoDB writes it.
    Number(String),
    /// This boolean.
    Boolean(bool),
    /// A text that starts with this.
    Prefix(String),
    /// A text that is none of these.
    NoneOf(Vec<String>),
}

/// A part of a pattern that cannot be asked of a stored item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotStored {
    /// The place of the part.
    pub span: Span,
    /// What it asks.
    pub what: String,
}

/// The conditions of a pattern over items of a type, and those of its parts that cannot be asked. Fields that the type does not
/// have are left out: another check is theirs.
pub fn field_tests(types: &Types, item: &Type, pattern: &Pattern) -> (Vec<FieldTest>, Vec<NotStored>) {
    let mut found = Found::default();
    found.object(types, item, &pattern.root, &[]);
    (found.tests, found.not)
}

#[derive(Default)]
struct Found {
    tests: Vec<FieldTest>,
    not: Vec<NotStored>,
}

impl Found {
    fn object(&mut self, types: &Types, ty: &Type, object: &Object, path: &[String]) {
        if let Some(first) = object.or.first() {
            self.refuse(first.span, "`$or`");
        }
        let Some(fields) = types.record(ty) else {
            self.refuse(object.span, "fields of what is no record");
            return;
        };
        for part in &object.fields {
            let Some(field) = fields.get(part.name.as_str()) else { continue };
            let mut path = path.to_vec();
            path.push(part.name.value.clone());
            match &part.constraint {
                Constraint::Object(inner) => self.object(types, &field.ty, inner, &path),
                Constraint::AnyOf(matches) => {
                    let attribute = types.attribute(&field.ty);
                    let whole = matches!(types.resolve(&field.ty).kind, Kind::Integer(_));
                    let any: Vec<Is> = matches
                        .iter()
                        .filter_map(|one| match is(&one.kind, attribute, whole) {
                            Ok(is) => Some(is),
                            Err(what) => {
                                self.refuse(one.span, what);
                                None
                            }
                        })
                        .collect();
                    if let (Some(attribute), true) = (attribute, any.len() == matches.len()) {
                        self.tests.push(FieldTest { path, attribute, any });
                    }
                }
            }
        }
    }

    fn refuse(&mut self, span: Span, what: impl Into<String>) {
        self.not.push(NotStored { span, what: what.into() });
    }
}

/// What a match is of a stored value, or what it asks that cannot be asked.
fn is(kind: &MatchKind, attribute: Option<Attribute>, whole: bool) -> Result<Is, &'static str> {
    match (kind, attribute) {
        (_, Some(Attribute::L | Attribute::M | Attribute::B) | None) => {
            Err("a value of a field that is no text, number or boolean")
        }
        (MatchKind::Text(text), Some(Attribute::S)) => Ok(Is::Text(text.clone())),
        (MatchKind::Prefix(text, false), Some(Attribute::S)) => Ok(Is::Prefix(text.value.clone())),
        (MatchKind::AnythingBut(AnythingBut::Texts(texts)), Some(Attribute::S)) => {
            Ok(Is::NoneOf(texts.iter().map(|text| text.value.clone()).collect()))
        }
        (MatchKind::Boolean(value), Some(Attribute::Bool)) => Ok(Is::Boolean(*value)),
        // DynamoDB writes whole numbers with all their digits and nothing else; of others `1.0` and `1` are one.
        (MatchKind::Number(number), Some(Attribute::N)) if whole => match number.text.parse::<i64>() {
            Ok(number) => Ok(Is::Number(number.to_string())),
            Err(_) => Err("a number that is not whole"),
        },
        (MatchKind::Number(_) | MatchKind::Numeric(_), _) => Err("a comparison of numbers, which are stored as text"),
        (MatchKind::Null, _) => Err("`null`"),
        (MatchKind::Exists(_), _) => Err("`exists`"),
        (MatchKind::AnythingBut(_), _) => Err("`anything-but` of something else than texts"),
        _ => Err("this operator"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::analyze_text;

    fn tests(pattern: &str) -> (Vec<String>, Vec<String>) {
        let spec = format!(
            "evc: 1\nservice: shop\ntypes:\n  Order:\n    id: uuid\n    status: NEW | PAID\n    count: integer\n    total: money\n\
             \x20   gift: boolean\n    to: {{ country: string }}\n    tags: [string]\nevents:\n  Placed: {{ source: a, detail-type: b, detail: {{ id: uuid }} }}\n\
             tables:\n  orders: {{ item: Order, key: id }}\noutboxes:\n  changes:\n    changes-of: orders\n\
             \x20   insert: {{ event: Placed, where: {pattern} }}\n"
        );
        let model = analyze_text("spec.yaml", &spec).model.expect("a model");
        let outbox = model.outboxes.values().next().expect("an outbox");
        let change = &outbox.changes.as_ref().expect("changes").events[0];
        let item = &model.tables.values().next().expect("a table").item;
        let (tests, not) = field_tests(&model.types, item, change.filter.as_ref().expect("a pattern"));
        let test = |test: &FieldTest| format!("{} {} {:?}", test.path.join("."), test.attribute.as_str(), test.any);
        (tests.iter().map(test).collect(), not.into_iter().map(|not| not.what).collect())
    }

    #[test]
    fn what_can_be_asked_of_a_stored_item() {
        let (tests, not) = tests(
            "{ status: [NEW, { prefix: P }], count: [3], gift: [true], to: { country: [{ anything-but: [CH] }] } }",
        );
        assert_eq!(
            tests,
            [
                r#"status S [Text("NEW"), Prefix("P")]"#,
                r#"count N [Number("3")]"#,
                "gift BOOL [Boolean(true)]",
                r#"to.country S [NoneOf(["CH"])]"#,
            ]
        );
        assert!(not.is_empty(), "{not:?}");
    }

    #[test]
    fn what_cannot() {
        for (pattern, what) in [
            ("{ count: [{ numeric: ['>', 3] }] }", "a comparison of numbers, which are stored as text"),
            ("{ total: [3] }", "a comparison of numbers, which are stored as text"),
            ("{ gift: [{ exists: true }] }", "`exists`"),
            ("{ tags: [a] }", "a value of a field that is no text, number or boolean"),
            ("{ status: [{ suffix: D }] }", "this operator"),
            ("{ $or: [{ status: [NEW] }, { gift: [true] }] }", "`$or`"),
        ] {
            assert_eq!(tests(pattern), (Vec::new(), vec![what.to_owned()]), "{pattern}");
        }
    }
}
