//! Rules: the pattern, the targets with retry and dead letters, and what lets `EventBridge` reach each target.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of anything that is forgotten here must not compile")]

use super::bus::MAX_DESCRIPTION;
use super::transform::transformer;
use crate::model::{DeadLetterSource, Destination, Id, Model, Rule, Target};
use crate::pattern::{self, Pattern};
use crate::plan::builder::{Builder, EventRule, Role, Why};
use crate::plan::dead_letters::DeadLetters;
use crate::plan::graph::{Graph, Line};
use crate::plan::rule::{Input, RuleTarget};
use crate::plan::value::{Value, description};
use crate::plan::{LogicalId, bus, ids, policy};
use crate::spec::bus::BusKind;

/// Adds each rule.
pub(crate) fn lower(b: &mut Builder<'_>) {
    for (id, rule) in b.model.rules.iter() {
        add(b, id, rule);
    }
}

fn add(b: &mut Builder<'_>, id: Id<Rule>, rule: &Rule) {
    let dead = b.dead_letter(DeadLetters::of(b.model, DeadLetterSource::Rule(id)));
    // Without one there has been an error.
    let Some(pattern) = &rule.pattern else { return };
    let logical = ids::rule(rule);
    let model = b.model;
    let role = needs_role(model, rule).then(|| {
        let principal = format!("rule `{}`", rule.head.name);
        b.role(&logical, &principal, rule.head.name_span, "events.amazonaws.com", Some(policy::own_rules()))
    });
    let targets = rule.targets.iter().enumerate().map(|(at, target)| {
        // The same thing may be a target several times, with inputs of its own. It is let in once, and each has an id of its own.
        let before = rule.targets[..at].iter().filter(|it| it.to == target.to).count();
        let (id, arn) = reach(b, &logical, role.as_ref(), target, before == 0);
        let id = if before == 0 { id } else { format!("{id}-{}", before + 1) };
        let input = transformer(b, rule, target).map_or(Input::Event, Input::Transformed);
        let role = role.as_ref().filter(|_| takes_role(model, target.to)).map(|role| role.id.clone());
        RuleTarget { id, arn, tries: (target.attempts, target.max_age.seconds), dead: dead.clone(), input, role }
    });
    let targets = targets.collect();
    let state = b.state(&logical, &rule.enabled);
    let made = EventRule {
        bus: &model.buses[rule.bus],
        description: description(rule.head.description.as_ref(), MAX_DESCRIPTION),
        pattern: event_pattern(pattern),
        state,
        targets,
        origin: format!("rule `{}`", rule.head.name),
        span: rule.head.name_span,
    };
    b.rule(&logical, made);
    show(b, rule);
}

/// The metrics of rules are by the name of the rule, and on other buses than the default one by that of the bus as well.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html>
fn show(b: &mut Builder<'_>, rule: &Rule) {
    let on = &b.model.buses[rule.bus];
    // `arn:...:rule/NAME` on the default bus, `arn:...:rule/BUS/NAME` on others.
    let default = on.kind == BusKind::Default;
    for (graph, metric) in [(Graph::RuleMatches, "TriggeredRules"), (Graph::RuleFailures, "FailedInvocations")] {
        let name = Value::Piece(if default { 1 } else { 2 }, "/", Box::new(Value::arn(&ids::rule(rule))));
        let bus = (!default).then(|| ("EventBusName", bus::name(on)));
        let dimensions = bus.into_iter().chain([("RuleName", name)]);
        b.show(graph, Line::new(&rule.head.name, "AWS/Events", metric, dimensions));
    }
}

/// Whether `EventBridge` reaches the target with a role; functions and queues have policies of their own, and workflows on Redis
/// start by a message to a queue.
fn takes_role(model: &Model, to: Destination) -> bool {
    matches!(to, Destination::Workflow(_) | Destination::Bus(_)) && !model.starts_on_redis(to)
}

fn needs_role(model: &Model, rule: &Rule) -> bool {
    rule.targets.iter().any(|target| takes_role(model, target.to))
}

/// Lets the rule reach a target, unless it may already; the target's id in the rule, and its ARN.
fn reach(b: &mut Builder<'_>, rule: &LogicalId, role: Option<&Role>, target: &Target, first: bool) -> (String, Value) {
    let model = b.model;
    match target.to {
        Destination::Function(id) => {
            let function = &model.functions[id];
            let logical = ids::function(function);
            let origin = format!("invocations of function `{}` by a rule", function.head.name);
            let id = LogicalId::new([rule.as_str(), &function.head.name, "permission"]);
            if first {
                b.permit(&id, &logical, "events.amazonaws.com", Value::arn(rule), &origin, target.span);
            }
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
