//! Loops that a choice leads round although nothing on the way changes what it asks of.

use std::collections::BTreeSet;

use super::back::{took_time, waits};
use super::{item, rounds};
use crate::diagnostics::{Code, Diagnostic, list};
use crate::expr::{Expr, Template};
use crate::model::{Body, Loops, Model, Next, Step, StepId, Workflow};

/// The most steps that are gone in the search for ways round from one choice. Of one that has more nothing is said.
const MOST_VISITS: usize = 2_000;

/// Looks at what a choice asks of, on the ways from it to itself.
pub(super) fn check(
    model: &Model,
    workflow: &Workflow,
    (body, loops): (&Body, &Loops),
    choice: (StepId, &Step),
    conditions: &[&Expr],
) -> Option<Diagnostic> {
    always(workflow, body, choice, conditions)
        .or_else(|| on_some_way(model, workflow, (body, loops), choice, conditions))
}

/// The names whose values may differ from round to round: not those that one step sets, in each round, to what only names give that stay.
pub(super) fn changing<'b>(body: &'b Body, round: &BTreeSet<StepId>) -> BTreeSet<&'b str> {
    let steps = || round.iter().map(|id| body.step(*id));
    let mut changing: BTreeSet<&str> = steps().flat_map(written).collect();
    let set_to = |name: &str| {
        let own = steps().filter(|step| step.name == name).filter_map(Step::values);
        let assigned = steps().flat_map(|step| &step.assign).filter(|set| set.name.value == name);
        own.chain(assigned.filter_map(|set| set.value.as_ref())).collect::<Vec<_>>()
    };
    loop {
        let stays = |name: &&&str| {
            let by: Vec<StepId> =
                round.iter().copied().filter(|id| written(body.step(*id)).any(|other| other == **name)).collect();
            let ([value], [by]) = (&set_to(name)[..], &by[..]) else { return false };
            let is_fixed = |expr: &&Expr| {
                let mut names = expr.references().into_iter().map(|name| name.value);
                expr.is_steady() && names.all(|name| name != "error" && !changing.contains(name))
            };
            value.expressions().iter().all(is_fixed) && rounds::is_on_every_lap(body, round, *by)
        };
        let staying: Vec<&str> = changing.iter().filter(stays).copied().collect();
        if staying.is_empty() {
            return changing;
        }
        changing.retain(|name| !staying.contains(name));
    }
}

/// Reports a loop that one choice leads round and that only this choice leaves, if nothing on the way changes what it asks of.
fn always(workflow: &Workflow, body: &Body, (id, step): (StepId, &Step), conditions: &[&Expr]) -> Option<Diagnostic> {
    let back: Vec<BTreeSet<StepId>> = step
        .successors()
        .into_iter()
        .map(|next| match next {
            Next::Step(to) => way_back(body, to, id).unwrap_or_default(),
            Next::End => BTreeSet::new(),
        })
        .collect();
    let (way, condition) = back.iter().zip(conditions).find(|(way, _)| !way.is_empty())?;
    let asked = conditions.iter().take_while(|earlier| !std::ptr::eq(**earlier, *condition)).chain([condition]);
    let changing = changing(body, way);
    let is_fixed = |expr: &&Expr| {
        expr.is_steady() && expr.references().iter().all(|root| root.value != "error" && !changing.contains(root.value))
    };
    // `true` says so itself.
    if condition.references().is_empty() || !asked.copied().all(|expr| is_fixed(&expr)) {
        return None;
    }
    let text = condition.text().trim();
    Some(
        Diagnostic::new(Code::EVC0533, condition.span, format!("`{text}` holds each time again, once it has held here"))
            .label("this leads round, and nothing on the way changes what it asks of")
            .on(item(workflow))
            .note("nothing but an error leaves the loop before the workflow's timeout, or the end of its history")
            .help("ask for something that a step of the loop gives, or count the rounds in a variable: `assign: { tries: tries + 1 }`"),
    )
}

/// The steps from one to another, if all that follows on the one comes to the other, whatever fails or is decided on the way.
fn way_back(body: &Body, from: StepId, to: StepId) -> Option<BTreeSet<StepId>> {
    let mut seen = BTreeSet::from([to]);
    let mut work = vec![from];
    while let Some(at) = work.pop() {
        if !seen.insert(at) {
            continue;
        }
        let step = body.step(at);
        let next = step.successors();
        if next.is_empty() {
            return None;
        }
        for next in next.into_iter().chain(step.catch.iter().map(|catch| catch.then)) {
            match next {
                Next::Step(id) => work.push(id),
                Next::End => return None,
            }
        }
    }
    Some(seen)
}

/// One step of a way round.
#[derive(Clone, Copy)]
struct Leg {
    from: StepId,
    /// Which of its ways it goes on by; the `catch` of this number if it failed.
    by: Result<usize, usize>,
}

/// Reports a choice in a loop that is meant to end it, if there is a way round on which what it asks of stays as it is.
fn on_some_way(
    model: &Model,
    workflow: &Workflow,
    (body, loops): (&Body, &Loops),
    (id, step): (StepId, &Step),
    conditions: &[&Expr],
) -> Option<Diagnostic> {
    let round = loops.around(id)?;
    let changing = changing(body, round);
    for (way, next) in step.successors().into_iter().enumerate() {
        let (Next::Step(to), Some(asked)) = (next, asked(conditions, way)) else { continue };
        // What nothing in the loop sets is not meant to end it.
        let meant: BTreeSet<&str> = asked.intersection(&changing).copied().collect();
        if meant.is_empty() || !round.contains(&to) {
            continue;
        }
        let is_counted = round.iter().flat_map(|at| counted(body.step(*at))).any(|name| meant.contains(name));
        let is_bound = is_counted && conditions.iter().any(|condition| condition.compares_by_order());
        let mut search =
            Search { model, body, round, changing: &changing, asked: &asked, start: id, is_bound, visits: 0 };
        let mut path = vec![Leg { from: id, by: Ok(way) }];
        if search.from(to, &mut path) {
            return Some(tell(workflow, body, (step, conditions), (way, &path), &meant));
        }
    }
    None
}

fn tell(
    workflow: &Workflow,
    body: &Body,
    (step, conditions): (&Step, &[&Expr]),
    (way, path): (usize, &[Leg]),
    meant: &BTreeSet<&str>,
) -> Diagnostic {
    let meant: Vec<&str> = meant.iter().copied().collect();
    let of = list(&meant);
    let failed = path.iter().find_map(|leg| Some((body.step(leg.from), leg.by.err()?)));
    let (at, message) = match conditions.get(way) {
        Some(condition) => (
            condition.span,
            format!("`{}` may hold each time again: a way round changes nothing of {of}", condition.text().trim()),
        ),
        None => (step.kind_span, format!("this may go the same way each time: a way round changes nothing of {of}")),
    };
    let mut diagnostic = Diagnostic::new(Code::EVC0533, at, message).label("this leads round").on(item(workflow));
    let by: Vec<&str> = path.iter().map(|leg| body.step(leg.from).name.as_str()).collect();
    match failed.and_then(|(step, catch)| Some((step, step.catch.get(catch)?))) {
        Some((failed, catch)) => {
            diagnostic = diagnostic
                .secondary(catch.error.span, format!("when `{}` fails, it leads back from here", failed.name));
            diagnostic = match failed.assigns().find(|name| meant.contains(name)) {
                Some(name) => diagnostic
                    .note(format!("`{}` sets `{name}` only when it succeeds", failed.name))
                    .help("set it in a step of its own, to which the `catch` leads: `assign: { tries: tries + 1 }`"),
                None => diagnostic.help("let the `catch` lead to a step that changes it, or out of the loop"),
            };
        }
        None => {
            diagnostic = diagnostic.help("change it on each way round, or ask for something that each way changes");
        }
    }
    diagnostic.note(format!("the way is {}", by.join(", ")))
}

/// The names that a step gives values when it succeeds.
pub(super) fn written(step: &Step) -> impl Iterator<Item = &str> {
    step.result.as_ref().map(|_| step.name.as_str()).into_iter().chain(step.assigns())
}

/// The variables that a step counts.
pub(super) fn counted(step: &Step) -> impl Iterator<Item = &str> {
    step.assign.iter().filter_map(|set| {
        let Some(Template::Expr(expr)) = &set.value else { return None };
        let name = set.name.value.as_str();
        expr.steps_by(name).map(|_| name)
    })
}

/// The names that are asked of before a choice goes this way; none if they may give another answer of the same.
fn asked<'b>(conditions: &[&'b Expr], way: usize) -> Option<BTreeSet<&'b str>> {
    let asked = || conditions.iter().take(way + 1);
    asked()
        .all(|condition| condition.is_steady())
        .then(|| asked().flat_map(|it| it.references()).map(|name| name.value).collect())
}

struct Search<'a> {
    model: &'a Model,
    body: &'a Body,
    round: &'a BTreeSet<StepId>,
    changing: &'a BTreeSet<&'a str>,
    asked: &'a BTreeSet<&'a str>,
    start: StepId,
    /// Whether the choice counts the rounds, and so should end those that wait too.
    is_bound: bool,
    visits: usize,
}

impl Search<'_> {
    /// Goes on from a step to find a way back to the start; whether there is one, which is then in `path`.
    fn from(&mut self, at: StepId, path: &mut Vec<Leg>) -> bool {
        if at == self.start {
            return self.changes_nothing(path);
        }
        self.visits += 1;
        if self.visits > MOST_VISITS || !self.round.contains(&at) || path.iter().any(|leg| leg.from == at) {
            return false;
        }
        let step = self.body.step(at);
        let on = step.successors().into_iter().enumerate().map(|(way, next)| (Ok(way), next));
        let caught = step.catch.iter().enumerate().map(|(catch, caught)| (Err(catch), caught.then));
        for (by, next) in on.chain(caught) {
            let Next::Step(to) = next else { continue };
            path.push(Leg { from: at, by });
            if self.writes(path.last()).all(|name| !self.asked.contains(name)) && self.from(to, path) {
                return true;
            }
            path.pop();
        }
        false
    }

    /// The names that may have another value after a leg. What fails each time is taken to fail with the same error.
    fn writes(&self, leg: Option<&Leg>) -> impl Iterator<Item = &str> {
        let step = leg.filter(|leg| leg.by.is_ok()).map(|leg| self.body.step(leg.from));
        step.into_iter().flat_map(written).filter(|name| self.changing.contains(name))
    }

    /// Whether every choice on a way round decides each time as it did, and the way is gone at once or should have been counted.
    fn changes_nothing(&self, path: &[Leg]) -> bool {
        let written: BTreeSet<&str> = path.iter().flat_map(|leg| self.writes(Some(leg))).collect();
        let decides_again = path.iter().all(|leg| {
            let step = self.body.step(leg.from);
            match (leg.by, super::conditions(step)) {
                (Ok(way), Some(conditions)) => asked(&conditions, way).is_some_and(|asked| asked.is_disjoint(&written)),
                (Ok(_), None) => step.successors().len() < 2,
                (Err(_), _) => true,
            }
        });
        let takes_time = |leg: &Leg| {
            let step = self.body.step(leg.from);
            match leg.by {
                Ok(_) => waits(self.model, step),
                Err(catch) => step.catch.get(catch).is_some_and(|catch| took_time(step, catch)),
            }
        };
        decides_again && (self.is_bound || !path.iter().any(takes_time))
    }
}
