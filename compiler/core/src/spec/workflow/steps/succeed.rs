//! `succeed`: ends the execution, or the branch, well.

use schemars::json_schema;

use super::{Onward, StepKind, Syntax};
use crate::source::Spanned;
use crate::spec::scalar::Arguments;
use crate::spec::workflow::schema::Form;
use crate::yaml::{Node, NodeKind};

/// An end.
#[derive(Debug, Clone)]
pub struct Succeed {
    /// What it gives; `None` for `succeed: true`.
    pub output: Option<Spanned<Arguments>>,
}

pub(super) const SYNTAX: Syntax = Syntax {
    key: "succeed",
    onward: Onward::ENDS,
    shares: |_| &[],
    decode: |fields, _| {
        let output = fields.node("succeed").unwrap_or(Node { kind: NodeKind::Null, span: fields.span() });
        let bare = matches!(&output.kind, NodeKind::Null)
            || matches!(&output.kind, NodeKind::Scalar(scalar) if scalar.as_bool() == Some(true));
        let span = output.span;
        Some(StepKind::Succeed(Succeed { output: (!bare).then(|| Spanned::new(Arguments(output), span)) }))
    },
    forms: |_| {
        vec![Form {
            what: "Ends the execution well, perhaps with an output.",
            value: json_schema!({}),
            needs: Vec::new(),
            may: Vec::new(),
            shares: &[],
        }]
    },
};
