//! One of several records, of which a field tells which it is: what the enumerations of a contract read themselves by.
//!
//! Not by serde's own tagged enumerations: those read a value into a buffer of doubles before they know what it is, and an amount of
//! money of too many digits would be rounded there. Here the raw text is kept, as [`crate::Money`] does, and attributes as they are.

use std::collections::BTreeMap;
use std::fmt;

use evc_values::wire::RAW_TEXT;
use serde::de::{self, Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::attribute::{ATTRIBUTES, Item, from_nested};
use crate::{Kind, payload};

/// A record of which is known which it is, and that is still to be read.
#[derive(Debug)]
pub struct Tagged {
    by: &'static str,
    tag: String,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Json(String),
    Item(Item),
}

impl Tagged {
    /// Reads the field that tells which record this is.
    pub fn of<'de, D: Deserializer<'de>>(deserializer: D, by: &'static str) -> Result<Self, D::Error> {
        let body = deserializer.deserialize_newtype_struct(RAW_TEXT, BodyVisitor)?;
        let tag = match &body {
            Body::Json(text) => {
                let fields: BTreeMap<String, &RawValue> =
                    serde_json::from_str(text).map_err(|_| de::Error::invalid_type(unexpected(text), &BodyVisitor))?;
                let tag = fields.get(by).ok_or_else(|| de::Error::missing_field(by))?;
                serde_json::from_str(tag.get()).ok()
            }
            Body::Item(item) => {
                let tag = item.get(by).ok_or_else(|| de::Error::missing_field(by))?;
                tag.as_s().map(str::to_owned)
            }
        };
        let tag = tag.ok_or_else(|| de::Error::custom(format!("`{by}`: expected a text")))?;
        Ok(Self { by, tag, body })
    }

    /// The value of the field.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The record, once it is known which it is.
    pub fn read<T: DeserializeOwned, E: de::Error>(self) -> Result<T, E> {
        match self.body {
            Body::Json(text) => payload::decode(&text).map_err(|error| {
                let message = error.message();
                let message = message.strip_prefix("the input: ").unwrap_or(message);
                // Whoever reads the outer error knows it by this word.
                let at = message.find("MoneyTooPrecise").filter(|_| error.kind() == Kind::MoneyTooPrecise);
                E::custom(at.and_then(|at| message.get(at..)).unwrap_or(message))
            }),
            Body::Item(item) => from_nested(&item).map_err(E::custom),
        }
    }

    /// The error for a value that is that of no record. It does not say which: payloads stay out of logs.
    pub fn unknown<E: de::Error>(&self, known: &[&str]) -> E {
        E::custom(format!("`{}`: expected one of `{}`, found another text", self.by, known.join("`, `")))
    }
}

struct BodyVisitor;

impl<'de> Visitor<'de> for BodyVisitor {
    type Value = Body;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    /// One entry with the raw text, or with the attributes; else the fields themselves.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Body, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                RAW_TEXT => return map.next_value().map(Body::Json),
                ATTRIBUTES => {
                    let text: String = map.next_value()?;
                    let item = serde_json::from_str(&text).map_err(de::Error::custom)?;
                    return Ok(Body::Item(item));
                }
                _ => fields.insert(key, map.next_value()?),
            };
        }
        Ok(Body::Json(Value::Object(fields).to_string()))
    }

    /// A format without raw text: take what it has.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Body, D::Error> {
        Value::deserialize(deserializer).map(|value| Body::Json(value.to_string()))
    }
}

/// What a JSON text that is not an object is, for the message.
fn unexpected(text: &str) -> de::Unexpected<'static> {
    match text.as_bytes().first() {
        Some(b'"') => de::Unexpected::Other("string"),
        Some(b'{') => de::Unexpected::Map,
        Some(b'[') => de::Unexpected::Seq,
        Some(b't' | b'f') => de::Unexpected::Other("boolean"),
        Some(b'n') => de::Unexpected::Unit,
        _ => de::Unexpected::Other("number"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribute::{Attribute, from_item, to_item};
    use crate::{Bytes, Money};
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Card {
        kind: String,
        amount: Money,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        photo: Option<Bytes>,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Cash {
        kind: String,
        of: Box<Payment>,
    }

    #[derive(Debug, Clone, PartialEq, Serialize)]
    #[serde(untagged)]
    enum Payment {
        Card(Card),
        Cash(Cash),
    }

    impl<'de> Deserialize<'de> for Payment {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let record = Tagged::of(deserializer, "kind")?;
            match record.tag() {
                "card" | "debit" => record.read().map(Self::Card),
                "cash" => record.read().map(Self::Cash),
                _ => Err(record.unknown(&["card", "debit", "cash"])),
            }
        }
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Order {
        payments: Vec<Payment>,
    }

    fn card(amount: &str) -> Payment {
        let amount = amount.parse().expect("an amount");
        Payment::Card(Card { kind: "card".into(), amount, photo: Some(Bytes(vec![1, 2])) })
    }

    #[test]
    fn records_read_back_from_json_and_from_attributes() {
        let nested = Payment::Cash(Cash { kind: "cash".into(), of: Box::new(card("0.1")) });
        let order = Order { payments: vec![card("109.97"), nested] };
        let text = serde_json::to_string(&order).expect("written");
        assert!(text.starts_with(r#"{"payments":[{"kind":"card","amount":109.97,"photo":"AQI="},"#), "{text}");
        assert_eq!(payload::decode::<Order>(&text).expect("read"), order);
        let item = to_item(&order).expect("written");
        assert_eq!(from_item::<Order>(&item).expect("read"), order);
        let value = serde_json::to_value(&order).expect("written");
        assert_eq!(serde_json::from_value::<Order>(value).expect("read"), order);
        let own = to_item(&order.payments[0]).expect("written");
        assert_eq!(from_item::<Payment>(&own).expect("read"), order.payments[0]);
    }

    #[test]
    fn what_is_no_record_is_refused_with_the_reason_and_without_its_values() {
        let message = |payment: &str| {
            let error = payload::decode::<Order>(&format!(r#"{{"payments": [{payment}]}}"#)).expect_err(payment);
            (error.kind(), error.to_string())
        };
        for (payment, expected) in [
            (
                r#"{"kind": "secret"}"#,
                "`payments[0]`: `kind`: expected one of `card`, `debit`, `cash`, found another text",
            ),
            (r#"{"amount": 1}"#, "`payments[0]`: missing field `kind`"),
            (r#"{"kind": 5}"#, "`payments[0]`: `kind`: expected a text"),
            (r#"{"kind": "card"}"#, "`payments[0]`: missing field `amount`"),
            (
                r#"{"kind": "cash", "of": {"kind": "card", "amount": true}}"#,
                "`payments[0]`: `of`: `amount`: expected an amount of money, a number of at most 15 significant digits, found a",
            ),
            (r#""secret""#, "`payments[0]`: expected an object, found string"),
            ("[]", "`payments[0]`: expected an object, found sequence"),
            ("null", "`payments[0]`: expected an object, found null"),
        ] {
            assert_eq!(message(payment).1.trim_start_matches("InvalidInput: "), expected, "{payment}");
        }
        let (kind, text) = message(r#"{"kind": "card", "amount": 0.1000000000000000055}"#);
        assert_eq!(kind, Kind::MoneyTooPrecise, "{text}");
        let stored = Item::from([("kind".to_owned(), Attribute::S("card".into()))]);
        let error = from_item::<Payment>(&stored).expect_err("no amount").to_string();
        assert!(error.ends_with("missing field `amount`"), "{error}");
    }
}
