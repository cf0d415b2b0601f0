//! Event buses and their archives. The default bus is there already, and so is an imported one.

use crate::model::Bus;
use crate::plan::Resource;
use crate::plan::builder::{Builder, description};
use crate::plan::ids;
use crate::plan::names::Kind;
use crate::plan::value::{Part, Value, text};
use crate::spec::bus::BusKind;

/// The longest descriptions that `EventBridge` takes of buses, archives and rules.
pub(super) const MAX_DESCRIPTION: usize = 512;

/// Adds what this stack makes of each bus.
pub(super) fn lower(b: &mut Builder<'_>) {
    for bus in b.model.buses.values() {
        let origin = format!("bus `{}`", bus.head.name);
        let about = description(bus.head.description.as_ref(), MAX_DESCRIPTION);
        if bus.kind == BusKind::Custom {
            let name = b.name(Kind::Bus, "", &format!("-{}", bus.head.name), bus.head.name_span);
            let resource = Resource::new("AWS::Events::EventBus", &origin, bus.head.name_span, [("Name", name)])
                .with("Description", about.clone());
            b.add(&ids::bus(bus), resource);
        }
        if let Some(retention) = &bus.archive {
            let name = b.name(Kind::Archive, "", &format!("-{}", bus.head.name), retention.span);
            let properties = [("SourceArn", arn(bus)), ("RetentionDays", Value::count(retention.as_days()))];
            let origin = format!("archive of {origin}");
            let resource = Resource::new("AWS::Events::Archive", origin, retention.span, [("ArchiveName", name)])
                .with("Description", about)
                .and(properties);
            b.add(&ids::of(&ids::bus(bus), "archive"), resource);
        }
    }
}

/// The name of a bus, as `PutEvents` and rules take it.
pub(super) fn name(bus: &Bus) -> Value {
    match bus.kind {
        BusKind::Custom => Value::Ref(ids::bus(bus)),
        BusKind::Default => "default".into(),
        BusKind::Imported => bus.imported_name.clone().unwrap_or_default().into(),
    }
}

/// The ARN of a bus.
pub(super) fn arn(bus: &Bus) -> Value {
    let name = match bus.kind {
        BusKind::Custom => return Value::arn(&ids::bus(bus)),
        BusKind::Default => "default",
        BusKind::Imported => bus.imported_name.as_deref().unwrap_or_default(),
    };
    text([
        "arn:".into(),
        Part::Parameter("AWS::Partition"),
        ":events:".into(),
        Part::Parameter("AWS::Region"),
        ":".into(),
        Part::Parameter("AWS::AccountId"),
        format!(":event-bus/{name}").as_str().into(),
    ])
}
