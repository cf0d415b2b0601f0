//! Workflows on Redis: the machine that Step Functions would run, carried through Redis one transition at a time.
//!
//! | module | does |
//! | --- | --- |
//! | [`definition`] | reads the state machine that the compiler wrote |
//! | [`planner`] | the pure function from a state and what happened to the next state and what is to be done |
//! | [`protocol`] | what planner, store and workers tell each other |
//! | [`store`] | keeps executions: in Redis, or in memory |

pub mod definition;
mod expression;
pub mod planner;
pub mod protocol;
mod state;
#[cfg(any(test, feature = "redis", feature = "testing"))]
pub mod store;
pub mod token;

pub use definition::Definition;
pub use planner::{Event, dispatches, plan, start};
pub use protocol::{
    Claim, Committed, Due, ExecutionId, Finished, History, Owner, Phase, Record, Slot, Snapshot, Start, Started,
    Status, Task, TaskRef, Transition,
};
pub use state::{Outcome, outcome};
