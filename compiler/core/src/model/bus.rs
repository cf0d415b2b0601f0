//! Buses: those declared, and the account's default bus, which is there when something travels on it.

use super::graph::{Relates, Relation};
use super::names::{find, head};
use super::settings::{self, setting};
use super::{Head, Id, Model, Setting, Thing};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::spec::bus::BusKind;
use crate::spec::given::Given;
use crate::spec::scalar::{Duration, Name};
use crate::spec::{Declared, Sections};

/// A bus.
#[derive(Debug, Clone)]
pub struct Bus {
    /// Name, places, description.
    pub head: Head,
    /// Who makes it.
    pub kind: BusKind,
    /// The name of an imported bus.
    pub imported_name: Option<Spanned<Given<String>>>,
    /// How long its archive keeps events, if it has one.
    pub archive: Option<Spanned<Duration>>,
    /// The log group that gets all of its events, if it has one.
    pub log: Option<EventLog>,
}

/// A log group that gets all events of a bus.
#[derive(Debug, Clone)]
pub struct EventLog {
    /// How long entries are kept.
    pub retention: Setting<Duration>,
    /// The place that asks for it.
    pub span: Span,
}

pub(super) fn bus(sections: &Sections, name: &str, item: &Declared<crate::spec::bus::Bus>) -> Bus {
    let log = item.log.as_ref().map(|log| EventLog {
        retention: match &log.retention {
            Some(retention) => setting(sections, retention.value, |_| None),
            None => settings::log_retention(sections),
        },
        span: log.retention.as_ref().map_or(item.name_span, |retention| retention.span),
    });
    Bus {
        head: head(name, item, item.description.as_ref(), &item.allow),
        kind: item.kind,
        imported_name: item.name.clone(),
        archive: item.archive.as_ref().map(|archive| archive.retention),
        log,
    }
}

/// The bus that `name` names, or that a thing without one travels on: the only declared bus, or the account's default one.
pub(super) fn bus_of(
    sections: &Sections,
    model: &mut Model,
    name: Option<&Name>,
    at: Span,
    what: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Id<Bus> {
    let named = match name {
        // It could not be read: any bus will do.
        Some(name) if name.is_empty() => model.buses.ids().next(),
        Some(name) if name.as_str() == "default" && !sections.buses.declares("default") => None,
        Some(name) => find(sections, name, diagnostics),
        None => match sections.buses.items.len() {
            0 => None,
            1 => Some(Id::new(0)),
            _ => {
                let known: Vec<&str> = sections.buses.names().collect();
                diagnostics.push(
                    Diagnostic::new(
                        Code::EVC0104,
                        at,
                        format!("{what} needs the key `bus`, for there are several buses"),
                    )
                    .help(format!("say `bus:` and one of {}", crate::diagnostics::list(&known))),
                );
                Some(Id::new(0))
            }
        },
    };
    named.unwrap_or_else(|| default_bus(model, at))
}

/// The account's default bus; added to the model when something first travels on it.
pub(super) fn default_bus(model: &mut Model, at: Span) -> Id<Bus> {
    if let Some((id, _)) = model.buses.iter().find(|(_, bus)| bus.kind == BusKind::Default) {
        return id;
    }
    let head = super::Head {
        name: "default".to_owned(),
        name_span: at,
        span: at,
        description: None,
        allow: crate::spec::allow::Allows::default(),
    };
    model.buses.push(Bus { head, kind: BusKind::Default, imported_name: None, archive: None, log: None })
}

/// It says nothing of others.
impl Relates for Bus {
    fn relate(&self, _: &mut dyn FnMut(Relation, Thing, Span)) {}
}
