//! Who was let in by the path.

use authorized_contract::{Path, PathError, PathInput, PathOutput};

/// Tells who calls.
pub async fn path(cx: &Path, input: PathInput) -> Result<PathOutput, PathError> {
    Ok(PathOutput { sub: cx.caller().sub.clone(), owner: input.owner })
}
