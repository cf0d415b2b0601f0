//! The SAM template and the settings of the SAM command line.

mod json;
mod samconfig;
mod template;
#[cfg(test)]
mod tests;
mod value;

use super::{Backend, Files, Input};

/// Writes `template.yaml` and `samconfig.toml`.
pub struct Sam;

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
