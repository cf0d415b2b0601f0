//! What does not fit, and how it is reported.

use crate::audit::template::{Origin, Resource};
use crate::diagnostics::{Code, Diagnostic, list, nearest};
use crate::source::Span;

/// Something that does not fit.
#[derive(Debug)]
pub(super) struct Problem {
    code: Code,
    place: Span,
    /// What is wrong, where `{}` stands for the resource: "`Timeout` of {} is text".
    message: String,
    notes: Vec<String>,
    help: Option<String>,
    /// The name that was written and those that there are, where the place is that of the name.
    names: Option<(String, Vec<&'static str>)>,
}

impl Problem {
    pub(super) fn new(code: Code, place: Span, message: String) -> Self {
        Self { code, place, message, notes: Vec::new(), help: None, names: None }
    }

    pub(super) fn note(mut self, note: String) -> Self {
        self.notes.push(note);
        self
    }

    pub(super) fn help(mut self, help: String) -> Self {
        self.help = Some(help);
        self
    }

    /// Says which names there are; `exact` is whether the place is that of the name alone.
    pub(super) fn names(mut self, found: &str, known: Vec<&'static str>, exact: bool) -> Self {
        if exact {
            self.names = Some((found.to_owned(), known));
        } else if let Some(nearest) = nearest(found, &known) {
            self.help = Some(format!("did you mean `{nearest}`?"));
        } else if known.len() <= 12 && !known.is_empty() {
            self.help = Some(format!("expected one of {}", list(&known)));
        }
        self
    }

    pub(super) fn place(&self) -> Span {
        self.place
    }

    pub(super) fn read_only(place: Span, path: &str) -> Self {
        let message = format!("`{path}` of {{}} is set by AWS, and by no template");
        Self::new(Code::EVC1023, place, message).help("take it out; `Ref` and `Fn::GetAtt` read it".to_owned())
    }

    /// The report of it, for a resource.
    pub(super) fn report(self, id: &str, resource: &Resource<'_>) -> Diagnostic {
        let message = self.message.replacen("{}", &format!("`{id}`"), 1);
        let mut diagnostic = Diagnostic::new(self.code, self.place, message);
        if let (Origin::Derived(origin), true) = (&resource.origin, self.place == resource.place) {
            diagnostic = diagnostic.label(*origin);
        }
        diagnostic.notes = self.notes;
        diagnostic.help.extend(self.help);
        match self.names {
            Some((found, known)) => diagnostic.suggest(&found, known),
            None => diagnostic,
        }
    }
}
