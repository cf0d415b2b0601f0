//! The kinds of steps, one file each: what a step of the kind is, how it is read, and its JSON Schema.
//!
//! A kind is a variant of [`StepKind`] and a line of [`KINDS`]; its file has the struct and a [`Syntax`]. `model/workflow/steps/` has
//! the same kind with its names resolved, `lower/stepfunctions/machine/steps/` its states. `tests/steps.rs` asks for the files of each.

mod assign;
mod call;
mod choose;
mod compensate;
mod fail;
mod for_each;
mod parallel;
mod publish;
mod set;
mod succeed;
mod wait;

pub use assign::Assign;
pub use call::Call;
pub use choose::{Choice, Choose, Otherwise};
pub use compensate::Compensate;
pub use fail::Fail;
pub use for_each::ForEach;
pub use parallel::{Branch, Parallel};
pub use publish::Publish;
pub use set::Set;
pub use succeed::Succeed;
pub use wait::{Signal, Wait};

use schemars::SchemaGenerator;

use super::schema::Form;
use super::step::Steps;
use super::variables::Variables;
use crate::source::Spanned;
use crate::spec::decode::{Decoder, Fields};
use crate::spec::scalar::TypeExpr;

/// What a step does.
#[derive(Debug, Clone)]
pub enum StepKind {
    /// Calls a function; its result is bound to the step's name.
    Call(Call),
    /// Goes one of several ways.
    Choose(Choose),
    /// Runs branches at the same time; their results are bound to the step's name, by branch.
    Parallel(Parallel),
    /// Runs steps once for each item of a list; the results are bound to the step's name, as a list.
    ForEach(ForEach),
    /// Waits: some time, or for an answer, which is bound to the step's name.
    Wait(Wait),
    /// Puts an event on its bus.
    Publish(Publish),
    /// Binds values to the step's name.
    Set(Set),
    /// Sets variables.
    Assign(Assign),
    /// Runs the `undo` of every completed step, last first.
    Compensate(Compensate),
    /// Ends the execution well, perhaps with an output.
    Succeed(Succeed),
    /// Ends the execution with an error.
    Fail(Fail),
}

/// The kinds, in the order of the manual and of the schema.
pub(super) const KINDS: [&Syntax; 11] = [
    &call::SYNTAX,
    &choose::SYNTAX,
    &parallel::SYNTAX,
    &for_each::SYNTAX,
    &wait::SYNTAX,
    &publish::SYNTAX,
    &set::SYNTAX,
    &assign::SYNTAX,
    &compensate::SYNTAX,
    &succeed::SYNTAX,
    &fail::SYNTAX,
];

/// The key that sets variables: of a step that does nothing else, and beside the key of another kind.
pub(super) const ASSIGN: &str = "assign";

/// How a kind of step is written.
#[derive(Debug)]
pub(super) struct Syntax {
    /// The key that says what the step does.
    pub(super) key: &'static str,
    /// Where a step goes from here.
    pub(super) onward: Onward,
    /// The keys that it shares with other kinds, in a step that has these fields.
    pub(super) shares: fn(&mut Fields<'_>) -> &'static [Shared],
    /// Reads what it does. `None` has been reported.
    pub(super) decode: fn(&mut Fields<'_>, &mut Decoder) -> Option<StepKind>,
    /// The forms of it for the schema: most kinds have one.
    pub(super) forms: fn(&mut SchemaGenerator) -> Vec<Form>,
}

/// Where steps of a kind go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Onward {
    /// Where `then` and `end` say, or to the step that is written next.
    Then,
    /// Where the kind itself says, or nowhere: it has no `then` and no `end`. The text helps who writes one.
    Own(&'static str),
}

impl Onward {
    /// Of a kind that ends what it is in.
    pub(super) const ENDS: Self = Self::Own("take it out: the execution, or the branch, ends here");
}

/// A key that steps of several kinds have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shared {
    /// `assign`: the variables that it sets.
    Assign,
    /// `retry`: when to try again.
    Retry,
    /// `catch`: where to go on an error.
    Catch,
    /// `undo`: the call that takes back what the step did.
    Undo,
    /// `timeout`: how long it may take.
    Timeout,
}

impl StepKind {
    /// The steps inside of it, with their variables.
    pub fn nested(&self) -> Vec<(&Steps, &Variables)> {
        match self {
            Self::Parallel(parallel) => {
                parallel.branches.values().map(|branch| (&branch.steps.value, &branch.variables)).collect()
            }
            Self::ForEach(each) => vec![(&each.steps.value, &each.variables)],
            Self::Call(_)
            | Self::Choose(_)
            | Self::Wait(_)
            | Self::Publish(_)
            | Self::Set(_)
            | Self::Assign(_)
            | Self::Compensate(_)
            | Self::Succeed(_)
            | Self::Fail(_) => Vec::new(),
        }
    }

    /// The steps inside of it, to change them.
    pub fn nested_mut(&mut self) -> Vec<&mut Steps> {
        match self {
            Self::Parallel(parallel) => parallel.branches.values_mut().map(|branch| &mut branch.steps.value).collect(),
            Self::ForEach(each) => vec![&mut each.steps.value],
            Self::Call(_)
            | Self::Choose(_)
            | Self::Wait(_)
            | Self::Publish(_)
            | Self::Set(_)
            | Self::Assign(_)
            | Self::Compensate(_)
            | Self::Succeed(_)
            | Self::Fail(_) => Vec::new(),
        }
    }

    /// The type of the answer that it waits for, to change it.
    pub fn answer_mut(&mut self) -> Option<&mut Spanned<TypeExpr>> {
        match self {
            Self::Wait(wait) => wait.answer_mut(),
            Self::Call(_)
            | Self::Choose(_)
            | Self::Parallel(_)
            | Self::ForEach(_)
            | Self::Publish(_)
            | Self::Set(_)
            | Self::Assign(_)
            | Self::Compensate(_)
            | Self::Succeed(_)
            | Self::Fail(_) => None,
        }
    }
}
