//! Shows a build to its team.

use evc_runtime::{Error, Kind};
use hooks_contract::{ShowBuild, ShowBuildError, ShowBuildInput, ShowBuildResponse};

/// What `show-build` does. Its signature follows from `specs/hooks.yaml`.
///
/// `cx` has what the spec lets the function do, and nothing else; `cx.env("NAME")?` reads a variable of its `environment`.
/// A business error goes out as `Err(ShowBuildError::UnknownBuild("why".into()))`.
pub async fn show_build(
    cx: &ShowBuild,
    input: ShowBuildInput,
) -> Result<ShowBuildResponse, ShowBuildError> {
    // Yours from here on: evc never writes this file again.
    let _ = (cx, input);
    Err(Error::new(Kind::Internal, "`show-build` is not written yet").into())
}
