//! ElastiCache: caches, and who may log in to them.

pub(super) mod cache;
