//! Following names and paths through the declared types.

use indexmap::IndexMap;

use super::{Field, Kind, MAX_NESTING, Record, Type, Types};

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FieldAt<'a> {
    /// Its type, names followed.
    pub ty: &'a Type,
    /// Whether anything on the way may be absent: an optional field, or a key of a map.
    pub optional: bool,
    /// Whether the path goes through a list, so that there may be none, one or many values.
    pub many: bool,
    /// The field at the end of the path, with the place of its name; none for an empty path, a key of a map, or within `any`.
    pub field: Option<&'a Field>,
}

/// Why nothing stands at a path.
#[derive(Debug, Clone, PartialEq)]
pub struct NoField<'a> {
    /// Which segment of the path failed, from 0.
    pub at: usize,
    /// The type that has no such field, names followed.
    pub within: &'a Type,
    /// The fields it has; empty when it is not a record.
    pub known: Vec<&'a str>,
    /// Whether the record extends something that is not declared: that has been reported, and the field may be there.
    pub reported: bool,
}

impl Types {
    /// Follows names to what they stand for. A name that is not declared, or stands for itself, comes back as it is: it has
    /// been reported, and counts as `any`.
    pub fn resolve<'a>(&'a self, ty: &'a Type) -> &'a Type {
        let mut current = ty;
        for _ in 0..=MAX_NESTING {
            current = match &current.kind {
                Kind::Named(name) => match self.declared.get(name) {
                    Some(next) => next,
                    None => return current,
                },
                Kind::Tagged(union) => &union.whole,
                _ => return current,
            };
        }
        current
    }

    /// Whether nothing is known about values of this type: `any`, or a name that is not declared.
    pub fn is_any(&self, ty: &Type) -> bool {
        matches!(self.resolve(ty).kind, Kind::Any | Kind::Named(_))
    }

    /// The fields of a record, with those of the records it extends first; `None` if the type is not a record.
    pub fn record<'a>(&'a self, ty: &'a Type) -> Option<IndexMap<&'a str, &'a Field>> {
        let Kind::Record(record) = &self.resolve(ty).kind else { return None };
        let mut fields = IndexMap::new();
        for part in self.lineage(record).iter().rev() {
            fields.extend(part.fields.iter().map(|(name, field)| (name.as_str(), field)));
        }
        Some(fields)
    }

    /// Whether a value of this record has no other fields than the type knows of.
    pub fn is_exact(&self, ty: &Type) -> bool {
        matches!(&self.resolve(ty).kind, Kind::Record(record) if record.exact)
    }

    /// One field of a record, its own or inherited.
    pub fn field<'a>(&'a self, record: &'a Record, name: &str) -> Option<&'a Field> {
        self.lineage(record).into_iter().find_map(|part| part.fields.get(name))
    }

    /// The record and those it extends, nearest first; ends where the chain leaves records or comes back to itself.
    pub(super) fn lineage<'a>(&'a self, record: &'a Record) -> Vec<&'a Record> {
        let mut parts = vec![record];
        let mut current = record;
        while let Some(base) = current.extends.as_ref().and_then(|name| self.declared.get(&name.value)) {
            let Kind::Record(base) = &self.resolve(base).kind else { break };
            if parts.len() > MAX_NESTING || parts.iter().any(|part| std::ptr::eq(*part, base)) {
                break;
            }
            parts.push(base);
            current = base;
        }
        parts
    }

    /// Whether something is wrong with a type that has been reported: what it extends is not known.
    pub(super) fn is_reported(&self, ty: &Type) -> bool {
        matches!(&self.resolve(ty).kind, Kind::Record(record) if !self.closed(record))
    }

    /// Whether all that the record extends is known.
    fn closed(&self, record: &Record) -> bool {
        self.lineage(record).last().is_none_or(|last| last.extends.is_none())
    }

    /// What stands at a path of field names. Lists on the way are crossed, as both event patterns and JSONata paths do;
    /// maps have every key; within `any` every path leads to `any`.
    pub fn field_at<'a>(&'a self, ty: &'a Type, path: &[&str]) -> Result<FieldAt<'a>, NoField<'a>> {
        let mut place = FieldAt { ty: self.resolve(ty), optional: false, many: false, field: None };
        for (at, name) in path.iter().enumerate() {
            while let Kind::List(item, _) = &place.ty.kind {
                place = FieldAt { ty: self.resolve(item), many: true, ..place };
            }
            match &place.ty.kind {
                Kind::Record(record) => {
                    let Some(field) = self.field(record, name) else {
                        let known = self.record(place.ty).unwrap_or_default().into_keys().collect();
                        return Err(NoField { at, within: place.ty, known, reported: !self.closed(record) });
                    };
                    place.ty = self.resolve(&field.ty);
                    place.optional |= field.optional;
                    place.field = Some(field);
                }
                Kind::Map(value) => place = FieldAt { ty: self.resolve(value), optional: true, field: None, ..place },
                Kind::Any | Kind::Named(_) => place = FieldAt { optional: true, field: None, ..place },
                _ => return Err(NoField { at, within: place.ty, known: Vec::new(), reported: false }),
            }
        }
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::types;
    use super::*;

    fn order() -> Types {
        types(&[
            ("Line", "{ sku: string, price: money }"),
            ("New", "{ items: [Line], labels: map(uuid), extra?: any }"),
            ("Order", "{ extends: New, orderId: Id, parent?: Line }"),
            ("Id", "uuid"),
            ("A", "B"),
            ("B", "A"),
            ("Loop", "{ extends: Loop, x: Gone }"),
        ])
    }

    fn at(path: &str) -> String {
        let types = order();
        let path: Vec<&str> = path.split('.').collect();
        match types.field_at(&types.declared["Order"], &path) {
            Ok(place) => {
                let ty = super::super::describe(place.ty);
                format!(
                    "{ty}{}{}",
                    if place.optional { " optional" } else { "" },
                    if place.many { " many" } else { "" }
                )
            }
            Err(no) => format!("no {} in {}; {}", path[no.at], super::super::describe(no.within), no.known.join(" ")),
        }
    }

    #[test]
    fn paths_cross_lists_maps_and_parents() {
        assert_eq!(at("orderId"), "uuid");
        assert_eq!(at("items"), "[Line]");
        assert_eq!(at("items.price"), "money many");
        assert_eq!(at("labels.anything"), "uuid optional");
        assert_eq!(at("extra.deep.deeper"), "any optional");
        assert_eq!(at("parent.sku"), "string optional");
        assert_eq!(at("orderId.x"), "no x in uuid; ");
        assert_eq!(at("items.prise"), "no prise in { sku: string, price: money }; sku price");
    }

    #[test]
    fn inherited_fields_come_first() {
        let types = order();
        let fields = types.record(&types.declared["Order"]).unwrap_or_default();
        assert_eq!(fields.keys().copied().collect::<Vec<_>>(), ["items", "labels", "extra", "orderId", "parent"]);
    }

    #[test]
    fn loops_and_unknown_names_end() {
        let types = order();
        assert!(types.is_any(&types.declared["A"]));
        let fields = types.record(&types.declared["Loop"]).unwrap_or_default();
        assert!(types.is_any(&fields["x"].ty));
    }
}
