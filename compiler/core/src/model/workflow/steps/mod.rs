//! The kinds of steps with their names resolved, one file each: what a step of the kind has, how it is resolved, and what it tells those
//! who walk over steps.
//!
//! A kind is a variant of [`StepKind`], a line in each of its functions, and its [`StepFacts`]. Checks, scopes, the graph, the comparison
//! of specs and what is emitted ask for these facts through [`Step`](super::Step), so that they know of no kind by its name.

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
pub use choose::{Choice, Choose};
pub use compensate::Compensate;
pub use fail::Fail;
pub use for_each::ForEach;
pub use parallel::{Branch, Parallel};
pub use publish::Publish;
pub use set::Set;
pub use succeed::Succeed;
pub use wait::Wait;

use std::borrow::Cow;

use super::resolve::{Place, Resolver};
use super::results::Made;
use super::{Body, Next, RetryError};
use crate::expr::{Expr, Facts, Scope, Template};
use crate::model::{Event, Function, Id, Model};
use crate::source::{Span, Spanned};
use crate::spec::scalar::{Duration, Name};
use crate::spec::workflow::steps as spec;
use crate::types::{Type, Types};
use crate::yaml::Room;

/// What a step does. Parts that could not be read or resolved are `None` and have been reported.
#[derive(Debug, Clone)]
pub enum StepKind {
    /// Calls a function.
    Call(Call),
    /// Goes one of several ways.
    Choose(Choose),
    /// Runs branches at the same time.
    Parallel(Parallel),
    /// Runs steps for each item of a list.
    ForEach(ForEach),
    /// Waits.
    Wait(Wait),
    /// Puts an event on its bus.
    Publish(Publish),
    /// Binds values.
    Set(Set),
    /// Sets variables.
    Assign(Assign),
    /// Runs the `undo` of every completed step of the body, last first.
    Compensate(Compensate),
    /// Ends well.
    Succeed(Succeed),
    /// Ends with an error.
    Fail(Fail),
}

impl StepKind {
    /// Resolves what a step does.
    pub(super) fn resolve(kind: &spec::StepKind, place: Place<'_>, cx: &mut Resolver<'_>) -> Self {
        match kind {
            spec::StepKind::Call(call) => Self::Call(Call::resolve(call, cx)),
            spec::StepKind::Choose(choose) => Self::Choose(Choose::resolve(choose, place, cx)),
            spec::StepKind::Parallel(parallel) => Self::Parallel(Parallel::resolve(parallel, cx)),
            spec::StepKind::ForEach(each) => Self::ForEach(ForEach::resolve(each, cx)),
            spec::StepKind::Wait(wait) => Self::Wait(Wait::resolve(wait, cx)),
            spec::StepKind::Publish(publish) => Self::Publish(Publish::resolve(publish, cx)),
            spec::StepKind::Set(set) => Self::Set(Set::resolve(set, cx)),
            spec::StepKind::Assign(spec::Assign) => Self::Assign(Assign),
            spec::StepKind::Compensate(spec::Compensate) => Self::Compensate(Compensate),
            spec::StepKind::Succeed(succeed) => Self::Succeed(Succeed::resolve(succeed, cx)),
            spec::StepKind::Fail(fail) => Self::Fail(Fail::resolve(fail, cx)),
        }
    }

    /// What there is to know of it.
    pub(in crate::model) fn facts(&self) -> &dyn StepFacts {
        match self {
            Self::Call(call) => call,
            Self::Choose(choose) => choose,
            Self::Parallel(parallel) => parallel,
            Self::ForEach(each) => each,
            Self::Wait(wait) => wait,
            Self::Publish(publish) => publish,
            Self::Set(set) => set,
            Self::Assign(assign) => assign,
            Self::Compensate(compensate) => compensate,
            Self::Succeed(succeed) => succeed,
            Self::Fail(fail) => fail,
        }
    }

    /// Fills in what its parts may refer to that know more than all of it does, which is `scope`.
    pub(in crate::model) fn know(&mut self, scope: &Scope, types: &Types) {
        match self {
            Self::Choose(choose) => choose.know(scope, types),
            Self::Call(_)
            | Self::Parallel(_)
            | Self::ForEach(_)
            | Self::Wait(_)
            | Self::Publish(_)
            | Self::Set(_)
            | Self::Assign(_)
            | Self::Compensate(_)
            | Self::Succeed(_)
            | Self::Fail(_) => {}
        }
    }

    /// The bodies inside of it, to fill in what their steps know.
    pub(in crate::model) fn bodies_mut(&mut self) -> Vec<&mut Body> {
        match self {
            Self::Parallel(parallel) => parallel.branches.iter_mut().map(|branch| &mut branch.body).collect(),
            Self::ForEach(each) => vec![&mut each.body],
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
}

/// What those who walk over steps ask of each kind. The questions that have no answer here are those that every kind must answer for
/// itself: a wrong one is a hole in a check. The others are about what few kinds do.
pub(in crate::model) trait StepFacts {
    /// What it evaluates, and what that has to be; not what bodies inside evaluate. `at` is its place.
    fn arguments(&self, at: Span) -> Vec<Argument<'_>>;

    /// The bodies inside of it.
    fn nested(&self) -> Vec<Nested<'_>>;

    /// Where it goes when all is well.
    fn onward(&self) -> Onward<'_>;

    /// What its name is bound to when it is done. `at` is its place.
    fn binds<'m>(&'m self, model: &'m Model, at: Span) -> Binds<'m>;

    /// The errors that it fails with before its own `catch`, less those that come out of bodies inside.
    fn raises(&self, model: &Model) -> Vec<RetryError>;

    /// Whether the execution waits for something outside of it: a function, a bus, a clock.
    fn is_work(&self) -> bool;

    /// What its name is bound to, for what [`Binds::Made`]. `scope` is what its expressions may refer to.
    fn made(&self, _scope: &Scope, _at: Span, _types: &Types) -> Option<Made> {
        None
    }

    /// The names that steps inside of it know besides those that it knows itself.
    fn names_inside(&self, _scope: &Scope, _at: Span, _types: &Types) -> Vec<(&'static str, Type)> {
        Vec::new()
    }

    /// What is established on each of its ways, in their order, where it goes one of several. `names` has every name of the workflow.
    fn established(&self, _names: &Scope) -> Vec<Facts> {
        Vec::new()
    }

    /// How long it takes, where something beside its own `timeout` says so.
    fn lasts(&self, _model: &Model) -> Option<Lasts> {
        None
    }

    /// The call that it makes when all is well.
    fn call(&self) -> Option<&Call> {
        None
    }

    /// The event that it puts on a bus.
    fn publish(&self) -> Option<&Publish> {
        None
    }

    /// What the answer carries that it waits for.
    fn answer(&self) -> Option<&Type> {
        None
    }

    /// The values that it binds to its name, and does nothing else.
    fn values(&self) -> Option<&Template> {
        None
    }

    /// What is left to be said, if it is not said where it goes when no condition holds.
    fn unsaid(&self) -> Option<Unsaid<'_>> {
        None
    }

    /// Where it is said to go when no condition holds, and the conditions.
    fn otherwise(&self) -> Option<(Vec<&Expr>, Next)> {
        None
    }

    /// Whether it runs the `undo` of the steps before it.
    fn compensates(&self) -> bool {
        false
    }
}

/// Ways to go of which none may be the right one.
#[derive(Debug, Clone)]
pub struct Unsaid<'s> {
    /// The conditions of which one should hold.
    pub conditions: Vec<&'s Expr>,
    /// Where the spec could say where it goes if none does.
    pub room: Option<Room>,
}

/// Something that a step evaluates.
#[derive(Debug, Clone, Copy)]
pub struct Argument<'s> {
    /// What the spec says.
    pub given: Given<'s>,
    /// What it may refer to, where that is more than all of the step knows.
    pub scope: Option<&'s Scope>,
    /// What it has to be.
    pub wanted: Wanted,
    /// Where to say what is missing in it.
    pub at: Span,
}

/// What the spec says of something that a step evaluates. `None` is not said, or could not be read.
#[derive(Debug, Clone, Copy)]
pub enum Given<'s> {
    /// An expression.
    Expr(Option<&'s Expr>),
    /// A value with expressions in it. If it is not said, it is an empty object.
    Template(Option<&'s Template>),
}

/// What something that a step evaluates has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Anything.
    Anything,
    /// True or false.
    Boolean,
    /// A text.
    Text,
    /// A point in time.
    Timestamp,
    /// A list of anything.
    List,
    /// What this function takes.
    Input(Option<Id<Function>>),
    /// What this event carries.
    Detail(Id<Event>),
}

/// A body inside of a step.
#[derive(Debug, Clone, Copy)]
pub struct Nested<'s> {
    /// The steps.
    pub body: &'s Body,
    /// How often it runs when the step does.
    pub rounds: Rounds,
}

/// How often a body runs when the step runs that it is inside of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounds {
    /// Once.
    One,
    /// Once for each item of a list, which may have none.
    EachItem {
        /// The most rounds at once, if the spec says so.
        concurrency: Option<Spanned<u64>>,
    },
}

/// Where a step goes when all is well.
#[derive(Debug, Clone)]
pub enum Onward<'s> {
    /// Where its `next` says.
    Next,
    /// One of these ways.
    Ways(Vec<Next>),
    /// To the end of its body, which gives this.
    Ends(Option<&'s Template>),
    /// Out of its body, with this error.
    Fails(&'s Name),
}

/// What the name of a step is bound to when it is done.
#[derive(Debug, Clone)]
pub enum Binds<'m> {
    /// To nothing.
    Nothing,
    /// To a value of this type.
    Known(Cow<'m, Type>),
    /// To what its expressions, or the steps inside of it, make: [`StepFacts::made`].
    Made,
}

/// How long a step takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasts {
    /// No longer than this.
    AtMost(Duration),
    /// This long.
    Exactly(Duration),
}

impl<'s> Given<'s> {
    /// Its expressions.
    pub fn expressions(self) -> Vec<&'s Expr> {
        match self {
            Self::Expr(expr) => expr.into_iter().collect(),
            Self::Template(template) => template.map(Template::expressions).unwrap_or_default(),
        }
    }
}
