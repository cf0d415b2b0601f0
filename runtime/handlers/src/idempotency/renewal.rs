//! Keeps claims alive while their handlers run: a thread of its own renews each of them until its guard ends.
//!
//! A thread, since a handler may keep its own busy: it computes, or calls something that blocks. The thread has a runtime and a client
//! of DynamoDB of its own, because connections belong to the runtime on which they were made. It is started by the first claim of the
//! process and waits for the others; the client is made when the first claim is five seconds old, so that short handlers pay for none.
//!
//! A renewal and the end of the work may overtake each other. Each is a put on condition that the claim is ours and under way, so
//! that a renewal which comes after the end writes nothing.

use super::Claim;
use super::record::in_the_way;
use crate::limits::IDEMPOTENCY_LEASE_SECONDS;
use crate::table::{DynamoDb, Store};
use crate::{Error, Kind, Timestamp};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{OnceCell, mpsc, oneshot};
use tracing::{Instrument, Span};

/// How long claims last, and how often they are renewed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) lease: Duration,
    /// A third of it: two renewals may fail before the claim is lost.
    pub(crate) renewal: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        let lease = Duration::from_secs(IDEMPOTENCY_LEASE_SECONDS);
        Self { lease, renewal: lease / 3 }
    }
}

impl Pace {
    /// How long a claim has until it is to be renewed: what is left of it then outlasts two renewals that fail.
    pub(super) fn until_renewal(self, claim: &Claim, now: Timestamp) -> Duration {
        let left = u64::try_from(claim.lease.millis() - now.millis()).unwrap_or(0);
        Duration::from_millis(left).saturating_sub(self.lease.saturating_sub(self.renewal))
    }
}

/// The renewals of a process.
#[derive(Default)]
pub(crate) struct Renewals {
    pub(crate) pace: Pace,
    /// Where claims are, unless in DynamoDB.
    store: Option<Arc<dyn Store>>,
    thread: OnceLock<mpsc::UnboundedSender<Held>>,
}

/// A claim that is renewed until the other end of `ended` is gone.
struct Held {
    claim: Claim,
    ended: oneshot::Receiver<()>,
    span: Span,
}

/// Renews a claim until it is dropped.
#[must_use = "a claim is renewed until this is dropped"]
pub(crate) struct Renewal {
    _running: oneshot::Sender<()>,
}

impl Renewals {
    /// Those of claims in this store.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn of(store: Arc<dyn Store>) -> Self {
        Self { store: Some(store), ..Self::default() }
    }

    /// Renews this claim from now on.
    pub(super) fn begin(&self, claim: Claim) -> Renewal {
        let (running, ended) = oneshot::channel();
        let thread = self.thread.get_or_init(|| start(self.pace, self.store.clone()));
        if thread.send(Held { claim, ended, span: Span::current() }).is_err() {
            // The work goes on without: its lease is as long as it was.
            tracing::error!("the thread that renews idempotency claims is gone");
        }
        Renewal { _running: running }
    }
}

fn start(pace: Pace, store: Option<Arc<dyn Store>>) -> mpsc::UnboundedSender<Held> {
    let (sender, claims) = mpsc::unbounded_channel();
    let run = move || {
        if let Err(error) = crate::serve::block_on(keep_all(claims, pace, store)) {
            tracing::error!("the thread that renews idempotency claims has no runtime: {error}");
        }
    };
    if let Err(error) = std::thread::Builder::new().name("idempotency".to_owned()).spawn(run) {
        tracing::error!("there is no thread to renew idempotency claims: {error}");
    }
    sender
}

/// Until nobody can hold a claim any more.
async fn keep_all(mut claims: mpsc::UnboundedReceiver<Held>, pace: Pace, store: Option<Arc<dyn Store>>) {
    let store = Arc::new(OnceCell::new_with(store));
    while let Some(mut held) = claims.recv().await {
        let (span, store) = (std::mem::replace(&mut held.span, Span::none()), store.clone());
        tokio::spawn(async move { keep(held, pace, &store).await }.instrument(span));
    }
}

/// Renews one claim until its guard ends, it is lost, or it lasts until the invocation's deadline.
async fn keep(mut held: Held, pace: Pace, store: &OnceCell<Arc<dyn Store>>) {
    // From when the claim began: its answer, and the way to this thread, took time, too.
    let mut pause = pace.until_renewal(&held.claim, Timestamp::now());
    // An answer, whichever, means that the guard has ended.
    while tokio::time::timeout(pause, &mut held.ended).await.is_err() {
        let now = Timestamp::now();
        let Some(claim) = held.claim.renewed(now, pace.lease) else { return };
        match renew(&claim, now, pace, store).await {
            Ok(true) => {
                held.claim = claim;
                pause = pace.renewal;
            }
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(error = error.kind().name(), "an idempotency claim could not be renewed: {error}");
                pause = pace.renewal / 5;
            }
        }
    }
}

/// Whether the claim goes on.
async fn renew(claim: &Claim, now: Timestamp, pace: Pace, store: &OnceCell<Arc<dyn Store>>) -> Result<bool, Error> {
    let write = async {
        let store = store.get_or_init(|| async {
            let store: Arc<dyn Store> = Arc::new(DynamoDb::new(&crate::aws::load().await));
            store
        });
        in_the_way(store.await.write(claim.renewal(now), true).await)
    };
    let late = |_| Error::new(Kind::Timeout, "DynamoDB did not answer in time");
    match tokio::time::timeout(pace.renewal, write).await.map_err(late)?? {
        None => Ok(true),
        // The work ended while the renewal was on its way.
        Some(stored) if claim.has(&stored) => Ok(false),
        Some(_) => {
            tracing::error!(
                "the idempotency claim is lost: another delivery works on the same, and what this one stores is refused"
            );
            Ok(false)
        }
    }
}
