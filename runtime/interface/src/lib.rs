//! What the compiler writes and the runtime reads, said once: limits and names that both sides have to agree on.

pub mod call;
pub mod environment;
pub mod error;
pub mod event;
pub mod expression;
pub mod limits;
pub mod metric;
pub mod pattern;
pub mod table;
pub mod workflow;

pub use error::Kind;
