//! What is asked for, in a handler that dies.

use interrupted_contract::{Quick, QuickError, QuickOutput, Job};

use crate::work;

/// Does the work.
pub async fn quick(cx: &Quick, input: Job) -> Result<QuickOutput, QuickError> {
    let runs = work::done(cx.works(), input).await?;
    Ok(QuickOutput { runs })
}
