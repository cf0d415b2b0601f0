//! What an execution gives, as the spec says it: each step that ends the workflow gives that for sure.

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
    // Nothing checks it when an execution ends: bounds count.
    let why = |given: &Type| {
        let mismatch = types.accepts(output, given).err().map(|mismatch| mismatch.to_string());
        mismatch.or_else(|| types.within(output, &[given]).err())
    };
    let (end, why) = ends.iter().find_map(|end| Some((end, why(&end.ty)?)))?;
    Some(
        Diagnostic::new(Code::EVC0539, end.span, format!("what {what} gives here is not its output"))
            .on(format!("workflows.{name}"))
            .label(why)
            .secondary(output.span, "the output is declared here")
            .note("an execution gives what its last step gives: the result of a call, the values of `set` or of `succeed`")
            .help("end with `succeed: { output: .. }` or `set` with what the output says, or change the output"),
    )
}
