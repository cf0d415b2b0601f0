//! `contract/src/workflows.rs`: the definitions of workflows on Redis, which their engine keeps for their functions, the workflows that
//! functions start, and the answers that workflows wait for; and of a function that answers or starts, the permissions and the methods.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of anything that is forgotten here must not compile")]

use super::bounds;
use super::names::{Home, Names};
use super::print::{Code, literal};
use super::text::member_paragraph;
use super::types::{definitions, head_docs};
use crate::emit::{Input, asl};
use crate::model::{Function, Id, Model, Workflow};
use crate::plan::ids;
use crate::types::Type;
use crate::types::rust::field_name;
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
    for (id, workflow) in started(names.model) {
        of_started(names, input, (id, workflow), &mut code);
    }
    definitions(names, input, Home::Workflows, &mut code);
    code
}

/// The workflows that functions start, or whose executions they ask about.
pub(super) fn started(model: &Model) -> impl Iterator<Item = (Id<Workflow>, &Workflow)> {
    let is_started = |id| model.functions.values().flat_map(Function::described).any(|start| start.value == id);
    model.workflows.iter().filter(move |(id, _)| is_started(*id))
}

/// The type of a workflow that functions start.
fn of_started(names: &Names<'_>, input: Input<'_>, (id, workflow): (Id<Workflow>, &Workflow), code: &mut Code) {
    let name = names.workflow(id);
    let docs = head_docs(
        &format!("The workflow `{}`.", workflow.head.name),
        workflow.head.description.as_deref(),
        &input.location(workflow.head.name_span),
    );
    code.item(format_args!(
        "{docs}#[derive(Debug, Clone, Copy)]
pub struct {name};"
    ));
    let engine = match input.plan.definitions.iter().find(|definition| definition.file == workflow.head.name) {
        Some(definition) => {
            let path = literal(&format!("../../{}", asl::definition_path(definition)));
            format!("Redis {{ definition: include_str!({path}) }}")
        }
        None => format!("StepFunctions {{ env: {} }}", literal(&ids::state_machine_variable(workflow))),
    };
    let (given, output) = (names.type_of(&workflow.input, Home::Workflows), output(names, workflow));
    let bounded = bounds::method(names, &workflow.input, ("input", "Self::Input")).unwrap_or_default();
    let workflow = literal(&workflow.head.name);
    code.item(format_args!(
        "impl evc_runtime::execution::Workflow for {name} {{
    type Input = {given};
    type Output = {output};
    const NAME: &'static str = {workflow};
    const ENGINE: evc_runtime::execution::Engine = evc_runtime::execution::Engine::{engine};
{bounded}}}"
    ));
}

/// What an execution gives in Rust: any JSON where the spec does not say.
fn output(names: &Names<'_>, workflow: &Workflow) -> String {
    let any = || "evc_runtime::serde_json::Value".to_owned();
    workflow.output.as_ref().map_or_else(any, |output| names.type_of(output, Home::Workflows))
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
    let (mut all, mut by_answer) = (Vec::new(), BTreeMap::<String, (&Type, Vec<String>)>::new());
    for signal in &function.signals {
        let workflow = &names.model.workflows[signal.value];
        workflow.body.walk(&mut |step| {
            if let Some(answer) = step.answer() {
                let wait = format!("({}, {})", literal(&workflow.head.name), literal(&step.name));
                all.push(wait.clone());
                let known = by_answer.entry(names.type_text(answer, "crate::")).or_insert_with(|| (answer, Vec::new()));
                known.1.push(wait);
            }
        });
    }
    let mut implement = |which: &str, waits: &[String], bounded: &str| {
        code.item(format_args!(
            "impl evc_runtime::grant::{which} for {context} {{
    const WAITS: &'static [(&'static str, &'static str)] = &[{}];
{bounded}}}",
            waits.join(", ")
        ));
    };
    if !all.is_empty() {
        implement("Signals", &all, "");
    }
    for (answer, (ty, waits)) in &by_answer {
        let bounded = bounds::method(names, ty, ("answer", answer)).unwrap_or_default();
        implement(&format!("Signal<{answer}>"), waits, &bounded);
    }
    for start in &function.starts {
        let workflow = names.workflow(start.value);
        code.line(format_args!("impl evc_runtime::grant::Start<crate::{workflow}> for {context} {{}}"));
    }
    for described in function.described() {
        let workflow = names.workflow(described.value);
        code.line(format_args!("impl evc_runtime::grant::Describe<crate::{workflow}> for {context} {{}}"));
    }
}

/// The methods of a context that may answer or start.
pub(super) fn methods(function: &Function, context: &str) -> Vec<String> {
    let mut methods = Vec::new();
    if !function.signals.is_empty() {
        methods.push(SIGNAL.to_owned());
    }
    if function.described().next().is_some() {
        let docs = member_paragraph(if function.starts.is_empty() {
            "The workflows whose executions this function asks about."
        } else {
            "The workflows that this function starts."
        });
        methods.push(format!(
            "{docs}    pub fn workflows(&self) -> {context}Workflows<'_> {{
        {context}Workflows(&self.context)
    }}
"
        ));
    }
    methods
}

/// What the method `workflows` gives: a method for each workflow.
pub(super) fn clients(names: &Names<'_>, function: &Function, context: &str, code: &mut Code) {
    if function.described().next().is_none() {
        return;
    }
    let name = literal(&function.head.name);
    let name = name.trim_matches('"');
    let does = if function.starts.is_empty() { "asks about" } else { "starts" };
    code.item(format_args!(
        "/// The workflows that `{name}` {does}.
#[derive(Debug, Clone, Copy)]
pub struct {context}Workflows<'a>(&'a evc_runtime::Context);"
    ));
    let methods: Vec<String> = function
        .described()
        .map(|start| {
            let name = &names.model.workflows[start.value].head.name;
            let docs = member_paragraph(&format!("Executions of `{name}`."));
            let (method, of) = (field_name(name), names.workflow(start.value));
            format!(
                "{docs}    pub fn {method}(self) -> evc_runtime::execution::Executions<'a, crate::{of}, {context}> {{
        self.0.executions()
    }}
"
            )
        })
        .collect();
    code.item(format_args!("impl<'a> {context}Workflows<'a> {{\n{}}}", methods.join("\n")));
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
