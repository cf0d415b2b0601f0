//! What is said about what YAML allows and a spec does not have.

use super::node::{Key, Node};
use super::recover::{steers, turns_text};
use super::{MAX_DEPTH, MAX_NODES};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

pub(super) fn depth(span: Span) -> Diagnostic {
    Diagnostic::new(Code::EVC0007, span, format!("lists and maps are more than {MAX_DEPTH} levels deep here"))
        .note("nothing that a spec can say is nested that deep; the rest of the file was not read")
}

pub(super) fn count(span: Span) -> Diagnostic {
    Diagnostic::new(Code::EVC0007, span, format!("the file holds more than {MAX_NODES} keys and values"))
        .help("split it with `imports:`")
}

pub(super) fn duplicate_key(key: &Key, first: Span) -> Diagnostic {
    Diagnostic::new(Code::EVC0002, key.span, format!("the key `{}` is given twice", key.text))
        .label("given again here")
        .secondary(first, "first given here")
        .help("keep one of them, or rename one")
}

/// An anchor and the aliases that use it.
pub(super) fn anchor(name: &str, span: Span, aliases: &[Span]) -> Diagnostic {
    let help = if aliases.is_empty() {
        "remove it; to write a text that starts with `&`, quote it"
    } else {
        "give what is shared a name: a type under `types:` with `extends:`, or a value at the top level that environments \
         inherit"
    };
    let diagnostic =
        Diagnostic::new(Code::EVC0005, span, format!("the anchor `&{name}` is not part of the spec language"))
            .help(help);
    // More places would hide the anchor among them.
    aliases.iter().take(3).fold(diagnostic, |diagnostic, &alias| diagnostic.secondary(alias, "used here"))
}

pub(super) fn unresolved_alias(name: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::EVC0005, span, format!("the alias `*{name}` names no anchor"))
        .help("specs have no aliases; to write a text that starts with `*`, quote it")
}

/// A merge key and the anchors that it takes over.
pub(super) fn merge_key(key: Span, taken: impl Iterator<Item = Span>) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::EVC0009, key, "merge keys are not part of the spec language").help(
        "say what is shared by name: `extends:` for types, the top level for environments, one named item otherwise",
    );
    taken.fold(diagnostic, |diagnostic, anchor| diagnostic.secondary(anchor, "this is what it takes over"))
}

/// A list or map in the place of a key; `template` if it is written as `{{`.
pub(super) fn collection_key(node: &Node, template: bool) -> Diagnostic {
    Diagnostic::new(Code::EVC0010, node.span, format!("a key must be text, found {}", node.describe())).help(
        if template {
            "bare `{{` starts a map inside a map; quote the text"
        } else {
            "a key is a name followed by `:`"
        },
    )
}

pub(super) fn missing_key(span: Span) -> Diagnostic {
    Diagnostic::new(Code::EVC0010, span, "a value without a key").help("give it a key")
}

pub(super) fn tag(text: &str, span: Span) -> Diagnostic {
    let help = match text {
        "!Ref" | "!GetAtt" | "!ImportValue" => "refer to things by their name in the spec; evc writes the reference",
        "!Sub" | "!Join" | "!If" | "!FindInMap" => {
            "evc writes CloudFormation's functions itself, where they are needed"
        }
        _ if text.starts_with("!!") => "what a value is follows from where it stands; quote it to make it text",
        _ => "to write a text that starts with `!`, quote it",
    };
    Diagnostic::new(Code::EVC0006, span, format!("the tag `{text}` is not part of the spec language")).help(help)
}

pub(super) fn second_document(span: Span) -> Diagnostic {
    Diagnostic::new(Code::EVC0011, span, "a second document starts here; a file holds one spec")
        .help("move it to a file of its own, and name that under `imports:` if it belongs to this service")
}

/// Reports the first character that an escape such as `"\u202e"` gives, and that may not stand in a spec as it is: it would get into
/// generated code and documentation, which shows something else then than is there.
pub(super) fn escaped(text: &str, span: Span) -> Option<Diagnostic> {
    let c = text.chars().find(|&c| turns_text(c) || steers(c))?;
    let code = format!("U+{:04X}", u32::from(c));
    let message = if turns_text(c) {
        format!("an escape gives {code}, which changes the direction of the text that is shown")
    } else {
        format!("an escape gives the control character {code}")
    };
    Some(
        Diagnostic::new(Code::EVC0004, span, message)
            .help("leave it out; the text gets into generated code and documentation"),
    )
}
