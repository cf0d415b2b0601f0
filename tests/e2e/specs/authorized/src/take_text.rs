//! A body as the text that it was sent as, which is all that a REST API hands over.

use authorized_contract::{TakeText, TakeTextError, TakeTextInput, TakeTextOutput};

/// Gives back what came.
pub async fn take_text(_: &TakeText, input: TakeTextInput) -> Result<TakeTextOutput, TakeTextError> {
    Ok(TakeTextOutput { payload: input.payload, signature: input.signature })
}
