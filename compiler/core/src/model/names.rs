//! From a name to the id of what it names; what cannot be found is reported with the nearest candidates.

use super::thing::{Named, without_article};
use super::{Head, Id};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::spec::decode::{Declared, Item};
use crate::spec::scalar::Name;
use crate::spec::{Sections, TopLevel};

/// Finds the thing of this name. `None` has been reported, here or when the thing was read.
///
/// Things keep their order from section to arena, so the index in one is the id in the other.
pub(super) fn find<T: Named>(sections: &Sections, name: &Name, diagnostics: &mut Vec<Diagnostic>) -> Option<Id<T>> {
    let section = T::Spec::section(sections);
    if let Some(index) = section.items.get_index_of(name.as_str()) {
        return Some(Id::new(index));
    }
    if !section.declares(name) {
        diagnostics.push(unresolved(what::<T>(), name, section.names()));
    }
    None
}

/// Finds the thing of this name, with the place that names it.
pub(super) fn find_at<T: Named>(
    sections: &Sections,
    name: &Name,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Spanned<Id<T>>> {
    Some(Spanned::new(find(sections, name, diagnostics)?, name.span))
}

/// Finds each of some names, with its place.
pub(super) fn find_all<T: Named>(
    sections: &Sections,
    names: &[Name],
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Spanned<Id<T>>> {
    let mut found: Vec<Spanned<Id<T>>> = Vec::new();
    for name in names {
        let Some(id) = find(sections, name, diagnostics) else { continue };
        match found.iter().find(|earlier| earlier.value == id) {
            Some(earlier) => diagnostics.push(twice(what::<T>(), name, earlier.span)),
            None => found.push(Spanned::new(id, name.span)),
        }
    }
    found
}

/// "table".
fn what<T: Named>() -> &'static str {
    without_article(T::Spec::WHAT)
}

/// The diagnostic for a name that names nothing.
pub(super) fn unresolved<'a>(what: &str, name: &Name, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    Diagnostic::new(Code::EVC0101, name.span, format!("there is no {what} `{}`", name.value)).suggest(name, known)
}

/// The diagnostic for a name that is listed or declared twice.
pub(super) fn twice(what: &str, name: &Name, first: Span) -> Diagnostic {
    Diagnostic::new(Code::EVC0108, name.span, format!("{what} `{}` is here twice", name.value))
        .secondary(first, "the first is here")
}

/// The head of a declared thing.
pub(super) fn head<S>(
    name: &str,
    item: &Declared<S>,
    description: Option<&String>,
    allow: &crate::spec::allow::Allows,
) -> Head {
    Head {
        name: name.to_owned(),
        name_span: item.name_span,
        span: item.span,
        description: description.cloned(),
        allow: allow.clone(),
    }
}
