//! Where a value is in its resource.

use crate::source::Span;

/// Where a value is in its resource.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path<'p> {
    pub(super) parent: Option<&'p Path<'p>>,
    pub(super) name: &'p str,
    /// The place of the nearest thing around it that somebody wrote, or of the resource.
    pub(super) place: Span,
}

impl<'p> Path<'p> {
    pub(super) fn root(place: Span) -> Self {
        Self { parent: None, name: "", place }
    }

    pub(super) fn at(&'p self, name: &'p str, place: Option<Span>) -> Self {
        Self { parent: Some(self), name, place: place.unwrap_or(self.place) }
    }

    /// As people write it: `Targets.Arn`.
    pub(super) fn shown(&self) -> String {
        match self.parent {
            Some(parent) if parent.parent.is_some() && !self.name.is_empty() => {
                format!("{}.{}", parent.shown(), self.name)
            }
            Some(parent) if self.name.is_empty() => parent.shown(),
            Some(_) | None => self.name.to_owned(),
        }
    }

    /// The subject of a sentence, where `{}` is the resource.
    pub(super) fn subject(&self) -> String {
        match self.shown() {
            path if path.is_empty() => "{}".to_owned(),
            path => format!("`{path}` of {{}}"),
        }
    }
}
