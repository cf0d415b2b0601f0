//! Workflows on Redis.

pub(super) mod engine;
mod watch;
