//! The state machine that starts a workflow for an event.

/// How long one may take. An express execution may take five minutes at most; this is plenty for two calls and their retries.
pub(crate) const TIMEOUT_SECONDS: u64 = 240;
