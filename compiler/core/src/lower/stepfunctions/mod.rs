//! Step Functions: state machines, and what is in them.

pub mod machine;
pub(crate) mod state_machine;
