//! How a bus is addressed: by its name, or by its ARN.

use super::value::{Part, Value, text};
use super::{ENVIRONMENT, LogicalId, arn, ids};
use crate::model::Bus;
use crate::spec::bus::{self, BusKind};
use crate::spec::given::Given;

/// The name of a bus, as `PutEvents` and rules take it.
pub(crate) fn name(bus: &Bus) -> Value {
    match bus.kind {
        BusKind::Custom => Value::Ref(ids::bus(bus)),
        BusKind::Default => "default".into(),
        BusKind::Imported => match bus.imported_name.as_deref() {
            Some(Given::Here(name)) => named(name),
            Some(Given::Parameter) | None => Value::Ref(name_parameter(bus)),
        },
    }
}

/// The parameter with the name of an imported bus that the spec does not name: `CompanyBusName`.
pub(crate) fn name_parameter(bus: &Bus) -> LogicalId {
    ids::of(&ids::bus(bus), "name")
}

/// The ARN of a bus. One of another account is imported by it.
pub(crate) fn arn(bus: &Bus) -> Value {
    let name = match bus.kind {
        BusKind::Custom => return Value::arn(&ids::bus(bus)),
        BusKind::Default => vec!["default".into()],
        BusKind::Imported => match bus.imported_name.as_deref() {
            Some(Given::Here(arn)) if arn::is_arn(arn) => return named(arn),
            Some(Given::Here(name)) => with_environment(name),
            Some(Given::Parameter) | None => vec![Part::Ref(name_parameter(bus))],
        },
    };
    arn::of("events", "event-bus/", name)
}

/// A name or an ARN that the spec gives.
pub(super) fn named(name: &str) -> Value {
    if name.contains(bus::ENVIRONMENT) { text(with_environment(name)) } else { name.into() }
}

/// A name with the environment that is deployed where it says so.
pub(super) fn with_environment(name: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for (at, literal) in name.split(bus::ENVIRONMENT).enumerate() {
        if at > 0 {
            parts.push(Part::Parameter(ENVIRONMENT));
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal.to_owned()));
        }
    }
    parts
}
