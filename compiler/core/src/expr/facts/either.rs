//! That one thing or another is so: behind `$exists(a) or $exists(b)`, who finds that `a` is not there knows that `b` is.

use super::{Base, Facts, Known, Way};

/// The most of such that are kept.
const MOST: usize = 8;

/// One of these holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Either(Known, Known);

impl Either {
    /// What follows where something is known: the one, if the other cannot be.
    fn decided(&self, known: &Known) -> Option<&Known> {
        let cannot_be = |of: &Known| {
            of.iter().any(|(way, shown)| {
                known.get(way).is_some_and(|known| known.absent && shown.present || known.present && shown.absent)
            })
        };
        match (cannot_be(&self.0), cannot_be(&self.1)) {
            (true, false) => Some(&self.1),
            (false, true) => Some(&self.0),
            _ => None,
        }
    }
}

impl Facts {
    /// What is known where these or the others hold, and that one of both does.
    pub(super) fn either(self, others: &Self) -> Self {
        let is_something = !self.0.is_empty() && !others.0.is_empty();
        let one = is_something.then(|| Either(self.0.clone(), others.0.clone()));
        let mut both = self.or(others);
        both.1.extend(one);
        both
    }

    /// These, where further pairs hold, with what follows of all pairs.
    pub(super) fn decided(mut self, more: &[Either]) -> Self {
        for one in more {
            if !self.1.contains(one) && self.1.len() < MOST {
                self.1.push(one.clone());
            }
        }
        let decided = self.1.iter().position(|one| one.decided(&self.0).is_some());
        let Some(at) = decided else { return self };
        let one = self.1.remove(at);
        let Some(known) = one.decided(&self.0).cloned() else { return self };
        // What it says decides others, perhaps: there is one fewer each time.
        self.and(&Self(known, Vec::new()))
    }

    /// Keeps what is known of the scope, and of what is bound up to a place.
    pub(in crate::expr) fn keep_outside(&mut self, at: usize) {
        self.keep(|way| match way.base {
            Base::Root(_) => true,
            Base::Local(of) => of <= at,
            Base::Item(_) | Base::Call(_) => false,
        });
    }

    /// Keeps what is about some ways alone.
    pub(super) fn keep(&mut self, keep: impl Fn(&Way) -> bool) {
        self.0.retain(|way, _| keep(way));
        self.1.retain(|one| one.0.keys().chain(one.1.keys()).all(&keep));
    }
}
