//! Whether the bounds of a type hold for what is given where nobody checks values: between the steps of a workflow.

use super::within::inside;
use super::{Kind, Range, Tagged, Type, Types, describe};

/// How deep declared types are looked into; what is deeper counts as held.
const MAX_DEPTH: usize = 16;

impl Types {
    /// Whether each value of type `found`, which [`Types::accepts`] lets be an `expected` one, is within its bounds too; what is not, if
    /// there is something: "`[].count`: `integer` may be outside of `integer(0..)`". Where nothing is known of `found`, nothing is said.
    pub fn bounds_hold(&self, expected: &Type, found: &Type) -> Result<(), String> {
        self.bounds_at(expected, found, "", 0)
    }

    fn bounds_at(&self, expected: &Type, found: &Type, path: &str, depth: usize) -> Result<(), String> {
        let same = matches!((&expected.kind, &found.kind), (Kind::Named(a), Kind::Named(b)) if a == b);
        if same || depth > MAX_DEPTH {
            return Ok(());
        }
        if let Some(by) = self.union(expected).and_then(|union| union.by.as_ref()) {
            return self.union_bounds(expected, &by.value, found, path, depth);
        }
        let (wanted, given) = (self.resolve(expected), self.resolve(found));
        let hold = match (&wanted.kind, &given.kind) {
            (_, Kind::Union(members)) => {
                return members.iter().try_for_each(|member| self.bounds_at(expected, member, path, depth + 1));
            }
            (Kind::String(a), Kind::String(b)) => inside(a, b),
            (Kind::String(a), Kind::Enum(literals)) => literals.iter().all(|literal| {
                let length = literal.value.chars().count() as u64;
                inside(a, &Range { min: Some(length), max: Some(length) })
            }),
            (Kind::Integer(a), Kind::Integer(b)) => inside(a, b),
            (Kind::Number(a) | Kind::Money(a), Kind::Number(b) | Kind::Money(b)) => inside(a, b),
            #[expect(clippy::cast_precision_loss, reason = "bounds are within 2^53 - 1, which a double holds exactly")]
            (Kind::Number(a) | Kind::Money(a), Kind::Integer(b)) => {
                inside(a, &Range { min: b.min.map(|min| min as f64), max: b.max.map(|max| max as f64) })
            }
            (Kind::List(a, of_wanted), Kind::List(b, of_given)) => {
                if inside(of_wanted, of_given) {
                    return self.bounds_at(a, b, &format!("{path}[]"), depth + 1);
                }
                false
            }
            (Kind::Map(a), Kind::Map(b)) => return self.bounds_at(a, b, &format!("{path}.*"), depth + 1),
            (Kind::Record(_), Kind::Record(_)) => {
                let given = self.record(given).unwrap_or_default();
                return self.record(wanted).unwrap_or_default().into_iter().try_for_each(|(name, field)| {
                    let Some(of_given) = given.get(name) else { return Ok(()) };
                    let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                    self.bounds_at(&field.ty, &of_given.ty, &path, depth + 1)
                });
            }
            _ => true,
        };
        if hold {
            return Ok(());
        }
        let at = if path.is_empty() { String::new() } else { format!("`{path}`: ") };
        Err(format!("{at}`{}` may be outside of `{}`", describe(found), describe(expected)))
    }

    /// The bounds of each of the records of a union that is given; the values of a field tell which.
    fn union_bounds(&self, expected: &Type, by: &str, found: &Type, path: &str, depth: usize) -> Result<(), String> {
        if let Kind::Union(members) | Kind::Tagged(Tagged { members, .. }) = &self.named(found).kind {
            return members.iter().try_for_each(|member| self.bounds_at(expected, member, path, depth + 1));
        }
        let Some(union) = self.union(expected) else { return Ok(()) };
        for (tag, one) in self.apart(found, by).unwrap_or_default() {
            if let Some(member) = self.tagged_by(union, &tag) {
                self.bounds_at(member, &one, path, depth + 1)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ty, types};

    #[test]
    fn bounds_that_nobody_checks() {
        let types = types(&[("Line", "{ count: integer(1..), next?: Line }")]);
        for (expected, found, holds) in [
            ("[string; 1..]", "[string]", false),
            ("[string; 1..]", "[string; 2..5]", true),
            ("integer(0..)", "integer", false),
            ("integer(0..)", "integer(3..3)", true),
            ("integer", "integer", true),
            ("money(0..)", "integer(0..)", true),
            ("money", "number", true),
            ("string(1..)", "A | BB", true),
            ("string(2..)", "A | BB", false),
            ("Line", "{ count: integer }", false),
            ("Line", "Line", true),
            ("[{ a: string(1..) }]", "[{ a: string }]", false),
            ("any", "string", true),
            ("string(1..)", "any", true),
        ] {
            assert_eq!(types.bounds_hold(&ty(expected), &ty(found)).is_ok(), holds, "{expected} of {found}");
        }
    }
}
