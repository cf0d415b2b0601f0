//! Systems for unit tests: resources as JSON, resolved already.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::identity::{identity, name_property};
use crate::sim::dynamodb::Kept;
use crate::stack::{Place, Resource, Stack};
use crate::system::{Caller, System};
use crate::trace::{Hop, Kind};

/// 2026-01-01T00:00:00Z, a Thursday: when systems of tests begin.
pub(crate) const START_MS: u64 = 1_767_225_600_000;

/// Who may do everything.
pub(crate) fn anybody() -> Caller {
    Caller::default()
}

/// A stack of resources: their logical ids, types and properties. They are called as they would be by CloudFormation.
pub(crate) fn stack(resources: &[(&str, &str, Value)]) -> Arc<Stack> {
    let place = Place::local("test", "http://127.0.0.1:4566");
    let resource = |(id, type_, properties): &(&str, &str, Value)| {
        let given = name_property(type_).and_then(|name| properties.get(name)).and_then(Value::as_str);
        let own = identity(type_, id, given, &place);
        let resource = Resource {
            type_: (*type_).to_owned(),
            properties: if properties.is_null() { Value::Object(Map::new()) } else { properties.clone() },
            name: own.name,
            reference: own.reference,
            arn: own.arn,
            binary: None,
            address: format!("resources.{id}"),
            place: "spec.yaml:1".to_owned(),
        };
        ((*id).to_owned(), resource)
    };
    Arc::new(Stack {
        resources: resources.iter().map(resource).collect(),
        place,
        service: "test".to_owned(),
        environment: "dev".to_owned(),
        machines: Vec::new(),
        on_redis: indexmap::IndexMap::new(),
        handlers: indexmap::IndexMap::new(),
        outputs: indexmap::IndexMap::new(),
    })
}

/// A system of such a stack.
pub(crate) fn system(resources: &[(&str, &str, Value)]) -> System {
    System::new(vec![stack(resources)], Kept::Memory, START_MS, 1).expect("a system")
}

/// The hops of a kind, in order.
pub(crate) fn hops(system: &System, kind: Kind) -> Vec<&Hop> {
    system.trace.all().filter(|hop| hop.kind == kind).collect()
}
