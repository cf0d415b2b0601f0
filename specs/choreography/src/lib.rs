//! The business logic of `choreography`: one module a function of the spec.
//!
//! None of them knows of another. What follows what is in the spec; a step that runs again, after a crash or a retry, does no harm.

pub mod increment;
pub mod receive;
pub mod shout;
