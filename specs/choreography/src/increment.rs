//! Numbers messages: the counter that Redis is for.

use choreography_contract::{Increment, IncrementError, IncrementInput, IncrementOutput};
use evc_runtime::tracing;

/// The name of the counter.
const MESSAGES: &str = "messages";

/// Counts this message once, however often the step runs: a plain `INCR` would count each attempt.
pub async fn increment(cx: &Increment, input: IncrementInput) -> Result<IncrementOutput, IncrementError> {
    let count = cx.cache().count_once(MESSAGES, 1).await?;
    tracing::info!(message_id = %input.message_id, count, "counted");
    Ok(IncrementOutput { count })
}
