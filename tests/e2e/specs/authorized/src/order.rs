//! An order of who calls.

use authorized_contract::{Order, OrderError, OrderInput, OrderOutput};

/// Orders, once for each key of a caller.
pub async fn order(cx: &Order, input: OrderInput) -> Result<OrderOutput, OrderError> {
    Ok(OrderOutput { order_id: cx.stable_id(&["order", &input.sku]), sub: cx.caller().sub.clone() })
}
