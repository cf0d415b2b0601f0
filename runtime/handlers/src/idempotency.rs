//! A delivery's work is done once: later deliveries of the same work get the stored result.
//!
//! The key is the function's name and the delivery's idempotency key: an event's id, execution and step, or a caller and his
//! `Idempotency-Key` (`adapter/caller.rs`). A delivery without a key simply runs. One table holds a record a key:
//!
//! | attribute | | |
//! | --- | --- | --- |
//! | `id` | S, partition key | function and key |
//! | `status` | S | `IN_PROGRESS`, `DONE`, `RELEASED` |
//! | `owner` | S | tells one claim from another |
//! | `leaseUntil` | N | milliseconds since 1970, when the claim ends unless it is renewed |
//! | `content` | S, optional | hash of what was asked for (`content.rs`); none if no input could be read |
//! | `payload` | S, optional | SHA-256 of the input's text, which is all that earlier versions stored and compare |
//! | `result` | S, optional | the JSON of the output |
//! | `ttl` | N | seconds since 1970, when DynamoDB may remove the record |
//!
//! Every write is a conditional put, which is all that the function's role needs to allow.
//!
//! A key is used for one thing: while its record is there, a delivery that asks for another gets `KeyReused`, whatever became of
//! the first. Only an input that could not be read uses no key.
//!
//! A transaction with an answer ([`Transaction::answer`](crate::Transaction::answer)) stores the result in the very call that does the
//! work: then there is no moment at which one is there without the other, and a delivery that lost its claim commits nothing.
//!
//! # The lease
//!
//! A claim lasts [`IDEMPOTENCY_LEASE_SECONDS`], and never beyond the invocation's deadline. Until its result is stored, a thread of its own
//! renews it every five seconds (`renewal.rs`), whatever the handler does to its own thread. A claim whose answer took longer than that is
//! renewed before the handler runs. A process that dies renews nothing: the work
//! can be taken over after fifteen seconds at most, whatever the function's timeout is. A handler that is done in five costs no write more.
//!
//! Others fail with `InProgress` meanwhile, and come again when their deliverer brings them. A deliverer that would have used its
//! attempts up by then ([`Origin::waits`](crate::context::Origin): the stream of a table, which brings a batch again at once) is kept waiting
//! instead, for as long as the claim lasts and the invocation has time: for the result, or to take over.
//!
//! # What is measured
//!
//! Deliveries that got a stored result, that found another at work, whose key was used for something else, and results that could not be
//! kept: the metrics of [`evc_interface::metric::function`].
//!
//! # What a crash does
//!
//! - **Before the claim**: nothing happened. The next delivery runs.
//! - **The claim's call has no answer in the time that there is**: the delivery fails with `Timeout`, and the handler does not run.
//!   Nobody knows whether the claim was written; if it was, this is the next case.
//! - **After the claim, before or in the handler**: deliveries until the lease ends fail with `InProgress` and come back; the first one
//!   after it claims anew and runs. That is 15 seconds after the last renewal, or at the invocation's deadline if that is sooner.
//! - **While a renewal is under way**: it is written or not; the lease ends 15 seconds after this one or the one before.
//! - **After the handler, before the result is stored**: as above; the handler runs a second time. What it wrote in a transaction with
//!   an event is recognised by the event's id (see [`Transaction`](crate::Transaction)); other effects need conditions of their own.
//!   With [`Transaction::answer`](crate::Transaction::answer) there is no such moment.
//! - **After the result is stored, before the answer arrives**: the next delivery gets the stored result; the handler does not run.
//! - **The handler failed**: the claim is released, and the next delivery runs at once. A crash before the release is the second case.
//!   If what failed was only the answer of a transaction that stored the result, that result is what the caller gets.
//!
//! # What a live process can lose
//!
//! A claim is lost by a process that lives if it cannot renew for ten seconds: DynamoDB does not answer it, or the whole process stands
//! still. Then two handlers may run at once, as they may after a crash. One result counts: the record has the owner of the second, so
//! that the first stores nothing, and its transactions with an answer commit nothing. The log says so.
//!
//! Leases are compared by the clocks of the machines. A clock that is ahead by up to ten seconds takes nothing over early, since a lease
//! that is renewed has as much left at any time; one that is behind waits longer by what it is behind. Those of Lambda are kept
//! within milliseconds.

mod record;
mod renewal;

pub(crate) use self::record::Claim;
use self::record::{Claimed, Records};
#[cfg(feature = "testing")]
pub(crate) use self::record::{ID, LEASE};
use self::renewal::Pace;
pub(crate) use self::renewal::Renewals;
use crate::adapter::Failure;
use crate::backend::Services;
use crate::content::Content;
#[cfg(doc)]
use crate::limits::IDEMPOTENCY_LEASE_SECONDS;
use crate::observe::Unit;
use crate::serve::{App, Guard, run};
use crate::{Context, Error, Function, Kind, Payload, Timestamp};
use evc_interface::environment;
use evc_interface::metric::function as metric;
use std::time::Duration;

/// How long a record stays, seconds, unless `IDEMPOTENCY_RETENTION_SECONDS` says otherwise.
const RETENTION: u64 = 86_400;
/// The environment variable with the name of the table.
pub(crate) const TABLE: &str = environment::IDEMPOTENCY_TABLE;

/// The longest pause before a delivery that waits looks again.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// The shortest one.
const SHORTEST_WAIT: Duration = Duration::from_millis(20);
/// What a delivery that waits keeps back of the invocation's time, to fail with a name and to report it.
const RESERVE: Duration = Duration::from_secs(1);

/// Runs a function as [`serve`](crate::serve) does, each delivery's work once. The table is named by `IDEMPOTENCY_TABLE`.
pub fn serve_idempotent<F, H>(handler: H) -> Result<(), Error>
where
    F: Function,
    H: AsyncFn(&F, F::Input) -> Result<F::Output, F::Error>,
{
    run(&App::<F, H, _>::new(handler, Once, Services::default())?)
}

/// The guard that lets a delivery's work run once.
pub(crate) struct Once;

impl Guard for Once {
    async fn guard(
        &self,
        context: &Context,
        payload: &Payload<'_>,
        work: impl AsyncFnOnce() -> Result<String, Failure>,
    ) -> Result<String, Failure> {
        let Some(key) = context.idempotency_key() else { return work().await };
        let services = context.services();
        let settings = &services.settings;
        let records = Records {
            store: services.tables().await,
            table: settings.require(TABLE)?,
            retention: Duration::from_secs(settings.parse(environment::IDEMPOTENCY_RETENTION, RETENTION)?),
            lease: services.renewals.pace.lease,
        };
        let id = record::id(context.delivery().function, key);
        let content = context.delivery().origin.content.clone();
        let content = content.unwrap_or_else(|| Content::of(payload, context.step().is_some()));
        let pace = services.renewals.pace;
        let claimed = claim(&records, id, content, context, pace).await.inspect_err(|error| {
            if error.kind() == Kind::KeyReused {
                context.metric(metric::KEY_REUSED, 1.0, Unit::Count);
            }
        });
        let claim = match claimed? {
            Claimed::Before(result) => {
                tracing::info!("an earlier delivery did the work; its result is returned");
                context.metric(metric::REPEATED, 1.0, Unit::Count);
                return Ok(result);
            }
            Claimed::Now(claim) => context.hold(claim),
            Claimed::Busy(_) => {
                context.metric(metric::IN_PROGRESS, 1.0, Unit::Count);
                return Err(Error::new(Kind::InProgress, "another delivery of the same work is running").into());
            }
        };
        // Until this is dropped: after the record is kept, since another delivery could take over before; also when the invocation is
        // cut off in the middle.
        let _renewal = services.renewals.begin(claim.clone());
        let result = work().await;
        if context.is_answered() {
            return result;
        }
        // The work is done or has failed, whatever becomes of the record: its outcome is the answer.
        let kept = match &result {
            Ok(output) => records.complete(claim, output, Timestamp::now()).await.map(|()| None),
            Err(_) => records.release(claim, context.is_used(), Timestamp::now()).await,
        };
        match kept {
            Ok(Some(output)) => {
                tracing::info!("the work was done, and only the answer of its transaction was lost");
                Ok(output)
            }
            Ok(None) => result,
            Err(error) => {
                context.metric(metric::NOT_KEPT, 1.0, Unit::Count);
                tracing::error!(
                    error = error.kind().name(),
                    "the idempotency record could not be kept, a repeated delivery will run again: {error}"
                );
                result
            }
        }
    }
}

/// Claims the work; waits for who has it, if the deliverer would not.
async fn claim(
    records: &Records<'_>,
    id: String,
    content: Content,
    context: &Context,
    pace: Pace,
) -> Result<Claimed, Error> {
    loop {
        let now = Timestamp::now();
        let claimed = records.claim(id.clone(), content.clone(), now, context.deadline()).await?;
        let claimed = in_time(records, claimed, pace).await?;
        let Claimed::Busy(until) = claimed else { return Ok(claimed) };
        // The end of the lease is the last moment that belongs to it.
        let left = u64::try_from(until.millis() - now.millis() + 1).unwrap_or(0);
        let pause = Duration::from_millis(left).clamp(SHORTEST_WAIT, LONGEST_WAIT);
        if !context.delivery().origin.waits || context.remaining() <= pause + RESERVE {
            return Ok(claimed);
        }
        tracing::debug!("another delivery of the same work is running; waiting for it");
        tokio::time::sleep(pause).await;
    }
}

/// A claim that has its time: one whose answer was late is renewed before the handler runs, as it would have been while the handler ran.
async fn in_time(records: &Records<'_>, mut claimed: Claimed, pace: Pace) -> Result<Claimed, Error> {
    while let Claimed::Now(claim) = &claimed {
        let now = Timestamp::now();
        if !pace.until_renewal(claim, now).is_zero() {
            break;
        }
        let lease = claim.lease;
        claimed = records.extend(claim.clone(), now).await?;
        // It ends with the invocation, and so does the handler.
        if matches!(&claimed, Claimed::Now(claim) if claim.lease == lease) {
            break;
        }
    }
    Ok(claimed)
}

#[cfg(test)]
mod tests;
