//! How much CloudFormation takes of one template.

use crate::diagnostics::{Code, Diagnostic};
use crate::plan::builder::Builder;

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
const MAX_RESOURCES: usize = 500;
const MAX_OUTPUTS: usize = 200;

/// Counts resources and outputs.
pub(super) fn finish(b: &mut Builder<'_>) {
    let (resources, outputs) = (b.plan.resources.len(), b.plan.outputs.len());
    if resources > MAX_RESOURCES {
        let mut by_type: indexmap::IndexMap<&str, usize> = indexmap::IndexMap::new();
        for resource in b.plan.resources.values() {
            *by_type.entry(resource.type_.as_str()).or_default() += 1;
        }
        by_type.sort_by(|name, count, other, more| more.cmp(count).then(name.cmp(other)));
        let most = by_type.iter().take(5).map(|(type_, count)| format!("{count} {type_}"));
        let message = format!("the template has {resources} resources, at most {MAX_RESOURCES} are allowed");
        let diagnostic = Diagnostic::new(Code::EVC0704, b.model.service.span, message)
            .note(format!("among them are {}", most.collect::<Vec<_>>().join(", ")))
            .help("split the service into several specs that share a bus by `kind: imported`");
        b.diagnostics.push(diagnostic);
    }
    if outputs > MAX_OUTPUTS {
        let message = format!("the template has {outputs} outputs, at most {MAX_OUTPUTS} are allowed");
        b.diagnostics.push(Diagnostic::new(Code::EVC0704, b.model.service.span, message));
    }
}
