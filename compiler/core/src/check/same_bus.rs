//! Buses that are the same bus under two names: events that travel on one are read by rules of the other, which nothing else knows.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Bus, Model};
use crate::spec::bus::BusKind;
use crate::spec::given::Given;

/// The name of the bus that each account has.
const DEFAULT: &str = "default";

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let buses: Vec<&Bus> = model.buses.values().collect();
    for (at, bus) in buses.iter().enumerate() {
        let Some(first) = buses[..at].iter().find(|first| is_same(first, bus)) else { continue };
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

fn is_same(a: &Bus, b: &Bus) -> bool {
    match (a.kind, b.kind) {
        (BusKind::Default, BusKind::Default) => true,
        (BusKind::Imported, BusKind::Imported) => match (a.imported_name.as_deref(), b.imported_name.as_deref()) {
            (Some(Given::Here(a)), Some(Given::Here(b))) => a == b,
            // What each deployment gives may be anything.
            _ => false,
        },
        (BusKind::Default, BusKind::Imported) => is_default(b),
        (BusKind::Imported, BusKind::Default) => is_default(a),
        (BusKind::Custom, _) | (BusKind::Default | BusKind::Imported, BusKind::Custom) => false,
    }
}

/// Whether a bus is imported by the name that the default bus of each account has.
fn is_default(bus: &Bus) -> bool {
    matches!(bus.imported_name.as_deref(), Some(Given::Here(name)) if name == DEFAULT)
}
