//! Asks a supplier for an offer, who answers when he likes.

use evc_runtime::{Error, Kind, tracing};
use shop_contract::{AskSupplier, AskSupplierError, AskSupplierInput, Mail, Mails};

/// Sends the token of the step that waits: whoever has it answers.
pub async fn ask_supplier(cx: &AskSupplier, input: AskSupplierInput) -> Result<(), AskSupplierError> {
    let Some(token) = cx.task_token() else {
        return Err(Error::new(Kind::InvalidInput, "no step waits for an offer"));
    };
    if let Some(step) = cx.step() {
        tracing::info!(attempt = step.attempt, execution = step.execution, "asking the supplier");
    }
    let text = format!("Please answer at https://shop.example/offers?token={token}");
    cx.send(Mails, &Mail { order_id: input.order_id, to: "supplier@goods.example".to_owned(), text }).await?;
    Ok(())
}
