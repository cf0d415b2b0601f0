//! Definitions in files beside a template, which SAM puts in: `DefinitionUri`.
//!
//! <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-statemachine.html#sam-statemachine-definitionuri>

use std::path::{Path, PathBuf};

use crate::audit::template::Template;
use crate::audit::text::UNKNOWN;
use crate::diagnostics::{Diagnostic, Severity};
use crate::source::{SourceMap, World};
use crate::yaml;

/// Reads the definitions that stand in files near the template, by logical id: `inside` gives where one is that a template may name. One that is not there may yet be made,
/// and one that is elsewhere is left alone.
pub(crate) fn documents(
    world: &dyn World,
    inside: &dyn Fn(&Path) -> Option<PathBuf>,
    template: &Template<'_>,
    sources: &mut SourceMap,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<(String, yaml::Node)> {
    let mut found = Vec::new();
    for (id, machine) in template.of_type("AWS::Serverless::StateMachine") {
        let Some(file) = machine.property("DefinitionUri").and_then(|uri| uri.as_text()) else { continue };
        let Some(file) = inside(Path::new(file)) else { continue };
        let Ok(bytes) = world.read(&file) else { continue };
        let (file, mut problems) = yaml::decode_bytes(sources, &file, bytes);
        let (root, more) = yaml::parse_template(sources, file);
        problems.extend(more);
        let wrong = problems.iter().any(|problem| problem.severity() == Severity::Error);
        // Outside of texts, what is substituted makes a file of something that is no JSON.
        if !(wrong && sources.file(file).text.contains(UNKNOWN)) {
            diagnostics.extend(problems);
        }
        if !wrong {
            found.push((id.to_owned(), root));
        }
    }
    found
}
