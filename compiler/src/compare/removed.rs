//! Workflows that are no longer there.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Model, Workflow};

/// Reports a workflow whose executions nothing carries on.
pub(super) fn report(old: &Workflow, now: &Model) -> Diagnostic {
    let name = &old.head.name;
    let message = format!("executions in flight of the workflow `{name}` are ended: it is no longer there");
    Diagnostic::new(Code::EVC1001, now.service.span, message)
        .secondary(old.head.name_span, "the old spec has it here")
        // https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html
        .note("Step Functions ends the executions of a deleted state machine at their next state")
        .note("a workflow of another name is another workflow")
        .help("first remove what starts it: rules, schedules, routes; remove the workflow when no execution of it is left")
        .help(format!("if none is, say so: `--drained {name}`"))
}
