//! Who may read what is somebody's: he himself, by the path.

use authorized_contract::{CheckPath, CheckPathError, CheckPathInput, CheckPathOutput};

/// Lets in whose name the path ends in.
pub async fn check_path(_: &CheckPath, input: CheckPathInput) -> Result<CheckPathOutput, CheckPathError> {
    let owner = input.path.rsplit('/').next().unwrap_or_default().to_owned();
    let is_own = input.method == "GET" && !input.address.is_empty() && input.session.as_deref() == Some(&*owner);
    if is_own {
        Ok(CheckPathOutput { sub: owner })
    } else {
        Err(CheckPathError::NotYours("it is somebody else's".to_owned()))
    }
}
