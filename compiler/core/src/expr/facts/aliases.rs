//! Variables of an expression that are other names for a value: what is known of the one is known of the other.

use super::{Base, Facts, Way};
use crate::types::{Shown, Step};

impl Facts {
    /// These, and the same of the values that variables are other names for.
    #[must_use]
    pub(in crate::expr) fn also(&self, aliases: &[(usize, Way)]) -> Self {
        let mut all = self.clone();
        // A name may be for one that is itself another name; each stands before those that name it.
        for (at, of) in aliases.iter().rev() {
            let of_it: Vec<(Vec<Step>, Shown)> =
                all.from(&Base::Local(*at)).map(|(steps, shown)| (steps.to_vec(), shown.clone())).collect();
            for (steps, shown) in of_it {
                all.add(Way { base: of.base.clone(), steps: of.steps.iter().cloned().chain(steps).collect() }, shown);
            }
        }
        all
    }
}
