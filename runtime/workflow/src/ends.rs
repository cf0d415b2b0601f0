//! Counts the executions that end, whoever ends them: a worker, a sweep, somebody who cancels. For the metrics that Step Functions has
//! too: `ExecutionsSucceeded`, `ExecutionsFailed`, `ExecutionsTimedOut` and `ExecutionsAborted`, with the workflow as dimension. Of those that
//! failed, the ones that ended with an outcome of their definition count as `ExecutionOutcomes` as well.
//!
//! The store hands out each end once, so that none is counted twice; it is called by the sweep. What a crash does: ends that were
//! handed out and not yet written are not counted, those of the calls that come after are. A cache that fails over hands out those of its
//! last moment again. An execution that ends and is retried before the next sweep counts when it ends again.
//!
//! What was counted is known by its time, which is the server's. Where that goes back (a replica with a slower clock takes over, a clock
//! is set), ends are not counted until it has come to where it was: to prevent that, each commit would have to read how far the count is.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html>

use super::Status;
use super::carrier::Carrier;
use super::state::outcome;
use super::store::Summary;
use crate::Error;
use evc_interface::metric::executions;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::collections::BTreeMap;
use tokio::time::Instant;

/// How many ends one call hands out.
const LIMIT: usize = 100;
/// Partitions that are looked at at the same time.
const PARTITIONS: usize = 32;

/// How many executions ended, by workflow and metric.
pub type Ends = BTreeMap<(String, &'static str), usize>;

/// Hands the ends of each call to `count`, until there are no more or it is this time.
pub async fn ends(carrier: &Carrier, until: Instant, count: impl Fn(&Ends)) -> Result<(), Error> {
    let count = &count;
    let partitions = stream::iter(0..carrier.store.keys().partitions()).map(Ok);
    partitions
        .try_for_each_concurrent(PARTITIONS, |partition| async move {
            while Instant::now() < until {
                let ended = carrier.store.ended(partition, LIMIT).await?;
                if ended.is_empty() {
                    break;
                }
                let mut ends = Ends::new();
                for end in ended {
                    let outcome = is_outcome(carrier, &end).await.then_some(executions::OUTCOMES);
                    for metric in metric(end.status).into_iter().chain(outcome) {
                        *ends.entry((end.execution.workflow().to_owned(), metric)).or_default() += 1;
                    }
                }
                count(&ends);
            }
            Ok(())
        })
        .await
}

/// Whether an execution failed with an error that its workflow has among its outcomes. One that cannot be looked at is none: then the
/// alarm tells of it.
async fn is_outcome(carrier: &Carrier, end: &Summary) -> bool {
    if end.status != Status::Failed {
        return false;
    }
    let error = async {
        let definition = carrier.definition(&end.definition).await?;
        if definition.outcomes().is_empty() {
            return Ok(false);
        }
        let snapshot = carrier.store.load(&end.execution).await?;
        let error = snapshot.map(|snapshot| outcome(&snapshot.state)).transpose()?.and_then(|outcome| outcome.error);
        Ok::<_, Error>(error.is_some_and(|error| definition.outcomes().contains(&error)))
    };
    error.await.unwrap_or_else(|error| {
        tracing::warn!(
            execution = end.execution.0,
            error = error.kind().name(),
            "how it ended cannot be read: {error}"
        );
        false
    })
}

/// The name of the metric.
fn metric(status: Status) -> Option<&'static str> {
    match status {
        Status::Running => None,
        Status::Succeeded => Some(executions::SUCCEEDED),
        Status::Failed => Some(executions::FAILED),
        Status::TimedOut => Some(executions::TIMED_OUT),
        Status::Aborted => Some(executions::ABORTED),
    }
}
