//! Which values a mapping template can carry: the templates of REST APIs spell every type out.

use super::{Kind, Type, Types};

/// How deep lists, maps and records may stand in one another in a mapping template. More makes templates of which nobody can
/// read anything.
pub const MAX_MAPPED_DEPTH: usize = 8;

/// How many parts a value may have in a mapping template, all fields of all records in it counted. API Gateway takes templates of 300 KB,
/// and a field has some hundred bytes in one. <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>
pub const MAX_MAPPED_PARTS: usize = 2_000;

/// Why a template cannot carry a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unmapped<'t> {
    /// Nothing is known about this part of it.
    Any(&'t Type),
    /// This part of it is one of several records, which no template tells apart.
    Tagged(&'t Type),
    /// It goes too deep at this part of it.
    Deep(&'t Type),
    /// It has too many parts, of which this is the one too many.
    Wide(&'t Type),
}

impl Types {
    /// Why a template cannot carry values of this type; `None` if it can.
    pub fn unmapped<'t>(&'t self, ty: &'t Type) -> Option<Unmapped<'t>> {
        self.unmapped_at(ty, 1, &mut 0)
    }

    /// `parts` is how many were looked at before this one.
    fn unmapped_at<'t>(&'t self, ty: &'t Type, depth: usize, parts: &mut usize) -> Option<Unmapped<'t>> {
        *parts += 1;
        if *parts > MAX_MAPPED_PARTS {
            return Some(Unmapped::Wide(ty));
        }
        if self.union(ty).is_some() {
            return Some(Unmapped::Tagged(ty));
        }
        let resolved = self.resolve(ty);
        match &resolved.kind {
            // A name that is not declared has been reported.
            Kind::Named(_) => None,
            Kind::Any | Kind::Union(_) => Some(Unmapped::Any(ty)),
            Kind::List(..) | Kind::Map(_) | Kind::Record(_) if depth > MAX_MAPPED_DEPTH => Some(Unmapped::Deep(ty)),
            Kind::List(item, _) | Kind::Map(item) => self.unmapped_at(item, depth + 1, parts),
            Kind::Record(_) => {
                let fields = self.record(resolved).unwrap_or_default();
                fields.into_values().find_map(|field| self.unmapped_at(&field.ty, depth + 1, parts))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ty, types};
    use super::*;

    fn types_with_union() -> Types {
        types(&[("A", "{ k: \"'a'\" }"), ("B", "{ k: \"'b'\" }"), ("Either", "{ one-of: [A, B], by: k }")])
    }

    #[test]
    fn what_is_known_and_ends_can_be_carried() {
        let types = types(&[("Line", "{ sku: string, tags: [string] }"), ("Tree", "{ children: [Tree] }")]);
        assert_eq!(types.unmapped(&ty("{ lines: [Line], by: map(Line), on: boolean }")), None);
        assert!(matches!(types.unmapped(&ty("[map(any)]")), Some(Unmapped::Any(_))));
        let union = types_with_union();
        assert!(matches!(union.unmapped(&ty("{ all: [Either] }")), Some(Unmapped::Tagged(_))));
        assert!(matches!(types.unmapped(&ty("Tree")), Some(Unmapped::Deep(_))));
        let wide =
            format!("{{ {} }}", (0..MAX_MAPPED_PARTS).map(|i| format!("f{i}: boolean")).collect::<Vec<_>>().join(", "));
        assert!(matches!(types.unmapped(&ty(&wide)), Some(Unmapped::Wide(_))));
    }
}
