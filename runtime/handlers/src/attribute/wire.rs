//! DynamoDB's JSON, one tag a value: `{"S": "text"}`, `{"N": "109.97"}`, `{"M": {…}}`.

use super::{Attribute, Item};
use crate::Bytes;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::fmt;

impl Serialize for Attribute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let base64 = |bytes: &Vec<u8>| Bytes(bytes.clone()).to_base64();
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::S(text) => map.serialize_entry("S", text)?,
            Self::N(text) => map.serialize_entry("N", text)?,
            Self::B(bytes) => map.serialize_entry("B", &base64(bytes))?,
            Self::Bool(value) => map.serialize_entry("BOOL", value)?,
            Self::Null => map.serialize_entry("NULL", &true)?,
            Self::L(list) => map.serialize_entry("L", list)?,
            Self::M(item) => map.serialize_entry("M", item)?,
            Self::Ss(set) => map.serialize_entry("SS", set)?,
            Self::Ns(set) => map.serialize_entry("NS", set)?,
            Self::Bs(set) => map.serialize_entry("BS", &set.iter().map(base64).collect::<Vec<_>>())?,
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Attribute {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Tagged;

        impl<'de> Visitor<'de> for Tagged {
            type Value = Attribute;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a DynamoDB attribute value such as {\"S\": \"text\"}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attribute, A::Error> {
                let tag: String =
                    map.next_key()?.ok_or_else(|| de::Error::custom("an attribute value without a type"))?;
                let value = match tag.as_str() {
                    "S" => Attribute::S(map.next_value()?),
                    "N" => Attribute::N(map.next_value()?),
                    "B" => Attribute::B(map.next_value::<Bytes>()?.0),
                    "BOOL" => Attribute::Bool(map.next_value()?),
                    "NULL" => {
                        map.next_value::<bool>()?;
                        Attribute::Null
                    }
                    "L" => Attribute::L(map.next_value()?),
                    "M" => Attribute::M(map.next_value::<Item>()?),
                    "SS" => Attribute::Ss(map.next_value()?),
                    "NS" => Attribute::Ns(map.next_value()?),
                    "BS" => Attribute::Bs(map.next_value::<Vec<Bytes>>()?.into_iter().map(|bytes| bytes.0).collect()),
                    _ => return Err(de::Error::custom("an attribute value of an unknown type")),
                };
                Ok(value)
            }
        }

        deserializer.deserialize_map(Tagged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_reads_back() {
        let text = r#"{"B":{"B":"AQ=="},"BS":{"BS":["AQ=="]},"F":{"BOOL":true},"L":{"L":[{"N":"1.10"}]},"M":{"M":{}},"NS":{"NS":["1"]},"Z":{"NULL":true},"SS":{"SS":["a"]}}"#;
        let item: Item = serde_json::from_str(text).expect("read");
        let again: Item = serde_json::from_str(&serde_json::to_string(&item).expect("written")).expect("read again");
        assert_eq!(item, again);
        assert_eq!(item.len(), 8);
        assert!(serde_json::from_str::<Attribute>(r#"{"Q":1}"#).is_err());
    }
}
