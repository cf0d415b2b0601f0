//! An answer, with whatever token is given.

use interrupted_contract::{Decide, DecideError, DecideInput};

/// Answers.
pub async fn decide(cx: &Decide, input: DecideInput) -> Result<(), DecideError> {
    Ok(cx.signal(&input.token, &input.decision).await?)
}
