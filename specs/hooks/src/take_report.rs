//! Hands on what the runner says of a build.

use evc_runtime::{Error, Kind};
use hooks_contract::{TakeReport, TakeReportError, TakeReportInput};

/// What `take-report` does. Its signature follows from `specs/hooks.yaml`.
///
/// `cx` has what the spec lets the function do, and nothing else; `cx.env("NAME")?` reads a variable of its `environment`.
/// A business error goes out as `Err(TakeReportError::UnknownBuild("why".into()))`.
pub async fn take_report(cx: &TakeReport, input: TakeReportInput) -> Result<(), TakeReportError> {
    // Yours from here on: evc never writes this file again.
    let _ = (cx, input);
    Err(Error::new(Kind::Internal, "`take-report` is not written yet").into())
}
