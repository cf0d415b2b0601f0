//! How a bus is addressed: by its name, or by its ARN.

use super::value::{Part, Value};
use super::{LogicalId, arn, ids};
use crate::model::Bus;
use crate::spec::bus::BusKind;
use crate::spec::given::Given;

/// The name of a bus, as `PutEvents` and rules take it.
pub(crate) fn name(bus: &Bus) -> Value {
    match bus.kind {
        BusKind::Custom => Value::Ref(ids::bus(bus)),
        BusKind::Default => "default".into(),
        BusKind::Imported => match &bus.imported_name {
            Some(Given::Here(name)) => name.as_str().into(),
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
        BusKind::Default => "default",
        BusKind::Imported => match &bus.imported_name {
            Some(Given::Here(arn)) if arn.starts_with("arn:") => return arn.as_str().into(),
            Some(Given::Here(name)) => name,
            Some(Given::Parameter) | None => return arn::of("events", "event-bus/", [Part::Ref(name_parameter(bus))]),
        },
    };
    arn::of("events", &format!("event-bus/{name}"), [])
}
