//! Templates and state machines before the tools that read them: `cfn-lint`, `sam validate --lint`, two ASL validators,
//! the first of which parses every expression with the reference JSONata engine. And our limits beside AWS's service models.

use std::path::Path;

use crate::test::Tally;
use crate::{project, setup, step};

/// Run every validator over every generated stack; the first complaint ends it.
pub(crate) fn run(tally: &mut Tally) -> Result<(), String> {
    let python = setup::executables("sam").join("python");
    let limits = project::root().join("tests/conformance/limits.py").to_string_lossy().into_owned();
    counted(tally, step::quietly("limits of AWS's service models", &mut step::command(python, &[&limits])))?;
    for stack in project::stacks()? {
        template(&stack, tally)?;
        for machine in project::entries(&stack.join("workflows"))? {
            state_machine(&stack, &machine, tally)?;
        }
    }
    Ok(())
}

fn template(stack: &Path, tally: &mut Tally) -> Result<(), String> {
    let name = project::name(stack);
    let template = stack.join("template.yaml").to_string_lossy().into_owned();
    let mut lint = step::command(setup::executables("sam").join("cfn-lint"), &[&template]);
    counted(tally, step::quietly(&format!("{name}: cfn-lint"), &mut lint))?;
    let mut validate =
        step::command(setup::executables("sam").join("sam"), &["validate", "--lint", "--template", &template]);
    validate.envs([("AWS_DEFAULT_REGION", "us-east-1"), ("SAM_CLI_TELEMETRY", "0")]);
    counted(tally, step::quietly(&format!("{name}: sam validate --lint"), &mut validate))
}

fn state_machine(stack: &Path, machine: &Path, tally: &mut Tally) -> Result<(), String> {
    let file = machine.to_string_lossy();
    let title = format!("{}: {}", project::name(stack), machine.file_name().unwrap_or_default().to_string_lossy());
    let mut validator = step::command(setup::node_executable("asl-validator"), &["--json-path", &file]);
    counted(tally, step::quietly(&format!("{title}: asl-validator"), &mut validator))?;
    let mut statelint = step::command(setup::executables("sam").join("statelint"), &[&file]);
    counted(tally, step::quietly(&format!("{title}: statelint"), &mut statelint))
}

fn counted(tally: &mut Tally, result: Result<(), String>) -> Result<(), String> {
    match result {
        Ok(()) => tally.passed += 1,
        Err(_) => tally.failed += 1,
    }
    result
}
