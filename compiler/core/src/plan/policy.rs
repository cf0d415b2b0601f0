//! Policies, as IAM writes them: documents, statements, and the conditions that keep a service from being used by others.

use super::arn;
use super::names::of_stack;
use super::value::Value;

/// The name of the policy of a role with what the spec says under `may`, beside the one that evc derives.
pub(crate) const MAY: &str = "may";

/// A policy document.
pub(crate) fn document(statements: impl IntoIterator<Item = Value>) -> Value {
    Value::map([("Version", "2012-10-17".into()), ("Statement", Value::list(statements))])
}

/// Who a statement is about: one service or several.
pub(crate) fn services(services: Value) -> Value {
    Value::map([("Service", services)])
}

/// Allows actions on a resource to somebody, under a condition if there is one.
pub(crate) fn allow(principal: Value, action: Value, resource: Value, condition: Option<Value>) -> Value {
    let entries = [("Effect", "Allow".into()), ("Principal", principal), ("Action", action), ("Resource", resource)];
    Value::map(entries.into_iter().chain(condition.map(|condition| ("Condition", condition))))
}

/// Lets a service be a role, under a condition if there is one.
pub(crate) fn assume(service: &str, condition: Option<Value>) -> Value {
    let entries =
        [("Effect", "Allow".into()), ("Principal", services(service.into())), ("Action", "sts:AssumeRole".into())];
    Value::map(entries.into_iter().chain(condition.map(|condition| ("Condition", condition))))
}

/// The condition that a service acts for something in this account. One thing cannot be named where it refers to the role.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html#prevent-cross-service-confused-deputy>
pub(crate) fn own_account() -> Value {
    Value::map([("StringEquals", Value::map([own()]))])
}

/// The same, for a service of which AWS does not say that it tells for whom it acts: it is held to it where it does.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_IfExists>
pub(crate) fn own_account_if_told() -> Value {
    Value::map([("StringEqualsIfExists", Value::map([own()]))])
}

/// The condition that Step Functions acts for the state machine of this name, which refers to the role and cannot be referred to.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html#prevent-cross-service-confused-deputy>
pub(crate) fn own_machine(suffix: &str) -> Value {
    let machine = arn::of("states", "stateMachine:", of_stack().into_iter().chain([suffix.into()]));
    Value::map([("StringEquals", Value::map([own()])), ("ArnLike", Value::map([("aws:SourceArn", machine)]))])
}

/// The condition that `EventBridge` acts for a pipe of this account. CloudFormation names them.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html>
pub(crate) fn own_pipes() -> Value {
    Value::map([
        ("StringEquals", Value::map([own()])),
        ("ArnLike", Value::map([("aws:SourceArn", arn::of("pipes", "pipe/*", []))])),
    ])
}

/// The condition that `EventBridge` acts for a rule of this account. The rule itself cannot be named: it refers to the role.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html>
pub(crate) fn own_rules() -> Value {
    Value::map([
        ("StringEquals", Value::map([own()])),
        ("ArnLike", Value::map([("aws:SourceArn", arn::of("events", "rule/*", []))])),
    ])
}

/// The condition that Scheduler acts for a schedule of this account's default group, which is theirs. One schedule cannot be named.
/// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html>
pub(crate) fn own_schedules() -> Value {
    let group = arn::of("scheduler", "schedule-group/default", []);
    Value::map([("StringEquals", Value::map([own(), ("aws:SourceArn", group)]))])
}

/// The condition that `EventBridge` acts for one of these rules.
pub(crate) fn of_rules(rules: impl IntoIterator<Item = Value>) -> Value {
    Value::map([("ArnEquals", Value::map([("aws:SourceArn", Value::one_or_many(rules))]))])
}

fn own() -> (&'static str, Value) {
    ("aws:SourceAccount", Value::pseudo("AWS::AccountId"))
}
