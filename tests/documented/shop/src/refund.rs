//! Gives the money back.

use evc_runtime::{Unit, tracing};
use shop_contract::{Refund, RefundError, RefundInput};

/// Stands for a call of a payment provider.
pub async fn refund(cx: &Refund, input: RefundInput) -> Result<(), RefundError> {
    tracing::info!(payment_id = input.payment_id, "refunded");
    cx.metric("Refunds", 1.0, Unit::Count);
    Ok(())
}
