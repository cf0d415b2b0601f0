//! From attributes to Rust types.

use super::ser::Failure;
use super::{Attribute, Item};
use crate::{Error, Kind};
use evc_values::wire::{BINARY, RAW_TEXT};
use serde::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{self, DeserializeOwned, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use std::fmt::Display;

/// The value of an item.
pub fn from_item<T: DeserializeOwned>(item: &Item) -> Result<T, Error> {
    read(Reader::Map(item))
}

/// The name under which a map gives itself as text, one entry, to [`crate::Tagged`].
pub(crate) const ATTRIBUTES: &str = "$evc::attributes";

/// The value of a part of an item; what is wrong with it, with the way there from this part.
pub(crate) fn from_nested<T: DeserializeOwned>(item: &Item) -> Result<T, String> {
    serde_path_to_error::deserialize(Reader::Map(item)).map_err(|error| {
        let path = error.path().to_string();
        let message = error.into_inner().0;
        if path == "." || message.starts_with("MoneyTooPrecise") { message } else { format!("`{path}`: {message}") }
    })
}

/// The value of an attribute.
pub fn from_attribute<T: DeserializeOwned>(attribute: &Attribute) -> Result<T, Error> {
    read(Reader::Value(attribute))
}

fn read<T: DeserializeOwned>(reader: Reader<'_>) -> Result<T, Error> {
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let path = error.path().to_string();
        let message = error.into_inner().0;
        let kind = if message.starts_with("MoneyTooPrecise") { Kind::MoneyTooPrecise } else { Kind::Internal };
        Error::new(kind, format!("a stored item is not what the contract says: at `{path}`: {message}"))
    })
}

impl de::Error for Failure {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }

    /// Says which kind of value was found, never the value: stored data stays out of logs.
    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self(format!("expected {expected}, found {}", kind_of(found)))
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self(format!("expected {expected}, found another {}", kind_of(found)))
    }

    fn unknown_variant(_found: &str, expected: &'static [&'static str]) -> Self {
        Self(format!("expected one of `{}`", expected.join("`, `")))
    }
}

/// The kind of a value, without the value.
fn kind_of(found: de::Unexpected<'_>) -> &'static str {
    match found {
        de::Unexpected::Bool(_) => "boolean",
        de::Unexpected::Unsigned(_) | de::Unexpected::Signed(_) | de::Unexpected::Float(_) => "number",
        de::Unexpected::Char(_) | de::Unexpected::Str(_) => "string",
        de::Unexpected::Bytes(_) => "binary",
        de::Unexpected::Unit | de::Unexpected::Option => "null",
        de::Unexpected::Seq => "list",
        de::Unexpected::Map => "map",
        _ => "value",
    }
}

#[derive(Clone, Copy)]
enum Reader<'a> {
    Value(&'a Attribute),
    Map(&'a Item),
    Number(&'a str),
    Text(&'a str),
    Binary(&'a [u8]),
}

impl<'de> IntoDeserializer<'de, Failure> for Reader<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

fn number<'de, V: Visitor<'de>>(text: &str, visitor: V) -> Result<V::Value, Failure> {
    if let Ok(number) = text.parse::<u64>() {
        visitor.visit_u64(number)
    } else if let Ok(number) = text.parse::<i64>() {
        visitor.visit_i64(number)
    } else if let Ok(number) = text.parse::<f64>() {
        visitor.visit_f64(number)
    } else {
        Err(Failure("expected a number".to_owned()))
    }
}

fn map<'de, V: Visitor<'de>>(item: &'de Item, visitor: V) -> Result<V::Value, Failure> {
    let entries = item.iter().map(|(name, value)| (name.as_str(), Reader::Value(value)));
    let mut access = MapDeserializer::new(entries);
    let value = visitor.visit_map(&mut access)?;
    access.end()?;
    Ok(value)
}

fn list<'de, V: Visitor<'de>>(elements: impl Iterator<Item = Reader<'de>>, visitor: V) -> Result<V::Value, Failure> {
    let mut access = SeqDeserializer::new(elements);
    let value = visitor.visit_seq(&mut access)?;
    access.end()?;
    Ok(value)
}

impl<'de> de::Deserializer<'de> for Reader<'de> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self {
            Self::Map(item) => map(item, visitor),
            Self::Number(text) => number(text, visitor),
            Self::Text(text) => visitor.visit_borrowed_str(text),
            Self::Binary(bytes) => visitor.visit_borrowed_bytes(bytes),
            Self::Value(attribute) => match attribute {
                Attribute::S(text) => visitor.visit_borrowed_str(text),
                Attribute::N(text) => number(text, visitor),
                Attribute::B(bytes) => visitor.visit_borrowed_bytes(bytes),
                Attribute::Bool(value) => visitor.visit_bool(*value),
                Attribute::Null => visitor.visit_unit(),
                Attribute::L(elements) => list(elements.iter().map(Reader::Value), visitor),
                Attribute::M(item) => map(item, visitor),
                Attribute::Ss(set) => list(set.iter().map(|text| Reader::Text(text)), visitor),
                Attribute::Ns(set) => list(set.iter().map(|text| Reader::Number(text)), visitor),
                Attribute::Bs(set) => list(set.iter().map(|bytes| Reader::Binary(bytes)), visitor),
            },
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self {
            Self::Value(Attribute::Null) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    /// Money asks for the raw text of its number, [`crate::Bytes`] for binary data and [`crate::Tagged`] for a map; see there.
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Failure> {
        match (name, self) {
            (RAW_TEXT, Self::Value(Attribute::N(text))) => {
                visitor.visit_map(MapDeserializer::new(std::iter::once((RAW_TEXT, text.as_str()))))
            }
            (BINARY, Self::Value(Attribute::B(bytes))) => visitor.visit_bytes(bytes),
            (RAW_TEXT, Self::Value(Attribute::M(item)) | Self::Map(item)) => {
                let text = serde_json::to_string(item).map_err(de::Error::custom)?;
                visitor.visit_map(MapDeserializer::new(std::iter::once((ATTRIBUTES, text))))
            }
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        match self {
            Self::Value(Attribute::S(text)) => {
                let variant: StrDeserializer<'_, Failure> = text.as_str().into_deserializer();
                de::Deserializer::deserialize_enum(variant, name, variants, visitor)
            }
            Self::Value(Attribute::M(item)) => {
                let entries = item.iter().map(|(name, value)| (name.as_str(), Reader::Value(value)));
                visitor.visit_enum(de::value::MapAccessDeserializer::new(MapDeserializer::new(entries)))
            }
            _ => Err(Failure("expected the name of a variant".to_owned())),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
