//! The function's cache: counters that are right although deliveries are repeated.
//!
//! | key | holds |
//! | --- | --- |
//! | `evc:{NAMESPACE.counter.NAME}` | the counter |
//! | `evc:{NAMESPACE.counter.NAME}:once` | a hash: what each delivery, by the hash of its idempotency key, made of the counter; each forgotten after a day |
//! | `evc:{NAMESPACE.counter.NAME}:once:HASH` | the same for one delivery, on servers whose fields cannot expire: before Valkey 9 and Redis 8 |
//!
//! One script looks whether the delivery has counted, counts, and remembers it: there is no moment between the two at which a crash
//! would lose a count or let it be counted again. All keys of a counter are in one slot of a cluster.
//!
//! A server that makes room by throwing away keys that expire (`volatile-*`, and every serverless cache) spares counters and such fields,
//! since neither key expires: then no delivery counts twice. It does not spare keys of the third kind. They are read on every server, since
//! versions before this one wrote no others.
//! <https://valkey.io/commands/hsetex/>, <https://redis.io/docs/latest/commands/hsetex/>
//!
//! What a cache can lose (docs/workflows.md), counters lose too: they are no books.

mod environment;

pub(crate) use environment::of_environment;

use crate::backend::BoxFuture;
use crate::workflow::store::Redis;
use crate::workflow::store::{Call, Script};
use crate::{Context, Error, grant, hash};
use std::sync::LazyLock;
use std::time::Duration;

/// How long a delivery is remembered: longer than any queue, rule or workflow repeats it, as idempotency records are.
const MEMORY: Duration = Duration::from_hours(24);

static COUNT_ONCE: LazyLock<Script> = LazyLock::new(|| Script::new(false, include_str!("cache/count_once.lua")));

/// One count.
#[derive(Debug, Clone)]
pub(crate) struct Count {
    pub(crate) counter: String,
    /// Tells the delivery from others; without one, every call counts.
    pub(crate) mark: Option<String>,
    pub(crate) by: i64,
}

/// Counters: Redis, or memory in tests.
pub(crate) trait Counters: Send + Sync {
    /// Counts, unless the delivery has; what the counter was after it did.
    fn count_once(&self, count: Count) -> BoxFuture<'_, Result<i64, Error>>;

    /// The counter as it is.
    fn count<'a>(&'a self, counter: &'a str) -> BoxFuture<'a, Result<i64, Error>>;
}

impl Counters for Redis {
    fn count_once(&self, count: Count) -> BoxFuture<'_, Result<i64, Error>> {
        Box::pin(async move {
            let counter = key(self, &count.counter);
            let mark = count.mark.unwrap_or_default();
            let keys = if mark.is_empty() {
                vec![counter]
            } else {
                vec![counter.clone(), format!("{counter}:once"), format!("{counter}:once:{mark}")]
            };
            let call = Call::new(&COUNT_ONCE, keys).arg(count.by).arg(mark).arg(MEMORY.as_secs());
            self.run(call).await?.integer()
        })
    }

    fn count<'a>(&'a self, counter: &'a str) -> BoxFuture<'a, Result<i64, Error>> {
        Box::pin(async move { self.read(&key(self, counter)).await?.integer() })
    }
}

fn key(redis: &Redis, counter: &str) -> String {
    redis.names().beside(&format!("counter.{counter}"))
}

/// The cache of a function: see [`Context::cache`].
#[derive(Debug, Clone, Copy)]
pub struct Cache<'a> {
    context: &'a Context,
}

impl Cache<'_> {
    /// Counts once for this delivery, however often it is repeated: the first time, `by` is added to the counter; each time, the answer
    /// is what it was after that. A delivery counts once in each counter, also if it asks twice.
    ///
    /// The delivery is known by its idempotency key, for a day. One without a key (a plain direct invocation) counts each time.
    pub async fn count_once(&self, counter: &str, by: i64) -> Result<i64, Error> {
        let delivery = self.context.delivery();
        let mark = delivery.key.as_deref().map(|key| {
            let mut parts = vec![delivery.function, key];
            parts.extend(delivery.content_of_caller());
            format!("{:032x}", hash::fnv128(&parts))
        });
        let count = Count { counter: counter.to_owned(), mark, by };
        self.context.services().counters().await?.count_once(count).await
    }

    /// The value of a counter; 0 if nobody has counted.
    pub async fn count(&self, counter: &str) -> Result<i64, Error> {
        self.context.services().counters().await?.count(counter).await
    }
}

impl Context {
    /// The cache of function `F`. Generated contexts have a method that calls this.
    ///
    /// To a function without a cache, none is given:
    ///
    /// ```compile_fail,E0277
    /// use evc_runtime::{Context, Error};
    ///
    /// pub struct Greet;
    ///
    /// async fn greet(cx: &Context) -> Result<i64, Error> {
    ///     cx.cache::<Greet>().count_once("greetings", 1).await
    /// }
    /// ```
    pub fn cache<F: grant::UseCache>(&self) -> Cache<'_> {
        Cache { context: self }
    }
}

#[cfg(test)]
mod tests;
