//! Choices: each value of an enumeration has a way, and where a step goes when no condition holds is said.

use super::item;
use crate::diagnostics::{Code, Diagnostic, Fix, list};
use crate::expr::{Expr, Left, left};
use crate::model::{Body, Model, Next, Step, Unsaid, Workflow};
use crate::types::{Kind, Type};

/// The most values of an enumeration that are named.
const MAX_NAMED: usize = 12;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        workflow.body.bodies(&mut |body| {
            for step in body.steps.iter().filter(|step| !step.unreachable) {
                diagnostics.extend(unsaid(model, workflow, body, step));
            }
        });
    }
}

fn unsaid(model: &Model, workflow: &Workflow, body: &Body, step: &Step) -> Option<Diagnostic> {
    let Unsaid { conditions, room } = step.unsaid()?;
    // A condition that is wrong says nothing of what is left, and has been reported.
    let boolean = Type { kind: Kind::Boolean, span: step.kind_span };
    let is_sound = |expr: &&Expr| expr.check_as(&boolean, &step.scope, &model.types).is_empty();
    if !conditions.iter().all(is_sound) {
        return None;
    }
    let after = match step.successors().last() {
        Some(Next::Step(id)) => Some(&body.step(*id).name),
        Some(Next::End) | None => None,
    };
    let goes = match after {
        Some(name) => format!("goes on with `{name}`, which is written next"),
        None => "ends, for no step is written after it".to_owned(),
    };
    let (said, entry) = match after {
        Some(name) => (
            format!("give them a way of their own, or say where what is left goes: `else: {name}`"),
            format!("else: {name}"),
        ),
        None => (
            "give them a way of their own, or say that what is left ends here: `else: { end: true }`".to_owned(),
            "else: { end: true }".to_owned(),
        ),
    };
    let (diagnostic, what) = match left(&conditions, &step.scope, &model.types) {
        Left::Nothing => return None,
        Left::Values { path, values, of } => {
            let mut named: Vec<&str> = values.iter().map(String::as_str).collect();
            named.truncate(MAX_NAMED);
            let message = format!("no condition holds where `{path}` is {}", list(&named));
            let diagnostic = Diagnostic::new(Code::EVC0550, step.kind_span, message);
            (diagnostic.note(format!("`{path}` is `{of}`")), format!("where {} goes now", list(&named)))
        }
        Left::Some(case) => {
            let message = match case {
                Some(case) => format!("no condition holds where {case}"),
                None => "it is not said where this goes when no condition holds".to_owned(),
            };
            (Diagnostic::new(Code::EVC0551, step.kind_span, message).on(item(workflow)), "what it does now".to_owned())
        }
    };
    // What it does today, said: nothing changes.
    let fix = room.map(|room| {
        let title = format!("say {what}: `{entry}`");
        Fix { title, edits: vec![room.edit(&entry)], certain: true }
    });
    let diagnostic = diagnostic.label(format!("then it {goes}")).help(said);
    Some(match fix {
        Some(fix) => diagnostic.fix(fix),
        None => diagnostic,
    })
}
