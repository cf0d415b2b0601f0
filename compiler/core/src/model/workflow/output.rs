//! What an execution gives, as the spec says it: each step that ends the workflow gives that.

use super::{Body, results};
use crate::diagnostics::{Code, Diagnostic};
use crate::types::{Type, Types};

/// The first end of a workflow that gives something else than its `output`.
pub(super) fn unfit(body: &Body, name: &str, output: &Type, types: &Types) -> Option<Diagnostic> {
    if body.partial {
        return None;
    }
    let what = format!("workflow `{name}`");
    let ends = results::of_body(body, &what, output.span, types).sides;
    let (end, mismatch) = ends.iter().find_map(|end| Some((end, types.accepts(output, &end.ty).err()?)))?;
    Some(
        Diagnostic::new(Code::EVC0539, end.span, format!("what {what} gives here is not its output"))
            .on(format!("workflows.{name}"))
            .label(mismatch.to_string())
            .secondary(output.span, "the output is declared here")
            .note("an execution gives what its last step gives: the result of a call, the values of `set` or of `succeed`")
            .help("end with `succeed: { output: .. }` or `set` with what the output says, or change the output"),
    )
}
