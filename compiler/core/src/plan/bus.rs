//! How a bus is addressed: by its name, or by its ARN.

use super::value::Value;
use super::{arn, ids};
use crate::model::Bus;
use crate::spec::bus::BusKind;

/// The name of a bus, as `PutEvents` and rules take it.
pub(crate) fn name(bus: &Bus) -> Value {
    match bus.kind {
        BusKind::Custom => Value::Ref(ids::bus(bus)),
        BusKind::Default => "default".into(),
        BusKind::Imported => bus.imported_name.clone().unwrap_or_default().into(),
    }
}

/// The ARN of a bus. One of another account is imported by it.
pub(crate) fn arn(bus: &Bus) -> Value {
    let name = match bus.kind {
        BusKind::Custom => return Value::arn(&ids::bus(bus)),
        BusKind::Default => "default",
        BusKind::Imported => match bus.imported_name.as_deref().unwrap_or_default() {
            arn if arn::is_arn(arn) => return arn.into(),
            name => name,
        },
    };
    arn::of("events", &format!("event-bus/{name}"), [])
}
