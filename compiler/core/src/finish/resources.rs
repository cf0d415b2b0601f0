//! Resources that evc does not make itself, as the spec writes them.

use super::attributes::Resolved;
use super::raw::Raw;
use super::references::References;
use crate::model;
use crate::plan::builder::Builder;
use crate::plan::value::Value;
use crate::plan::{LogicalId, Resource};
use crate::yaml::NodeKind;

/// Adds each: first all of them, so that they may refer to each other, then what they say.
pub(super) fn finish(b: &mut Builder<'_>) {
    let model = b.model;
    for resource in model.resources.values() {
        declare(b, resource);
    }
    let references = References::of(&b.plan);
    let mut raw = Raw::new(&references);
    for it in model.resources.values() {
        let properties = it.attributes.properties.as_ref().map(|properties| &properties.value.0.kind);
        let properties = match properties {
            Some(NodeKind::Mapping(mapping)) => Some(raw.map(&mapping.entries)),
            _ => None,
        };
        let mut resolved = Resolved::of(&it.attributes, &b.plan, &mut raw);
        let metadata = resolved.metadata.take();
        let Some(resource) = b.plan.resources.get_mut(it.head.name.as_str()) else { continue };
        // What evc makes of this name has been reported.
        if resource.span != it.head.name_span {
            continue;
        }
        resource.properties = properties.unwrap_or_default();
        if let Some(Value::Map(metadata)) = metadata {
            resource.metadata = metadata;
        }
        resolved.apply(resource);
    }
    b.diagnostics.extend(raw.diagnostics);
}

fn declare(b: &mut Builder<'_>, it: &model::Resource) {
    let name = &it.head.name;
    let mut resource = Resource::new(&it.type_, format!("resource `{name}` of the spec"), it.head.name_span, []);
    resource.address = format!("resources.{name}");
    b.add(&LogicalId::new([name.as_str()]), resource);
}
