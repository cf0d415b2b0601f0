//! Rules for what becomes of executions that start a workflow whose executions they are for as well: themselves, or by a function that
//! publishes what starts one.

use std::collections::{BTreeSet, VecDeque};

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Destination, Id, Model, Relation, Rule, Thing, Workflow};
use crate::pattern::{self, Constraint, Object, Pattern};

/// The source of the events of Step Functions, and the detail-type of those about executions.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html>
const SOURCE: &str = "aws.states";
const EXECUTIONS: &str = "Step Functions Execution Status Change";

/// Fields of the detail that say which executions.
const WHICH: [&str; 3] = ["stateMachineArn", "executionArn", "name"];

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for rule in model.rules.values() {
        let Some(pattern) = &rule.pattern else { continue };
        if !pattern::ways(pattern).iter().any(takes_all) {
            continue;
        }
        for target in &rule.targets {
            let id = match target.to {
                Destination::Workflow(id) => Some(id),
                Destination::Function(function) => started_after(model, Thing::Function(function)),
                Destination::Queue(queue) => started_after(model, Thing::Queue(queue)),
                Destination::Bus(_) => None,
            };
            let Some(workflow) = id.map(|id| &model.workflows[id]) else { continue };
            // Executions on Redis are none of Step Functions.
            if workflow.redis().is_none() {
                diagnostics.push(report(rule, &workflow.head.name, target.span));
            }
        }
    }
}

/// The first workflow that is started, by a rule for an event, after a function or what works off a queue has run.
fn started_after(model: &Model, thing: Thing) -> Option<Id<Workflow>> {
    let graph = model.graph();
    let mut seen = BTreeSet::from([thing]);
    let mut work = VecDeque::from([thing]);
    while let Some(at) = work.pop_front() {
        if let Thing::Workflow(id) = at {
            return Some(id);
        }
        let onward = graph.from(at).filter(|edge| {
            matches!(
                edge.relation,
                Relation::Publishes
                    | Relation::PublishesThroughOutbox
                    | Relation::Sends
                    | Relation::Feeds
                    | Relation::Delivers
            )
        });
        let read = graph.to(at).filter(|edge| edge.relation == Relation::Matches);
        let next = onward.map(|edge| edge.to).chain(read.map(|edge| edge.from));
        work.extend(next.filter(|next| seen.insert(*next)));
    }
    None
}

/// Whether a pattern is for executions of any state machine.
fn takes_all(way: &Pattern) -> bool {
    let is =
        |field: &str, wanted: &str| way.texts(field).is_none_or(|texts| texts.iter().any(|text| text.value == wanted));
    let says =
        |object: &Object, names: &[&str]| object.fields.iter().any(|field| names.contains(&field.name.value.as_str()));
    let detail = way.root.fields.iter().find(|field| field.name.value == "detail").map(|field| &field.constraint);
    let which = match detail {
        Some(Constraint::Object(detail)) => says(detail, &WHICH) || !detail.or.is_empty(),
        Some(Constraint::AnyOf(_)) | None => false,
    };
    way.texts("source").is_some()
        && is("source", SOURCE)
        && is("detail-type", EXECUTIONS)
        && !which
        && !says(&way.root, &["resources"])
}

fn report(rule: &Rule, workflow: &str, at: crate::source::Span) -> Diagnostic {
    let message = format!("what becomes of an execution of `{workflow}` starts `{workflow}` again");
    Diagnostic::new(Code::EVC0911, at, message)
        .on(format!("rules.{}", rule.head.name))
        .secondary(rule.head.name_span, "this rule is for the executions of every workflow, those that it starts included")
        .note("one that fails whenever it runs starts itself without an end")
        .help("say under `detail` which state machines the rule is for: `stateMachineArn: [..]`; or call a function instead")
}
