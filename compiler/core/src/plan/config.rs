//! What the template says of parameters of Systems Manager: the configuration, and secrets that are kept there.

use super::value::{Part, Value};
use super::{LogicalId, arn, bus, ids};
use crate::model::{Config, ConfigKind};
use crate::spec::config::PUBLIC;
use crate::spec::given::Given;

/// The name of a parameter, as `GetParameter` takes it: what `Ref` gives for one of this stack.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ssm-parameter.html#aws-resource-ssm-parameter-return-values>
pub(crate) fn name(config: &Config) -> Value {
    match &config.kind {
        ConfigKind::Own(_) => Value::Ref(ids::config(config)),
        ConfigKind::Imported(given) => given_name(given, &name_parameter(config)),
    }
}

/// Its ARN. The name of one of this stack begins with `/`.
pub(crate) fn arn(config: &Config) -> Value {
    match &config.kind {
        ConfigKind::Own(_) => arn::of("ssm", "parameter", [Part::Ref(ids::config(config))]),
        ConfigKind::Imported(given) => given_arn(given, &name_parameter(config)),
    }
}

/// The parameter of the template with the name of a parameter that exists already: `PageSizeConfigName`.
pub(crate) fn name_parameter(config: &Config) -> LogicalId {
    ids::of(&ids::config(config), "name")
}

/// The name that the spec gives, or leaves to a parameter of the template.
pub(super) fn given_name(given: &Given<String>, parameter: &LogicalId) -> Value {
    match given {
        Given::Here(name) => bus::named(name),
        Given::Parameter => Value::Ref(parameter.clone()),
    }
}

/// The ARN of a parameter with that name. A name that begins with `/` follows `parameter` as it is. One that is given when the stack is
/// deployed does; those of AWS's own are in no account.
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html>
pub(super) fn given_arn(given: &Given<String>, parameter: &LogicalId) -> Value {
    match given {
        Given::Here(name) if name.starts_with(PUBLIC) => arn::of_public("ssm", &format!("parameter{name}")),
        Given::Here(name) if name.starts_with('/') => arn::of("ssm", "parameter", bus::with_environment(name)),
        Given::Here(name) => arn::of("ssm", "parameter/", bus::with_environment(name)),
        Given::Parameter => arn::of("ssm", "parameter", [Part::Ref(parameter.clone())]),
    }
}
