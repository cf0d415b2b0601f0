//! How many batches of queues run at once: what Lambda is told, beside what the function may run.

use super::{Function, Id, Model, Queue, Setting};

/// The least of `MaximumConcurrency`, and the most.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html#events-sqs-max-concurrency>
pub const MAPPING_CONCURRENCY: std::ops::RangeInclusive<u64> = 2..=1000;

/// How often a message of the queue of a function's work in workflows on Redis may be received: a message is a hint, and what it is about is
/// found by the sweep as well.
pub const WORK_RECEIVES: u64 = 5;

impl Model {
    /// The queues that a function works off.
    pub fn queues_to(&self, function: Id<Function>) -> impl Iterator<Item = &Queue> {
        self.queues.values().filter(move |queue| queue.to.as_ref().is_some_and(|to| to.value == function))
    }

    /// How many batches of a queue run at once in each environment, if the spec bounds them: what the queue says, or what the concurrency
    /// of its function leaves for it. AWS asks that the function's be at least that of all its queues together, and throttles it else.
    pub fn queue_concurrency(&self, queue: &Queue) -> Setting<Option<u64>> {
        match (&queue.concurrency, &queue.to) {
            (Some(own), _) => Setting::everywhere(Some(own.value), &self.environments),
            (None, Some(to)) => self.derived_concurrency(to.value),
            (None, None) => Setting::everywhere(None, &self.environments),
        }
    }

    /// What each queue of a function gets that does not say how many batches run at once: those of the spec, and the one of its work in
    /// workflows on Redis. It can be no less than two.
    pub fn derived_concurrency(&self, function: Id<Function>) -> Setting<Option<u64>> {
        self.functions[function].concurrency.map(|most| self.share(function, (*most)?))
    }

    /// What one such queue gets of a concurrency.
    fn share(&self, function: Id<Function>, most: u64) -> Option<u64> {
        let said: u64 =
            self.queues_to(function).filter_map(|queue| queue.concurrency.as_ref()).map(|own| own.value).sum();
        let silent = self.queues_to(function).filter(|queue| queue.concurrency.is_none()).count();
        let silent = u64::try_from(silent).unwrap_or(u64::MAX) + u64::from(self.works_on_redis(function));
        let share = most.saturating_sub(said).checked_div(silent)?;
        Some(share.max(*MAPPING_CONCURRENCY.start())).filter(|share| MAPPING_CONCURRENCY.contains(share))
    }

    /// How many batches of all queues of a function with this concurrency run at once, if each is bounded.
    pub fn batches_at_once(&self, function: Id<Function>, most: u64) -> Option<u64> {
        let work = if self.works_on_redis(function) { self.share(function, most)? } else { 0 };
        let of_queue =
            |queue: &Queue| queue.concurrency.as_ref().map(|own| own.value).or_else(|| self.share(function, most));
        self.queues_to(function).map(of_queue).sum::<Option<u64>>().map(|sum| sum + work)
    }
}
