//! Where nothing is known of a value, although a type is expected of it: what [`Types::accepts`] lets pass.

use super::{Kind, MAX_NESTING, Type, Types};

impl Types {
    /// The first `any` in `found` that stands where `expected` says more.
    pub fn unchecked<'t>(&'t self, expected: &Type, found: &'t Type) -> Option<&'t Type> {
        self.unchecked_at(expected, found, 0)
    }

    fn unchecked_at<'t>(&'t self, expected: &Type, found: &'t Type, depth: usize) -> Option<&'t Type> {
        if depth > MAX_NESTING || self.is_any(expected) {
            return None;
        }
        if let (Kind::Named(one), Kind::Named(other)) = (&expected.kind, &found.kind)
            && one == other
        {
            return None;
        }
        let (wanted, given) = (self.resolve(expected), self.resolve(found));
        if let Some(member) = self.only_member(expected, found) {
            return self.unchecked_at(member, found, depth + 1);
        }
        match (&wanted.kind, &given.kind) {
            (_, Kind::Any) => Some(given),
            (_, Kind::Union(members)) => {
                members.iter().find_map(|member| self.unchecked_at(expected, member, depth + 1))
            }
            (Kind::List(item, _), Kind::List(of, range)) if range.max != Some(0) => {
                self.unchecked_at(item, of, depth + 1)
            }
            (Kind::Map(value), Kind::Map(of)) => self.unchecked_at(value, of, depth + 1),
            (Kind::Map(value), Kind::Record(_)) => {
                let fields = self.record(given)?;
                fields.into_values().find_map(|field| self.unchecked_at(value, &field.ty, depth + 1))
            }
            (Kind::Record(_), Kind::Record(_)) => {
                let fields = self.record(given)?;
                let wanted = self.record(wanted)?;
                wanted
                    .into_iter()
                    .find_map(|(name, field)| self.unchecked_at(&field.ty, &fields.get(name)?.ty, depth + 1))
            }
            _ => None,
        }
    }

    /// The one record of a union that this one is.
    fn only_member<'t>(&'t self, expected: &'t Type, found: &Type) -> Option<&'t Type> {
        let union = self.union(expected)?;
        match self.tags(&union.by.as_ref()?.value, found).as_slice() {
            [tag] => self.tagged_by(union, tag),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ty, types};

    #[test]
    fn any_is_found_where_more_is_expected() {
        let types = types(&[("Line", "{ sku: string, more: any }")]);
        for (expected, found, is_unchecked) in [
            ("string", "any", true),
            ("any", "any", false),
            ("Line", "Line", false),
            ("Line", "{ sku: any, more: any }", true),
            ("Line", "{ sku: string, more: any }", false),
            ("[string]", "[any]", true),
            ("[string]", "[any; ..0]", false),
            ("map(string)", "{ a: any }", true),
            ("{ a?: string }", "{ b: any }", false),
            ("string", "Unknown", false),
        ] {
            assert_eq!(types.unchecked(&ty(expected), &ty(found)).is_some(), is_unchecked, "{expected} <- {found}");
        }
    }
}
