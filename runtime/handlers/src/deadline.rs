//! Until when the calls that a delivery makes may take: of AWS (src/aws.rs) and of the cache.
//!
//! A client is made once a process; the time that its calls have is another for each delivery of a batch, and for the handler another
//! than for what runs after it. So the time goes with the future that makes the calls, as a task-local value, and a call looks at it
//! when it begins. What is spawned as a task of its own has the longest time.
//!
//! | what runs | ends before the deadline by |
//! | --- | --- |
//! | the handler | [`ANSWER`] |
//! | its calls | [`ANSWER`] and [`REACTION`] |
//! | what comes before and after it: the idempotency record, the circuit breaker | [`REPORT`] |

use std::time::Duration;
use tokio::time::Instant;

/// What a handler's time is cut by at its end, so that the answer still gets out.
pub(crate) const ANSWER: Duration = Duration::from_millis(200);

/// What the calls of a handler leave of the handler's time, so that it can say what a call that was too slow means.
pub(crate) const REACTION: Duration = Duration::from_millis(50);

/// What everything leaves of an invocation's time: to write logs and metrics, and for the answer's way.
pub(crate) const REPORT: Duration = Duration::from_millis(50);

/// The longest that one call may take, whatever time there is. For an invoker that sets no deadline (some local ones), the only limit.
#[cfg(any(test, feature = "aws", feature = "cache"))]
pub(crate) const LONGEST_CALL: Duration = Duration::from_mins(1);

tokio::task_local! {
    /// `None` without a deadline.
    static UNTIL: Option<Instant>;
}

/// Time less a reserve, of which no more than a quarter goes to the reserve: an invocation of some milliseconds has time to work, too.
pub(crate) fn less(time: Duration, reserve: Duration) -> Duration {
    time.saturating_sub(reserve.min(time / 4))
}

/// Runs a future whose calls may take so long altogether. Without a time (zero: no deadline) they have what surrounds the future.
pub(crate) async fn within<T>(time: Duration, future: impl Future<Output = T>) -> T {
    let until = if time.is_zero() { around() } else { Some(Instant::now() + time) };
    UNTIL.scope(until, future).await
}

fn around() -> Option<Instant> {
    UNTIL.try_with(|until| *until).ok().flatten()
}

/// The time that is left, at most so long.
#[cfg(any(test, feature = "aws", feature = "engine"))]
pub(crate) fn at_most(longest: Duration) -> Duration {
    around().map_or(longest, |until| until.saturating_duration_since(Instant::now()).min(longest))
}

/// How long a call that begins now may take.
#[cfg(any(test, feature = "aws", feature = "cache"))]
pub(crate) fn left() -> Duration {
    at_most(LONGEST_CALL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_future_has_a_time_of_its_own() {
        assert_eq!(left(), LONGEST_CALL);
        let inner = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            left()
        };
        let outer = async {
            let short = within(Duration::from_secs(3), inner);
            let inherited = within(Duration::ZERO, async { left() });
            (futures_util::future::join(short, inherited).await, left())
        };
        let ((short, inherited), after) = within(Duration::from_secs(10), outer).await;
        assert_eq!(
            (short, inherited, after),
            (Duration::from_secs(2), Duration::from_secs(10), Duration::from_secs(9))
        );
        let over = async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            left()
        };
        assert_eq!(within(Duration::from_secs(1), over).await, Duration::ZERO);
    }

    #[test]
    fn a_reserve_leaves_most_of_a_short_time() {
        assert_eq!(less(Duration::from_secs(3), ANSWER), Duration::from_millis(2800));
        assert_eq!(less(Duration::from_millis(100), ANSWER), Duration::from_millis(75));
    }
}
