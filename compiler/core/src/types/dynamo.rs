//! What a type is as a DynamoDB attribute.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>

use super::{Kind, Type, Types};

/// A DynamoDB attribute type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Attribute {
    /// Text.
    S,
    /// A decimal number of up to 38 digits.
    N,
    /// Bytes.
    B,
    /// A boolean.
    Bool,
    /// A list.
    L,
    /// A map.
    M,
}

impl Attribute {
    /// The name that DynamoDB and CloudFormation use: `S`, `BOOL`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::S => "S",
            Self::N => "N",
            Self::B => "B",
            Self::Bool => "BOOL",
            Self::L => "L",
            Self::M => "M",
        }
    }
}

impl Types {
    /// The attribute that values of this type are stored as; `None` for `any`, whose attribute follows its value.
    pub fn attribute(&self, ty: &Type) -> Option<Attribute> {
        Some(match self.resolve(ty).kind {
            Kind::String(_) | Kind::Uuid | Kind::Timestamp | Kind::Date | Kind::Duration | Kind::Enum(_) => {
                Attribute::S
            }
            Kind::Integer(_) | Kind::Number(_) | Kind::Money(_) => Attribute::N,
            Kind::Boolean => Attribute::Bool,
            Kind::Bytes => Attribute::B,
            Kind::List(..) => Attribute::L,
            Kind::Map(_) | Kind::Record(_) => Attribute::M,
            Kind::Any | Kind::Named(_) | Kind::Union(_) | Kind::Tagged(..) => return None,
        })
    }

    /// Whether an attribute of this type can be part of the key of a table or an index: text, numbers and bytes can.
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.CoreComponents.html#HowItWorks.CoreComponents.PrimaryKey>
    pub fn can_be_key(&self, ty: &Type) -> bool {
        matches!(self.attribute(ty), Some(Attribute::S | Attribute::N | Attribute::B))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ty, types};
    use super::*;

    #[test]
    fn every_kind_has_one_attribute() {
        let types = types(&[("Id", "uuid"), ("Line", "{ a: string }")]);
        for (shorthand, attribute, key) in [
            ("Id", "S", true),
            ("string", "S", true),
            ("PENDING | PAID", "S", true),
            ("timestamp", "S", true),
            ("duration", "S", true),
            ("money", "N", true),
            ("integer(1..)", "N", true),
            ("bytes", "B", true),
            ("boolean", "BOOL", false),
            ("[Line]", "L", false),
            ("Line", "M", false),
            ("map(string)", "M", false),
            ("any", "-", false),
            ("Unknown", "-", false),
        ] {
            let ty = ty(shorthand);
            assert_eq!(types.attribute(&ty).map_or("-", Attribute::as_str), attribute, "{shorthand}");
            assert_eq!(types.can_be_key(&ty), key, "{shorthand}");
        }
    }
}
