//! Parameters of Systems Manager that the stack makes: the configuration.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::ConfigKind;
use crate::plan::builder::Builder;
use crate::plan::names::Named;
use crate::plan::value::{Value, description};
use crate::plan::{Resource, ids};
use crate::spec::config::RESERVED;

/// The most characters of a description. <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html>
const MAX_DESCRIPTION: usize = 1024;

/// Adds each parameter: `/shop-dev/page-size`.
pub(super) fn lower(b: &mut Builder<'_>) {
    let service = &b.model.service;
    let reserved = RESERVED.iter().find(|word| service.to_ascii_lowercase().starts_with(*word));
    if let (Some(word), Some(first)) = (reserved, b.model.config.values().next()) {
        let message = format!("names of parameters cannot begin with `{word}`, as the name of this service does");
        let diagnostic = Diagnostic::new(Code::EVC0105, service.span, message);
        b.diagnostics.push(
            diagnostic
                .secondary(first.head.name_span, "this would be one")
                .help("name the service otherwise, or say `parameter` with the name of one that exists"),
        );
    }
    for config in b.model.config.values() {
        let ConfigKind::Own(value) = &config.kind else { continue };
        let id = ids::config(config);
        let about = description(config.head.description.as_ref(), MAX_DESCRIPTION).map(|about| ("Description", about));
        let name = b.name(Named::Parameter, "/", &format!("/{}", config.head.name), config.head.name_span);
        let value = b.setting(&id, "Value", value, |text| Value::string(text.clone()));
        let properties = [("Name", name)].into_iter().chain(about).chain([("Type", "String".into()), ("Value", value)]);
        let origin = format!("configuration value `{}`", config.head.name);
        b.add(&id, Resource::new("AWS::SSM::Parameter", origin, config.head.name_span, properties));
    }
}
