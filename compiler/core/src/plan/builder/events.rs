//! What others than `EventBridge` want of it: rules, and leave to publish.

use super::{Builder, Role, Why};
use crate::model::{Bus, Event, Id, Setting};
use crate::plan::rule::{RuleTarget, state};
use crate::plan::value::Value;
use crate::plan::{LogicalId, Resource, bus};
use crate::source::{Span, Spanned};

/// A rule.
pub(crate) struct EventRule<'a> {
    /// The bus that it is on.
    pub(crate) bus: &'a Bus,
    /// What it is for.
    pub(crate) description: Option<Value>,
    /// What it is for events of.
    pub(crate) pattern: Value,
    /// Whether it is on.
    pub(crate) state: Value,
    /// Where these events go.
    pub(crate) targets: Vec<RuleTarget>,
    /// What in the spec it comes from.
    pub(crate) origin: String,
    /// Where that is.
    pub(crate) span: Span,
}

impl Builder<'_> {
    /// Adds a rule.
    pub(crate) fn rule(&mut self, id: &LogicalId, rule: EventRule<'_>) {
        let targets = rule.targets.into_iter().map(RuleTarget::value);
        let properties = [("EventPattern", rule.pattern), ("State", rule.state), ("Targets", Value::list(targets))];
        let name = [("EventBusName", bus::name(rule.bus))];
        let resource = Resource::new("AWS::Events::Rule", rule.origin, rule.span, name)
            .with("Description", rule.description)
            .and(properties);
        self.add(id, resource);
    }

    /// The state of a rule or a schedule that may be off in some environments.
    pub(crate) fn state(&mut self, of: &LogicalId, enabled: &Setting<bool>) -> Value {
        self.setting(of, "State", enabled, |enabled| state(*enabled))
    }

    /// Lets a role put events on a bus, only such as these: `events:source` has a value for each entry of a `PutEvents` call, hence
    /// `ForAllValues`; no entry is without one.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html>
    pub(crate) fn publish(&mut self, role: &Role, on: &Bus, events: &[Spanned<Id<Event>>], why: Why) {
        let model = self.model;
        let mut sources: Vec<&str> = events.iter().map(|event| model.events[event.value].source.as_str()).collect();
        sources.sort_unstable();
        sources.dedup();
        self.publish_from(role, on, sources, why);
    }

    /// Lets a role put events of some sources on a bus.
    pub(crate) fn publish_from<'s>(
        &mut self,
        role: &Role,
        on: &Bus,
        sources: impl IntoIterator<Item = &'s str>,
        why: Why,
    ) {
        let sources = Value::list(sources.into_iter().map(Value::from));
        let why = why.only_if("ForAllValues:StringEquals", "events:source", sources);
        self.grant(role, &["events:PutEvents"], [bus::arn(on)], why);
    }
}
