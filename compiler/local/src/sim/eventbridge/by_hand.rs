//! Rules that are made by calls, beside those of the stacks. They are gone when the stacks are others.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Rule, bus_name, target};
use crate::Refusal;
use crate::pattern::Pattern;
use crate::system::System;

impl System {
    /// Operations that make and change rules; `None` if it is none of these.
    pub(super) fn rules_by_hand(&mut self, operation: &str, body: &Value) -> Option<Result<Value, Refusal>> {
        Some(match operation {
            "PutRule" => self.put_rule(body),
            "PutTargets" => self.put_targets(body),
            "DeleteRule" => self.changed_rule(body, "Name", |_| None).map(|()| json!({})),
            _ => return None,
        })
    }

    /// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html>
    fn put_rule(&mut self, body: &Value) -> Result<Value, Refusal> {
        let text = |field: &str| body.get(field).and_then(Value::as_str);
        let (bus, name) = (bus_name(text("EventBusName").unwrap_or("default")), text("Name").unwrap_or_default());
        let pattern = text("EventPattern").unwrap_or_default();
        let wrong = |why: String| Refusal::new("InvalidEventPatternException", why);
        let parsed = Pattern::parse(pattern).map_err(wrong)?;
        let names = self.names();
        let of_bus = if bus == "default" { String::new() } else { format!("{bus}/") };
        let arn = format!("arn:aws:events:{}:{}:rule/{of_bus}{name}", names.region, names.account);
        let gone = || Refusal::new("ResourceNotFoundException", format!("Event bus {bus} does not exist."));
        let rules = &mut self.buses.by_name.get_mut(bus).ok_or_else(gone)?.rules;
        let before = rules.iter().position(|rule| rule.arn == arn);
        let targets = before.map(|at| rules.remove(at).targets.clone()).unwrap_or_default();
        rules.push(Arc::new(Rule {
            arn: arn.clone(),
            address: format!("rule {name}"),
            pattern: Some(parsed),
            text: pattern.to_owned(),
            about: [Vec::new(), Vec::new()],
            enabled: text("State") != Some("DISABLED"),
            targets,
        }));
        Ok(json!({ "RuleArn": arn }))
    }

    /// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html>
    fn put_targets(&mut self, body: &Value) -> Result<Value, Refusal> {
        let more = body.get("Targets").and_then(Value::as_array).into_iter().flatten().map(target);
        let more: Vec<_> = more.collect();
        self.changed_rule(body, "Rule", |rule| {
            let mut rule = rule.clone();
            rule.targets.retain(|old| !more.iter().any(|new| new.id == old.id));
            rule.targets.extend(more);
            Some(rule)
        })?;
        Ok(json!({ "FailedEntryCount": 0, "FailedEntries": [] }))
    }

    /// Puts another rule in the place of one, or none.
    fn changed_rule(
        &mut self,
        body: &Value,
        field: &str,
        change: impl FnOnce(&Rule) -> Option<Rule>,
    ) -> Result<(), Refusal> {
        let text = |field: &str| body.get(field).and_then(Value::as_str);
        let (bus, name) = (bus_name(text("EventBusName").unwrap_or("default")), text(field).unwrap_or_default());
        let rules = self.buses.by_name.get_mut(bus).map(|bus| &mut bus.rules);
        let place = rules.and_then(|rules| {
            let at = rules.iter().position(|rule| rule.arn.rsplit('/').next() == Some(name))?;
            Some((rules, at))
        });
        let gone =
            || Refusal::new("ResourceNotFoundException", format!("Rule {name} does not exist on EventBus {bus}."));
        let (rules, at) = place.ok_or_else(gone)?;
        let rule = rules.remove(at);
        if let Some(changed) = change(&rule) {
            rules.insert(at, Arc::new(changed));
        }
        Ok(())
    }
}
