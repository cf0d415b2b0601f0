//! The ways through a body: where each step leads, which steps are in loops, and from where something is still to come.

use std::collections::BTreeSet;

use super::{Body, Next, StepId};

/// The loops of a body. Found in one walk over its steps, so that whoever asks it of every step asks this.
#[derive(Debug, Default)]
pub struct Loops {
    /// For each step, which loop it is in.
    of: Vec<Option<usize>>,
    /// The steps of each loop: those that lead to one another. In the order of their first steps.
    all: Vec<BTreeSet<StepId>>,
}

impl Loops {
    /// Whether a step may run again after it has run.
    pub fn has(&self, id: StepId) -> bool {
        self.around(id).is_some()
    }

    /// The loop that a step is in.
    pub fn around(&self, id: StepId) -> Option<&BTreeSet<StepId>> {
        self.all.get((*self.of.get(id.0)?)?)
    }

    /// All loops.
    pub fn iter(&self) -> impl Iterator<Item = &BTreeSet<StepId>> {
        self.all.iter()
    }
}

impl Body {
    /// Where a step may go inside of the body, errors that it catches included.
    pub fn edges(&self, id: StepId) -> impl Iterator<Item = StepId> {
        let step = self.step(id);
        let caught = step.catch.iter().map(|catch| catch.then);
        step.successors().into_iter().chain(caught).filter_map(|next| match next {
            Next::Step(to) => Some(to),
            Next::End => None,
        })
    }

    /// Where a step goes inside of the body when it does not fail.
    pub fn onward(&self, id: StepId) -> impl Iterator<Item = StepId> {
        self.step(id).successors().into_iter().filter_map(|next| match next {
            Next::Step(to) => Some(to),
            Next::End => None,
        })
    }

    /// The steps that some route leads to after these, themselves left out unless a route leads back.
    pub fn after(&self, from: impl IntoIterator<Item = StepId>) -> BTreeSet<StepId> {
        let mut work: Vec<StepId> = from.into_iter().collect();
        let mut found = BTreeSet::new();
        while let Some(id) = work.pop() {
            work.extend(self.edges(id).filter(|to| found.insert(*to)));
        }
        found
    }

    /// Those of some steps, and the steps that some route leads to after them.
    pub fn from(&self, steps: impl IntoIterator<Item = StepId>) -> BTreeSet<StepId> {
        let steps: BTreeSet<StepId> = steps.into_iter().collect();
        let after = self.after(steps.iter().copied());
        steps.into_iter().chain(after).collect()
    }

    /// The steps after which some route leads to one of these.
    pub fn before(&self, wanted: impl Fn(StepId) -> bool) -> BTreeSet<StepId> {
        let mut into: Vec<Vec<StepId>> = vec![Vec::new(); self.steps.len()];
        for (id, _) in self.iter() {
            for to in self.edges(id) {
                into[to.0].push(id);
            }
        }
        let mut work: Vec<StepId> = self.iter().map(|(id, _)| id).filter(|id| wanted(*id)).collect();
        let mut found = BTreeSet::new();
        while let Some(id) = work.pop() {
            work.extend(into[id.0].iter().copied().filter(|from| found.insert(*from)));
        }
        found
    }

    /// The loops.
    pub fn loops(&self) -> Loops {
        Loops::along(&self.iter().map(|(id, _)| self.edges(id).collect()).collect::<Vec<_>>())
    }
}

impl Loops {
    /// The loops of steps that lead to others as said here, by their numbers: Tarjan's strongly connected components, without recursion, since
    /// a body may have thousands of steps.
    pub fn along(edges: &[Vec<StepId>]) -> Self {
        let count = edges.len();
        let (mut number, mut low) = (vec![usize::MAX; count], vec![usize::MAX; count]);
        let (mut open, mut is_open, mut next) = (Vec::new(), vec![false; count], 0);
        let mut all: Vec<BTreeSet<StepId>> = Vec::new();
        for start in 0..count {
            if number[start] != usize::MAX {
                continue;
            }
            let mut work = vec![(start, 0)];
            while let Some((at, edge)) = work.pop() {
                if edge == 0 {
                    (number[at], low[at]) = (next, next);
                    next += 1;
                    open.push(at);
                    is_open[at] = true;
                }
                if let Some(to) = edges[at].get(edge).map(|to| to.0) {
                    work.push((at, edge + 1));
                    if number[to] == usize::MAX {
                        work.push((to, 0));
                    } else if is_open[to] {
                        low[at] = low[at].min(number[to]);
                    }
                    continue;
                }
                if let Some((parent, _)) = work.last() {
                    low[*parent] = low[*parent].min(low[at]);
                }
                if low[at] == number[at] {
                    let mut component = BTreeSet::new();
                    while let Some(step) = open.pop() {
                        is_open[step] = false;
                        component.insert(StepId(step));
                        if step == at {
                            break;
                        }
                    }
                    if component.len() > 1 || edges[at].contains(&StepId(at)) {
                        all.push(component);
                    }
                }
            }
        }
        all.sort_by_key(|one| one.first().copied());
        let mut of = vec![None; count];
        for (index, one) in all.iter().enumerate() {
            for id in one {
                of[id.0] = Some(index);
            }
        }
        Self { of, all }
    }
}
