//! The business logic of `authorized`: sessions that say who has them, and functions that tell who called.

pub mod check_path;
pub mod check_session;
pub mod manage;
pub mod me;
pub mod order;
pub mod path;
pub mod take_hook;
pub mod take_text;
