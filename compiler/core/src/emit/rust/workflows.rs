//! `contract/src/workflows.rs`: the definitions of workflows on Redis, which their engine keeps for their functions, and the answers
//! that workflows wait for; and of a function that answers, the permissions and the methods.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of anything that is forgotten here must not compile")]

use super::names::{Home, Names};
use super::print::{Code, literal};
use super::types::definitions;
use crate::emit::{Input, asl};
use crate::model::{Function, Model};
use crate::types::Type;
use std::collections::BTreeMap;

/// The definitions, and the answers that have no name in the spec.
pub(super) fn workflows(names: &Names<'_>, input: Input<'_>) -> Code {
    let mut code = Code::default();
    if !input.plan.definitions.is_empty() {
        let path = |definition| literal(&format!("../../{}", asl::definition_path(definition)));
        let files = input.plan.definitions.iter().map(|definition| format!("include_str!({})", path(definition)));
        let files = files.collect::<Vec<_>>().join(", ");
        code.item(format_args!("/// The workflows that run on Redis.\npub const WORKFLOWS: &[&str] = &[{files}];"));
    }
    definitions(names, input, Home::Workflows, &mut code);
    code
}

/// The answers that a workflow's steps wait for, with the names of the steps.
pub(super) fn answers(model: &Model) -> Vec<(String, &Type)> {
    let mut answers = Vec::new();
    for workflow in model.workflows.values() {
        workflow.body.walk(&mut |step| {
            let name = || format!("{}-{}", workflow.head.name, step.name);
            answers.extend(step.answer().map(|answer| (name(), answer)));
        });
    }
    answers
}

/// One line for each kind of answer that a function may give.
pub(super) fn grants(names: &Names<'_>, function: &Function, context: &str, code: &mut Code) {
    let (mut all, mut by_answer) = (Vec::new(), BTreeMap::<String, Vec<String>>::new());
    for signal in &function.signals {
        let workflow = &names.model.workflows[signal.value];
        workflow.body.walk(&mut |step| {
            if let Some(answer) = step.answer() {
                let wait = format!("({}, {})", literal(&workflow.head.name), literal(&step.name));
                all.push(wait.clone());
                by_answer.entry(names.type_text(answer, "crate::")).or_default().push(wait);
            }
        });
    }
    let mut implement = |which: &str, waits: &[String]| {
        code.item(format_args!(
            "impl evc_runtime::grant::{which} for {context} {{
    const WAITS: &'static [(&'static str, &'static str)] = &[{}];
}}",
            waits.join(", ")
        ));
    };
    if !all.is_empty() {
        implement("Signals", &all);
    }
    for (answer, waits) in &by_answer {
        implement(&format!("Signal<{answer}>"), waits);
    }
}

/// The methods of a context that may answer.
pub(super) fn methods(function: &Function) -> Option<String> {
    (!function.signals.is_empty()).then(|| SIGNAL.to_owned())
}

/// `token` is what the function that asked found in its context: `cx.task_token()`.
const SIGNAL: &str = "    /// Answers the wait that gave out this token; a second answer to it is an error.
    pub async fn signal<A>(&self, token: &str, answer: &A) -> Result<(), evc_runtime::Error>
    where
        A: evc_runtime::serde::Serialize,
        Self: evc_runtime::grant::Signal<A>,
    {
        self.context.signal::<Self, A>(token, answer).await
    }

    /// Lets the wait that gave out this token fail with an error, which its step may catch.
    pub async fn signal_error(
        &self,
        token: &str,
        error: &str,
        cause: &str,
    ) -> Result<(), evc_runtime::Error> {
        self.context.signal_error::<Self>(token, error, cause).await
    }
";
