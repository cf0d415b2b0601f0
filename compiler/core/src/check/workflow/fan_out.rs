//! Calls that run at once beside the reserved concurrency of the function that they call.
//!
//! Lambda throttles what is more than a function's reserved concurrency, and a step of Step Functions that is throttled tries again as its
//! `retry` says: three times within some seconds, if it says nothing. On Redis calls wait in a queue, which takes as many as run.
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html>

use std::collections::{BTreeMap, BTreeSet};

use super::concurrency::MOST_ROUNDS;
use super::{crowded, item, items, patience};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Body, Function, Id, Model, Rounds, Step, Workflow};
use crate::source::{Span, Spanned};
use crate::spec::scalar::Duration;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for (id, workflow) in model.workflows.iter().filter(|(_, workflow)| workflow.redis().is_none()) {
        let mut fan_out = FanOut { model, workflow, told: BTreeSet::new(), found: Vec::new() };
        fan_out.body(&workflow.body);
        diagnostics.append(&mut fan_out.found);
        // What one execution has too much of already is not told of several.
        crowded::executions(model, id, &fan_out.told, diagnostics);
    }
}

/// The calls of a function that run at once.
#[derive(Debug, Clone, Copy)]
struct Calls {
    count: u64,
    /// For how many seconds the least patient of them tries again while the function is busy.
    patience: u64,
}

type AtOnce = BTreeMap<Id<Function>, Calls>;

struct FanOut<'m> {
    model: &'m Model,
    workflow: &'m Workflow,
    told: BTreeSet<Id<Function>>,
    found: Vec<Diagnostic>,
}

impl FanOut<'_> {
    /// The most calls of each function while the steps of a body run, one after another.
    fn body(&mut self, body: &Body) -> AtOnce {
        let mut most = AtOnce::new();
        for step in body.steps.iter().filter(|step| !step.unreachable) {
            for (function, calls) in self.step(step) {
                merge(&mut most, function, calls, u64::max);
            }
        }
        most
    }

    fn step(&mut self, step: &Step) -> AtOnce {
        let mut all = AtOnce::new();
        if let Some(function) = step.call().and_then(|call| call.function) {
            all.insert(function, Calls { count: 1, patience: patience(step) });
        }
        for nested in step.nested() {
            let rounds = match nested.rounds {
                Rounds::One => 1,
                Rounds::EachItem { concurrency } => {
                    let most = items(self.model, step).most.unwrap_or(u64::MAX);
                    most.min(concurrency.map_or(MOST_ROUNDS, |own| own.value)).min(MOST_ROUNDS)
                }
            };
            for (function, calls) in self.body(nested.body) {
                let calls = Calls { count: calls.count.saturating_mul(rounds), ..calls };
                merge(&mut all, function, calls, u64::saturating_add);
            }
        }
        if !step.nested().is_empty() {
            for (function, calls) in &all {
                self.tell(step, *function, *calls);
            }
        }
        all
    }

    fn tell(&mut self, step: &Step, id: Id<Function>, calls: Calls) {
        let function = &self.model.functions[id];
        // Until the last ones begin, if each takes as long as it may, in each environment that bounds them.
        let busy = |((most, at), timeout): ((&Option<u64>, Option<Span>), &Duration)| {
            let most = Spanned::new((*most)?, at.unwrap_or(function.concurrency_span));
            let rounds = calls.count.div_ceil(most.value.max(1));
            Some((most, rounds.saturating_sub(1).saturating_mul(timeout.seconds)))
        };
        let environments = function.concurrency.said().zip(function.timeout.values());
        let Some((most, busy)) = environments.filter_map(busy).max_by_key(|(_, busy)| *busy) else { return };
        if calls.count <= most.value || busy <= calls.patience || !self.told.insert(id) {
            return;
        }
        let name = &function.head.name;
        let message = format!(
            "`{}` may call function `{name}` {} times at once, and `{name}` runs {} at once",
            step.name, calls.count, most.value
        );
        let is_list = step.nested().iter().any(|nested| nested.rounds != Rounds::One);
        let fewer = if is_list {
            format!("give the `for-each` `concurrency: {}`", most.value)
        } else {
            "let the branches call it one after another".to_owned()
        };
        self.found.push(
            Diagnostic::new(Code::EVC0564, step.name_span, message)
                .on(item(self.workflow))
                .secondary(most.span, "as many run at once")
                .note(format!(
                    "Lambda throttles the others, which try again for {} and fail then; the function may be busy for {}",
                    Duration::seconds(calls.patience),
                    Duration::seconds(busy)
                ))
                .help(format!("{fewer}, give the function more, or the call a `retry` of `Transient` errors that lasts longer")),
        );
    }
}

fn merge(into: &mut AtOnce, function: Id<Function>, calls: Calls, count: fn(u64, u64) -> u64) {
    let known = into.entry(function).or_insert(Calls { count: 0, patience: calls.patience });
    *known = Calls { count: count(known.count, calls.count), patience: known.patience.min(calls.patience) };
}
