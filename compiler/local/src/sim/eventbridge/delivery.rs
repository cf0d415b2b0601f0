//! What is given to targets, and what becomes of what cannot be.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-event-delivery.html>

use std::sync::Arc;

use serde_json::Value;

use super::{Rule, SERVICE, bus_name, input_of};
use crate::Refusal;
use crate::iam::Principal;
use crate::sim::sqs::Outgoing;
use crate::system::System;
use crate::trace::{HopId, Kind, New, Outcome};

/// The first pause before a target is tried again, and the longest, milliseconds: AWS backs off exponentially and does not say more.
const RETRY_MS: u64 = 1_000;
const MOST_RETRY_MS: u64 = 900_000;

impl System {
    /// Gives an event to all targets of a rule: at least once, in no order.
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event.html>
    pub(super) fn give_all(&mut self, rule: &Arc<Rule>, event: &Arc<Value>, cause: HopId) {
        let since_ms = self.now_ms();
        for index in 0..rule.targets.len() {
            let late_ms = self.lateness(&rule.address, Some(cause), false);
            let again_ms = self.again(&rule.address, Some(cause)).map(|ms| late_ms + ms);
            for delay_ms in [Some(late_ms), again_ms].into_iter().flatten() {
                let (rule, event) = (rule.clone(), event.clone());
                self.after(delay_ms, move |system| system.give(&rule, index, &event, cause, since_ms, 0));
            }
        }
    }

    /// Gives an event to one target of a rule; again later if that fails, and to the dead-letter queue in the end: at once what no retry mends,
    /// such as a permission that is missing or a target that is gone.
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>
    fn give(&mut self, rule: &Arc<Rule>, index: usize, event: &Arc<Value>, cause: HopId, since_ms: u64, tried: u64) {
        let Some(target) = rule.targets.get(index) else { return };
        let input = input_of(&target.input, event, &rule.arn);
        let who = Principal::of(SERVICE, target.role.as_deref(), &rule.arn);
        let Err(refusal) = self.deliver_to(&who, &target.arn, input, target.group.clone(), Some(cause)) else { return };
        let delay_ms =
            RETRY_MS.checked_shl(u32::try_from(tried).unwrap_or(u32::MAX)).unwrap_or(MOST_RETRY_MS).min(MOST_RETRY_MS);
        let code = refusal.of_delivery();
        let is_retried = code == "ERROR_FROM_TARGET";
        let too_often = tried >= target.attempts;
        if is_retried && !too_often && self.now_ms() + delay_ms <= since_ms + target.age_ms {
            let (rule, event) = (rule.clone(), event.clone());
            self.after(delay_ms, move |system| system.give(&rule, index, &event, cause, since_ms, tried + 1));
            return;
        }
        self.trace.end(cause, self.now_ms(), Outcome::Failed(refusal.to_string()));
        let Some(queue) = &target.dead_letters else { return };
        let retries = tried.to_string();
        let exhausted = match (is_retried, too_often) {
            (false, _) => "",
            (true, true) => "MaximumRetryAttempts",
            (true, false) => "MaximumEventAgeInSeconds",
        };
        // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
        let attributes = [
            ("RULE_ARN", rule.arn.as_str()),
            ("TARGET_ARN", target.arn.as_str()),
            ("ERROR_CODE", code),
            ("ERROR_MESSAGE", refusal.message.as_str()),
            ("RETRY_ATTEMPTS", retries.as_str()),
            ("EXHAUSTED_RETRY_CONDITION", exhausted),
        ];
        let attributes: Vec<(&str, &str)> = attributes.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let why = format!("{}: {refusal}", rule.address);
        let who = Principal::of(SERVICE, None, &rule.arn);
        self.keep_dead_letter(&who, queue, &event.to_string(), &attributes, Some(cause), &why);
    }

    /// Gives a text to whatever has this ARN, if policies allow it: a function, a queue, a topic, a state machine, a bus, a log group. A FIFO
    /// queue takes it for a group.
    pub(crate) fn deliver_to(
        &mut self,
        who: &Principal,
        arn: &str,
        input: String,
        group: Option<String>,
        cause: Option<HopId>,
    ) -> Result<(), Refusal> {
        let action = match arn.split(':').nth(2).unwrap_or_default() {
            "lambda" => "lambda:InvokeFunction",
            "sqs" => "sqs:SendMessage",
            "sns" => "sns:Publish",
            "states" => "states:StartExecution",
            "events" => "events:PutEvents",
            "logs" => "logs:PutLogEvents",
            _ => return Err(Refusal::new("NoPermissions", format!("the local system cannot deliver to {arn}"))),
        };
        if action == "logs:PutLogEvents" {
            let stream = format!("{}:log-stream:local", arn.trim_end_matches(":*"));
            self.may_do(who, action, &stream, cause)?;
        } else {
            self.may_do(who, action, arn, cause)?;
        }
        match action {
            "lambda:InvokeFunction" => {
                if self.functions.find(arn).is_none() {
                    return Err(Refusal::new("ResourceNotFoundException", format!("Function not found: {arn}")));
                }
                self.invoke_later(arn, input, cause);
                Ok(())
            }
            "sqs:SendMessage" => {
                self.send(arn, Outgoing { body: input, group, cause, ..Outgoing::default() }).map(|_| ())
            }
            "sns:Publish" => self.publish(arn, &input, None, cause).map(|_| ()),
            "states:StartExecution" => {
                let input = serde_json::from_str(&input).unwrap_or(Value::Null);
                self.start_machine(arn, None, input, cause).map(|_| ())
            }
            "events:PutEvents" => {
                let Ok(Value::Object(event)) = serde_json::from_str::<Value>(&input) else {
                    return Err(Refusal::invalid("what a bus is given is an event"));
                };
                let bus = bus_name(arn).to_owned();
                if !self.buses.by_name.contains_key(&bus) {
                    return Err(Refusal::new("ResourceNotFoundException", format!("Event bus {bus} does not exist.")));
                }
                self.route(&bus, Value::Object(event), cause);
                Ok(())
            }
            _ => {
                let group = arn.split(":log-group:").nth(1).unwrap_or_default().trim_end_matches(":*").to_owned();
                self.log_line(&group, "local", &input);
                let data = serde_json::from_str(&input).unwrap_or(Value::String(input));
                self.note(New::done(cause, Kind::Log, "logs", group, data));
                Ok(())
            }
        }
    }
}
