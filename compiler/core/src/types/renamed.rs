//! Types under other names, so that the declared types of two specs can stand beside each other.

use super::{Field, Kind, Record, Tagged, Type};
use crate::source::Spanned;

impl Type {
    /// The same type, with the declared types that it names called as `name` says.
    #[must_use]
    pub fn renamed(&self, name: &impl Fn(&str) -> String) -> Self {
        let inner = |ty: &Self| Box::new(ty.renamed(name));
        let kind = match &self.kind {
            Kind::Named(named) => Kind::Named(name(named)),
            Kind::List(item, range) => Kind::List(inner(item), *range),
            Kind::Map(value) => Kind::Map(inner(value)),
            Kind::Record(record) => Kind::Record(Record {
                extends: record.extends.as_ref().map(|base| Spanned::new(name(&base.value), base.span)),
                exact: record.exact,
                fields: record
                    .fields
                    .iter()
                    .map(|(key, field)| (key.clone(), Field { ty: field.ty.renamed(name), ..field.clone() }))
                    .collect(),
            }),
            Kind::Union(members) => Kind::Union(members.iter().map(|member| member.renamed(name)).collect()),
            Kind::Tagged(Tagged { by, members, whole }) => Kind::Tagged(Tagged {
                by: by.clone(),
                members: members.iter().map(|member| member.renamed(name)).collect(),
                whole: inner(whole),
            }),
            plain => plain.clone(),
        };
        Self { kind, span: self.span }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::ty;
    use super::super::{Kind, describe};

    #[test]
    fn every_name_inside_is_changed() {
        let renamed = |text| describe(&ty(text).renamed(&|name| format!("{name} (now)")));
        assert_eq!(renamed("[map(Line)]"), "[map(Line (now))]");
        assert_eq!(renamed("{ a: Line, b?: [uuid] }"), "{ a: Line (now), b?: [uuid] }");
        let extended = ty("{ extends: Base, a: string }").renamed(&|name| name.to_lowercase());
        let Kind::Record(record) = extended.kind else { panic!("a record") };
        assert_eq!(record.extends.map(|base| base.value), Some("base".to_owned()));
    }
}
