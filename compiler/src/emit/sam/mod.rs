//! The SAM template and the settings of the SAM command line.

mod json;
mod samconfig;
mod template;
#[cfg(test)]
mod tests;
mod value;

use super::{Backend, Files, Input};
use crate::diagnostics::{Code, Diagnostic};
use crate::lower::plan::Plan;

/// Writes `template.yaml` and `samconfig.toml`.
pub struct Sam;

/// The most bytes that CloudFormation takes of a template that is in S3, where `sam deploy` puts it.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
const MAX_TEMPLATE: usize = 1024 * 1024;

/// Reports a template with more text than CloudFormation takes.
pub fn too_big(plan: &Plan<'_>, files: &Files) -> Option<Diagnostic> {
    let size = files.get("template.yaml").map_or(0, str::len);
    (size > MAX_TEMPLATE).then(|| {
        let resources = plan.resources.len();
        let message = format!("the template has {size} bytes, at most {MAX_TEMPLATE} are allowed");
        Diagnostic::new(Code::EVC0704, plan.model.service.span, message)
            .note(format!("it has {resources} resources"))
            .help("split the service into several specs that share a bus by `kind: imported`")
    })
}

impl Backend for Sam {
    fn name(&self) -> &'static str {
        "sam"
    }

    fn emit(&self, input: Input<'_>, files: &mut Files) {
        files.add("template.yaml", template::write(input));
        // `sam deploy --guided` writes its answers into this file.
        files.add_once("samconfig.toml", samconfig::write(input.plan, &input.project.spec_path));
    }
}
