//! Texts that CloudFormation would take for a dynamic reference.
//!
//! It resolves them in the final value of a property, after intrinsic functions, so that none can be written as text:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html>

use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::yaml::{Node, NodeKind};

/// What a dynamic reference starts with.
const START: &str = "{{resolve:";

/// Sections whose texts stay out of the template, and those of raw values, where a reference is meant.
const ELSEWHERE: [&str; 5] = ["conditions", "overrides", "resources", "types", "workflows"];

/// Looks at every text of a file that can land in the template.
pub(crate) fn check(file: &Node, diagnostics: &mut Vec<Diagnostic>) {
    let NodeKind::Mapping(sections) = &file.kind else { return };
    for section in &sections.entries {
        if !ELSEWHERE.contains(&section.key.text.as_str()) {
            texts(&section.value, diagnostics);
        }
    }
}

fn texts(node: &Node, diagnostics: &mut Vec<Diagnostic>) {
    match &node.kind {
        NodeKind::Scalar(scalar) => text(&scalar.text, node.span, diagnostics),
        NodeKind::Sequence(items) => items.iter().for_each(|item| texts(item, diagnostics)),
        NodeKind::Mapping(mapping) => {
            for entry in &mapping.entries {
                text(&entry.key.text, entry.key.span, diagnostics);
                texts(&entry.value, diagnostics);
            }
        }
        NodeKind::Null | NodeKind::Error => {}
    }
}

fn text(text: &str, span: Span, diagnostics: &mut Vec<Diagnostic>) {
    if text.contains(START) {
        let diagnostic = Diagnostic::new(Code::EVC0708, span, "CloudFormation takes this text for a dynamic reference")
            .note(format!("`{START}` cannot be escaped: it is looked for after all else is put in"))
            .help("take it out; a property that is to have the value of a parameter or secret is set in `overrides`");
        diagnostics.push(diagnostic);
    }
}
