//! Targets: what rules and schedules start or send to.

use std::collections::BTreeSet;

use super::names::find;
use super::transform::with_detail_type;
use super::{Bus, Function, Id, Queue, Thing, Workflow};
use crate::diagnostics::Diagnostic;
use crate::expr::Template;
use crate::source::{Span, Spanned};
use crate::spec::Sections;
use crate::spec::scalar::Duration;
use crate::spec::target::TargetKind;

/// What gets an event.
#[derive(Debug, Clone)]
pub struct Target {
    /// Which thing.
    pub to: Destination,
    /// How often delivery is tried.
    pub attempts: u64,
    /// How old an event may become.
    pub max_age: Duration,
    /// What it gets instead of the event's detail.
    pub input: Option<Template>,
    /// Its place.
    pub span: Span,
}

/// A thing that can be started or sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Destination {
    /// A function.
    Function(Id<Function>),
    /// A workflow.
    Workflow(Id<Workflow>),
    /// A queue.
    Queue(Id<Queue>),
    /// Another bus.
    Bus(Id<Bus>),
}

impl From<Destination> for Thing {
    fn from(to: Destination) -> Self {
        match to {
            Destination::Function(id) => Self::Function(id),
            Destination::Workflow(id) => Self::Workflow(id),
            Destination::Queue(id) => Self::Queue(id),
            Destination::Bus(id) => Self::Bus(id),
        }
    }
}

impl Destination {
    /// The kind of target.
    pub fn kind(self) -> TargetKind {
        match self {
            Self::Function(_) => TargetKind::Function,
            Self::Workflow(_) => TargetKind::Workflow,
            Self::Queue(_) => TargetKind::Queue,
            Self::Bus(_) => TargetKind::Bus,
        }
    }
}

/// How often `EventBridge` tries to deliver, and for how long, when nothing else is said: as AWS does by default, written out
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html>).
const DELIVERY: (u64, Duration) = (185, Duration::days(1));

pub(super) fn target_of(
    sections: &Sections,
    target: &Spanned<crate::spec::target::Target>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Target> {
    let name = &target.name;
    let to = match target.kind {
        TargetKind::Function => Destination::Function(find(sections, name, diagnostics)?),
        TargetKind::Workflow => Destination::Workflow(find(sections, name, diagnostics)?),
        TargetKind::Queue => Destination::Queue(find(sections, name, diagnostics)?),
        TargetKind::Bus => Destination::Bus(find(sections, name, diagnostics)?),
    };
    let retry = target.retry.as_ref();
    Some(Target {
        to,
        attempts: retry.and_then(|retry| retry.attempts.as_ref()).map_or(DELIVERY.0, |attempts| attempts.value),
        max_age: retry.and_then(|retry| retry.max_age.as_ref()).map_or(DELIVERY.1, |age| age.value),
        input: target
            .input
            .as_ref()
            .and_then(|input| Template::decode(&with_detail_type(&input.0), &BTreeSet::new(), diagnostics)),
        span: name.span,
    })
}
