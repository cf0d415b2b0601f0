//! The operations of `EventBridge` on buses, rules and targets: what there is, and rules that are made by hand, which are gone when the
//! stacks are others.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html>

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Bus, Rule, bus_name, target};
use crate::Refusal;
use crate::page::{Paging, page};
use crate::system::{Caller, System};

/// The most targets of a rule.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
const MOST_TARGETS: usize = 5;

const PAGING: Paging =
    Paging { limit: "Limit", token: "NextToken", next: "NextToken", most: 100, invalid: "ValidationException" };

pub(super) fn said<'b>(body: &'b Value, field: &str) -> Option<&'b str> {
    body.get(field).and_then(Value::as_str)
}

/// The name of the bus that a call is about.
fn bus_of(body: &Value) -> &str {
    bus_name(said(body, "EventBusName").unwrap_or("default"))
}

impl System {
    /// An operation of `EventBridge`.
    pub(crate) fn eventbridge(&mut self, caller: &Caller, operation: &str, body: &Value) -> Result<Value, Refusal> {
        match operation {
            "PutEvents" => self.put_events(caller, body),
            "ListEventBuses" => {
                let prefix = said(body, "NamePrefix").unwrap_or_default();
                let names = self.buses.by_name.keys().filter(|name| name.starts_with(prefix));
                page(body, PAGING, "EventBuses", names.map(|name| self.told_bus(name)).collect())
            }
            "DescribeEventBus" => {
                let name = bus_name(said(body, "Name").unwrap_or("default"));
                self.bus(name).map(|_| self.told_bus(name))
            }
            "ListRules" => {
                let (name, prefix) = (bus_of(body), said(body, "NamePrefix").unwrap_or_default());
                let rules = self.bus(name)?.rules.iter().filter(|rule| rule.name().starts_with(prefix));
                page(body, PAGING, "Rules", rules.map(|rule| rule.told(name)).collect())
            }
            "DescribeRule" => Ok(self.rule(body, "Name")?.told(bus_of(body))),
            "ListTargetsByRule" => {
                let targets = self.rule(body, "Rule")?.targets.iter().map(|target| target.written.clone()).collect();
                page(body, PAGING, "Targets", targets)
            }
            "PutRule" => self.put_rule(body),
            "EnableRule" | "DisableRule" => {
                self.rule(body, "Name")?.enabled = operation == "EnableRule";
                Ok(json!({}))
            }
            "DeleteRule" => {
                let (bus, name) = (bus_of(body), said(body, "Name").unwrap_or_default());
                if self.rule(body, "Name").is_ok_and(|rule| !rule.targets.is_empty()) {
                    return Err(Refusal::invalid("Rule can't be deleted since it has targets."));
                }
                if let Some(bus) = self.buses.by_name.get_mut(bus) {
                    bus.rules.retain(|rule| rule.name() != name);
                }
                Ok(json!({}))
            }
            "PutTargets" => {
                let asked = body.get("Targets").and_then(Value::as_array).cloned().unwrap_or_default();
                let rule = self.rule(body, "Rule")?;
                for target in asked.iter().map(target) {
                    let number = rule.targets.len();
                    match rule.targets.iter_mut().find(|own| own.id == target.id) {
                        Some(own) => *own = target,
                        None if number == MOST_TARGETS => {
                            let message = "The requested resource exceeds the maximum number allowed.";
                            return Err(Refusal::new("LimitExceededException", message));
                        }
                        None => rule.targets.push(target),
                    }
                }
                Ok(json!({ "FailedEntryCount": 0, "FailedEntries": [] }))
            }
            "RemoveTargets" => {
                let ids = body.get("Ids").and_then(Value::as_array).cloned().unwrap_or_default();
                let rule = self.rule(body, "Rule")?;
                rule.targets.retain(|target| !ids.iter().any(|id| *id == target.id));
                Ok(json!({ "FailedEntryCount": 0, "FailedEntries": [] }))
            }
            _ => self
                .archives(operation, body)
                .unwrap_or_else(|| Err(Refusal::unknown_operation("EventBridge", operation))),
        }
    }

    fn bus(&self, name: &str) -> Result<&Bus, Refusal> {
        let gone = || Refusal::new("ResourceNotFoundException", format!("Event bus {name} does not exist."));
        self.buses.by_name.get(name).ok_or_else(gone)
    }

    fn told_bus(&self, name: &str) -> Value {
        let names = self.names();
        json!({ "Name": name, "Arn": format!("arn:aws:events:{}:{}:event-bus/{name}", names.region, names.account) })
    }

    /// The rule that a call names, to be read or changed.
    fn rule(&mut self, body: &Value, field: &str) -> Result<&mut Rule, Refusal> {
        let (bus, name) = (bus_of(body), said(body, field).unwrap_or_default());
        self.bus(bus)?;
        let gone =
            || Refusal::new("ResourceNotFoundException", format!("Rule {name} does not exist on EventBus {bus}."));
        let rules = self.buses.by_name.get_mut(bus).map(|bus| bus.rules.iter_mut());
        rules.into_iter().flatten().find(|rule| rule.name() == name).map(Arc::make_mut).ok_or_else(gone)
    }

    /// Makes a rule by hand, or changes one: it keeps its targets.
    fn put_rule(&mut self, body: &Value) -> Result<Value, Refusal> {
        let (bus, name) = (bus_of(body).to_owned(), said(body, "Name").unwrap_or_default());
        self.bus(&bus)?;
        let invalid = |why: String| Refusal::new("InvalidEventPatternException", why);
        let Some(pattern) = said(body, "EventPattern") else {
            return Err(Refusal::invalid("the local system makes no rule by hand that has no EventPattern"));
        };
        let pattern: Value = serde_json::from_str(pattern)
            .map_err(|error| invalid(format!("Event pattern is not valid. Reason: {error}")))?;
        let path = if bus == "default" { name.to_owned() } else { format!("{bus}/{name}") };
        let names = self.names();
        let arn = format!("arn:aws:events:{}:{}:rule/{path}", names.region, names.account);
        let before = self.rule(body, "Name").ok().cloned();
        let address = before.as_ref().map_or_else(|| format!("rules.{name}"), |rule| rule.address.clone());
        let rule = Rule::of(arn.clone(), address, Some(&pattern))
            .map_err(|why| invalid(format!("Event pattern is not valid. Reason: {why}")))?;
        let enabled = said(body, "State") != Some("DISABLED");
        let rule = Arc::new(Rule { enabled, targets: before.map(|it| it.targets).unwrap_or_default(), ..rule });
        if let Some(bus) = self.buses.by_name.get_mut(&bus) {
            match bus.rules.iter_mut().find(|own| own.arn == arn) {
                Some(own) => *own = rule,
                None => bus.rules.push(rule),
            }
        }
        Ok(json!({ "RuleArn": arn }))
    }
}
