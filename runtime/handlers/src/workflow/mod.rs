//! Workflows on Redis, as `evc-workflow` has them, and what functions on AWS bring to it: the engine of a stack, and transports.
//!
//! | module | does |
//! | --- | --- |
//! | `engine` | the function that starts executions, publishes for them and sweeps |
//! | `setup` | store and transport from the environment |
//! | `transport` | brings word of work by queues of SQS, or by a bus |

#[cfg(feature = "engine")]
mod engine;
#[cfg(feature = "engine")]
pub(crate) mod setup;
#[cfg(feature = "engine")]
pub mod transport;

#[cfg(feature = "engine")]
pub use crate::serve;
#[cfg(all(feature = "engine", feature = "idempotency"))]
pub use crate::serve_idempotent;
#[cfg(feature = "engine")]
pub use engine::serve_engine;
#[doc(no_inline)]
pub use evc_workflow::*;
