//! `README.md` of a stack: what is in it, how to deploy it, how to try it.

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};

use super::{Backend, Files, Input, diagram};
use crate::model::{Input as Takes, Model};

/// Writes the README.
#[derive(Debug)]
pub struct Docs;

impl Backend for Docs {
    fn name(&self) -> &'static str {
        "docs"
    }

    fn emit(&self, input: Input<'_>, files: &mut Files) {
        files.add("README.md", readme(input));
    }
}

const TEMPLATE: &str = include_str!("README.md.j2");

fn readme(input: Input<'_>) -> String {
    let plan = input.plan;
    let model = plan.model;
    let functions: Vec<_> = model
        .functions
        .values()
        .map(|function| {
            let name = &function.head.name;
            context! {
                name => name,
                description => one_line(function.head.description.as_deref()),
                spec => input.location(function.head.name_span),
                route => function.api.as_ref().map(|api| format!("{} {}", api.method, api.path)),
            }
        })
        .collect();
    let outputs: Vec<_> = plan
        .outputs
        .iter()
        .map(|(name, output)| context! { name => name, description => one_line(output.description.as_deref()) })
        .collect();
    let values = context! {
        service => model.service.value.clone(),
        description => model.description.clone(),
        spec => input.project.spec_path.clone(),
        logic => input.project.logic_path.clone(),
        functions => functions,
        machines => plan.machines.iter().map(|machine| machine.file.clone()).collect::<Vec<_>>(),
        environments => model.environments.iter().map(|environment| environment.name.clone()).collect::<Vec<_>>(),
        outputs => outputs,
        flowchart => diagram::flowchart(model),
        try_it => try_it(model),
    };
    environment().render_str(TEMPLATE, values).unwrap_or_else(|error| format!("{error:#}\n"))
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.add_filter("code", code);
    if let Ok(syntax) =
        SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build()
    {
        environment.set_syntax(syntax);
    }
    environment
}

/// A code span whatever is in it: fenced by more backticks than it has in a row
/// (<https://spec.commonmark.org/0.31.2/#code-spans>).
fn code(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if longest > 0 { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Text for a table cell: one line, without what would end the cell.
fn one_line(text: Option<&str>) -> String {
    text.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// The function to try first: one with a route or, failing that, one that takes a value and that nothing else invokes.
fn try_it(model: &Model) -> Option<String> {
    let direct =
        |function: &&crate::model::Function| function.triggers.is_empty() && matches!(function.input, Takes::Value(_));
    let routed = model.functions.values().find(|function| function.api.is_some());
    routed.or_else(|| model.functions.values().find(direct)).map(|function| function.head.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_spans_hold_backticks() {
        assert_eq!(code("POST /orders"), "`POST /orders`");
        assert_eq!(code("a`b"), "`` a`b ``");
    }
}
