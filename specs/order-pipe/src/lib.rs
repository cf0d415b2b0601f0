//! The business logic of `order-pipe`: one module a function of the spec, and what they have in common.

pub mod note_created;
pub mod note_updated;
mod notice;
