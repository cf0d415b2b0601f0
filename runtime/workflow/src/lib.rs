//! Workflows on Redis: the machine that Step Functions would run, carried through Redis one transition at a time.
//!
//! | module | does |
//! | --- | --- |
//! | [`definition`] | reads the state machine that the compiler wrote |
//! | [`planner`] | the pure function from a state and what happened to the next state and what is to be done |
//! | [`protocol`] | what planner, store and workers tell each other |
//! | [`store`] | keeps executions: in Redis, or in memory |
//! | [`carrier`] | plans and commits what happened, and sends what follows |
//! | [`worker`] | does one piece of work |
//! | [`sweep`] | looks after what is due |
//! | [`ends`] | counts the executions that end |
//! | `full` | tells of a cache that loses executions when it is full |
//! | [`ops`] | signals, cancels, retries |
//! | [`transport`] | brings word of work to workers |
//! | [`engine`] | the function that starts executions, publishes for them and sweeps |

#[cfg(feature = "redis")]
pub mod carrier;
#[cfg(feature = "redis")]
mod crash;
pub mod definition;
#[cfg(feature = "redis")]
pub mod ends;
#[cfg(feature = "engine")]
pub mod engine;
mod expression;
#[cfg(feature = "redis")]
mod full;
pub mod message;
#[cfg(feature = "redis")]
pub mod ops;
pub mod planner;
pub mod protocol;
#[cfg(feature = "engine")]
pub(crate) mod setup;
mod state;
#[cfg(any(test, feature = "redis", feature = "testing"))]
pub mod store;
#[cfg(feature = "redis")]
pub mod sweep;
mod token;
#[cfg(feature = "redis")]
pub mod transport;
#[cfg(feature = "redis")]
pub mod worker;

#[cfg(feature = "engine")]
pub use crate::serve;
#[cfg(all(feature = "engine", feature = "idempotency"))]
pub use crate::serve_idempotent;
#[cfg(feature = "redis")]
pub use carrier::{Carried, Carrier};
pub use definition::Definition;
#[cfg(feature = "engine")]
pub use engine::serve_engine;
pub use message::{Message, StartRequest};
pub use planner::{Chance, Event, Waiting, dispatches, plan, start, waits};
pub use protocol::{
    Claim, Committed, Due, ExecutionId, Finished, History, Owner, Phase, Record, Slot, Snapshot, Start, Started,
    Status, Taken, Task, TaskRef, Transition, work_number,
};
pub use state::{Outcome, outcome};
pub use token::Token;
#[cfg(feature = "redis")]
pub use worker::{Job, TaskError, Worked};
