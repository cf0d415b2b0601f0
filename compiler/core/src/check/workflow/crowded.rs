//! More that comes at a time than a function of little concurrency runs: executions of a workflow that many things start, and a schedule.

use std::collections::BTreeSet;

use super::{is_caught, item, patience};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Destination, Function, Id, Model, Relation, Step, Thing, When, Workflow};
use crate::source::{Span, Spanned};
use crate::spec::cron::again;
use crate::spec::scalar::Duration;

/// As many at once are few: a handful of events that come together is more.
const FEW: u64 = 2;

/// How long Lambda keeps what it could not begin yet, where nothing says otherwise.
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
const KEPT: Duration = Duration::hours(6);

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for schedule in model.schedules.values() {
        let again = match &schedule.when {
            When::Every(every) => Some(*every),
            When::Cron(cron, _) => again(cron),
        };
        let (Some(every), Some(target)) = (again, &schedule.target) else { continue };
        let Destination::Function(id) = target.to else { continue };
        let function = &model.functions[id];
        let piles_up =
            |(most, timeout): &(Spanned<u64>, Duration)| timeout.seconds > every.seconds.saturating_mul(most.value);
        let Some((most, timeout)) = limits(function).find(piles_up) else { continue };
        let (schedule, name) = (&schedule.head, &function.head.name);
        let message = format!(
            "schedule `{}` starts `{name}` every {every}, which may take {timeout} and runs {} at once",
            schedule.name, most.value
        );
        diagnostics.push(
            Diagnostic::new(Code::EVC0545, target.span, message)
                .on(format!("schedules.{}", schedule.name))
                .secondary(most.span, "as many run at once")
                .secondary(function.timeout_span, "it may take as long")
                .note(format!("Lambda keeps those that come meanwhile and runs them late; what is not begun after {KEPT} is a dead letter"))
                .help("start it less often, bound its `timeout` by what it really takes, or let more of it run"),
        );
    }
}

/// Executions of one workflow, each of which calls a function of which few run at once. `told` holds functions that are told of already.
pub(super) fn executions(
    model: &Model,
    id: Id<Workflow>,
    told: &BTreeSet<Id<Function>>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let workflow = &model.workflows[id];
    let many = |relation: &Relation, from: Thing| {
        matches!(relation, Relation::Delivers | Relation::Routes)
            || *relation == Relation::Starts && matches!(from, Thing::Function(_))
    };
    let Some(start) = model.graph().to(Thing::Workflow(id)).find(|edge| many(&edge.relation, edge.from)) else {
        return;
    };
    let mut told = told.clone();
    workflow.body.walk(&mut |step: &Step| {
        let Some(called) = step.call().and_then(|call| call.function) else { return };
        if step.unreachable || is_caught(step) || told.contains(&called) {
            return;
        }
        let (function, patience) = (&model.functions[called], patience(step));
        let is_short =
            |(most, timeout): &(Spanned<u64>, Duration)| most.value <= FEW && timeout.seconds > patience;
        let Some((most, timeout)) = limits(function).find(is_short) else { return };
        told.insert(called);
        let name = &function.head.name;
        let message = format!(
            "`{name}` runs {} at once for up to {timeout}, and step `{}` of a further execution gives up after {}",
            most.value,
            step.name,
            Duration::seconds(patience)
        );
        diagnostics.push(
            Diagnostic::new(Code::EVC0545, step.name_span, message)
                .on(item(workflow))
                .secondary(most.span, "as many run at once")
                .secondary(start.span, "each time, an execution starts")
                .note("Lambda throttles a call that comes while the function is busy, and the step of Step Functions fails when its retries are over")
                .help("give the call a `retry` of `Transient` errors that lasts longer, let more of the function run, or feed it by a queue"),
        );
    });
}

/// Of how many a function runs and how long each may take, in each environment that bounds them.
fn limits(function: &Function) -> impl Iterator<Item = (Spanned<u64>, Duration)> {
    let bounded = |((most, at), timeout): ((&Option<u64>, Option<Span>), &Duration)| {
        Some((Spanned::new((*most)?, at.unwrap_or(function.concurrency_span)), *timeout))
    };
    function.concurrency.said().zip(function.timeout.values()).filter_map(bounded)
}
