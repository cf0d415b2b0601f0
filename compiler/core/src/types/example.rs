//! A value of a type, for people who try a system: small, and right by its type.

use serde_json::{Map, Number, Value, json};

use super::{Kind, Range, Tagged, Type, Types};

/// How deep types are followed into one another. What is deeper is left out where it may be.
const DEEP: usize = 8;
/// The most items that an example has, and the most characters of a text that has to be long.
const MOST_ITEMS: u64 = 5;
const MOST_CHARACTERS: u64 = 200;

impl Types {
    /// A value of this type, with the fields that may be absent as well. `None` if each would be large, or if there is none. A text says the
    /// name of the field that it is in; one that is in none says `name`.
    pub fn example(&self, ty: &Type, name: &str) -> Option<Value> {
        self.example_of(ty, name, 0)
    }

    fn example_of(&self, ty: &Type, name: &str, depth: usize) -> Option<Value> {
        if depth > DEEP {
            return None;
        }
        if let Kind::Union(members) | Kind::Tagged(Tagged { members, .. }) = &self.named(ty).kind {
            return members.iter().find_map(|member| self.example_of(member, name, depth + 1));
        }
        Some(match &self.resolve(ty).kind {
            Kind::Any | Kind::Named(_) => json!({}),
            Kind::String(range) => text(name, range)?.into(),
            Kind::Integer(range) => 1.max(range.min.unwrap_or(1)).min(range.max.unwrap_or(i64::MAX)).into(),
            Kind::Number(range) | Kind::Money(range) => number(range)?,
            Kind::Boolean => true.into(),
            Kind::Uuid => "3f2c8a1e-6d3b-4b0f-9b57-2c1d9a7e4f10".into(),
            Kind::Timestamp => "2026-01-01T10:00:00.000Z".into(),
            Kind::Date => "2026-01-01".into(),
            Kind::Duration => "PT15M".into(),
            Kind::Bytes => "Ynl0ZXM=".into(),
            Kind::Enum(literals) => literals.first()?.value.as_str().into(),
            Kind::List(item, range) => self.items(item, range, name, depth)?,
            Kind::Map(inner) => {
                let value = self.example_of(inner, "value", depth + 1);
                value.map_or_else(|| json!({}), |value| json!({ "key": value }))
            }
            Kind::Record(_) => self.fields(ty, depth)?,
            Kind::Union(_) | Kind::Tagged(_) => return None,
        })
    }

    fn items(&self, item: &Type, range: &Range<u64>, name: &str, depth: usize) -> Option<Value> {
        let least = range.min.unwrap_or(0);
        let count = 1.max(least).min(range.max.unwrap_or(u64::MAX));
        if count > MOST_ITEMS {
            return None;
        }
        match self.example_of(item, name, depth + 1) {
            Some(value) => Some(std::iter::repeat_n(value, usize::try_from(count).ok()?).collect()),
            None => (least == 0).then(|| json!([])),
        }
    }

    fn fields(&self, ty: &Type, depth: usize) -> Option<Value> {
        let mut value = Map::new();
        for (name, field) in self.record(ty)? {
            match self.example_of(&field.ty, name, depth + 1) {
                Some(of_field) => value.extend([(name.to_owned(), of_field)]),
                None if field.optional => {}
                None => return None,
            }
        }
        Some(value.into())
    }
}

/// A text that is as long as it has to be.
fn text(name: &str, range: &Range<u64>) -> Option<String> {
    let least = range.min.unwrap_or(0);
    if least > MOST_CHARACTERS {
        return None;
    }
    let most = usize::try_from(range.max.unwrap_or(MOST_CHARACTERS)).unwrap_or(usize::MAX);
    let mut text: String = name.chars().take(most).collect();
    let missing = usize::try_from(least).ok()?.saturating_sub(text.chars().count());
    text.extend(std::iter::repeat_n('x', missing));
    Some(text)
}

/// Ten, or the bound that is nearest to it.
fn number(range: &Range<f64>) -> Option<Value> {
    let number = 10_f64.max(range.min.unwrap_or(f64::NEG_INFINITY)).min(range.max.unwrap_or(f64::INFINITY));
    #[expect(clippy::cast_possible_truncation, reason = "a whole number that a double holds exactly")]
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return Some((number as i64).into());
    }
    Number::from_f64(number).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ty, types};
    use super::*;

    #[test]
    fn an_example_is_of_its_type() {
        let types = types(&[
            ("Line", "{ sku: string(1..64), quantity: integer(1..), price: money(0..) }"),
            ("New", "{ customerId: string, items: [Line; 1..], note?: string(20..30) }"),
            (
                "Order",
                "{ extends: New, orderId: uuid, status: PAID | PLACED, at: timestamp, day: date, within: duration }",
            ),
            ("Tree", "{ name: string, left?: Tree, children: [Tree] }"),
        ]);
        for (text, expected) in [
            ("integer(..0)", Some(json!(0))),
            ("integer(5..9)", Some(json!(5))),
            ("number(0.25..0.5)", Some(json!(0.5))),
            ("money", Some(json!(10))),
            ("string(..3)", Some(json!("tex"))),
            ("string(6..)", Some(json!("textxx"))),
            ("string(5000..)", None),
            ("[Line; 1000..]", None),
            ("[boolean; 2..]", Some(json!([true, true]))),
            ("map(date)", Some(json!({ "key": "2026-01-01" }))),
            (
                "Order",
                Some(json!({
                    "customerId": "customerId",
                    "items": [{ "sku": "sku", "quantity": 1, "price": 10 }],
                    "note": "notexxxxxxxxxxxxxxxx",
                    "orderId": "3f2c8a1e-6d3b-4b0f-9b57-2c1d9a7e4f10",
                    "status": "PAID",
                    "at": "2026-01-01T10:00:00.000Z",
                    "day": "2026-01-01",
                    "within": "PT15M"
                })),
            ),
        ] {
            let ty = ty(text);
            let found = types.example(&ty, "text");
            assert_eq!(found, expected, "{text}");
            if let Some(found) = found {
                assert_eq!(types.validate(&ty, &found), [], "{text}");
            }
        }
        // A type within itself ends.
        let tree = ty("Tree");
        assert_eq!(types.validate(&tree, &types.example(&tree, "text").expect("an example")), []);
    }
}
