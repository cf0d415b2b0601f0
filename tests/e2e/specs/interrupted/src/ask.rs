//! A question, whose token goes to a table.

use evc_runtime::{Error, Kind};
use interrupted_contract::{Ask, AskError, AskInput, Question};

/// Hands the token on.
pub async fn ask(cx: &Ask, input: AskInput) -> Result<(), AskError> {
    let token = cx.task_token().ok_or_else(|| Error::new(Kind::Internal, "nobody waits"))?;
    cx.questions().put(&Question { id: input.id, token: token.to_owned() }).send().await?;
    Ok(())
}
