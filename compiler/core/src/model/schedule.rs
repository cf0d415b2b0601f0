//! Schedules.

use super::graph::{Relates, Relation};
use super::names::head;
use super::settings::enabled;
use super::target::target_of;
use super::{DeadLetterSource, Head, Id, Setting, Target, Thing};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::spec::scalar::{Duration, Json};
use crate::spec::target::TargetKind;
use crate::spec::{Declared, Sections};

/// A schedule.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Name, places, description.
    pub head: Head,
    /// When.
    pub when: When,
    /// What starts. `None` if it could not be resolved.
    pub target: Option<Target>,
    /// What it is given.
    pub input: Option<Spanned<Json>>,
    /// Whether it runs.
    pub enabled: Setting<bool>,
}

/// When a schedule starts.
#[derive(Debug, Clone)]
pub enum When {
    /// Again and again after this time.
    Every(Duration),
    /// At the times of a cron expression, in a time zone.
    Cron(String, String),
}

pub(super) fn schedule(
    sections: &Sections,
    name: &str,
    item: &Declared<crate::spec::schedule::Schedule>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Schedule {
    if !matches!(item.to.kind, TargetKind::Function | TargetKind::Workflow) {
        let message = format!("a schedule starts a function or a workflow, not a {}", item.to.kind.key());
        diagnostics.push(Diagnostic::new(Code::EVC0105, item.to.span, message));
    }
    if let (Some(zone), Some(_)) = (&item.timezone, &item.every) {
        let message = "`timezone` says nothing beside `every`";
        let diagnostic = Diagnostic::new(Code::EVC0115, zone.span, message)
            .on(format!("schedules.{name}"))
            .note("what starts again after a time looks at no clock");
        diagnostics.push(diagnostic.help("take it out, or say at which hour it starts with `cron`"));
    }
    if let Some(input) = &item.to.input {
        let message = "a schedule has no event to make an input of";
        let diagnostic = Diagnostic::new(Code::EVC0105, input.span, message);
        diagnostics.push(diagnostic.help("write `input` beside `to`: it is what the schedule brings"));
    }
    let zone = item.timezone.as_ref().map_or("UTC", |zone| zone.as_str());
    Schedule {
        head: head(name, item, item.description.as_ref(), &item.allow),
        when: match (&item.every, &item.cron) {
            (_, Some(cron)) => When::Cron(cron.value.clone(), zone.to_owned()),
            (Some(every), None) => When::Every(every.value),
            (None, None) => When::Every(Duration::days(1)),
        },
        target: target_of(sections, &item.to, diagnostics),
        input: item.input.clone(),
        enabled: enabled(sections, name, item.enabled, |environment| &environment.schedules),
    }
}

impl Relates for Schedule {
    fn relate(&self, tell: &mut dyn FnMut(Relation, Thing, Span)) {
        if let Some(target) = &self.target {
            tell(Relation::Starts, target.to.into(), target.span);
        }
    }

    fn dead_letters(id: Id<Self>) -> Option<DeadLetterSource> {
        Some(DeadLetterSource::Schedule(id))
    }
}
