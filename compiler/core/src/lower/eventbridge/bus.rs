//! Event buses and their archives. The default bus is there already, and so is an imported one.

use crate::plan::builder::Builder;
use crate::plan::names::Named;
use crate::plan::value::{Value, description};
use crate::plan::{Resource, bus, ids};
use crate::spec::bus::BusKind;

/// The longest descriptions that `EventBridge` takes of buses, archives and rules.
pub(crate) const MAX_DESCRIPTION: usize = 512;

/// Adds what this stack makes of each bus.
pub(crate) fn lower(b: &mut Builder<'_>) {
    for bus in b.model.buses.values() {
        let origin = format!("bus `{}`", bus.head.name);
        let about = description(bus.head.description.as_ref(), MAX_DESCRIPTION);
        if bus.kind == BusKind::Custom {
            let name = b.name(Named::Bus, "", &format!("-{}", bus.head.name), bus.head.name_span);
            let resource = Resource::new("AWS::Events::EventBus", &origin, bus.head.name_span, [("Name", name)])
                .with("Description", about.clone());
            b.add(&ids::bus(bus), resource);
        }
        if let Some(retention) = &bus.archive {
            let name = b.name(Named::Archive, "", &format!("-{}", bus.head.name), retention.span);
            let properties = [("SourceArn", bus::arn(bus)), ("RetentionDays", Value::count(retention.as_days()))];
            let origin = format!("archive of {origin}");
            let resource = Resource::new("AWS::Events::Archive", origin, retention.span, [("ArchiveName", name)])
                .with("Description", about)
                .and(properties);
            b.add(&ids::of(&ids::bus(bus), "archive"), resource);
        }
    }
}
