//! Parameters of Systems Manager that the stack makes: the configuration.

use crate::model::ConfigKind;
use crate::plan::builder::Builder;
use crate::plan::value::{Value, description};
use crate::plan::{Resource, ids};

/// The most characters of a description. <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html>
const MAX_DESCRIPTION: usize = 1024;

/// Adds each parameter.
pub(super) fn lower(b: &mut Builder<'_>) {
    for config in b.model.config.values() {
        let ConfigKind::Own(value) = &config.kind else { continue };
        let id = ids::config(config);
        let about = description(config.head.description.as_ref(), MAX_DESCRIPTION).map(|about| ("Description", about));
        let value = b.setting(&id, "Value", value, |text| Value::string(text.clone()));
        let properties = about.into_iter().chain([("Type", "String".into()), ("Value", value)]);
        let origin = format!("configuration value `{}`", config.head.name);
        b.add(&id, Resource::new("AWS::SSM::Parameter", origin, config.head.name_span, properties));
    }
}
