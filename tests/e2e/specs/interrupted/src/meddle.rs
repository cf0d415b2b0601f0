//! An answer, with whatever token is given.

use interrupted_contract::{Meddle, MeddleError, MeddleInput};

/// Answers.
pub async fn meddle(cx: &Meddle, input: MeddleInput) -> Result<(), MeddleError> {
    Ok(cx.signal(&input.token, &input.decision).await?)
}
