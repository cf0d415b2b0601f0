//! Tells of a cache that loses something when it is full: each sweep looks, since a setting changes at any time, and a failover brings
//! another server.

use super::carrier::{Carrier, lock};
use super::store::{Eviction, Evicts};
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// How long a cache may take to answer. The sweep has other things to do.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often the same is told by one process.
const AGAIN: Duration = Duration::from_hours(1);

/// What was told, and when.
#[derive(Default)]
pub(crate) struct Told(Mutex<Option<(Instant, Vec<Eviction>)>>);

impl Told {
    /// Whether this is news, or was told long ago.
    fn is_news(&self, found: &[Eviction]) -> bool {
        let mut told = lock(&self.0);
        let known = told.as_ref().is_some_and(|(at, before)| before == found && at.elapsed() < AGAIN);
        if !known {
            *told = Some((Instant::now(), found.to_vec()));
        }
        !known
    }
}

/// Looks, and tells. A cache that does not answer is no news here: whatever the sweep does next says so.
pub(crate) async fn tell(carrier: &Carrier) {
    let mut found = match tokio::time::timeout(PATIENCE, carrier.store.eviction()).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return tracing::debug!("the cache was not asked what it evicts: {error}"),
        Err(_) => return tracing::debug!("the cache does not say in time what it evicts"),
    };
    // A cluster answers in any order.
    found.sort();
    if !carrier.told.is_news(&found) {
        return;
    }
    for eviction in &found {
        let (server, policy) = (&eviction.server, eviction.policy.as_deref());
        match eviction.evicts() {
            Evicts::Nothing => {}
            Evicts::Unknown => tracing::info!(
                server,
                "the cache does not say what it evicts when it is full: its `maxmemory-policy` has to be `noeviction`"
            ),
            Evicts::Expiring => tracing::warn!(
                server,
                policy,
                "when it is full, the cache evicts what expires: executions stay, and breakers forget failures; counters may count a \
                 delivery twice on servers before Valkey 9 and Redis 8. Set its `maxmemory-policy` to `noeviction`"
            ),
            Evicts::Anything => tracing::error!(
                server,
                policy,
                "when it is full, the cache evicts executions that are under way: set its `maxmemory-policy` to `noeviction`"
            ),
        }
    }
}

#[cfg(feature = "redis")]
#[cfg(test)]
mod tests;
