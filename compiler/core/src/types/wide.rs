//! Types that expressions make: how many parts of one are looked at.

use super::{Kind, Range, Type};

/// The most parts of a type that an expression makes, all fields of all records in it counted. Steps that put the results of steps
/// together, twice each, make types that double with each of them, and nobody reads what has more parts than this.
const MAX_PARTS: usize = 10_000;

impl Type {
    /// The type, or one of which nothing is known if it has more parts than are looked at.
    #[must_use]
    pub fn bounded(self) -> Self {
        let mut left = MAX_PARTS;
        if self.takes(&mut left) { self } else { Self::any(self.span) }
    }

    /// Takes away the bounds that grow where something is put together element by element: how many there are at most in the lists in
    /// it, and what the numbers in it are. A list that is always empty stays one.
    pub fn widen(&mut self) {
        match &mut self.kind {
            Kind::Integer(range) => *range = Range::default(),
            Kind::Number(range) => *range = Range::default(),
            Kind::List(of, range) => {
                range.max = range.max.filter(|max| *max == 0);
                of.widen();
            }
            Kind::Map(of) => of.widen(),
            Kind::Record(record) => record.fields.values_mut().for_each(|field| field.ty.widen()),
            Kind::Union(members) => members.iter_mut().for_each(Self::widen),
            // What a name stands for was declared, and did not grow.
            Kind::Named(_)
            | Kind::Tagged(..)
            | Kind::Any
            | Kind::String(_)
            | Kind::Money(_)
            | Kind::Boolean
            | Kind::Uuid
            | Kind::Timestamp
            | Kind::Date
            | Kind::Duration
            | Kind::Bytes
            | Kind::Enum(_) => {}
        }
    }

    /// Whether its parts are no more than are left.
    fn takes(&self, left: &mut usize) -> bool {
        let Some(fewer) = left.checked_sub(1) else { return false };
        *left = fewer;
        match &self.kind {
            Kind::List(of, _) | Kind::Map(of) => of.takes(left),
            Kind::Record(record) => record.fields.values().all(|field| field.ty.takes(left)),
            Kind::Union(members) => members.iter().all(|member| member.takes(left)),
            Kind::Tagged(of) => of.whole.takes(left) && of.members.iter().all(|member| member.takes(left)),
            Kind::Any
            | Kind::String(_)
            | Kind::Integer(_)
            | Kind::Number(_)
            | Kind::Money(_)
            | Kind::Boolean
            | Kind::Uuid
            | Kind::Timestamp
            | Kind::Date
            | Kind::Duration
            | Kind::Bytes
            | Kind::Enum(_)
            | Kind::Named(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::ty;
    use super::super::{Field, Kind, Record, Type};

    #[test]
    fn types_that_double_come_to_an_end() {
        let mut made = ty("integer");
        for _ in 0..60 {
            let field = |name: &str| {
                let field = Field { ty: made.clone(), optional: false, name_span: made.span };
                (name.to_owned(), field)
            };
            let fields = ["l", "r"].into_iter().map(field).collect();
            made =
                Type { kind: Kind::Record(Record { extends: None, exact: false, fields }), span: made.span }.bounded();
        }
        let (mut left, small) = (super::MAX_PARTS, ty("{ a: [integer] }"));
        assert!(made.takes(&mut left));
        assert_eq!(small.clone().bounded(), small);
    }
}
