//! Rules: the pattern, the targets with retry and dead letters, and what lets `EventBridge` reach each target.

use super::bus::{self, MAX_DESCRIPTION};
use super::engine;
use super::transform::transformer;
use crate::model::{DeadLetterSource, Destination, Id, Model, Rule, Setting, Target};
use crate::pattern::{self, Pattern};
use crate::plan::builder::{Builder, Role, Why, description};
use crate::plan::ids;
use crate::plan::value::{Part, Value, text};
use crate::plan::{LogicalId, Resource};

/// Adds each rule.
pub(super) fn lower(b: &mut Builder<'_>) {
    for (id, rule) in b.model.rules.iter() {
        add(b, id, rule);
    }
}

fn add(b: &mut Builder<'_>, id: Id<Rule>, rule: &Rule) {
    // Without one there has been an error.
    let Some(pattern) = &rule.pattern else { return };
    let logical = ids::rule(rule);
    let dead = ids::dead_letters(b.model, DeadLetterSource::Rule(id));
    let model = b.model;
    let role = needs_role(model, rule).then(|| {
        let principal = format!("rule `{}`", rule.head.name);
        let conditions = own_rules();
        b.role(&logical, &principal, rule.head.name_span, "events.amazonaws.com", Some(conditions))
    });
    let targets = rule.targets.iter().map(|target| {
        let (name, arn) = reach(b, &logical, role.as_ref(), target);
        let entries = [
            ("Id", name.into()),
            ("Arn", arn),
            ("RetryPolicy", retry_policy(target.attempts, target.max_age.seconds)),
            ("DeadLetterConfig", Value::map([("Arn", Value::arn(&dead))])),
        ];
        let input = transformer(b, rule, target).map(|transformer| ("InputTransformer", transformer));
        let assumed =
            role.as_ref().filter(|_| takes_role(model, target.to)).map(|role| ("RoleArn", Value::arn(&role.id)));
        Value::map(entries.into_iter().chain(input).chain(assumed))
    });
    let targets = Value::list(targets.collect::<Vec<_>>());
    let bus = [("EventBusName", bus::name(&b.model.buses[rule.bus]))];
    let properties =
        [("EventPattern", event_pattern(pattern)), ("State", state(b, &logical, &rule.enabled)), ("Targets", targets)];
    let origin = format!("rule `{}`", rule.head.name);
    let resource = Resource::new("AWS::Events::Rule", origin, rule.head.name_span, bus)
        .with("Description", description(rule.head.description.as_ref(), MAX_DESCRIPTION))
        .and(properties);
    b.add(&logical, resource);
}

/// The state of a rule or a schedule.
pub(super) fn state(b: &mut Builder<'_>, of: &LogicalId, enabled: &Setting<bool>) -> Value {
    b.setting(of, "State", enabled, |enabled| if *enabled { "ENABLED" } else { "DISABLED" }.into())
}

/// How often and for how long delivery is tried.
pub(super) fn retry_policy(attempts: u64, max_age_seconds: u64) -> Value {
    Value::map([
        ("MaximumRetryAttempts", Value::count(attempts)),
        ("MaximumEventAgeInSeconds", Value::count(max_age_seconds)),
    ])
}

/// Whether `EventBridge` reaches the target with a role; functions and queues have policies of their own, and workflows on Redis
/// start by a message to a queue.
fn takes_role(model: &Model, to: Destination) -> bool {
    matches!(to, Destination::Workflow(_) | Destination::Bus(_)) && !engine::on_redis(model, to)
}

fn needs_role(model: &Model, rule: &Rule) -> bool {
    rule.targets.iter().any(|target| takes_role(model, target.to))
}

/// Only rules of this account may use the role. The rule itself cannot be named: it refers to the role.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html>
fn own_rules() -> Value {
    let rules = text([
        "arn:".into(),
        Part::Parameter("AWS::Partition"),
        ":events:".into(),
        Part::Parameter("AWS::Region"),
        ":".into(),
        Part::Parameter("AWS::AccountId"),
        ":rule/*".into(),
    ]);
    Value::map([
        ("StringEquals", Value::map([("aws:SourceAccount", Value::pseudo("AWS::AccountId"))])),
        ("ArnLike", Value::map([("aws:SourceArn", rules)])),
    ])
}

/// Lets the rule reach a target; the target's id in the rule, and its ARN.
fn reach(b: &mut Builder<'_>, rule: &LogicalId, role: Option<&Role>, target: &Target) -> (String, Value) {
    let model = b.model;
    match target.to {
        Destination::Function(id) => {
            let function = &model.functions[id];
            let logical = ids::function(function);
            let properties = [
                ("FunctionName", Value::Ref(logical.clone())),
                ("Action", "lambda:InvokeFunction".into()),
                ("Principal", "events.amazonaws.com".into()),
                ("SourceArn", Value::arn(rule)),
            ];
            let origin = format!("invocations of function `{}` by a rule", function.head.name);
            let resource = Resource::new("AWS::Lambda::Permission", origin, target.span, properties);
            b.add(&LogicalId::new([rule.as_str(), &function.head.name, "permission"]), resource);
            (format!("function-{}", function.head.name), Value::arn(&logical))
        }
        Destination::Workflow(id) => {
            let workflow = &model.workflows[id];
            if workflow.redis().is_some() {
                return (format!("workflow-{}", workflow.head.name), Value::arn(&ids::engine_queue()));
            }
            let starter = Value::Ref(ids::starter(workflow));
            if let Some(role) = role {
                let why = Why::new(format!("`to: {{ workflow: {} }}`", workflow.head.name), target.span);
                b.grant(role, &["states:StartExecution"], [starter.clone()], why);
            }
            (format!("workflow-{}", workflow.head.name), starter)
        }
        Destination::Queue(id) => {
            let queue = &model.queues[id];
            (format!("queue-{}", queue.head.name), Value::arn(&ids::queue(queue)))
        }
        Destination::Bus(id) => {
            let to = &model.buses[id];
            if let Some(role) = role {
                let why = Why::new(format!("`to: {{ bus: {} }}`", to.head.name), target.span);
                b.grant(role, &["events:PutEvents"], [bus::arn(to)], why);
            }
            (format!("bus-{}", to.head.name), bus::arn(to))
        }
    }
}

/// The whole pattern as a map, or as a text if it has a `null`, which a template cannot have.
fn event_pattern(pattern: &Pattern) -> Value {
    Value::from_json(&pattern::to_json(pattern)).unwrap_or_else(|| pattern::to_text(pattern).into())
}
