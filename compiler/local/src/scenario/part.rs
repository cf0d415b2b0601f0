//! Whether a value has a part: every field that is named, items of lists one by one.

use serde_json::Value;

/// The first difference: where, what was expected there, and what there was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    /// `items[0].price`; empty for the whole.
    pub(super) way: String,
    pub(super) expected: String,
    pub(super) found: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let way = if self.way.is_empty() { "it" } else { &self.way };
        write!(f, "{way} is {}, and was {}", self.expected, self.found)
    }
}

/// Whether a value has the part.
pub(super) fn has(value: &Value, part: &Value) -> bool {
    difference(value, part).is_none()
}

/// The first difference, if the value does not have the part. Fields that the part does not name may be anything.
pub(super) fn difference(value: &Value, part: &Value) -> Option<Difference> {
    at(value, part, "")
}

fn at(value: &Value, part: &Value, way: &str) -> Option<Difference> {
    let differs = |expected: String, found: String| Some(Difference { way: way.to_owned(), expected, found });
    match (value, part) {
        (Value::Object(fields), Value::Object(named)) => named.iter().find_map(|(name, part)| {
            let way = if way.is_empty() { name.clone() } else { format!("{way}.{name}") };
            match fields.get(name) {
                Some(value) => at(value, part, &way),
                None => Some(Difference { way, expected: part.to_string(), found: "not there".to_owned() }),
            }
        }),
        (Value::Array(items), Value::Array(parts)) if items.len() == parts.len() => items
            .iter()
            .zip(parts)
            .enumerate()
            .find_map(|(index, (value, part))| at(value, part, &format!("{way}[{index}]"))),
        (Value::Array(items), Value::Array(parts)) => {
            differs(format!("a list of {}", parts.len()), format!("one of {}", items.len()))
        }
        // 5 and 5.0 are one number.
        (Value::Number(one), Value::Number(other)) if one.as_f64() == other.as_f64() => None,
        _ if value == part => None,
        _ => differs(part.to_string(), value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_part_is_what_is_named() {
        let value = json!({ "id": "o", "total": 5.0, "items": [{ "sku": "a", "n": 1 }, { "sku": "b", "n": 2 }] });
        for part in [json!({}), json!({ "total": 5 }), json!({ "items": [{ "n": 1 }, { "sku": "b" }] })] {
            assert_eq!(difference(&value, &part), None, "{part}");
        }
        let told = |part: Value| difference(&value, &part).map(|it| it.to_string());
        assert_eq!(told(json!({ "total": 6 })), Some("total is 6, and was 5.0".to_owned()));
        assert_eq!(told(json!({ "items": [{}, { "n": 3 }] })), Some("items[1].n is 3, and was 2".to_owned()));
        assert_eq!(told(json!({ "items": [{}] })), Some("items is a list of 1, and was one of 2".to_owned()));
        assert_eq!(told(json!({ "who": null })), Some("who is null, and was not there".to_owned()));
    }
}
