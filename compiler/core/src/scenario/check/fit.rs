//! Whether a value with references is of a type: field by field, with the place of each problem.

use crate::diagnostics::{Code, Diagnostic};
use crate::scenario::payload::{reference, scalar};
use crate::types::{Kind, Tagged, Type, Types, describe};
use crate::yaml::{Mapping, Node, NodeKind};

/// How much of a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// All that must be there.
    Whole,
    /// A part: what is not said is filled in, or may be anything.
    Part,
}

/// What is wrong with a value. What references stand for is not known here.
pub(super) fn fit(node: &Node, ty: &Type, types: &Types, extent: Extent) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    Fit { types, extent }.value(node, ty, &mut found);
    found
}

struct Fit<'t> {
    types: &'t Types,
    extent: Extent,
}

impl Fit<'_> {
    fn value(&self, node: &Node, ty: &Type, found: &mut Vec<Diagnostic>) {
        if reference(node).is_some() || matches!(node.kind, NodeKind::Error) || self.types.is_any(ty) {
            return;
        }
        if let Kind::Union(members) | Kind::Tagged(Tagged { members, .. }) = &self.types.named(ty).kind {
            return self.one_of(node, ty, members, found);
        }
        let resolved = self.types.resolve(ty);
        match (&resolved.kind, &node.kind) {
            (Kind::Record(_), NodeKind::Mapping(mapping)) => self.record(node, mapping, ty, found),
            (Kind::Record(_), NodeKind::Null) if self.extent == Extent::Part => {}
            (Kind::List(item, _), NodeKind::Sequence(items)) => {
                for node in items {
                    self.value(node, item, found);
                }
            }
            (Kind::Map(inner), NodeKind::Mapping(mapping)) => {
                mapping.entries.iter().for_each(|entry| self.value(&entry.value, inner, found));
            }
            _ => {
                let value = match &node.kind {
                    NodeKind::Scalar(_) | NodeKind::Null => scalar(node),
                    NodeKind::Sequence(_) | NodeKind::Mapping(_) | NodeKind::Error => node.json().unwrap_or_default(),
                };
                let problems = self.types.validate(resolved, &value);
                found.extend(problems.into_iter().map(|it| Diagnostic::new(Code::EVC1301, node.span, it.reason)));
            }
        }
    }

    /// A value of one of several types: the one that its field says, or the first that it fits.
    fn one_of(&self, node: &Node, ty: &Type, members: &[Type], found: &mut Vec<Diagnostic>) {
        if let Some(union) = self.types.union(ty)
            && let Some(by) = &union.by
            && let NodeKind::Mapping(mapping) = &node.kind
            && let Some(tag) = mapping.get(&by.value).and_then(|entry| entry.value.scalar_text())
        {
            if let Some(member) = self.types.tagged_by(union, tag) {
                self.value(node, member, found);
            } else {
                let message = format!("`{tag}` is the value of none of the records of `{}`", describe(ty));
                found.push(Diagnostic::new(Code::EVC1301, node.span, message));
            }
            return;
        }
        let tried = members.iter().map(|member| {
            let mut problems = Vec::new();
            self.value(node, member, &mut problems);
            problems
        });
        let fewest = tried.min_by_key(Vec::len).unwrap_or_default();
        found.extend(fewest);
    }

    fn record(&self, node: &Node, mapping: &Mapping, ty: &Type, found: &mut Vec<Diagnostic>) {
        let fields = self.types.record(ty).unwrap_or_default();
        for entry in &mapping.entries {
            if let Some(field) = fields.get(entry.key.text.as_str()) {
                self.value(&entry.value, &field.ty, found);
            } else {
                let message = format!("`{}` has no field `{}`", describe(ty), entry.key.text);
                let diagnostic = Diagnostic::new(Code::EVC1301, entry.key.span, message);
                found.push(diagnostic.suggest(&entry.key.text, fields.keys().copied()));
            }
        }
        if self.extent == Extent::Whole {
            let missing = fields.iter().filter(|(name, field)| !field.optional && mapping.get(name).is_none());
            let missing: Vec<&str> = missing.map(|(name, _)| *name).collect();
            if !missing.is_empty() {
                let message = format!("{} missing in `{}`", crate::diagnostics::list(&missing), describe(ty));
                found.push(Diagnostic::new(Code::EVC1301, node.span, message));
            }
        }
    }
}
