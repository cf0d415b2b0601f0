//! A body as it was sent.

use authorized_contract::{TakeHook, TakeHookError, TakeHookInput, TakeHookOutput};

/// Gives back what came.
pub async fn take_hook(_: &TakeHook, input: TakeHookInput) -> Result<TakeHookOutput, TakeHookError> {
    Ok(TakeHookOutput { payload: input.payload, signature: input.signature })
}
