//! Model to plan: which AWS resources there are, who may do what, which handlers and state machines are made.
//!
//! One file a kind of thing. Each adds resources, grants and handlers to the plan; none reads what another added.

pub mod ids;
pub mod plan;
pub mod value;
