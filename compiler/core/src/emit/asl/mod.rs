//! State machines to `workflows/NAME.asl.json`, and definitions of workflows on Redis to `workflows/NAME.workflow.json`.

use serde_json::Value as Json;

use super::{Backend, Files, Input};
use crate::plan::{Definition, Machine};

/// Where the arguments of tasks name resources of the stack.
const RESOURCES: [&str; 4] = ["/FunctionName", "/StateMachineArn", "/QueueUrl", "/Entries/0/EventBusName"];

/// Writes state machines and definitions.
#[derive(Debug, Clone, Copy)]
pub struct Asl;

impl Backend for Asl {
    fn name(&self) -> &'static str {
        "asl"
    }

    fn emit(&self, input: Input<'_>, files: &mut Files) {
        for machine in &input.plan.machines {
            files.add(path(machine), text(machine));
        }
        for definition in &input.plan.definitions {
            files.add(definition_path(definition), format!("{:#}\n", definition.json));
        }
    }
}

/// Where the definition of a state machine stands, relative to the stack's directory.
pub fn path(machine: &Machine) -> String {
    format!("workflows/{}.asl.json", machine.file)
}

/// Where the definition of a workflow on Redis stands, relative to the stack's directory.
pub fn definition_path(definition: &Definition) -> String {
    format!("workflows/{}.workflow.json", definition.file)
}

/// The definition as a file. CloudFormation puts in the values of `DefinitionSubstitutions` by text, so every other `${` is
/// written in a way that only JSON reads as that.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachine.html>
pub fn text(machine: &Machine) -> String {
    let mut definition = machine.definition.clone();
    // Text of the spec may look like a substitution: those that are some get a mark that is nowhere in the text.
    let plain = definition.to_string();
    let mut mark = "@".to_owned();
    while plain.contains(&mark) {
        mark.push('@');
    }
    let mut mark_substitution = |text: &mut String| {
        let name = text.strip_prefix("${").and_then(|text| text.strip_suffix('}'));
        if let Some(name) = name.filter(|name| machine.substitutions.contains_key(*name)) {
            *text = format!("{mark}{{{name}}}");
        }
    };
    each_resource(&mut definition, &mut mark_substitution);
    format!("{definition:#}\n").replace("${", "\\u0024{").replace(&mark, "$")
}

/// Each text that may name a resource in the states of a scope: an argument of a task, beside what it is given, and the bus of
/// an entry that is put on one.
fn each_resource(scope: &mut Json, visit: &mut impl FnMut(&mut String)) {
    let states = scope.get_mut("States").and_then(Json::as_object_mut);
    for state in states.into_iter().flat_map(|states| states.values_mut()) {
        if let Some(arguments) = state.get_mut("Arguments") {
            for path in RESOURCES {
                if let Some(Json::String(text)) = arguments.pointer_mut(path) {
                    visit(text);
                }
            }
        }
        let branches = state.get_mut("Branches").and_then(Json::as_array_mut);
        branches.into_iter().flatten().for_each(|branch| each_resource(branch, visit));
        if let Some(items) = state.get_mut("ItemProcessor") {
            each_resource(items, visit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::LogicalId;
    use crate::plan::value::Value;

    #[test]
    fn only_substitutions_look_like_substitutions() {
        let id = LogicalId::new(["pay", "function"]);
        let machine = Machine {
            file: "x".to_owned(),
            id: LogicalId::new(["x"]),
            definition: serde_json::json!({ "Comment": "costs ${5} @", "States": { "pay": { "Arguments": {
                "FunctionName": "${PayFunctionArn}",
                "Payload": { "FunctionName": "${PayFunctionArn}", "text": "${PayFunctionArn} ${Other}" },
            } } } }),
            substitutions: [("PayFunctionArn".to_owned(), Value::arn(&id))].into_iter().collect(),
        };
        let text = text(&machine);
        insta::assert_snapshot!(text);
        let read: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(read, machine.definition);
    }
}
