//! Whose turn it is to plan. Planning does not yield, and all of a process is on one thread: what it takes, it takes from everybody.
//!
//! - Plans are made one after the other, and after a slow one its commit is written before the next begins: whoever dies meanwhile
//!   loses one plan.
//! - Whoever is not alone is planned quickly first. What takes longer lets those pass that wait, and is planned again: with half of
//!   the time that is left, so that something is left for whoever comes after it.
//! - Running out of that is an error of the execution, as is any other bound of an expression, if the time was fair; else it fails
//!   here, and is delivered or swept again.

use super::expression::{LONGEST_MS, Patience};
use super::planner::Unplanned;
use crate::{Error, Kind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

/// What a plan leaves of the time: for its commit, and for the answer.
const RESERVE: Duration = Duration::from_millis(500);
/// How long a plan may take at first where others wait for it.
const QUICK: Duration = Duration::from_millis(100);
/// What is enough for whatever the steps of an expression allow.
const FAIR: Duration = Duration::from_millis(LONGEST_MS / 5);
/// Plans that take less do not keep others waiting.
const SHORT: Duration = Duration::from_millis(1);
/// After so much planning, what is to be written is written before there is more.
const SLOW: Duration = Duration::from_millis(10);
/// How long others wait for a commit. A server of a cluster that does not answer has the executions of others as well.
const PATIENCE: Duration = Duration::from_secs(1);

/// Turns to plan.
#[derive(Default)]
pub(crate) struct Turns {
    /// How long was planned since everybody else was let on.
    turn: Mutex<Duration>,
    /// How many plan, wait for it, or will.
    members: AtomicUsize,
}

/// One who is going to plan, from when it begins with what is before that.
pub(crate) struct Member<'a> {
    turns: &'a Turns,
    begun: Instant,
    until: Instant,
    /// Whether work was done that is lost without a plan.
    has_done: bool,
}

/// The turn, if others are to wait until the commit is written.
pub(crate) struct Held<'a>(Option<MutexGuard<'a, Duration>>);

impl Turns {
    /// One more, who has until then. `has_done`: its work is lost without a plan.
    pub(crate) fn member(&self, until: Instant, has_done: bool) -> Member<'_> {
        self.members.fetch_add(1, Ordering::Relaxed);
        Member { turns: self, begun: Instant::now(), until, has_done }
    }
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        self.turns.members.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<'a> Member<'a> {
    /// Until when everything has to be done.
    pub(crate) fn until(&self) -> Instant {
        self.until
    }

    /// Makes a plan when it is one's turn. [`Kind::Timeout`] if there is no time for it.
    pub(super) async fn plan<T>(
        &self,
        plan: impl Fn(Patience) -> Result<T, Unplanned>,
    ) -> Result<(T, Held<'a>), Error> {
        let turns = self.turns;
        let (mut waited, mut is_first) = (Duration::ZERO, true);
        loop {
            let asked = Instant::now();
            let mut turn = turns.turn.lock().await;
            if *turn > SLOW || !is_first {
                // Commits are written by tasks of their own.
                *turn = Duration::ZERO;
                tokio::task::yield_now().await;
            }
            let begun = Instant::now();
            waited += begun - asked;
            let left = self.until.saturating_duration_since(begun);
            let left = left.saturating_sub(RESERVE.min(left / 4));
            if left.is_zero() {
                break;
            }
            let is_alone = turns.members.load(Ordering::Relaxed) <= 1;
            let fair = Duration::from_millis(LONGEST_MS).min(if is_alone { left } else { left / 2 });
            let is_quick = is_first && !is_alone;
            let time = if is_quick { fair.min(QUICK) } else { fair };
            let patience = Patience { time, is_last: !is_quick && self.is_fair(time, waited) };
            let planned = plan(patience);
            let took = begun.elapsed();
            *turn += if took > SHORT { took } else { Duration::ZERO };
            match planned {
                Ok(planned) if took > SLOW => return Ok((planned, Held(Some(turn)))),
                Ok(planned) => return Ok((planned, Held(None))),
                Err(Unplanned::Failed(error)) => return Err(error),
                Err(Unplanned::Late) if is_quick => {
                    is_first = false;
                    drop(turn);
                    // Whoever is ready gets in line before it does.
                    tokio::task::yield_now().await;
                }
                Err(Unplanned::Late) => break,
            }
        }
        Err(Error::new(Kind::Timeout, "there was no time left to plan how the execution goes on"))
    }

    /// Whether it is the execution's own fault if this time is not enough.
    fn is_fair(&self, time: Duration, waited: Duration) -> bool {
        let whole = self.until.saturating_duration_since(self.begun);
        // Nobody took anything from it. It has less because its own work took long, which would be lost.
        let is_own = self.has_done && waited <= time / 4;
        is_own || time >= FAIR.min(whole / 4)
    }
}

impl Held<'_> {
    /// Writes the commit before it is somebody else's turn.
    pub(crate) async fn through<T>(self, commit: impl Future<Output = T>) -> T {
        let Some(turn) = self.0 else { return commit.await };
        let mut commit = std::pin::pin!(commit);
        if let Ok(committed) = tokio::time::timeout(PATIENCE, commit.as_mut()).await {
            return committed;
        }
        drop(turn);
        commit.await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;
    use std::sync::Mutex as Lines;

    /// A plan that takes so long, if it may.
    fn takes(time: Duration) -> impl Fn(Patience) -> Result<bool, Unplanned> {
        move |patience| {
            std::thread::sleep(time.min(patience.time));
            match (time <= patience.time, patience.is_last) {
                (true, _) => Ok(true),
                (false, true) => Ok(false),
                (false, false) => Err(Unplanned::Late),
            }
        }
    }

    /// How each of a batch fares, in the order in which they end: its place, and whether its plan was as it should be.
    async fn batch(times_ms: &[u64], whole_ms: u64) -> Vec<(usize, Option<bool>)> {
        let (turns, ended) = (Turns::default(), Lines::new(Vec::new()));
        let until = Instant::now() + Duration::from_millis(whole_ms);
        join_all(times_ms.iter().enumerate().map(async |(place, time)| {
            let member = turns.member(until, true);
            // What is done before.
            tokio::task::yield_now().await;
            let planned = member.plan(takes(Duration::from_millis(*time))).await;
            let how = match planned {
                Ok((planned, turn)) => turn.through(async move { Some(planned) }).await,
                Err(error) => {
                    assert_eq!(error.kind(), Kind::Timeout);
                    None
                }
            };
            ended.lock().expect("no panic").push((place, how));
        }))
        .await;
        assert_eq!(turns.members.load(Ordering::Relaxed), 0);
        ended.into_inner().expect("no panic")
    }

    const FOR_EVER: u64 = 1_000_000;

    #[tokio::test]
    async fn what_is_quick_does_not_wait_for_what_is_slow() {
        let ended = batch(&[FOR_EVER, FOR_EVER, 0, FOR_EVER, 1, 20], 4_000).await;
        let order: Vec<usize> = ended.iter().map(|(place, _)| *place).collect();
        assert_eq!(order[..3], [2, 4, 5], "{ended:?}");
        assert!(ended[..3].iter().all(|(_, how)| *how == Some(true)), "{ended:?}");
        // The first of them had its time.
        assert_eq!(ended[3], (0, Some(false)), "{ended:?}");
    }

    #[tokio::test]
    async fn who_is_alone_fails_for_what_it_takes_itself() {
        assert_eq!(batch(&[FOR_EVER], 400).await, [(0, Some(false))]);
        assert_eq!(batch(&[150], 400).await, [(0, Some(true))]);
    }

    /// It would have been in time, but for its neighbour.
    #[tokio::test]
    async fn nobody_fails_for_what_a_neighbour_takes() {
        let ended = batch(&[FOR_EVER, 400], 1_500).await;
        assert!(!ended.contains(&(1, Some(false))), "{ended:?}");
    }

    #[tokio::test]
    async fn nothing_is_planned_when_the_time_is_over() {
        let turns = Turns::default();
        let member = turns.member(Instant::now(), true);
        let planned =
            member.plan(|_| -> Result<(), _> { Err(Unplanned::Failed(Error::new(Kind::Internal, "planned"))) });
        assert_eq!(planned.await.err().map(|error| error.kind()), Some(Kind::Timeout));
    }

    /// Whatever writes commits is a task of the same thread.
    #[tokio::test]
    async fn a_commit_is_written_before_the_next_slow_plan() {
        let (turns, written) = (Turns::default(), std::rc::Rc::new(std::cell::Cell::new(0)));
        let (send, mut receive) = tokio::sync::mpsc::unbounded_channel::<tokio::sync::oneshot::Sender<()>>();
        let writing = written.clone();
        let local = tokio::task::LocalSet::new();
        local.spawn_local(async move {
            while let Some(done) = receive.recv().await {
                writing.set(writing.get() + 1);
                // The answer takes its time.
                tokio::task::yield_now().await;
                let _ = done.send(());
            }
        });
        let until = Instant::now() + Duration::from_secs(10);
        let before = Lines::new(Vec::new());
        local
            .run_until(join_all((0..4).map(async |_| {
                let member = turns.member(until, true);
                tokio::task::yield_now().await;
                let plan = |_| {
                    before.lock().expect("no panic").push(written.get());
                    std::thread::sleep(Duration::from_millis(20));
                    Ok(())
                };
                let ((), turn) = member.plan(plan).await.expect("time");
                let (done, answer) = tokio::sync::oneshot::channel();
                send.send(done).expect("a writer");
                turn.through(answer).await.expect("an answer");
            })))
            .await;
        assert_eq!(before.into_inner().expect("no panic"), [0, 1, 2, 3]);
    }
}
