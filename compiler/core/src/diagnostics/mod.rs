//! What the compiler has to say about a spec: plain values that every pass builds and every report renders.
//!
//! A message is lower case, has no full stop, and says what was found and what was expected. If only one thing can be
//! shown, it is [`Diagnostic::message`] at [`Diagnostic::primary`].

mod codes;
mod fix;
mod names;
mod published;

pub use codes::{ALL, Code};
pub use fix::{Edit, Fix, apply, certain};
pub use names::{letters_apart, list, nearest};

use crate::source::Span;

/// How bad it is. Errors stop the build; warnings and advice can be allowed on one item with a reason; notes ask for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The spec cannot be built.
    Error,
    /// The spec can be built, but the system will misbehave, or this is very probably a mistake.
    Warning,
    /// It works, and AWS or experience recommends otherwise. Fails nothing, whatever is asked for.
    Advice,
    /// Nothing is wrong: something that is good to know.
    Note,
}

impl Severity {
    /// Every level, the worst first.
    pub const ALL: [Self; 4] = [Self::Error, Self::Warning, Self::Advice, Self::Note];

    /// The lower-case word for it: `error`, `warning`, `advice`, `note`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Advice => "advice",
            Self::Note => "note",
        }
    }
}

/// A place and what to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The smallest text that shows the point.
    pub span: Span,
    /// What to say at it; may be empty for the primary label.
    pub text: String,
}

/// One problem in a spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which problem it is; names the page that `evc explain` prints, and its severity.
    pub code: Code,
    /// What was found and what was expected.
    pub message: String,
    /// Where; its text adds to the message.
    pub primary: Label,
    /// Other places that matter, such as a first declaration.
    pub secondary: Vec<Label>,
    /// Why it matters, a line each.
    pub notes: Vec<String>,
    /// What to do about it, a line each.
    pub help: Vec<String>,
    /// Changes that would mend it.
    pub fixes: Vec<Fix>,
    /// The item that an `allow:` would silence this on, if the pass knows it: `functions.notify`.
    pub item: Option<String>,
}

impl Diagnostic {
    /// A diagnostic with a message at a place and nothing more.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            primary: Label { span, text: String::new() },
            secondary: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
            fixes: Vec::new(),
            item: None,
        }
    }

    /// Sets what is said at the primary place.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn secondary(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label { span, text: text.into() });
        self
    }

    /// Adds a reason.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Adds advice.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Adds a fix that replaces one span, and is what was meant: `evc check --fix` applies it.
    #[must_use]
    pub fn replace(self, title: impl Into<String>, span: Span, text: impl Into<String>) -> Self {
        self.fix(Fix { title: title.into(), edits: vec![Edit { span, text: text.into() }], certain: true })
    }

    /// Adds a fix that replaces one span, and may not be what was meant: `evc check --fix=ask` asks.
    #[must_use]
    pub fn propose(self, title: impl Into<String>, span: Span, text: impl Into<String>) -> Self {
        self.fix(Fix { title: title.into(), edits: vec![Edit { span, text: text.into() }], certain: false })
    }

    /// Adds a fix.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fixes.push(fix);
        self
    }

    /// Says which item this is about, so that an `allow:` on it can silence a warning or advice.
    #[must_use]
    pub fn on(mut self, item: impl Into<String>) -> Self {
        self.item = Some(item.into());
        self
    }

    /// Its code's severity.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// Adds "did you mean" help, with a fix, or the list of what is known when it is short.
    #[must_use]
    pub fn suggest<'a>(self, found: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        let span = self.primary.span;
        if let Some(nearest) = nearest(found, &known) {
            let title = format!("replace with `{nearest}`");
            let certain = names::is_slip(found, nearest, &known);
            let edits = vec![Edit { span, text: nearest.to_owned() }];
            return self.help(format!("did you mean `{nearest}`?")).fix(Fix { title, edits, certain });
        }
        if (1..=12).contains(&known.len()) { self.help(format!("expected one of {}", list(&known))) } else { self }
    }
}
