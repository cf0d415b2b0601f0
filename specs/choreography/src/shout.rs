//! Says one word loudly.

use choreography_contract::{Shout, ShoutError, ShoutInput, ShoutOutput};

/// The same word gives the same answer, so that it may be asked again.
pub async fn shout(_: &Shout, input: ShoutInput) -> Result<ShoutOutput, ShoutError> {
    let word = input.word.to_uppercase();
    let letters = i64::try_from(word.chars().filter(|char| char.is_alphabetic()).count()).unwrap_or(i64::MAX);
    Ok(ShoutOutput { word, letters })
}
