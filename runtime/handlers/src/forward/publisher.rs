//! Publishing what is pending: packed, tried again with full jitter, in the order of each aggregate, for as long as there is time.

use super::plan::{Pending, pack, waves};
use super::row::Poison;
use evc_interface::metric::forwarder as metric;

use crate::observe::{Metrics, Unit};
use crate::publish::{Bus, Rejection, pause};
use crate::{Error, Kind, Timestamp, hash};
use futures_util::{StreamExt, stream};
use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

/// Calls of the bus at a time: a batch of 100, the default, takes as long as two.
const CALLS: usize = 5;

/// What the bus says of each entry of a call.
type Answers = Vec<Result<String, Rejection>>;

/// What publishes.
pub(crate) struct Publisher<'a, T> {
    pub(crate) bus: &'a dyn Bus,
    pub(crate) metrics: &'a Metrics,
    /// How much time is left for calls and pauses.
    pub(crate) time_left: T,
}

impl<T: Fn() -> Duration> Publisher<'_, T> {
    /// Publishes until all entries are taken or refused for good, or time is over. Returns the records of those that are left.
    pub(crate) async fn publish(&self, mut pending: Vec<Pending>, poison: &mut Vec<(usize, Poison)>) -> Vec<usize> {
        let mut attempt = 0;
        loop {
            let (failed, hopeless) = self.round(pending, poison).await;
            pending = failed;
            let pause = pause(attempt, hash::random());
            attempt += 1;
            if pending.is_empty() || hopeless || (self.time_left)() <= pause {
                return pending.into_iter().map(|pending| pending.record).collect();
            }
            tracing::warn!(entries = pending.len(), attempt, "the bus refused entries; trying again");
            self.count(metric::RETRIED, pending.len());
            tokio::time::sleep(pause).await;
        }
    }

    /// Sends every pending entry once, unless one before it in its lane failed: that one has to go first. Returns those to send
    /// again, in their order, and whether that is hopeless in this invocation.
    async fn round(&self, pending: Vec<Pending>, poison: &mut Vec<(usize, Poison)>) -> (Vec<Pending>, bool) {
        let (mut failed, mut hopeless) = (BTreeSet::new(), false);
        let mut waiting: HashSet<&str> = HashSet::new();
        for wave in waves(&pending, pack(&pending)) {
            let give_up = hopeless || (self.time_left)().is_zero();
            let mut calls = Vec::new();
            for call in wave {
                let (held, call): (Vec<usize>, Vec<usize>) =
                    call.into_iter().partition(|entry| give_up || waiting.contains(pending[*entry].lane.as_str()));
                failed.extend(held);
                calls.extend(Some(call).filter(|call| !call.is_empty()));
            }
            let calls = stream::iter(calls).map(|call| self.put(&pending, call)).buffer_unordered(CALLS);
            for (call, answers) in calls.collect::<Vec<_>>().await {
                let answers = match answers {
                    Ok(answers) => answers,
                    Err(error) => {
                        tracing::error!(error = error.kind().name(), "{error}");
                        hopeless |= !error.kind().is_retryable();
                        waiting.extend(call.iter().map(|entry| pending[*entry].lane.as_str()));
                        failed.extend(call);
                        continue;
                    }
                };
                let answers: Vec<_> = call.iter().zip(answers).collect();
                self.taken(answers.iter().filter(|(_, answer)| answer.is_ok()).map(|(entry, _)| &pending[**entry]));
                for (entry, rejection) in answers.into_iter().filter_map(|(entry, answer)| Some((entry, answer.err()?)))
                {
                    if rejection.is_final() {
                        let reason = format!("the bus refused the event: {}: {}", rejection.code, rejection.message);
                        poison.push((pending[*entry].record, Poison { reason }));
                    } else {
                        failed.insert(*entry);
                        waiting.insert(&pending[*entry].lane);
                    }
                }
            }
        }
        let failed = pending.iter().enumerate().filter(|(number, _)| failed.contains(number));
        (failed.map(|(_, pending)| pending.clone()).collect(), hopeless)
    }

    /// One call with these entries, for as long as there is time.
    async fn put(&self, pending: &[Pending], call: Vec<usize>) -> (Vec<usize>, Result<Answers, Error>) {
        let entries = call.iter().map(|entry| pending[*entry].entry.clone()).collect();
        let late = |_| Error::new(Kind::Timeout, "`events:PutEvents` did not answer in time");
        let answers = tokio::time::timeout((self.time_left)(), self.bus.put_events(entries)).await.map_err(late);
        (call, answers.flatten())
    }

    /// Counts what the bus took.
    fn taken<'p>(&self, entries: impl Iterator<Item = &'p Pending>) {
        let now = Timestamp::now().millis();
        let mut count = 0;
        for pending in entries {
            count += 1;
            let millis = now - pending.entry.time.millis();
            // Clocks differ a little, and no event is published before it happened. A day is a stream's longest memory.
            let lag = u32::try_from(millis.max(0)).unwrap_or(u32::MAX);
            self.metrics.add(metric::LAG, f64::from(lag), Unit::Milliseconds);
        }
        self.count(metric::FORWARDED, count);
    }

    /// Adds to a count.
    pub(crate) fn count(&self, name: &str, count: usize) {
        if count > 0 {
            // Lambda brings at most 10,000 records at once.
            self.metrics.add(name, f64::from(u32::try_from(count).unwrap_or(u32::MAX)), Unit::Count);
        }
    }
}
