//! What the compiler writes and the runtime reads, said once: limits and names that both sides have to agree on.

pub mod limits;
pub mod pattern;
