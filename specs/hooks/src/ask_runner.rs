//! Keeps who waits for the runner, which looks for work in the table.

use evc_runtime::{Error, Kind};
use hooks_contract::{AskRunner, AskRunnerError, Push};

/// What `ask-runner` does. Its signature follows from `specs/hooks.yaml`.
///
/// `cx` has what the spec lets the function do, and nothing else; `cx.env("NAME")?` reads a variable of its `environment`.
pub async fn ask_runner(cx: &AskRunner, input: Push) -> Result<(), AskRunnerError> {
    // Yours from here on: evc never writes this file again.
    let _ = (cx, input);
    Err(Error::new(Kind::Internal, "`ask-runner` is not written yet"))
}
