//! How large a value can be in JSON at most, for comparing payloads with the limits of the hops they take.

use std::collections::HashMap;

use super::{Kind, Type, Types};

/// The most bytes that a character takes in UTF-8, which is what AWS counts. JSON writes control characters with six
/// (`\u0001`, <https://www.rfc-editor.org/rfc/rfc8259#section-7>), but no text that people or programs send is made of them.
const MAX_CHARACTER_BYTES: u64 = 4;

/// The longest double in its shortest exact form: `-2.2250738585072014e-308`.
const MAX_NUMBER_BYTES: u64 = 24;

/// How deep types in types are looked at for the least that they take.
const MIN_NESTING: usize = 6;

/// Quotes around a text.
const QUOTES: u64 = 2;

impl Types {
    /// The most bytes that a value of this type takes as compact JSON; `None` if there is no bound. Counts the declared fields
    /// only: what a sender adds beside them is not known.
    pub fn max_json_bytes(&self, ty: &Type) -> Option<u64> {
        self.max_bytes(ty, 0, &mut HashMap::new())
    }

    /// `known` holds the declared types already measured; one that is being measured stands in it as unbounded.
    fn max_bytes<'a>(&'a self, ty: &'a Type, depth: usize, known: &mut HashMap<&'a str, Option<u64>>) -> Option<u64> {
        match &ty.kind {
            Kind::Any | Kind::Bytes | Kind::Map(_) => None,
            Kind::String(range) => range.max?.checked_mul(MAX_CHARACTER_BYTES)?.checked_add(QUOTES),
            Kind::Integer(range) => {
                let min = range.min.unwrap_or(-super::MAX_INTEGER);
                let max = range.max.unwrap_or(super::MAX_INTEGER);
                Some(min.to_string().len().max(max.to_string().len()) as u64)
            }
            // Fifteen digits, a sign, a point and an exponent are no longer than the longest double.
            Kind::Number(_) | Kind::Money(_) => Some(MAX_NUMBER_BYTES),
            Kind::Boolean => Some("false".len() as u64),
            Kind::Uuid => Some(36 + QUOTES),
            Kind::Timestamp => Some("2026-11-21T10:00:00.000000000Z".len() as u64 + QUOTES),
            Kind::Date => Some("2026-11-21".len() as u64 + QUOTES),
            Kind::Duration => Some(super::value::MAX_DURATION_CHARS as u64 + QUOTES),
            Kind::Enum(literals) => literals.iter().map(|literal| json_bytes(&literal.value)).max(),
            Kind::List(item, range) => {
                let count = range.max?;
                let items = if count == 0 {
                    0
                } else {
                    self.max_bytes(item, depth, known)?.checked_add(1)?.checked_mul(count)?
                };
                items.checked_add(2)
            }
            Kind::Record(_) => {
                let mut total = 2_u64;
                for (name, field) in self.record(ty)? {
                    let value = self.max_bytes(&field.ty, depth, known)?;
                    // The name, a colon and a comma.
                    total = total.checked_add(json_bytes(name) + 2)?.checked_add(value)?;
                }
                Some(total)
            }
            Kind::Union(members) | Kind::Tagged(super::Tagged { members, .. }) => members
                .iter()
                .map(|member| self.max_bytes(member, depth, known))
                .try_fold(0, |most, size| size.map(|size| most.max(size))),
            Kind::Named(_) if depth > super::MAX_NESTING => None,
            Kind::Named(name) => {
                if let Some(size) = known.get(name.as_str()) {
                    return *size;
                }
                known.insert(name, None);
                let size = self.declared.get(name).and_then(|declared| self.max_bytes(declared, depth + 1, known));
                known.insert(name, size);
                size
            }
        }
    }
}

impl Types {
    /// The fewest bytes that a value of this type takes as compact JSON.
    pub fn min_json_bytes(&self, ty: &Type) -> u64 {
        self.min_bytes(ty, 0)
    }

    fn min_bytes(&self, ty: &Type, depth: usize) -> u64 {
        match &ty.kind {
            Kind::Any | Kind::Integer(_) | Kind::Number(_) | Kind::Money(_) => 1,
            Kind::Bytes | Kind::Map(_) | Kind::Duration => QUOTES,
            Kind::String(range) => range.min.unwrap_or(0).saturating_add(QUOTES),
            Kind::Boolean => "true".len() as u64,
            Kind::Uuid => 36 + QUOTES,
            Kind::Timestamp => "2026-11-21T10:00:00Z".len() as u64 + QUOTES,
            Kind::Date => "2026-11-21".len() as u64 + QUOTES,
            Kind::Enum(literals) => literals.iter().map(|literal| json_bytes(&literal.value)).min().unwrap_or(QUOTES),
            Kind::List(item, range) => match range.min.unwrap_or(0) {
                0 => 2,
                // A comma after each but the last, and the brackets.
                count => self.min_bytes(item, depth).saturating_add(1).saturating_mul(count).saturating_add(1),
            },
            Kind::Record(_) => {
                let fields = self.record(ty).unwrap_or_default();
                let needed = fields.iter().filter(|(_, field)| !field.optional);
                let each =
                    needed.map(|(name, field)| (json_bytes(name) + 2).saturating_add(self.min_bytes(&field.ty, depth)));
                each.fold(0, u64::saturating_add).max(1).saturating_add(1)
            }
            Kind::Union(members) | Kind::Tagged(super::Tagged { members, .. }) => {
                members.iter().map(|member| self.min_bytes(member, depth)).min().unwrap_or(1)
            }
            // Deep down, little is said rather than much computed.
            Kind::Named(_) if depth > MIN_NESTING => 1,
            Kind::Named(name) => self.declared.get(name).map_or(1, |declared| self.min_bytes(declared, depth + 1)),
        }
    }

    /// The fewest characters of the text that JSONata makes of a value of this type.
    pub fn min_characters(&self, ty: &Type) -> u64 {
        match &self.resolve(ty).kind {
            Kind::String(range) => range.min.unwrap_or(0),
            Kind::Enum(literals) => literals.iter().map(|one| one.value.chars().count() as u64).min().unwrap_or(0),
            Kind::Union(members) => members.iter().map(|member| self.min_characters(member)).min().unwrap_or(0),
            Kind::Uuid | Kind::Timestamp | Kind::Date => self.min_json_bytes(self.resolve(ty)).saturating_sub(QUOTES),
            Kind::Boolean | Kind::Integer(_) | Kind::Number(_) | Kind::Money(_) => {
                self.min_json_bytes(self.resolve(ty))
            }
            Kind::Any
            | Kind::Duration
            | Kind::Bytes
            | Kind::List(..)
            | Kind::Map(_)
            | Kind::Record(_)
            | Kind::Tagged(..)
            | Kind::Named(_) => 0,
        }
    }

    /// Whether all its values are texts in JSON.
    pub fn is_text(&self, ty: &Type) -> bool {
        match &self.resolve(ty).kind {
            Kind::String(_)
            | Kind::Uuid
            | Kind::Timestamp
            | Kind::Date
            | Kind::Duration
            | Kind::Bytes
            | Kind::Enum(_) => true,
            Kind::Union(members) => members.iter().all(|member| self.is_text(member)),
            Kind::Any
            | Kind::Integer(_)
            | Kind::Number(_)
            | Kind::Money(_)
            | Kind::Boolean
            | Kind::List(..)
            | Kind::Map(_)
            | Kind::Record(_)
            | Kind::Tagged(..)
            | Kind::Named(_) => false,
        }
    }
}

/// The bytes of a text in JSON, quotes included.
pub fn json_bytes(text: &str) -> u64 {
    serde_json::Value::from(text).to_string().len() as u64
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ty, types};

    #[test]
    fn bounds_hold_for_the_worst_value() {
        let types = types(&[("Line", "{ sku: string(..2), on: boolean }"), ("Loop", "{ next: Loop }")]);
        for (shorthand, bytes) in [
            ("boolean", Some(5)),
            ("string", None),
            ("string(..2)", Some("'\u{1F600}\u{1F600}'".len() as u64)),
            ("integer(0..99)", Some(2)),
            ("integer", Some("-9007199254740991".len() as u64)),
            ("A | 'b\"c'", Some(r#""b\"c""#.len() as u64)),
            // One byte more than needed: the last field has no comma.
            ("Line", Some("{'sku':'\u{1F600}\u{1F600}','on':false,}".len() as u64)),
            ("[Line]", None),
            ("[boolean; ..2]", Some("[false,false,]".len() as u64)),
            ("map(boolean)", None),
            ("Loop", None),
            ("Unknown", None),
        ] {
            assert_eq!(types.max_json_bytes(&ty(shorthand)), bytes, "{shorthand}");
        }
    }

    #[test]
    fn the_least_is_no_more_than_the_smallest_value() {
        let types = types(&[("Line", "{ sku: string(2..), on: boolean, more?: Line }"), ("Loop", "{ next: Loop }")]);
        for (shorthand, text) in [
            ("boolean", "true"),
            ("string", "''"),
            ("string(3..)", "'abc'"),
            ("integer", "1"),
            ("Line", "{'sku':'ab','on':true}"),
            ("[Line; 2..]", "[{'sku':'ab','on':true},{'sku':'ab','on':true}]"),
            ("[boolean]", "[]"),
            ("A | BC", "'A'"),
            ("any", "1"),
        ] {
            assert_eq!(types.min_json_bytes(&ty(shorthand)), text.len() as u64, "{shorthand}");
        }
        assert!(types.min_json_bytes(&ty("Loop")) < 100);
    }
}
