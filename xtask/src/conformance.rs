//! Templates, state machines and OpenAPI documents before the tools that read them: `cfn-lint`, `sam validate --lint`, two ASL
//! validators, the first of which parses every expression with the reference JSONata engine, and `openapi-spec-validator`. Mapping
//! templates are run, and our limits compared with those of AWS's service models.

use std::fs;
use std::path::{Path, PathBuf};

use crate::test::Tally;
use crate::{generate, project, properties, setup, step};

/// Where the fixtures of the lowering lie: specs with what no example has.
const FIXTURES: [&str; 2] = ["compiler/src/lower/fixtures", "compiler/src/lower/machine/tests/fixtures"];
/// The fixture with every kind of route of a REST API.
const REST: &str = "rest";

/// Run every validator over every generated stack; the first complaint ends it.
pub(crate) fn run(tally: &mut Tally) -> Result<(), String> {
    let python = setup::executables("sam").join("python");
    let limits = project::root().join("tests/conformance/limits.py").to_string_lossy().into_owned();
    counted(tally, step::quietly("limits of AWS's service models", &mut step::command(python, &[&limits])))?;
    counted(tally, properties::check())?;
    for stack in project::stacks()? {
        validate(&stack, tally)?;
    }
    let scratch = project::root().join("target/conformance");
    let result = FIXTURES.iter().try_for_each(|folder| {
        for spec in project::entries(&project::root().join(folder))? {
            if spec.extension().is_some_and(|extension| extension == "yaml") {
                fixture(&spec, &scratch, tally)?;
            }
        }
        Ok(())
    });
    if scratch.exists() {
        fs::remove_dir_all(&scratch).map_err(|error| format!("cannot remove {}: {error}", scratch.display()))?;
    }
    result
}

/// Validate what a fixture is compiled to, and run its mapping templates if it is the one that has all of them.
fn fixture(spec: &Path, scratch: &Path, tally: &mut Tally) -> Result<(), String> {
    let stack = build_copy(spec, scratch)?;
    validate(&stack, tally)?;
    if project::name(spec) == REST { mapping_templates(&stack, tally) } else { Ok(()) }
}

/// Build a spec from a copy, since a build puts a crate for the business logic beside the spec; the stack's folder.
fn build_copy(spec: &Path, scratch: &Path) -> Result<PathBuf, String> {
    let name = project::name(spec);
    let copy = scratch.join(format!("specs/{name}.yaml"));
    fs::create_dir_all(scratch.join("specs"))
        .and_then(|()| fs::copy(spec, &copy))
        .map_err(|error| format!("cannot copy {}: {error}", spec.display()))?;
    generate::compile_evc()?;
    let stack = scratch.join(&name);
    generate::build(&copy, &stack, &project::root())?;
    Ok(stack)
}

fn validate(stack: &Path, tally: &mut Tally) -> Result<(), String> {
    template(stack, tally)?;
    for file in project::entries(&stack.join("workflows"))? {
        if file.to_string_lossy().ends_with(".workflow.json") {
            definition(stack, &file, tally)?;
        } else {
            state_machine(stack, &file, tally)?;
        }
    }
    for document in project::entries(&stack.join("openapi"))? {
        open_api(stack, &document, tally)?;
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
    let known = machine.with_extension("statelint");
    fs::read_to_string(machine)
        .and_then(|text| fs::write(&known, without_times(&text)))
        .map_err(|error| format!("cannot copy {file}: {error}"))?;
    let mut statelint = step::command(setup::executables("sam").join("statelint"), &[&known.to_string_lossy()]);
    let result = counted(tally, step::quietly(&format!("{title}: statelint"), &mut statelint));
    fs::remove_file(&known).map_err(|error| format!("cannot remove {}: {error}", known.display()))?;
    result
}

/// The machine in the definition of a workflow on Redis: it is one that Step Functions would run.
fn definition(stack: &Path, file: &Path, tally: &mut Tally) -> Result<(), String> {
    let text = fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let known = file.with_extension("machine");
    fs::write(&known, machine_of(&text)).map_err(|error| format!("cannot write {}: {error}", known.display()))?;
    let result = state_machine(stack, &known, tally);
    fs::remove_file(&known).map_err(|error| format!("cannot remove {}: {error}", known.display()))?;
    result
}

/// The last value of a definition.
fn machine_of(definition: &str) -> &str {
    let machine = definition.split_once("\n  \"machine\": ").map_or("", |(_, machine)| machine);
    machine.trim_end().strip_suffix('}').unwrap_or_default()
}

/// A machine with some time in the place of each expression for one: statelint takes none as `Timestamp` of a wait, AWS does.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html>
fn without_times(machine: &str) -> String {
    let line = |line: &str| match line.split_once("\"Timestamp\": \"{%") {
        Some((indent, rest)) => {
            let comma = if rest.ends_with(',') { "," } else { "" };
            format!("{indent}\"Timestamp\": \"2026-11-21T00:00:00Z\"{comma}\n")
        }
        None => format!("{line}\n"),
    };
    machine.lines().map(line).collect()
}

fn open_api(stack: &Path, document: &Path, tally: &mut Tally) -> Result<(), String> {
    let file = document.to_string_lossy();
    let title = format!("{}: {}", project::name(stack), document.file_name().unwrap_or_default().to_string_lossy());
    let mut validator = step::command(setup::executables("openapi").join("openapi-spec-validator"), &[&file]);
    counted(tally, step::quietly(&format!("{title}: openapi-spec-validator"), &mut validator))
}

/// Run the mapping templates on data that would be something else than data to a template or a document.
fn mapping_templates(stack: &Path, tally: &mut Tally) -> Result<(), String> {
    let template = stack.join("template.yaml").to_string_lossy().into_owned();
    let python = setup::executables("emulator").join("python");
    let mut templates = step::command(python, &["tests/templates.py", &template]);
    counted(tally, step::quietly("rest: mapping templates", &mut templates))
}

fn counted(tally: &mut Tally, result: Result<(), String>) -> Result<(), String> {
    match result {
        Ok(()) => tally.passed += 1,
        Err(_) => tally.failed += 1,
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_has_a_machine() {
        let definition = "{\n  \"evc\": 1,\n  \"machine\": {\n    \"StartAt\": \"x\"\n  }\n}\n";
        assert_eq!(machine_of(definition).trim(), "{\n    \"StartAt\": \"x\"\n  }");
    }

    #[test]
    fn only_expressions_for_times_are_replaced() {
        let machine =
            "{\n  \"Timestamp\": \"{% $input.at %}\",\n  \"Timestamp\": \"{% $x %}\"\n  \"Seconds\": \"{% 1 %}\"\n}\n";
        let time = "\"2026-11-21T00:00:00Z\"";
        assert_eq!(
            without_times(machine),
            format!("{{\n  \"Timestamp\": {time},\n  \"Timestamp\": {time}\n  \"Seconds\": \"{{% 1 %}}\"\n}}\n")
        );
    }
}
