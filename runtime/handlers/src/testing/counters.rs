//! Counters in memory.

use super::World;
use crate::Error;
use crate::backend::BoxFuture;
use crate::cache::{Count, Counters};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The counters, and what each delivery made of them.
#[derive(Default)]
pub(super) struct Counts(Mutex<Values>);

#[derive(Default)]
struct Values {
    counters: HashMap<String, i64>,
    /// By counter and delivery.
    seen: HashMap<(String, String), i64>,
}

impl Counters for Counts {
    fn count_once(&self, count: Count) -> BoxFuture<'_, Result<i64, Error>> {
        let Values { counters, seen } = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mark = count.mark.map(|mark| (count.counter.clone(), mark));
        let before = mark.as_ref().and_then(|mark| seen.get(mark)).copied();
        let value = before.unwrap_or_else(|| {
            let counter = counters.entry(count.counter).or_default();
            *counter += count.by;
            *counter
        });
        seen.extend(mark.map(|mark| (mark, value)));
        Box::pin(async move { Ok(value) })
    }

    fn count<'a>(&'a self, counter: &'a str) -> BoxFuture<'a, Result<i64, Error>> {
        let value = self.0.lock().unwrap_or_else(PoisonError::into_inner).counters.get(counter).copied();
        Box::pin(async move { Ok(value.unwrap_or(0)) })
    }
}

impl World {
    /// Counters are in this cache, instead of memory, and so are the circuit breakers of functions that inputs are delivered to.
    #[must_use]
    pub fn cache(mut self, redis: crate::workflow::store::Redis) -> Self {
        self.redis = Some(redis);
        self
    }

    /// The value of a counter in the cache.
    pub fn counter(&self, name: &str) -> i64 {
        self.counters.0.lock().unwrap_or_else(PoisonError::into_inner).counters.get(name).copied().unwrap_or(0)
    }
}
