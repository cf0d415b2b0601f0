//! What is asked for, in a handler that dies.

use interrupted_contract::{Slow, SlowError, SlowOutput, Job};

use crate::work;

/// Does the work.
pub async fn slow(cx: &Slow, input: Job) -> Result<SlowOutput, SlowError> {
    let runs = work::done(cx.works(), input).await?;
    Ok(SlowOutput { runs })
}
