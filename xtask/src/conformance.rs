//! Templates, state machines and OpenAPI documents before the tools that read them: `cfn-lint`, `sam validate --lint`, two ASL
//! validators, the first of which parses every expression with the reference JSONata engine, and `openapi-spec-validator`. Mapping
//! templates are run, deployments shift and go back, our limits compared with those of AWS's service models, and what `evc audit` finds with what cfn-lint finds. With `--all`, what
//! checkov finds is compared with what `docs/security.md` answers.

use std::fs;
use std::path::{Path, PathBuf};

use crate::test::Tally;
use crate::{generate, iam, mutations, project, schemas, setup, step, workspace};

/// Where the fixtures of the lowering lie: specs with what no example has.
const FIXTURES: [&str; 2] =
    ["compiler/core/src/lower/fixtures", "compiler/core/src/lower/stepfunctions/machine/tests/fixtures"];
/// The fixture with every kind of route of a REST API.
const REST: &str = "rest";
/// The fixture with functions that are deployed bit by bit, and everything that calls them.
const DEPLOY: &str = "deploy";

/// Run every validator over every generated stack and fixture; the first complaint ends it. The seed is that of mistakes in templates.
pub(crate) fn run(seed: Option<u32>, all: bool, tally: &mut Tally) -> Result<(), String> {
    let python = setup::executables("sam").join("python");
    let limits = project::root().join("tests/conformance/limits.py").to_string_lossy().into_owned();
    counted(tally, step::quietly("limits of AWS's service models", &mut step::command(&python, &[&limits])))?;
    let alarms = project::root().join("tests/alarms/run.py").to_string_lossy().into_owned();
    counted(tally, step::quietly("alarms of the generated stacks", &mut step::command(&python, &[&alarms])))?;
    counted(tally, schemas::check())?;
    counted(tally, iam::check())?;
    let scratch = project::root().join("target/conformance");
    remove(&scratch)?;
    let mut stacks = project::stacks()?;
    workspace::evc()?;
    for folder in FIXTURES {
        for spec in project::entries(&project::root().join(folder))? {
            if spec.extension().is_some_and(|extension| extension == "yaml") {
                stacks.push(build_copy(&spec, &scratch.join(folder.replace('/', "-")))?);
            }
        }
    }
    validate(&stacks, &scratch, tally)?;
    counted(tally, mutations::run(seed, all))?;
    if all {
        setup::checkov()?;
        let python = setup::executables("checkov").join("python");
        let mut script = step::command(python, &["tests/conformance/checkov.py"]);
        counted(tally, step::quietly("checkov: docs/security.md answers what it finds", &mut script))?;
    }
    remove(&scratch)
}

fn remove(folder: &Path) -> Result<(), String> {
    match fs::remove_dir_all(folder) {
        Err(error) if folder.exists() => Err(format!("cannot remove {}: {error}", folder.display())),
        _ => Ok(()),
    }
}

/// Build a spec from a copy, since a build puts a crate for the business logic beside the spec; the stack's folder.
fn build_copy(spec: &Path, scratch: &Path) -> Result<PathBuf, String> {
    let name = project::name(spec);
    let copy = scratch.join(format!("specs/{name}.yaml"));
    fs::create_dir_all(scratch.join("specs"))
        .and_then(|()| fs::copy(spec, &copy))
        .map_err(|error| format!("cannot copy {}: {error}", spec.display()))?;
    let stack = scratch.join(&name);
    generate::build(&copy, &stack, &project::root())?;
    Ok(stack)
}

/// Each tool is called once for all files, since most of a call is its start.
fn validate(stacks: &[PathBuf], scratch: &Path, tally: &mut Tally) -> Result<(), String> {
    let templates: Vec<_> = stacks.iter().map(|stack| text(&stack.join("template.yaml"))).collect();
    let (mut machines, mut documents) = (Vec::new(), Vec::new());
    for stack in stacks {
        machines.append(&mut machines_of(stack, scratch)?);
        documents.extend(project::entries(&stack.join("openapi"))?.iter().map(|document| text(document)));
    }
    all(tally, "cfn-lint", setup::executables("sam").join("cfn-lint"), &[], &templates)?;
    all(tally, "asl-validator", setup::node_executable("asl-validator"), &["--json-path"], &machines)?;
    let timeless = machines.iter().enumerate().map(|(index, machine)| {
        let machine = fs::read_to_string(machine).map_err(|error| format!("cannot read {machine}: {error}"))?;
        written(&scratch.join(format!("timeless/{index}.asl.json")), &without_times(&machine))
    });
    let timeless = timeless.collect::<Result<Vec<_>, _>>()?;
    all(tally, "statelint", setup::executables("sam").join("statelint"), &[], &timeless)?;
    let open_api = setup::executables("openapi").join("openapi-spec-validator");
    all(tally, "openapi-spec-validator", open_api, &[], &documents)?;
    sam(&templates, tally)?;
    deployments(stacks, tally)?;
    mapping_templates(stacks, tally)
}

/// Call a tool for all files, each after the words that a file takes.
fn all(tally: &mut Tally, tool: &str, program: PathBuf, before: &[&str], files: &[String]) -> Result<(), String> {
    let words = files.iter().flat_map(|file| before.iter().copied().chain([file.as_str()]));
    let mut command = step::command(program, &words.collect::<Vec<_>>());
    counted(tally, step::quietly(&format!("{tool} on {} files", files.len()), &mut command))
}

/// `sam validate` takes one template and is mostly start: two at a time.
fn sam(templates: &[String], tally: &mut Tally) -> Result<(), String> {
    let one = |template: &String| {
        let mut command =
            step::command(setup::executables("sam").join("sam"), &["validate", "--lint", "--template", template]);
        command.envs([("AWS_DEFAULT_REGION", "us-east-1"), ("SAM_CLI_TELEMETRY", "0")]);
        let name = Path::new(template).parent().map(project::name).unwrap_or_default();
        step::quietly(&format!("{name}: sam validate --lint"), &mut command)
    };
    let (left, right) = templates.split_at(templates.len() / 2);
    let results = std::thread::scope(|scope| {
        let left = scope.spawn(move || left.iter().map(one).collect::<Vec<_>>());
        let mut results: Vec<_> = right.iter().map(one).collect();
        results.append(&mut left.join().unwrap_or_else(|_| vec![Err("sam validate: a thread ended".to_owned())]));
        results
    });
    results.into_iter().try_for_each(|result| counted(tally, result))
}

/// The state machines of a stack: its files, and what the definitions of workflows on Redis hold, which Step Functions would run too.
fn machines_of(stack: &Path, scratch: &Path) -> Result<Vec<String>, String> {
    let mut machines = Vec::new();
    for file in project::entries(&stack.join("workflows"))? {
        let Some(name) =
            file.to_string_lossy().strip_suffix(".workflow.json").map(|path| project::name(Path::new(path)))
        else {
            machines.push(text(&file));
            continue;
        };
        let definition =
            fs::read_to_string(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        machines.push(written(
            &scratch.join(format!("{}-{name}.asl.json", project::name(stack))),
            machine_of(&definition),
        )?);
    }
    Ok(machines)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn written(path: &Path, content: &str) -> Result<String, String> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, content))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(text(path))
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

/// Have SAM translate functions with an alias, see that all callers are on it, and shift and take back a deployment.
fn deployments(stacks: &[PathBuf], tally: &mut Tally) -> Result<(), String> {
    let python = setup::executables("sam").join("python");
    stacks.iter().filter(|stack| project::name(stack) == DEPLOY).try_for_each(|stack| {
        let template = text(&stack.join("template.yaml"));
        let mut script = step::command(&python, &["tests/deployments.py", &template]);
        counted(tally, step::quietly("deploy: callers of aliases, deployments that go back", &mut script))
    })
}

/// Run the mapping templates on data that would be something else than data to a template or a document.
fn mapping_templates(stacks: &[PathBuf], tally: &mut Tally) -> Result<(), String> {
    let python = setup::executables("emulator").join("python");
    stacks.iter().filter(|stack| project::name(stack) == REST).try_for_each(|stack| {
        let template = text(&stack.join("template.yaml"));
        let mut templates = step::command(&python, &["tests/templates.py", &template]);
        counted(tally, step::quietly("rest: mapping templates", &mut templates))
    })
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
