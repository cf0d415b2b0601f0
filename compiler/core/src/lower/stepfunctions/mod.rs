//! Step Functions: state machines, and what is in them.

pub(crate) mod machine;
pub(crate) mod state_machine;
