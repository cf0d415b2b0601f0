//! Workflows that are no longer there.

use super::{calls_of, id_of};
use crate::diagnostics::{Code, Diagnostic, list};
use crate::model::{Model, Workflow};

/// Reports a workflow whose executions nothing carries on, or notes that they go on.
pub(super) fn report(before: &Model, old: &Workflow, now: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let name = &old.head.name;
    let (code, message, why) = if old.redis().is_none() {
        // https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html
        let why = "Step Functions ends the executions of a deleted state machine at their next state".to_owned();
        (Code::EVC1001, format!("executions in flight of `{name}` are ended: it is no longer there"), why)
    } else if now.on_redis().next().is_none() {
        let why =
            "no workflow of this spec runs on Redis, so there is no engine that looks after what is due".to_owned();
        (Code::EVC1001, format!("executions in flight of `{name}` stop where they are: it is no longer there"), why)
    } else {
        let works = |function: &str| id_of(now, function).is_some_and(|id| now.works_on_redis(id));
        let mut idle: Vec<&str> =
            calls_of(old).iter().map(|call| before.functions[call.function].head.name.as_str()).collect();
        idle.sort_unstable();
        idle.dedup();
        idle.retain(|function| !works(function));
        if idle.is_empty() {
            let why =
                "their definition is in the cache, and other workflows on Redis call the same functions".to_owned();
            (Code::EVC1003, format!("executions in flight of `{name}` go on, though it is no longer there"), why)
        } else {
            let why = format!("no workflow on Redis calls {} any more, so nobody takes their work", list(&idle));
            (Code::EVC1001, format!("executions in flight of `{name}` stop where they are: it is no longer there"), why)
        }
    };
    let diagnostic = Diagnostic::new(code, now.service.span, message)
        .secondary(old.head.name_span, "the old spec has it here")
        .note(why);
    diagnostics.push(if code == Code::EVC1003 {
        diagnostic
    } else {
        diagnostic
            .note("a workflow of another name is another workflow")
            .help("first remove what starts it: rules, schedules, routes; remove the workflow when no execution of it is left")
            .help(format!("if none is, say so: `--drained {name}`"))
    });
}
