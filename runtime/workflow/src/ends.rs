//! Counts the executions that end, whoever ends them: a worker, a sweep, somebody who cancels. For the metrics that Step Functions has
//! too: `ExecutionsSucceeded`, `ExecutionsFailed`, `ExecutionsTimedOut` and `ExecutionsAborted`, with the workflow as dimension.
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
use crate::Error;
use evc_interface::metric::executions;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::collections::BTreeMap;
use tokio::time::Instant;

/// How many ends one call hands out.
const LIMIT: usize = 100;
/// Partitions that are looked at at the same time.
const PARTITIONS: usize = 32;

/// Hands the ends of each call to `count`, by workflow and status, until there are no more or it is this time.
pub async fn ends(
    carrier: &Carrier,
    until: Instant,
    count: impl Fn(&BTreeMap<(String, Status), usize>),
) -> Result<(), Error> {
    let count = &count;
    let partitions = stream::iter(0..carrier.store.keys().partitions()).map(Ok);
    partitions
        .try_for_each_concurrent(PARTITIONS, |partition| async move {
            while Instant::now() < until {
                let ended = carrier.store.ended(partition, LIMIT).await?;
                if ended.is_empty() {
                    break;
                }
                let mut ends = BTreeMap::new();
                for end in ended {
                    *ends.entry((end.execution.workflow().to_owned(), end.status)).or_default() += 1;
                }
                count(&ends);
            }
            Ok(())
        })
        .await
}

/// The name of the metric.
pub fn metric(status: Status) -> Option<&'static str> {
    match status {
        Status::Running => None,
        Status::Succeeded => Some(executions::SUCCEEDED),
        Status::Failed => Some(executions::FAILED),
        Status::TimedOut => Some(executions::TIMED_OUT),
        Status::Aborted => Some(executions::ABORTED),
    }
}
