//! DynamoDB attribute values, and the way between them and Rust types.
//!
//! Own code rather than the crate `serde_dynamo`, for three reasons: numbers stay text on the way, so that money is exact; [`crate::Bytes`]
//! is base64 in JSON yet B in DynamoDB; and stream images, the table client and the in-memory tables share one value type,
//! so that a handler of a stream needs no SDK crate.
//!
//! [`to_item`] and [`from_item`] go through serde. [`Attribute`] itself reads and writes DynamoDB's JSON (`{"S": "text"}`), the form of
//! stream records. [`to_json`] turns an item into plain JSON.

mod de;
mod plain;
mod ser;
mod wire;

pub(crate) use de::{ATTRIBUTES, from_nested};
pub use de::{from_attribute, from_item};
pub use plain::to_json;
pub use ser::{to_attribute, to_item};

use std::collections::BTreeMap;

/// One attribute value.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute {
    /// A string.
    S(String),
    /// A number, as its decimal text.
    N(String),
    /// Binary data.
    B(Vec<u8>),
    /// A boolean.
    Bool(bool),
    /// Null.
    Null,
    /// A list.
    L(Vec<Attribute>),
    /// A map.
    M(Item),
    /// A set of strings.
    Ss(Vec<String>),
    /// A set of numbers.
    Ns(Vec<String>),
    /// A set of binary values.
    Bs(Vec<Vec<u8>>),
}

/// An item: attribute names and values.
pub type Item = BTreeMap<String, Attribute>;

impl Attribute {
    /// The text, if this is a string.
    pub fn as_s(&self) -> Option<&str> {
        match self {
            Self::S(text) => Some(text),
            _ => None,
        }
    }

    /// The value as text, if it can be part of a key: a string as it is, a number's digits, bytes in base64.
    #[cfg(feature = "forwarder")]
    pub(crate) fn as_key(&self) -> Option<String> {
        match self {
            Self::S(text) | Self::N(text) => Some(text.clone()),
            Self::B(bytes) => Some(crate::Bytes(bytes.clone()).to_base64()),
            _ => None,
        }
    }

    /// The number, if this is one that `T` can hold.
    pub fn as_n<T: std::str::FromStr>(&self) -> Option<T> {
        match self {
            Self::N(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The size in bytes that counts against the item limit: the documented estimate, rounded up for numbers.
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
    pub fn size(&self) -> usize {
        match self {
            Self::S(text) => text.len(),
            Self::N(text) => number_size(text),
            Self::B(bytes) => bytes.len(),
            Self::Bool(_) | Self::Null => 1,
            Self::L(list) => 3 + list.iter().map(|value| value.size() + 1).sum::<usize>(),
            Self::M(map) => 3 + item_size(map) + map.len(),
            Self::Ss(set) => set.iter().map(String::len).sum(),
            Self::Ns(set) => set.iter().map(|text| number_size(text)).sum(),
            Self::Bs(set) => set.iter().map(Vec::len).sum(),
        }
    }
}

/// One byte for two significant digits and one more; one for the sign.
fn number_size(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count().div_ceil(2) + 2
}

/// The size of an item in bytes: its names and values.
pub fn item_size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value.size()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Bytes, Money, Timestamp, Uuid};
    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Order {
        id: Uuid,
        total: Money,
        count: u64,
        ratio: f64,
        paid: bool,
        status: Status,
        at: Timestamp,
        lines: Vec<Line>,
        blob: Bytes,
        labels: BTreeMap<String, i32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        shape: Shape,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Line(String, Money);

    #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
    enum Status {
        #[serde(rename = "PAID")]
        Paid,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    enum Shape {
        Circle(f64),
        Square { side: Money },
        Pair(u8, u8),
    }

    fn order(total: i64, count: u64, note: Option<String>, blob: Vec<u8>) -> Order {
        Order {
            id: Uuid::nil(),
            total: Money::cents(total).expect("money"),
            count,
            ratio: 0.1,
            paid: true,
            status: Status::Paid,
            at: Timestamp::from_millis(total % 1_000_000_000_000).expect("timestamp"),
            lines: vec![Line("p".to_owned(), Money::ZERO)],
            blob: Bytes(blob),
            labels: [("a".to_owned(), -1)].into(),
            note,
            shape: Shape::Square { side: Money::cents(5).expect("money") },
        }
    }

    #[test]
    fn types_map_as_the_reference_says() {
        let item = to_item(&order(10_997, u64::MAX, None, vec![1])).expect("item");
        assert_eq!(item.get("total"), Some(&Attribute::N("109.97".to_owned())));
        assert_eq!(item.get("count"), Some(&Attribute::N(u64::MAX.to_string())));
        assert_eq!(item.get("status"), Some(&Attribute::S("PAID".to_owned())));
        assert_eq!(item.get("blob"), Some(&Attribute::B(vec![1])));
        assert_eq!(item.get("id"), Some(&Attribute::S(Uuid::nil().to_string())));
        assert_eq!(item.get("at"), Some(&Attribute::S("1970-01-01T00:00:10.997Z".to_owned())));
        assert!(!item.contains_key("note"));
    }

    #[test]
    fn other_enum_shapes_read_back() {
        for shape in [Shape::Circle(1.5), Shape::Pair(1, 2)] {
            let attribute = to_attribute(&shape).expect("written");
            assert_eq!(from_attribute::<Shape>(&attribute).expect("read"), shape);
        }
    }

    #[test]
    fn a_number_with_too_many_digits_in_the_table_is_refused_as_money() {
        let error = from_attribute::<Money>(&Attribute::N("1234567890.123456".to_owned())).expect_err("too precise");
        assert_eq!(error.kind(), crate::Kind::MoneyTooPrecise);
    }

    #[test]
    fn what_does_not_fit_says_where() {
        let mut item = to_item(&order(1, 1, None, vec![])).expect("item");
        item.insert("count".to_owned(), Attribute::S("many".to_owned()));
        let error = from_item::<Order>(&item).expect_err("wrong type");
        assert!(error.message().contains("count"), "{error}");
        assert!(!error.message().contains("many"), "{error}");
    }

    proptest! {
        #[test]
        fn money_is_exact_in_a_table(digits in -999_999_999_999_999_i64..=999_999_999_999_999, scale in 0_u32..=20) {
            let money = Money::new(crate::rust_decimal::Decimal::new(digits, scale)).expect("15 digits");
            let attribute = to_attribute(&money).expect("written");
            prop_assert_eq!(from_attribute::<Money>(&attribute).expect("read"), money);
            prop_assert!(matches!(attribute, Attribute::N(text) if text.len() <= 38));
        }

        #[test]
        fn items_read_back_by_both_ways(total in 0_i64..999_999_999_999_999, count: u64, note: Option<String>, blob: Vec<u8>) {
            let order = order(total, count, note, blob);
            let item = to_item(&order).expect("item");
            prop_assert_eq!(&from_item::<Order>(&item).expect("read"), &order);
            let wire: Item = serde_json::from_str(&serde_json::to_string(&item).expect("wire")).expect("wire read");
            prop_assert_eq!(&wire, &item);
            prop_assert_eq!(&serde_json::from_str::<Order>(&to_json(&item)).expect("plain"), &order);
        }
    }
}
