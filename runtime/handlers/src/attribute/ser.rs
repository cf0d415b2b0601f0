//! From Rust types to attributes.

use super::{Attribute, Item};
use crate::Bytes;
use crate::{Error, Kind};
use evc_values::wire::BINARY;
use serde::ser::{self, Serialize};
use std::fmt::Display;

/// The item of a struct or a map.
pub fn to_item<T: Serialize + ?Sized>(value: &T) -> Result<Item, Error> {
    match to_attribute(value)? {
        Attribute::M(item) => Ok(item),
        _ => Err(Error::new(Kind::Internal, "an item is a record: expected a struct or a map")),
    }
}

/// The attribute of any value.
pub fn to_attribute<T: Serialize + ?Sized>(value: &T) -> Result<Attribute, Error> {
    value
        .serialize(Writer)
        .map_err(|Failure(message)| Error::new(Kind::Internal, format!("cannot be stored: {message}")))
}

#[derive(Debug)]
pub(super) struct Failure(pub(super) String);

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl ser::Error for Failure {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

struct Writer;

/// Collects list elements; with a name, it is an enum variant's content.
struct List {
    variant: Option<&'static str>,
    elements: Vec<Attribute>,
}

/// Collects map entries; with a name, it is an enum variant's content.
struct Map {
    variant: Option<&'static str>,
    entries: Item,
    key: Option<String>,
}

fn wrap(variant: Option<&'static str>, content: Attribute) -> Attribute {
    match variant {
        Some(name) => Attribute::M([(name.to_owned(), content)].into()),
        None => content,
    }
}

macro_rules! numbers {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, number: $type) -> Result<Attribute, Failure> {
            Ok(Attribute::N(number.to_string()))
        })*
    };
}

impl ser::Serializer for Writer {
    type Ok = Attribute;
    type Error = Failure;
    type SerializeSeq = List;
    type SerializeTuple = List;
    type SerializeTupleStruct = List;
    type SerializeTupleVariant = List;
    type SerializeMap = Map;
    type SerializeStruct = Map;
    type SerializeStructVariant = Map;

    numbers!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128);
    numbers!(serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128);

    fn serialize_f32(self, number: f32) -> Result<Attribute, Failure> {
        self.serialize_f64(f64::from(number))
    }

    fn serialize_f64(self, number: f64) -> Result<Attribute, Failure> {
        if number.is_finite() {
            // With an exponent where that is shorter: DynamoDB takes 38 digits, a plain 1e300 has more.
            Ok(Attribute::N(if (1e-6..1e21).contains(&number.abs()) || number == 0.0 {
                number.to_string()
            } else {
                format!("{number:e}")
            }))
        } else {
            Err(Failure("a number that is not finite".to_owned()))
        }
    }

    fn serialize_bool(self, value: bool) -> Result<Attribute, Failure> {
        Ok(Attribute::Bool(value))
    }

    fn serialize_char(self, value: char) -> Result<Attribute, Failure> {
        Ok(Attribute::S(value.to_string()))
    }

    fn serialize_str(self, text: &str) -> Result<Attribute, Failure> {
        Ok(Attribute::S(text.to_owned()))
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Attribute, Failure> {
        Ok(Attribute::B(bytes.to_vec()))
    }

    fn serialize_none(self) -> Result<Attribute, Failure> {
        Ok(Attribute::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Attribute, Failure> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Attribute, Failure> {
        Ok(Attribute::Null)
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<Attribute, Failure> {
        Ok(Attribute::Null)
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<Attribute, Failure> {
        Ok(Attribute::S(variant.to_owned()))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Attribute, Failure> {
        match (name, value.serialize(self)?) {
            (BINARY, Attribute::S(text)) => {
                Bytes::from_base64(&text).map(|bytes| Attribute::B(bytes.0)).map_err(ser::Error::custom)
            }
            (_, attribute) => Ok(attribute),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Attribute, Failure> {
        Ok(wrap(Some(variant), value.serialize(self)?))
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<List, Failure> {
        Ok(List { variant: None, elements: Vec::new() })
    }

    fn serialize_tuple(self, _len: usize) -> Result<List, Failure> {
        Ok(List { variant: None, elements: Vec::new() })
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<List, Failure> {
        Ok(List { variant: None, elements: Vec::new() })
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<List, Failure> {
        Ok(List { variant: Some(variant), elements: Vec::new() })
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Map, Failure> {
        Ok(Map { variant: None, entries: Item::new(), key: None })
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Map, Failure> {
        Ok(Map { variant: None, entries: Item::new(), key: None })
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Map, Failure> {
        Ok(Map { variant: Some(variant), entries: Item::new(), key: None })
    }
}

macro_rules! list {
    ($($trait:ident::$method:ident),*) => {
        $(impl ser::$trait for List {
            type Ok = Attribute;
            type Error = Failure;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
                self.elements.push(value.serialize(Writer)?);
                Ok(())
            }

            fn end(self) -> Result<Attribute, Failure> {
                Ok(wrap(self.variant, Attribute::L(self.elements)))
            }
        })*
    };
}
list!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

macro_rules! record {
    ($($trait:ident),*) => {
        $(impl ser::$trait for Map {
            type Ok = Attribute;
            type Error = Failure;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Failure> {
                self.entries.insert(name.to_owned(), value.serialize(Writer)?);
                Ok(())
            }

            fn end(self) -> Result<Attribute, Failure> {
                Ok(wrap(self.variant, Attribute::M(self.entries)))
            }
        })*
    };
}
record!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Map {
    type Ok = Attribute;
    type Error = Failure;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Failure> {
        self.key = Some(match key.serialize(Writer)? {
            Attribute::S(text) | Attribute::N(text) => text,
            _ => return Err(Failure("the key of a map is a string or a number".to_owned())),
        });
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
        let key = self.key.take().ok_or_else(|| Failure("a value without a key".to_owned()))?;
        self.entries.insert(key, value.serialize(Writer)?);
        Ok(())
    }

    fn end(self) -> Result<Attribute, Failure> {
        Ok(wrap(self.variant, Attribute::M(self.entries)))
    }
}
