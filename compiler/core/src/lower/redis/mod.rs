//! Workflows on Redis.

pub(super) mod engine;
