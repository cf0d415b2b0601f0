//! State machines to `workflows/NAME.asl.json`.

use super::{Backend, Files, Input};
use crate::lower::plan::Machine;

/// Writes state machines.
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
    }
}

/// Where the definition of a state machine stands, relative to the stack's directory.
pub fn path(machine: &Machine) -> String {
    format!("workflows/{}.asl.json", machine.file)
}

/// The definition as a file. CloudFormation puts in the values of `DefinitionSubstitutions` by text, so every other `${` is
/// written in a way that only JSON reads as that.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachine.html>
pub fn text(machine: &Machine) -> String {
    let json = format!("{:#}\n", machine.definition);
    let mut parts = json.split("${");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let name = part.split('}').next().unwrap_or_default();
        text.push_str(if machine.substitutions.contains_key(name) { "${" } else { "\\u0024{" });
        text.push_str(part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lower::plan::LogicalId;
    use crate::lower::value::Value;

    #[test]
    fn only_substitutions_look_like_substitutions() {
        let id = LogicalId::new(["pay", "function"]);
        let machine = Machine {
            file: "x".to_owned(),
            id: LogicalId::new(["x"]),
            definition: serde_json::json!({ "Comment": "costs ${5}", "Arn": "${PayFunctionArn}" }),
            substitutions: [("PayFunctionArn".to_owned(), Value::arn(&id))].into_iter().collect(),
        };
        let text = text(&machine);
        assert_eq!(text, "{\n  \"Comment\": \"costs \\u0024{5}\",\n  \"Arn\": \"${PayFunctionArn}\"\n}\n");
        let read: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(read, machine.definition);
    }
}
