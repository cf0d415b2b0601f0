//! What those of some groups alone may do.

use authorized_contract::{Manage, ManageError, ManageInput, ManageOutput};

/// Tells who calls: whoever comes here is in one of the groups of the route.
pub async fn manage(cx: &Manage, input: ManageInput) -> Result<ManageOutput, ManageError> {
    Ok(ManageOutput { sub: cx.caller().sub.clone(), owner: input.owner })
}
