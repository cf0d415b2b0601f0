//! The names an expression may start from, and the variables they become in a state machine.

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;

use super::facts::{Base, Facts};
use super::functions;
use crate::source::Span;
use crate::types::{Side, Type, Types, lacking};

/// The names that every workflow has; no step may take one of them.
///
/// `input` is what the workflow was started with; `error` is `{name, cause}` on a catch route; `item` and `index` are those of
/// the innermost `for-each`; `execution` is `{id, name, startTime}`.
pub const BUILT_IN_ROOTS: [&str; 5] = ["input", "error", "item", "index", "execution"];

/// What an expression can refer to at one place in a workflow. Every step has one, so copies share what they hold.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    roots: Arc<IndexMap<String, Root>>,
    /// Names that are the same in many scopes, behind those of this one: expressions here do not refer to them, and messages can name them.
    others: Arc<IndexMap<String, Root>>,
    places: IndexMap<String, String>,
    facts: Facts,
    /// The names as they are without the facts, if there are any.
    declared: Option<Arc<IndexMap<String, Root>>>,
    sides: Vec<(Vec<String>, Arc<[Side]>)>,
}

/// A name that an expression may start from.
#[derive(Debug, Clone)]
pub struct Root {
    /// What it holds.
    pub ty: Arc<Type>,
    /// On which routes to here it has a value.
    pub defined: Defined,
    /// Where the spec declares it, if it does: shown beside diagnostics.
    pub declared: Option<Span>,
    /// What gives it its value.
    pub from: Origin,
}

/// What gives a name its value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Origin {
    /// The workflow, or the step of this name.
    #[default]
    Workflow,
    /// Steps that assign it: it is a variable.
    Steps {
        /// Whether it may have no value. A state machine has it as the field [`BOXED`] of an object then.
        optional: bool,
    },
}

/// The field that holds the value of a variable that may have none: nothing cannot be assigned, an object without the field can.
pub const BOXED: &str = "value";

/// Whether a name has a value when a step is reached. Computed by the caller, which knows the routes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Defined {
    /// On every route.
    Always,
    /// On some routes; the text completes "`payment` has no result …": "when `check` goes to `skip`".
    Sometimes(String),
    /// Inside of this step alone, of which the place is outside.
    Inside(String),
    /// Nowhere: it is bound to nothing; the text says why.
    Nothing(String),
    /// On no route; the text completes "`payment` has no result here: …": "it runs later".
    Never(String),
}

impl Scope {
    /// Adds a name that has a value on every route.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, ty: Type) -> Self {
        self.insert(name, Root { ty: Arc::new(ty), defined: Defined::Always, declared: None, from: Origin::Workflow });
        self
    }

    /// Adds or replaces a name.
    pub fn insert(&mut self, name: impl Into<String>, root: Root) {
        let name = name.into();
        if let Some(declared) = &mut self.declared {
            Arc::make_mut(declared).insert(name.clone(), root.clone());
        }
        Arc::make_mut(&mut self.roots).insert(name, root);
    }

    /// The names of another scope, behind those that this one has.
    #[must_use]
    pub fn beside(mut self, others: &Self) -> Self {
        self.others = others.roots.clone();
        self
    }

    /// The scope of a place where facts hold: the types of its names are narrower, and paths have values.
    #[must_use]
    pub fn knowing(&self, facts: &Facts, types: &Types) -> Self {
        let mut scope = self.clone();
        if facts.is_empty() {
            return scope;
        }
        scope.facts = scope.facts.and(facts);
        scope.declared.get_or_insert_with(|| self.roots.clone());
        let roots = Arc::make_mut(&mut scope.roots);
        let mut names: Vec<&str> = facts.roots().collect();
        names.dedup();
        for name in names {
            if let Some(root) = roots.get_mut(name)
                && let Some(narrower) = facts.narrowed(&Base::Root(name.to_owned()), &root.ty, types)
            {
                root.ty = Arc::new(narrower);
            }
        }
        scope
    }

    /// The scope as it would be if nothing were known of the values of its names.
    pub(super) fn unknowing(&self) -> Self {
        let roots = self.declared.clone().unwrap_or_else(|| self.roots.clone());
        Self { roots, facts: Facts::default(), declared: None, ..self.clone() }
    }

    /// Whether what stands at a path of names is known to be at most some number; with `up` unset, at least.
    pub fn bounds(&self, path: &[&str], up: bool) -> bool {
        self.facts.bound_at(path, up).is_some()
    }

    /// What is known of the values of its names.
    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Says by which ways the value at a path comes, so that a message can name the one that lacks what is wanted of it. Lists on
    /// the path are crossed.
    pub fn comes_from(&mut self, path: Vec<String>, sides: Vec<Side>) {
        self.sides.push((path, sides.into()));
    }

    /// The way of those by which a value comes that may lack what stands at a path.
    pub(super) fn lacking(&self, path: &[&str], types: &Types) -> Option<&Side> {
        self.sides.iter().find_map(|(to, sides)| {
            let rest = path.get(to.len()..).filter(|rest| !rest.is_empty())?;
            to.iter().eq(path.iter().take(to.len())).then(|| lacking(sides, rest, types)).flatten()
        })
    }

    /// Says that a state machine has a name's value elsewhere than in the variable that [`variable_name`] gives: in another
    /// variable, or where a state finds what it has just got. `place` is JSONata, dollar and all.
    pub fn place(&mut self, name: impl Into<String>, place: impl Into<String>) {
        self.places.insert(name.into(), place.into());
    }

    /// The JSONata that gives a name's value in a state machine: `$reserve_inventory`.
    pub(super) fn placed(&self, name: &str) -> String {
        let place = || match self.get(name).map(|root| root.from) {
            Some(Origin::Steps { optional: true }) => format!("${}.{BOXED}", variable_name(name)),
            Some(Origin::Steps { optional: false } | Origin::Workflow) | None => format!("${}", variable_name(name)),
        };
        self.places.get(name).cloned().unwrap_or_else(place)
    }

    /// What a name refers to.
    pub fn get(&self, name: &str) -> Option<&Root> {
        self.roots.get(name).or_else(|| self.others.get(name))
    }

    /// The root that `$name` refers to: written as the root is (`$reserve-inventory`) or as its variable is.
    pub(super) fn by_variable(&self, name: &str) -> Option<(&str, &Root)> {
        let entry = self.all().find(|(root, _)| variable_name(root) == name);
        let hyphenated = || self.all().find(|(root, _)| *root == name && name.contains('-'));
        entry.or_else(hyphenated).map(|(name, root)| (name.as_str(), root))
    }

    /// Every name, in the order added, and what each refers to.
    fn all(&self) -> impl Iterator<Item = (&String, &Root)> {
        self.roots.iter().chain(self.others.iter().filter(|(name, _)| !self.roots.contains_key(*name)))
    }

    /// Every name, in the order added.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all().map(|(name, _)| name.as_str())
    }

    /// Every name, for [`super::Expr::parse`].
    pub fn step_names(&self) -> BTreeSet<String> {
        self.all().map(|(name, _)| name.clone()).collect()
    }
}

/// The variable that holds a root in a state machine, without its dollar: `reserve-inventory` → `reserve_inventory`.
///
/// No two names give the same variable: in a kebab-case name `-` becomes `_`; any other character than a lower-case letter, a
/// digit or an inner `-` becomes `X` with its code point in hexadecimal and `_`. A name that Step Functions or JSONata has
/// taken (`states`, and functions such as `sum`) gets a `_` at its end, which no kebab-case name leads to.
pub fn variable_name(root: &str) -> String {
    use std::fmt::Write as _;
    let mut name = String::with_capacity(root.len());
    for (at, char) in root.char_indices() {
        match char {
            'a'..='z' => name.push(char),
            '0'..='9' if at > 0 => name.push(char),
            '-' if at > 0 && at + 1 < root.len() => name.push('_'),
            other => {
                // Writing to a string cannot fail.
                let _ = write!(name, "X{:x}_", u32::from(other));
            }
        }
    }
    if is_taken(&name) {
        name.push('_');
    }
    name
}

/// Whether a variable of this name would hide what Step Functions or JSONata gives it to mean.
///
/// `error` is the exception: the function `$error` is refused in expressions (a `fail` step is the way), so that a caught error
/// can have its natural name.
fn is_taken(name: &str) -> bool {
    name == "states" || (name != "error" && functions::is_known(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_read_like_their_steps() {
        for (root, variable) in [
            ("input", "input"),
            ("error", "error"),
            ("reserve-inventory", "reserve_inventory"),
            ("step-2", "step_2"),
            ("states", "states_"),
            ("sum", "sum_"),
            ("hash", "hash_"),
            ("Odd_", "X4f_ddX5f_"),
        ] {
            assert_eq!(variable_name(root), variable, "{root}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_two_names_share_a_variable(a in "[a-cX_5f-]{0,6}|sum|sum_|states-?", b in "[a-cX_5f-]{0,6}|sum|sum_|states-?") {
            proptest::prop_assert_eq!(a == b, variable_name(&a) == variable_name(&b));
        }
    }
}
