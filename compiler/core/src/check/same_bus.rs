//! Buses that are the same bus under two names: events that travel on one are read by rules of the other, which nothing else knows.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Bus, Model};
use crate::spec::bus::{BusKind, ENVIRONMENT};
use crate::spec::given::Given;

/// The name of the bus that each account has.
const DEFAULT: &str = "default";

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let buses: Vec<&Bus> = model.buses.values().collect();
    for (at, bus) in buses.iter().enumerate() {
        let Some(first) = buses[..at].iter().find(|first| is_same(model, first, bus)) else { continue };
        let what = match bus.kind {
            BusKind::Imported if first.kind == BusKind::Imported => "both are imported by one name",
            BusKind::Default | BusKind::Custom | BusKind::Imported => "both are the default bus of the account",
        };
        let message = format!("buses `{}` and `{}` are one bus", first.head.name, bus.head.name);
        diagnostics.push(
            Diagnostic::new(Code::EVC0108, bus.head.name_span, message)
                .label(what)
                .secondary(first.head.name_span, "the first is here")
                .help("declare it once, and use that name"),
        );
    }
}

/// Whether both are one bus, in some environment.
fn is_same(model: &Model, a: &Bus, b: &Bus) -> bool {
    match (a.kind, b.kind) {
        (BusKind::Default, BusKind::Default) => true,
        (BusKind::Imported, BusKind::Imported) => match (a.imported_name.as_deref(), b.imported_name.as_deref()) {
            (Some(Given::Here(a)), Some(Given::Here(b))) => {
                let mut environments = model.environments.iter().map(|environment| environment.name.as_str());
                environments.any(|name| a.replace(ENVIRONMENT, name) == b.replace(ENVIRONMENT, name))
            }
            // What each deployment gives may be anything.
            _ => false,
        },
        (BusKind::Default, BusKind::Imported) => is_default(model, b),
        (BusKind::Imported, BusKind::Default) => is_default(model, a),
        (BusKind::Custom, _) | (BusKind::Default | BusKind::Imported, BusKind::Custom) => false,
    }
}

/// Whether a bus is imported, in some environment, by the name that the default bus of each account has.
fn is_default(model: &Model, bus: &Bus) -> bool {
    let Some(Given::Here(imported)) = bus.imported_name.as_deref() else { return false };
    model.environments.iter().any(|environment| imported.replace(ENVIRONMENT, &environment.name) == DEFAULT)
}
