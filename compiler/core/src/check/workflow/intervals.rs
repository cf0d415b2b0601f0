//! What whole numbers in variables can be at each step, by what the steps on the way set them to: a counter that each round puts back never
//! comes to its end, and one that begins beyond it has been there from the start.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::expr::{Scope, Template};
use crate::model::{Body, Model, Next, Step, StepId};
use crate::types::{Kind, Range, Type};

/// What variables may be.
type State<'b> = BTreeMap<&'b str, Range<i64>>;

/// How often a step is looked at before what still grows is taken for growing without an end.
const ROUNDS: usize = 4;

/// The most steps and variables, multiplied, that are looked into.
const MOST: usize = 20_000;

/// What variables with whole numbers may be when a step begins; nothing of those of which it is not known.
pub(super) struct Intervals<'b> {
    at: Vec<Option<State<'b>>>,
}

impl<'b> Intervals<'b> {
    pub(super) fn of(model: &Model, body: &'b Body) -> Self {
        let mut intervals = Self { at: vec![None; body.steps.len()] };
        let start = start(model, body);
        let Some(StepId(first)) = body.first() else { return intervals };
        if start.is_empty() || body.partial || start.len().saturating_mul(body.steps.len()) > MOST {
            return intervals;
        }
        intervals.enter(first, &start, false);
        let mut visits = vec![0_usize; body.steps.len()];
        let mut work: BTreeSet<usize> = BTreeSet::from([first]);
        while let Some(at) = work.pop_first() {
            let (step, Some(state)) = (body.step(StepId(at)), intervals.at[at].clone()) else { continue };
            visits[at] += 1;
            let after = set(model, step, &state);
            let well = step.successors().into_iter().map(|next| (next, &after));
            let caught = step.catch.iter().map(|catch| (catch.then, &state));
            for (next, state) in well.chain(caught) {
                let Next::Step(StepId(to)) = next else { continue };
                if intervals.enter(to, state, visits[to] >= ROUNDS) {
                    work.insert(to);
                }
            }
        }
        intervals
    }

    /// Adds what comes to a step; whether that is more than what came before. What grows although it has been looked at often has no bound.
    fn enter(&mut self, to: usize, state: &State<'b>, widen: bool) -> bool {
        let Some(known) = &mut self.at[to] else {
            self.at[to] = Some(state.clone());
            return true;
        };
        let mut more = false;
        for (name, range) in known {
            let Some(new) = state.get(name) else { continue };
            let (min, max) = (low(range.min, new.min), high(range.max, new.max));
            if min != range.min {
                (range.min, more) = (min.filter(|_| !widen), true);
            }
            if max != range.max {
                (range.max, more) = (max.filter(|_| !widen), true);
            }
        }
        more
    }

    /// The scope of a step with what its variables can be, where that is less than their types say.
    pub(super) fn scope(&self, id: StepId, step: &Step) -> Option<Scope> {
        let state = self.at.get(id.0)?.as_ref()?;
        let narrowed = narrowed(&step.scope, state);
        (!state.is_empty()).then_some(narrowed)
    }
}

fn low(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    Some(one?.min(other?))
}

fn high(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    Some(one?.max(other?))
}

/// The variables that begin with a number, and that nothing inside of a step sets.
fn start<'b>(model: &Model, body: &'b Body) -> State<'b> {
    let mut inside: BTreeSet<&str> = BTreeSet::new();
    for inner in body.steps.iter().flat_map(Step::bodies) {
        inner.walk(&mut |step| inside.extend(step.assigns()));
    }
    let variables = body.variables.iter().filter(|it| !it.optional && !inside.contains(it.name.as_str()));
    variables
        .filter_map(|variable| {
            let Kind::Integer(_) = &model.types.resolve(&variable.ty).kind else { return None };
            let Some(Template::Expr(value)) = &variable.value else { return None };
            let Kind::Integer(range) = value.check(&variable.scope, &model.types).ty.kind else { return None };
            Some((variable.name.as_str(), range))
        })
        .collect()
}

/// What variables are when a step has succeeded.
fn set<'b>(model: &Model, step: &Step, state: &State<'b>) -> State<'b> {
    let mut after = state.clone();
    let scope = narrowed(&step.assign_scope, state);
    for assignment in &step.assign {
        let Some(range) = after.get_mut(assignment.name.value.as_str()) else { continue };
        let ty = match &assignment.value {
            Some(Template::Expr(value)) => Some(value.check(&scope, &model.types).ty),
            _ => None,
        };
        let kind = ty.as_ref().map(|ty| &model.types.resolve(ty).kind);
        let found = if let Some(Kind::Integer(found)) = kind { *found } else { Range::default() };
        *range = found;
    }
    after
}

fn narrowed(scope: &Scope, state: &State<'_>) -> Scope {
    let mut narrowed = scope.clone();
    for (name, range) in state {
        let Some(root) = scope.get(name) else { continue };
        let Kind::Integer(declared) = &root.ty.kind else { continue };
        let both = Range {
            min: declared.min.max(range.min),
            max: match (declared.max, range.max) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            },
        };
        // What cannot be both is told by what says the bounds.
        if both.min.zip(both.max).is_some_and(|(min, max)| min > max) {
            continue;
        }
        let ty = Type { kind: Kind::Integer(both), span: root.ty.span };
        let mut root = root.clone();
        root.ty = Arc::new(ty);
        narrowed.insert((*name).to_owned(), root);
    }
    narrowed
}
