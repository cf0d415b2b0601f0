//! Starts a build of what was pushed to a branch.

use evc_runtime::{Error, Kind};
use hooks_contract::{TakePush, TakePushError, TakePushInput, TakePushResponse};

/// What `take-push` does. Its signature follows from `specs/hooks.yaml`.
///
/// `cx` has what the spec lets the function do, and nothing else; `cx.env("NAME")?` reads a variable of its `environment`.
pub async fn take_push(
    cx: &TakePush,
    input: TakePushInput,
) -> Result<TakePushResponse, TakePushError> {
    // Yours from here on: evc never writes this file again.
    let _ = (cx, input);
    Err(Error::new(Kind::Internal, "`take-push` is not written yet"))
}
